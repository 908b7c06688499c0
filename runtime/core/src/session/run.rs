//! How a worker runs a session: choose a node, make its calls without any lock, put what came of it on the edges.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, Weak};
use std::time::{Duration, Instant};

use super::state::{Activity, Cause, Op, Phase, Settled, State};
use super::{Event, OnError, Session};
use crate::lane::Job;
use crate::packet::NO_INDEX;
use crate::{Context, Data, ErrorKind, Fault, Flow, Kinds, Node, NodeError, NodeMetrics, Outcome, Packet};

/// How many packets a node is given in a row, and how long, before its outputs move on.
const BATCH: usize = 32;
const BATCH_TIME: Duration = Duration::from_micros(200);
/// How long a worker stays with a session before it looks after others.
const SLICE: Duration = Duration::from_millis(2);
/// What a call costs that is worth a thread of its own, in nanoseconds.
const HEAVY: u64 = 20_000;

/// Room to work in, kept from one batch to the next.
#[derive(Default)]
struct Scratch {
    inbox: VecDeque<(usize, Packet)>,
    outputs: Vec<Packet>,
    routed: Vec<(usize, Packet)>,
}

/// An operation that a worker has taken on.
struct Work {
    at: usize,
    op: Op,
    /// For [`Op::Resume`] and [`Op::Settle`], the operation that goes on.
    base: Op,
    node: Box<dyn Node>,
    cause: Cause,
    settled: Option<Settled>,
    room: usize,
    /// For a source, the packets that it has made before.
    made: u64,
}

/// What came of it.
struct Done {
    at: usize,
    base: Op,
    /// The node, if the operation goes on.
    held: Option<Box<dyn Node>>,
    flow: Flow,
    cause: Cause,
    error: Option<(usize, Arc<NodeError>)>,
    made: u64,
    metrics: NodeMetrics,
}

impl Session {
    /// Runs what is ready and this lane's to run.
    pub(crate) fn run(self: &Arc<Self>, link: usize) {
        self.links[link].queued.store(false, Ordering::Release);
        self.run_here(link);
    }

    /// The lane has no worker for the session, and will not have one.
    pub(crate) fn lose(self: &Arc<Self>, link: usize) {
        self.links[link].lost.store(true, Ordering::Release);
        self.run(link);
    }

    fn run_here(self: &Arc<Self>, link: usize) {
        let mut scratch = Scratch::default();
        let slice = Instant::now() + SLICE;
        let mut state = self.lock();
        state.runners[link] += 1;
        while let Some(work) = self.pick(&mut state, link, &mut scratch) {
            self.settle_outside(state);
            let done = self.execute(work, &mut scratch);
            state = self.lock();
            self.apply(&mut state, done, &mut scratch);
            if Instant::now() > slice && self.request(&mut state, link, true) {
                break;
            }
        }
        state.runners[link] -= 1;
        self.settle_outside(state);
    }

    /// Chooses the ready node nearest to the outputs, so that draining goes before filling.
    fn pick(self: &Arc<Self>, state: &mut State, link: usize, scratch: &mut Scratch) -> Option<Work> {
        let mut chosen: Option<Work> = None;
        for at in (0..self.plan.nodes.len()).rev() {
            let Some(op) = state.next_op(&self.plan, at) else { continue };
            if !self.may_run(state, at, link) {
                self.request(state, self.place(state, at), true);
            } else if let Some(work) = &chosen {
                let heavy = state.nodes[at].cost.max(state.nodes[work.at].cost) > HEAVY;
                self.request(state, link, heavy);
            } else {
                chosen = self.take_on(state, at, op, scratch);
            }
        }
        chosen
    }

    /// The lane whose workers should run a node.
    fn place(&self, state: &State, at: usize) -> usize {
        let node = &state.nodes[at];
        let home = if self.links[state.home].is_lost() { 0 } else { state.home };
        node.link.unwrap_or(if node.cost > HEAVY { 0 } else { home })
    }

    /// Whether a worker of a lane may run a node: its own, and any native one unless that keeps it from its own.
    fn may_run(&self, state: &State, at: usize, link: usize) -> bool {
        let node = &state.nodes[at];
        node.link.map_or(link == 0 || node.cost <= HEAVY, |own| own == link)
    }

    fn take_on(self: &Arc<Self>, state: &mut State, at: usize, op: Op, scratch: &mut Scratch) -> Option<Work> {
        let held = state.nodes[at].held.take();
        let node = match held.map_or_else(|| self.plan.nodes[at].slot.take(self, at), Ok) {
            Ok(node) => node,
            Err(holder) => {
                state.nodes[at].activity = Activity::Waiting;
                state.pokes.push(holder);
                return None;
            }
        };
        let room = state.room(&self.plan, at);
        let entry = &mut state.nodes[at];
        entry.activity = Activity::Running;
        entry.more = false;
        let settled = entry.settled.take();
        let continues = matches!(op, Op::Resume | Op::Settle);
        let (base, cause) = if continues { (entry.op, entry.cause) } else { (op, Cause::NONE) };
        if op == Op::Process {
            let count = entry.queue.len().min(room).min(BATCH);
            scratch.inbox.extend(entry.queue.drain(..count));
            for &(edge, _) in &scratch.inbox {
                state.load[edge] -= 1;
            }
        }
        Some(Work { at, op, base, node, cause, settled, room, made: entry.made })
    }

    /// Makes the calls. No lock is held.
    fn execute(self: &Arc<Self>, work: Work, scratch: &mut Scratch) -> Done {
        let Work { at, op, base, mut node, cause, settled, room, made } = work;
        // What a cancelled session has left here goes now, without the lock: it may be the host's.
        scratch.routed.clear();
        let before = Instant::now();
        let entered = !self.is_lost(at);
        if entered {
            node.enter();
        }
        let mut batch = Batch {
            session: self,
            at,
            base,
            room: room.max(1),
            start: Instant::now(),
            clock: before,
            cause,
            flow: Flow::Done,
            error: None,
            made,
            metrics: NodeMetrics::default(),
        };
        batch.clock = batch.start;
        batch.metrics.waiting = batch.start - before;
        if entered {
            match op {
                Op::Process => batch.process(node.as_mut(), scratch),
                Op::Settle => batch.settle(settled, scratch),
                Op::Initialize | Op::Cleanup => batch.life(op, node.as_mut(), scratch),
                Op::Resume | Op::Flush => batch.go_on(op, node.as_mut(), scratch),
            }
        } else {
            batch.refuse(op, scratch);
        }
        batch.route(scratch);
        if entered {
            node.leave();
        }
        let Batch { flow, cause, error, made, metrics, .. } = batch;
        let goes_on = flow != Flow::Done && error.is_none();
        let held = if goes_on {
            Some(node)
        } else {
            self.plan.nodes[at].slot.put_back(node);
            None
        };
        Done { at, base, held, flow, cause, error, made, metrics }
    }

    /// Whether nobody is left to make the calls of a node.
    fn is_lost(&self, at: usize) -> bool {
        let lane = self.plan.nodes[at].slot.info().lane.as_ref();
        lane.is_some_and(|lane| {
            lane.is_closed() || self.links.iter().any(|link| link.is_lost() && Arc::ptr_eq(&link.lane, lane))
        })
    }

    /// Puts what came of an operation into effect.
    fn apply(self: &Arc<Self>, state: &mut State, done: Done, scratch: &mut Scratch) {
        let Done { at, base, held, flow, cause, error, made, metrics } = done;
        while let Some((edge, packet)) = scratch.inbox.pop_back() {
            state.load[edge] += 1;
            state.nodes[at].queue.push_front((edge, packet));
        }
        if !state.cancelled {
            for (edge, packet) in scratch.routed.drain(..) {
                state.deliver(&self.plan, edge, packet);
            }
        }
        let node = &mut state.nodes[at];
        if let Some(cost) = (metrics.total.as_nanos() as u64).checked_div(metrics.executions) {
            node.cost = if node.cost == 0 { cost } else { (node.cost * 7 + cost) / 8 };
        }
        node.metrics.add(&metrics);
        node.made = made;
        node.op = base;
        node.cause = cause;
        let goes_on = held.is_some();
        node.held = held;
        node.activity = match flow {
            // A cancel that came during the call has killed the token.
            Flow::Pending if goes_on && node.token.is_some() => Activity::Pending,
            Flow::Pending | Flow::More | Flow::Done => Activity::Idle,
        };
        node.more = goes_on && flow == Flow::More;
        if !matches!(node.activity, Activity::Pending) {
            node.token = None;
            node.settled = None;
        }
        if state.cancelled || state.is_halted(at) {
            state.retire(at);
        }
        self.conclude(state, at, base, goes_on, error);
        self.advance(state);
        if state.waiters > 0 {
            self.changed.notify_all();
        }
    }

    fn conclude(&self, state: &mut State, at: usize, base: Op, goes_on: bool, error: Option<(usize, Arc<NodeError>)>) {
        match (base, error) {
            (Op::Cleanup, Some((_, error))) => state.warnings.push(error.to_string()),
            (Op::Initialize, Some((at, error))) => {
                state.fail(&self.plan, at, error);
                state.phase = Phase::Stopping(0);
                return;
            }
            (_, Some((at, error))) => return state.fail(&self.plan, at, error),
            (_, None) => {}
        }
        if goes_on {
            return;
        }
        match base {
            Op::Initialize => state.phase = Phase::Starting(at + 1),
            Op::Cleanup => state.phase = Phase::Stopping(at + 1),
            Op::Flush => {
                state.nodes[at].flushed = true;
                state.finish(&self.plan, at);
            }
            Op::Process | Op::Resume | Op::Settle => {}
        }
    }

    /// Moves the session from phase to phase, past nodes that need nothing.
    pub(super) fn advance(&self, state: &mut State) {
        let nodes = &self.plan.nodes;
        let from = |at: usize| (at..nodes.len()).find(|&at| nodes[at].first);
        loop {
            match state.phase {
                Phase::Starting(_) if state.cancelled && state.flow_is_over() => state.phase = Phase::Stopping(0),
                Phase::Starting(at) => match from(at) {
                    Some(at) => return state.phase = Phase::Starting(at),
                    None => state.begin(),
                },
                Phase::Running if state.flow_is_over() => state.phase = Phase::Stopping(0),
                Phase::Stopping(at) => match from(at) {
                    Some(at) => return state.phase = Phase::Stopping(at),
                    None => {
                        state.phase = Phase::Ended;
                        state.elapsed = Some(self.opened.elapsed());
                        self.runtime.leave(self.number);
                        return self.changed.notify_all();
                    }
                },
                Phase::Running | Phase::Ended => return,
            }
        }
    }

    /// Ends a change: has workers come for everything that is ready, and lets go of the lock.
    pub(super) fn release(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        for at in (0..self.plan.nodes.len()).rev() {
            if state.next_op(&self.plan, at).is_some() {
                let link = self.place(&state, at);
                let urgent = state.runners[link] == 0;
                self.request(&mut state, link, urgent);
            }
        }
        if state.waiters > 0 {
            self.changed.notify_all();
        }
        self.settle_outside(state);
    }

    /// Lets go of the lock and does what could not be done under it: puts nodes back, pokes the sessions that have a node
    /// which is wanted here, asks the hosts for the workers that their lanes want, works for lanes that are lost, and tells
    /// the owner what has come about.
    fn settle_outside(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let returned = std::mem::take(&mut state.returned);
        let pokes = std::mem::take(&mut state.pokes);
        let orphaned = std::mem::take(&mut state.orphaned);
        let events = state.take_events(&self.plan);
        let listener = if events == 0 { None } else { state.listener.clone() };
        drop(state);
        returned.into_iter().for_each(|(at, node)| self.plan.nodes[at].slot.put_back(node));
        pokes.iter().filter_map(Weak::upgrade).for_each(|session| session.poke());
        self.links.iter().for_each(|link| link.lane.hire());
        orphaned.into_iter().for_each(|link| self.run_here(link));
        if let Some(listener) = listener {
            Event::of(events).for_each(|event| listener.tell(event));
        }
    }

    /// Has a worker of a lane come; whether one will. If the lane has none any more and nobody does its work, the thread
    /// at hand does, once it has let go of the lock.
    fn request(self: &Arc<Self>, state: &mut State, link: usize, urgent: bool) -> bool {
        let entry = &self.links[link];
        if !entry.is_lost() {
            if entry.queued.swap(true, Ordering::AcqRel)
                || entry.lane.push(Job::Session(Arc::clone(self), link), urgent)
            {
                return true;
            }
            entry.lost.store(true, Ordering::Release);
        }
        if state.runners[link] == 0 && !state.orphaned.contains(&link) {
            state.orphaned.push(link);
        }
        false
    }
}

/// The calls that a worker makes on one node in a row.
struct Batch<'a> {
    session: &'a Arc<Session>,
    at: usize,
    base: Op,
    room: usize,
    start: Instant,
    clock: Instant,
    cause: Cause,
    flow: Flow,
    error: Option<(usize, Arc<NodeError>)>,
    /// For a source, the packets that it has made.
    made: u64,
    metrics: NodeMetrics,
}

impl Batch<'_> {
    fn process(&mut self, node: &mut dyn Node, scratch: &mut Scratch) {
        let planned = &self.session.plan.nodes[self.at];
        let accepts = planned.slot.info().accepts;
        while let Some((_, packet)) = scratch.inbox.pop_front() {
            self.cause = Cause::of(&packet);
            let kind = packet.data.kind();
            let emitted = scratch.outputs.len();
            if let (Data::Failure(error), false) = (&packet.data, planned.hidden) {
                if self.session.on_error == OnError::Raise {
                    self.error = Some((self.at, Arc::clone(error)));
                    break;
                }
                scratch.outputs.push(packet);
                continue;
            }
            let outcome = if accepts.meets(kind) || kind == Kinds::NONE {
                self.call(&mut scratch.outputs, |context| node.process(packet, context))
            } else {
                Err(Fault::input(format!("expected {accepts}, got {kind}")))
            };
            let time = self.lap();
            self.metrics.record(time, outcome.is_err());
            self.take(outcome, emitted, scratch);
            let full = scratch.outputs.len() >= self.room || self.clock - self.start > BATCH_TIME;
            if self.flow != Flow::Done || self.error.is_some() || full {
                break;
            }
        }
    }

    /// Goes on with what a call has left over: packet by packet, as long as there is room.
    fn go_on(&mut self, op: Op, node: &mut dyn Node, scratch: &mut Scratch) {
        let source = node.info().source;
        let mut resume = op == Op::Resume;
        loop {
            let emitted = scratch.outputs.len();
            let outcome = self
                .call(&mut scratch.outputs, |context| if resume { node.resume(context) } else { node.flush(context) });
            let time = self.lap();
            if source && scratch.outputs.len() > emitted {
                self.metrics.record(time, outcome.is_err());
            } else if self.base == Op::Flush && !source {
                self.metrics.flush += time;
            } else {
                self.metrics.total += time;
                self.metrics.errors += u64::from(outcome.is_err());
            }
            self.take(outcome, emitted, scratch);
            resume = true;
            let full = scratch.outputs.len() >= self.room || self.clock - self.start > BATCH_TIME;
            if self.flow != Flow::More || self.error.is_some() || full {
                return;
            }
        }
    }

    fn life(&mut self, op: Op, node: &mut dyn Node, scratch: &mut Scratch) {
        let slot = &self.session.plan.nodes[self.at].slot;
        let outcome = match op {
            Op::Initialize => match slot.begin() {
                Some(true) => self.call(&mut scratch.outputs, |context| node.initialize(context)),
                Some(false) => Ok(Flow::Done),
                None => Err(Fault::new("its initialisation has failed in another session")),
            },
            Op::Cleanup if slot.end() => self.call(&mut scratch.outputs, |context| node.cleanup(context)),
            _ => Ok(Flow::Done),
        };
        // Neither of the two makes packets, whatever it tries, and neither can be asked for more.
        scratch.outputs.clear();
        match outcome {
            Ok(Flow::Pending) => self.flow = Flow::Pending,
            Ok(Flow::Done | Flow::More) => {}
            Err(fault) => self.fail_life(fault, scratch),
        }
    }

    /// Stands for an operation that nobody is left to do.
    fn refuse(&mut self, op: Op, scratch: &mut Scratch) {
        let fault =
            Fault { kind: ErrorKind::State, message: "its host lends no thread for the call".into(), object: None };
        match op {
            Op::Cleanup if !self.session.plan.nodes[self.at].slot.end() => {}
            Op::Initialize => self.fail_life(fault, scratch),
            _ => self.fail(fault, 0, true, scratch),
        }
    }

    fn fail_life(&mut self, fault: Fault, scratch: &mut Scratch) {
        if self.base == Op::Initialize {
            self.session.plan.nodes[self.at].slot.fail();
        }
        self.fail(fault, 0, true, scratch);
    }

    fn settle(&mut self, settled: Option<Settled>, scratch: &mut Scratch) {
        let Some(Settled { packet, outcome }) = settled else { return };
        let for_life = matches!(self.base, Op::Initialize | Op::Cleanup);
        self.metrics.errors += u64::from(outcome.is_err());
        if let (Some(packet), Ok(_), false) = (packet, &outcome, for_life) {
            let outcome = self.call(&mut scratch.outputs, |context| {
                context.emit(packet);
                Ok(Flow::Done)
            });
            self.take(outcome, 0, scratch);
        }
        match outcome {
            Ok(Flow::Pending) => self.fail(Fault::new("a completion cannot say that it is pending"), 0, true, scratch),
            Ok(_) if for_life => self.flow = Flow::Done,
            Ok(flow) => self.flow = flow,
            Err(fault) if for_life => self.fail_life(fault, scratch),
            Err(fault) => self.fail(fault, 0, false, scratch),
        }
    }

    fn call(&self, outputs: &mut Vec<Packet>, call: impl FnOnce(&mut Context<'_>) -> Outcome) -> Outcome {
        let Cause { index, pts, duration } = self.cause;
        let emits = !matches!(self.base, Op::Initialize | Op::Cleanup);
        let mut context =
            Context { outputs, session: self.session, node: self.at, index, pts, duration, deferred: false, emits };
        // A node that panicked is not called again but for its cleanup, so nobody sees what it left half done.
        match catch_unwind(AssertUnwindSafe(|| call(&mut context))) {
            Ok(Ok(Flow::Pending)) if !context.deferred => {
                Err(Fault::new("the call answered that it is pending without having taken a completion"))
            }
            Ok(outcome) => outcome,
            Err(payload) => {
                Err(Fault { kind: ErrorKind::Panic, message: panic_message(payload.as_ref()), object: None })
            }
        }
    }

    fn take(&mut self, outcome: Outcome, emitted: usize, scratch: &mut Scratch) {
        match outcome {
            Ok(flow) => self.flow = flow,
            Err(fault) => {
                self.flow = Flow::Done;
                let fatal = fault.kind == ErrorKind::Panic;
                self.fail(fault, emitted, fatal, scratch);
            }
        }
    }

    /// Does what the session does about errors; `emitted` is how many outputs were there before the call that failed.
    fn fail(&mut self, fault: Fault, emitted: usize, fatal: bool, scratch: &mut Scratch) {
        let plan = &self.session.plan;
        let error = Arc::new(NodeError::new(fault, &plan.nodes[self.at].id, self.cause.index, self.cause.pts));
        scratch.outputs.truncate(emitted);
        match self.session.on_error {
            _ if fatal => self.error = Some((self.at, error)),
            OnError::Raise => self.error = Some((self.at, error)),
            OnError::Skip => {}
            OnError::Collect => scratch.outputs.push(failure(error, self.cause)),
        }
    }

    /// Numbers what a source has made, so that everything that comes of it can be told apart.
    fn number(&mut self, outputs: &mut [Packet]) {
        if self.session.plan.nodes[self.at].slot.info().source {
            for packet in outputs.iter_mut().filter(|packet| packet.index == NO_INDEX) {
                packet.index = self.made;
                self.made += 1;
            }
        }
    }

    /// Puts the outputs on their edges, converted where the node at the other end cannot take them as they are.
    fn route(&mut self, scratch: &mut Scratch) {
        let plan = &self.session.plan;
        let planned = &plan.nodes[self.at];
        let Some((&last, others)) = planned.outs.split_last() else { return scratch.outputs.clear() };
        let mut outputs = std::mem::take(&mut scratch.outputs);
        self.number(&mut outputs);
        for mut packet in outputs.drain(..) {
            for &edge in others {
                let shared = packet.share();
                scratch.routed.extend(self.convert(edge, shared).map(|packet| (edge, packet)));
            }
            scratch.routed.extend(self.convert(last, packet).map(|packet| (last, packet)));
        }
        scratch.outputs = outputs;
    }

    /// What to put on an edge for an output. One that cannot be converted becomes a failure, which the node at the other
    /// end raises when its turn comes: what lies before it is to come out first.
    fn convert(&self, edge: usize, mut packet: Packet) -> Option<Packet> {
        let plan = &self.session.plan;
        if !plan.nodes[self.at].converts {
            return Some(packet);
        }
        let (Some(to), Data::Object(object)) = (plan.edges[edge].to, &packet.data) else { return Some(packet) };
        let accepts = plan.nodes[to].slot.info().accepts;
        if accepts.meets(Kinds::OBJECT) {
            return Some(packet);
        }
        match object.host().export(object.object(), accepts) {
            Ok(exported) => {
                packet.pts = exported.pts.or(packet.pts);
                packet.duration = exported.duration.or(packet.duration);
                packet.data = exported.data;
                Some(packet)
            }
            Err(message) => {
                let cause = Cause::of(&packet);
                let error = NodeError::new(Fault::input(message), &plan.nodes[to].id, cause.index, cause.pts);
                (self.session.on_error != OnError::Skip).then(|| failure(Arc::new(error), cause))
            }
        }
    }

    /// The time since the last lap.
    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let time = now - self.clock;
        self.clock = now;
        time
    }
}

/// The packet that stands for an item that failed.
fn failure(error: Arc<NodeError>, cause: Cause) -> Packet {
    let Cause { index, pts, duration } = cause;
    Packet { pts, duration, index, metadata: None, data: Data::Failure(error) }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panicked without a message".into())
}
