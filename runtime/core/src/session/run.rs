//! How a worker runs a session: choose a node, make its calls without any lock, put what came of it on the edges.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, Weak};
use std::time::{Duration, Instant};

use super::batch::{Batch, Measured, Scratch, Start};
use super::plan::Plan;
use super::state::{Activity, Cause, Life, Op, Phase, Settled, State};
use super::{Event, Session};
use crate::lane::Job;
use crate::{Data, Flow, Node, NodeError, Packet, thread};

/// How many packets a node is given in a row.
const BATCH: usize = 32;
/// How long a worker stays with a session before it looks after others.
const SLICE: Duration = Duration::from_millis(2);
/// What a call costs that is worth a thread of its own, in nanoseconds.
const HEAVY: u64 = 20_000;

/// An operation that a worker has taken on.
struct Work {
    plan: Arc<Plan>,
    at: usize,
    op: Op,
    node: Box<dyn Node>,
    settled: Option<Settled>,
    start: Start,
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
    /// Attempts that are left, and whether the packet in the scratch is to be tried again.
    attempts: u32,
    again: bool,
    made: u64,
    now: Duration,
    measured: Measured,
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
        let plan = Arc::clone(&state.plan);
        for &at in plan.order.iter().rev() {
            let Some(op) = state.next_op(at) else { continue };
            if !self.may_run(state, at, link) {
                self.request(state, self.place(state, at), true);
            } else if let Some(work) = &chosen {
                let heavy = state.nodes[at].cost.max(state.nodes[work.at].cost) > HEAVY;
                self.request(state, link, heavy);
            } else {
                chosen = self.take_on(state, &plan, at, op, scratch);
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

    fn take_on(
        self: &Arc<Self>,
        state: &mut State,
        plan: &Arc<Plan>,
        at: usize,
        op: Op,
        scratch: &mut Scratch,
    ) -> Option<Work> {
        let planned = &plan.nodes[at];
        let held = state.nodes[at].held.take();
        let node = match held.map_or_else(|| planned.slot.take(self, at), Ok) {
            Ok(node) => node,
            Err(holder) => {
                state.nodes[at].activity = Activity::Waiting;
                state.pokes.push(holder);
                return None;
            }
        };
        let room = state.room(at);
        let traced = state.trace.most > 0;
        let entry = &mut state.nodes[at];
        entry.activity = Activity::Running;
        entry.since = Instant::now();
        entry.thread = thread::number();
        entry.more = false;
        let settled = entry.settled.take();
        let continues = matches!(op, Op::Resume | Op::Settle);
        let (base, mut cause) = if continues { (entry.op, entry.cause) } else { (op, Cause::NONE) };
        let attempts = planned.retries.saturating_sub(entry.retry.attempts);
        scratch.spare = entry.retry.spare.take();
        match op {
            Op::Process => {
                entry.retry.not_before = None;
                // One by one where each must keep to a deadline.
                let most = if planned.deadline.is_some() { 1 } else { BATCH.min(room.max(1)) };
                let raw = planned.slot.info().raw;
                let passes = |packet: &Packet| !raw && matches!(packet.data, Data::Mark);
                let asked =
                    entry.queue.iter().take(most).position(|(edge, packet)| *edge == usize::MAX || passes(packet));
                let count = entry.queue.len().min(most).min(asked.unwrap_or(most));
                let count = entry.leaving.map_or(count, |before| count.min(before));
                scratch.inbox.extend(entry.queue.drain(..count));
                entry.leaving = entry.leaving.map(|before| before - count);
                for &(edge, _) in &scratch.inbox {
                    state.edges[edge].load -= 1;
                }
                cause = scratch.inbox.front().map_or(cause, |(_, packet)| Cause::of(packet));
            }
            Op::Drain => {
                entry.queue.pop_front();
                entry.leaving = entry.leaving.map(|before| before - 1);
            }
            _ => {}
        }
        let entry = &mut state.nodes[at];
        entry.op = base;
        entry.cause = cause;
        let start = Start { base, cause, room, made: entry.made, attempts, traced };
        self.watch(state);
        Some(Work { plan: Arc::clone(plan), at, op, node, settled, start })
    }

    /// Makes the calls. No lock is held.
    fn execute(self: &Arc<Self>, work: Work, scratch: &mut Scratch) -> Done {
        let Work { plan, at, op, mut node, settled, start } = work;
        // What a cancelled session has left here goes now, without the lock: it may be the host's.
        scratch.routed.clear();
        let base = start.base;
        let entered = !self.is_lost(&plan, at);
        let mut batch = Batch::new(self, &plan, at, start);
        if entered {
            batch.enter(node.as_mut());
            match op {
                Op::Process => batch.process(node.as_mut(), scratch),
                Op::Settle => batch.settle(settled, scratch),
                Op::Initialize | Op::Cleanup => batch.life(op, node.as_mut(), scratch),
                Op::Resume | Op::Flush | Op::Drain | Op::Leave => batch.go_on(op, node.as_mut(), scratch),
            }
        } else {
            batch.refuse(op, scratch);
        }
        batch.route(scratch);
        if entered {
            node.leave();
        }
        let now = batch.now();
        let Batch { flow, cause, error, attempts, again, made, measured, .. } = batch;
        let goes_on = flow != Flow::Done && error.is_none() && !again;
        let held = if goes_on {
            Some(node)
        } else {
            plan.nodes[at].slot.put_back(node);
            None
        };
        Done { at, base, held, flow, cause, error, attempts, again, made, now, measured }
    }

    /// Whether nobody is left to make the calls of a node.
    fn is_lost(&self, plan: &Plan, at: usize) -> bool {
        let lane = plan.nodes[at].slot.info().lane.as_ref();
        lane.is_some_and(|lane| {
            lane.is_closed() || self.links.iter().any(|link| link.is_lost() && Arc::ptr_eq(&link.lane, lane))
        })
    }

    /// Puts what came of an operation into effect.
    fn apply(self: &Arc<Self>, state: &mut State, done: Done, scratch: &mut Scratch) {
        let Done { at, base, held, flow, cause, error, attempts, again, made, now, measured } = done;
        state.moves += 1;
        state.now = now.as_nanos() as u64;
        let goes_on = held.is_some();
        self.put_back(state, at, attempts, again, goes_on, scratch);
        if !state.cancelled && !state.nodes[at].abandoned {
            for (edge, packet) in scratch.routed.drain(..) {
                state.deliver(edge, packet);
            }
        }
        self.record(state, at, made, &measured, scratch);
        let node = &mut state.nodes[at];
        node.op = base;
        node.cause = cause;
        node.held = held;
        node.since = Instant::now();
        node.activity = match flow {
            // A cancel that came during the call has killed the token.
            Flow::Pending if goes_on && node.token.is_some() => Activity::Pending,
            Flow::Pending | Flow::More | Flow::Done => Activity::Idle,
        };
        node.more = goes_on && flow == Flow::More;
        // Whoever was to complete it may be gone.
        state.keeps_time |= base == Op::Cleanup && matches!(node.activity, Activity::Pending);
        if !matches!(node.activity, Activity::Pending) {
            node.token = None;
            if let Some(stale) = node.settled.take() {
                super::state::drop_settled(stale, &mut state.dropped);
            }
        }
        if state.cancelled || state.is_halted(at) || state.nodes[at].abandoned {
            state.retire(at);
        }
        self.conclude(state, at, base, goes_on || again, error);
        state.pass_marks(at);
        self.advance(state);
        self.watch(state);
        if state.waiters > 0 {
            self.changed.notify_all();
        }
    }

    /// Gives a node back the packets that were not its turn, or that are to be tried again.
    fn put_back(&self, state: &mut State, at: usize, attempts: u32, again: bool, goes_on: bool, scratch: &mut Scratch) {
        let planned_retries = state.plan.nodes[at].retries;
        let delay = state.plan.nodes[at].retry_delay;
        let mut back = std::mem::take(&mut scratch.inbox);
        let node = &mut state.nodes[at];
        let spare = scratch.spare.take();
        if again {
            let tried = planned_retries - attempts;
            node.retry.attempts = tried + 1;
            node.retry.not_before = Instant::now().checked_add(delay.saturating_mul(1 << tried.min(20)));
            node.metrics.retries += 1;
            back.extend(spare);
            back.rotate_right(1);
        } else if goes_on {
            node.retry.spare = spare;
        } else {
            node.retry.attempts = 0;
            state.dropped.extend(spare.map(|(_, packet)| packet));
        }
        if state.cancelled {
            return state.dropped.extend(back.drain(..).map(|(_, packet)| packet));
        }
        let node = &mut state.nodes[at];
        node.leaving = node.leaving.map(|before| before + back.len());
        while let Some((edge, packet)) = back.pop_back() {
            state.edges[edge].load += 1;
            state.nodes[at].queue.push_front((edge, packet));
        }
        scratch.inbox = back;
    }

    fn record(&self, state: &mut State, at: usize, made: u64, measured: &Measured, scratch: &mut Scratch) {
        state.trace.add(&mut scratch.spans);
        let node = &mut state.nodes[at];
        node.made = made;
        let count = scratch.times.len() as u64;
        for time in scratch.times.drain(..) {
            node.metrics.executions.record(time);
        }
        node.metrics.errors += measured.errors;
        node.metrics.total += measured.total;
        node.metrics.flush += measured.flush;
        node.metrics.waiting += measured.waiting;
        if state.plan.nodes[at].slot.info().patient {
            return;
        }
        let node = &mut state.nodes[at];
        if let Some(cost) = (measured.total.as_nanos() as u64).checked_div(count) {
            node.cost = if node.cost == 0 { cost } else { (node.cost * 7 + cost) / 8 };
        }
    }

    fn conclude(
        self: &Arc<Self>,
        state: &mut State,
        at: usize,
        base: Op,
        goes_on: bool,
        error: Option<(usize, Arc<NodeError>)>,
    ) {
        if state.nodes[at].abandoned {
            // The session has gone on without it, and has said so.
            if base == Op::Cleanup && !goes_on {
                state.nodes[at].life = Life::Gone;
            }
            return;
        }
        match (base, error) {
            (Op::Cleanup, Some((_, error))) => state.warnings.push(error.to_string()),
            (Op::Initialize, Some((_, error))) if matches!(state.phase, Phase::Running) => {
                return self.change_failed(state, at, &error);
            }
            (Op::Initialize, Some((at, error))) => {
                state.fail(at, error);
                state.phase = Phase::Stopping(0);
                return;
            }
            (_, Some((at, error))) => return state.fail(at, error),
            (_, None) => {}
        }
        if goes_on {
            return;
        }
        match base {
            Op::Initialize => match state.phase {
                Phase::Starting(next) => state.phase = Phase::Starting(next + 1),
                _ => self.change_ready(state, at),
            },
            Op::Cleanup => {
                state.nodes[at].life = Life::Gone;
                if let Phase::Stopping(next) = state.phase {
                    state.phase = Phase::Stopping(next + 1);
                }
                self.change_over(state, at);
            }
            Op::Flush => {
                state.nodes[at].flushed = true;
                state.finish(at);
            }
            Op::Drain => {
                let plan = Arc::clone(&state.plan);
                for &edge in &plan.nodes[at].outs {
                    state.deliver(edge, Packet::new(Data::Flush));
                }
            }
            Op::Leave => self.change_drained(state, at),
            Op::Process | Op::Resume | Op::Settle => {}
        }
    }

    /// Moves the session from phase to phase, past nodes that need nothing.
    pub(super) fn advance(self: &Arc<Self>, state: &mut State) {
        let plan = Arc::clone(&state.plan);
        let from = |next: usize| (next..plan.order.len()).find(|&next| plan.nodes[plan.order[next]].first);
        loop {
            match state.phase {
                Phase::Starting(_) if state.cancelled && state.flow_is_over() => state.phase = Phase::Stopping(0),
                Phase::Starting(next) => match from(next) {
                    Some(next) => return state.phase = Phase::Starting(next),
                    None => state.begin(),
                },
                Phase::Running if state.flow_is_over() => state.phase = Phase::Stopping(0),
                Phase::Stopping(next) => {
                    self.changes_refused(state);
                    match from(next) {
                        Some(next) if state.is_out_of_reach(plan.order[next]) => {
                            state.phase = Phase::Stopping(next + 1)
                        }
                        Some(next) => return state.phase = Phase::Stopping(next),
                        None => {
                            state.phase = Phase::Ended;
                            state.elapsed = Some(self.opened.elapsed());
                            self.runtime.leave(self.number);
                            return self.changed.notify_all();
                        }
                    }
                }
                Phase::Running | Phase::Ended => return,
            }
        }
    }

    /// Ends a change: has workers come for everything that is ready, and lets go of the lock.
    pub(super) fn release(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let plan = Arc::clone(&state.plan);
        for &at in plan.order.iter().rev() {
            if state.next_op(at).is_some() {
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

    /// Lets go of the lock and does what could not be done under it: puts nodes back, drops packets, pokes the sessions that
    /// have a node which is wanted here, asks the hosts for the workers that their lanes want, works for lanes that are lost,
    /// and tells the owner what has come about.
    fn settle_outside(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let plan = (!state.returned.is_empty()).then(|| Arc::clone(&state.plan));
        let returned = std::mem::take(&mut state.returned);
        let dropped = std::mem::take(&mut state.dropped);
        let pokes = std::mem::take(&mut state.pokes);
        let buried = std::mem::take(&mut state.buried);
        let orphaned = std::mem::take(&mut state.orphaned);
        let listener = if state.note_events() { state.listener.clone() } else { None };
        drop(state);
        if let Some(plan) = plan {
            returned.into_iter().for_each(|(at, node)| plan.nodes[at].slot.put_back(node));
        }
        drop((dropped, buried));
        pokes.iter().filter_map(Weak::upgrade).for_each(|session| session.poke());
        self.links.iter().for_each(|link| link.lane.hire());
        orphaned.into_iter().for_each(|link| self.run_here(link));
        if let Some(listener) = listener {
            let session = Arc::clone(self);
            listener.post(move || session.tell());
        }
    }

    /// Tells the owner what has come about: one event after the other, whichever threads they come from.
    fn tell(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            let events = std::mem::take(&mut state.untold);
            state.telling = events != 0;
            let listener = state.listener.clone();
            drop(state);
            match listener {
                Some(listener) if events != 0 => Event::of(events).for_each(|event| (listener.call)(event)),
                _ => return,
            }
            if events & Event::Ended.bit() != 0 {
                self.over.store(true, Ordering::Release);
            }
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
