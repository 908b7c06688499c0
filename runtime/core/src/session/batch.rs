//! The calls that a worker makes on one node in a row, without any lock.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::plan::Plan;
use super::state::{Cause, Op, Settled};
use super::{OnError, Session};
use crate::log::{Category, Level, log};
use crate::packet::{NO_INDEX, PUSHED};
use crate::sync::Instant;
use crate::trace::Span;
use crate::{Context, Data, ErrorKind, Fault, Flow, Kinds, Node, NodeError, NodeInfo, Outcome, Packet, thread};

/// How long a node is given packets in a row before its outputs move on.
const BATCH_TIME: Duration = Duration::from_micros(200);

/// How long calls in a row take, by experience, for which the clock is read once, in nanoseconds: to read it costs about as much
/// as a quick call. And from how many times as much as usual on one of them has taken long.
const ROW: u64 = 2_000;
const UNUSUAL: u32 = 4;

/// Room to work in, kept from one batch to the next.
#[derive(Default)]
pub(super) struct Scratch {
    pub inbox: VecDeque<(usize, Box<Packet>)>,
    /// What the node emits, and the edge that all of it goes to as it is, if there is one.
    pub outputs: Vec<Box<Packet>>,
    pub straight: Option<usize>,
    /// What is to be put on edges one by one.
    pub routed: Vec<(usize, Box<Packet>)>,
    /// How long executions took, and how many of them.
    pub times: Vec<(Duration, u32)>,
    pub spans: Vec<Span>,
    /// The packet that a call works on, kept for another attempt.
    pub spare: Option<(usize, Box<Packet>)>,
}

/// What a batch adds to the metrics of its node, beside the times in the scratch.
#[derive(Default)]
pub(super) struct Measured {
    pub errors: u64,
    pub total: Duration,
    pub flush: Duration,
    pub waiting: Duration,
}

/// The outcome of a call. It is looked at and handed on a few times, so it is small as long as nothing fails.
type Answer = Result<Flow, Box<Fault>>;

pub(super) struct Batch<'a> {
    session: &'a Arc<Session>,
    plan: &'a Plan,
    at: usize,
    /// For [`Op::Resume`] and [`Op::Settle`], the operation that goes on.
    base: Op,
    /// Whether that makes packets.
    emits: bool,
    room: usize,
    /// How many output ports the node has.
    ports: u32,
    /// When the outputs are to move on.
    end: Instant,
    /// When the last call returned.
    pub clock: Instant,
    traced: bool,
    /// What a call costs, by experience, and for how many in a row the clock is read once.
    usual: Duration,
    row: u32,
    pub cause: Cause,
    pub flow: Flow,
    pub error: Option<(usize, Arc<NodeError>)>,
    /// Attempts at a packet that are left, and whether the spare is to be tried again.
    pub attempts: u32,
    pub again: bool,
    /// For a source, the packets that it has made.
    pub made: u64,
    pub measured: Measured,
}

/// What a batch starts from.
pub(super) struct Start {
    pub base: Op,
    pub cause: Cause,
    pub room: usize,
    pub made: u64,
    pub attempts: u32,
    pub traced: bool,
    pub cost: u64,
}

impl<'a> Batch<'a> {
    pub fn new(session: &'a Arc<Session>, plan: &'a Plan, at: usize, start: Start) -> Batch<'a> {
        let Start { base, cause, room, made, attempts, traced, cost } = start;
        let now = Instant::now();
        Batch {
            session,
            plan,
            at,
            base,
            emits: !matches!(base, Op::Initialize | Op::Cleanup),
            room: room.max(1),
            ports: plan.nodes[at].slot.info().outputs.len().max(1) as u32,
            end: now + BATCH_TIME,
            clock: now,
            traced,
            usual: Duration::from_nanos(cost),
            row: if traced { 1 } else { ROW.checked_div(cost).map_or(1, |row| row.max(1) as u32) },
            cause,
            flow: Flow::Done,
            error: None,
            attempts,
            again: false,
            made,
            measured: Measured::default(),
        }
    }

    /// Enters the host of a node.
    pub fn enter(&mut self, node: &mut dyn Node) {
        if node.enter() {
            self.measured.waiting = self.lap();
            self.end = self.clock + BATCH_TIME;
        }
    }

    /// When the last call returned, since the session was opened.
    fn now(&self) -> Duration {
        self.clock - self.session.opened
    }

    pub fn process(&mut self, node: &mut dyn Node, scratch: &mut Scratch) {
        let planned = &self.plan.nodes[self.at];
        let accepts = planned.slot.info().accepts;
        let mut calls = 0;
        while let Some((edge, mut packet)) = scratch.inbox.pop_front() {
            self.cause = Cause::of(&packet);
            let kind = packet.data.kind();
            let emitted = scratch.outputs.len();
            if let (Data::Failure(error), false) = (&packet.data, planned.hidden || planned.slot.info().raw) {
                // One that was made for this node, because its input could not be converted.
                if planned.on_error == OnError::Raise && *error.node == *planned.id {
                    self.error = Some((self.at, Arc::clone(error)));
                    break;
                }
                packet.port = 0;
                scratch.outputs.push(packet);
                continue;
            }
            if self.attempts > 0 {
                scratch.spare = Some((edge, packet.share()));
            }
            let outcome = if accepts.meets(kind) || kind == Kinds::NONE {
                self.call(&mut scratch.outputs, |context| node.process(packet, context))
            } else if kind == Kinds::OBJECT {
                // It was pushed, or the node has joined since it was put on its way.
                let adapted = self.plan.adapt(self.at, packet).map_err(Box::new);
                adapted.and_then(|packet| self.call(&mut scratch.outputs, |context| node.process(packet, context)))
            } else {
                Err(Box::new(Fault::input(format!("expected {accepts}, got {kind}"))))
            };
            calls += 1;
            if calls == self.row || scratch.inbox.is_empty() || !matches!(outcome, Ok(Flow::Done)) {
                self.measure(calls, scratch);
                calls = 0;
            }
            self.take(outcome, emitted, scratch);
            if self.again {
                break;
            }
            // The packet that failed before is through; what has begun to come out is not begun again.
            self.attempts = planned.retries;
            if scratch.spare.is_some() && (self.flow != Flow::Pending || scratch.outputs.len() > emitted) {
                scratch.spare = None;
            }
            if self.flow != Flow::Done || self.error.is_some() || self.is_full(scratch) {
                break;
            }
        }
        if calls > 0 {
            self.measure(calls, scratch);
        }
    }

    /// Reads the clock for calls that were made in a row. Where one of them has taken much longer than they do, that is told of
    /// one, so that it is seen.
    fn measure(&mut self, calls: u32, scratch: &mut Scratch) {
        let time = self.lap();
        let others = self.usual * (calls - 1);
        if calls > 1 && time > self.usual * (calls * UNUSUAL) {
            scratch.times.push((self.usual, calls - 1));
            scratch.times.push((time - others, 1));
        } else {
            scratch.times.push((time / calls, calls));
        }
        self.measured.total += time;
        self.trace("process", time, scratch);
    }

    /// Goes on with what a call has left over: packet by packet, as long as there is room.
    pub fn go_on(&mut self, op: Op, node: &mut dyn Node, scratch: &mut Scratch) {
        let &NodeInfo { source, patient, .. } = self.plan.nodes[self.at].slot.info();
        let mut resume = op == Op::Resume;
        loop {
            let emitted = scratch.outputs.len();
            let outcome = self
                .call(&mut scratch.outputs, |context| if resume { node.resume(context) } else { node.flush(context) });
            let time = self.lap();
            self.trace(if resume { "resume" } else { "flush" }, time, scratch);
            if !source && self.base != Op::Process {
                self.measured.flush += time;
            } else {
                self.measured.total += time;
            }
            if source && scratch.outputs.len() > emitted {
                scratch.times.push((time, 1));
            }
            self.take(outcome, emitted, scratch);
            resume = true;
            // A node that waits keeps nothing back meanwhile.
            if self.flow != Flow::More || self.error.is_some() || self.is_full(scratch) || patient {
                return;
            }
        }
    }

    pub fn life(&mut self, op: Op, node: &mut dyn Node, scratch: &mut Scratch) {
        let slot = &self.plan.nodes[self.at].slot;
        let outcome = match op {
            Op::Initialize => match slot.begin() {
                Some(true) => self.call(&mut scratch.outputs, |context| node.initialize(context)),
                Some(false) => Ok(Flow::Done),
                None => {
                    Err(Box::new(Fault::new("its initialisation has failed in another session, or was given up there")))
                }
            },
            Op::Cleanup if slot.end() => self.call(&mut scratch.outputs, |context| node.cleanup(context)),
            _ => Ok(Flow::Done),
        };
        let time = self.lap();
        self.trace(if op == Op::Initialize { "initialize" } else { "cleanup" }, time, scratch);
        // Neither of the two makes packets, whatever it tries, and neither can be asked for more.
        scratch.outputs.clear();
        match outcome {
            Ok(Flow::Pending) => self.flow = Flow::Pending,
            Ok(Flow::Done | Flow::More) => {}
            Err(fault) => self.fail_life(*fault, scratch),
        }
    }

    pub fn settle(&mut self, settled: Option<Settled>, scratch: &mut Scratch) {
        let Some(Settled { packet, outcome }) = settled else { return };
        let for_life = !self.emits;
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

    /// Stands for an operation that nobody is left to do.
    pub fn refuse(&mut self, op: Op, scratch: &mut Scratch) {
        let message = "its host lends no thread for the call".into();
        let fault = Fault { kind: ErrorKind::State, message, object: None };
        match op {
            Op::Cleanup if !self.plan.nodes[self.at].slot.end() => {}
            Op::Initialize => {
                self.plan.nodes[self.at].slot.refuse();
                self.fail(fault, 0, true, scratch);
            }
            _ => self.fail(fault, 0, true, scratch),
        }
    }

    fn fail_life(&mut self, fault: Fault, scratch: &mut Scratch) {
        if self.base == Op::Initialize {
            self.plan.nodes[self.at].slot.fail();
        }
        self.fail(fault, 0, true, scratch);
    }

    fn call(&self, outputs: &mut Vec<Box<Packet>>, call: impl FnOnce(&mut Context<'_>) -> Outcome) -> Answer {
        let emitted = outputs.len();
        let planned = &self.plan.nodes[self.at];
        let mut context = Context {
            outputs: &mut *outputs,
            session: self.session,
            slot: &planned.slot,
            node: self.at,
            id: &planned.id,
            cause: &self.cause,
            deferred: false,
            emits: self.emits,
            deadline: planned.deadline,
        };
        // A node that panicked is not called again but for its cleanup, so nobody sees what it left half done.
        let outcome = match catch_unwind(AssertUnwindSafe(|| call(&mut context).map_err(Box::new))) {
            Ok(Ok(Flow::Pending)) if !context.deferred => {
                Err(Box::new(Fault::new("the call answered that it is pending without having taken a completion")))
            }
            Ok(outcome) => outcome,
            Err(payload) => {
                let message = panic_message(payload.as_ref());
                Err(Box::new(Fault { kind: ErrorKind::Panic, message, object: None }))
            }
        };
        let ports = self.ports;
        match outputs[emitted..].iter().find(|packet| packet.port >= ports) {
            Some(packet) if outcome.is_ok() => {
                Err(Box::new(Fault::new(format!("it emitted to output {}, but has {ports}", packet.port))))
            }
            _ => outcome,
        }
    }

    fn take(&mut self, answer: Answer, emitted: usize, scratch: &mut Scratch) {
        match answer {
            Ok(flow) => self.flow = flow,
            Err(fault) => {
                self.flow = Flow::Done;
                let fatal = fault.kind == ErrorKind::Panic;
                self.fail(*fault, emitted, fatal, scratch);
            }
        }
    }

    /// Tries again, or does what is to be done about errors; `emitted` is how many outputs were there before the call that
    /// failed.
    fn fail(&mut self, fault: Fault, emitted: usize, fatal: bool, scratch: &mut Scratch) {
        self.measured.errors += 1;
        let planned = &self.plan.nodes[self.at];
        scratch.outputs.truncate(emitted);
        if !fatal && scratch.spare.is_some() {
            self.again = true;
            return;
        }
        let error = Arc::new(NodeError::new(fault, &planned.id, self.cause.index, self.cause.pts));
        // Nobody is told of one that is left out; one at the cleanup is among the warnings of the metrics.
        let is_lost = !fatal && planned.on_error == OnError::Skip;
        let level = if is_lost { Level::Warning } else { Level::Info };
        log(Category::Node, level, || format!("session {}: {error}", self.session.number));
        match planned.on_error {
            _ if fatal => self.error = Some((self.at, error)),
            OnError::Raise => self.error = Some((self.at, error)),
            OnError::Skip => {}
            OnError::Collect => scratch.outputs.push(Box::new(failure(error, self.cause))),
        }
    }

    /// Puts the outputs on the edges that lead away from the port that each was emitted at.
    pub fn route(&mut self, scratch: &mut Scratch) {
        let planned = &self.plan.nodes[self.at];
        self.number(&mut scratch.outputs);
        scratch.straight = match *planned.outs {
            [edge] if !planned.converts && self.ports == 1 => Some(edge),
            _ => None,
        };
        if scratch.straight.is_some() {
            return;
        }
        let mut outputs = std::mem::take(&mut scratch.outputs);
        for mut packet in outputs.drain(..) {
            let (mut last, port) = (None, packet.port);
            // A failure goes where an output would; if that is nowhere, it is not lost for that.
            let is_failure = matches!(packet.data, Data::Failure(_));
            let leads = |edge: usize| self.plan.edges[edge].from_port == port;
            let anywhere = is_failure && !planned.outs.iter().any(|&edge| leads(edge));
            for &edge in planned.outs.iter().filter(|&&edge| anywhere || leads(edge)) {
                if let Some(before) = last.replace(edge) {
                    let shared = packet.share();
                    scratch.routed.extend(self.convert(before, shared).map(|packet| (before, packet)));
                }
            }
            if let Some(last) = last {
                scratch.routed.extend(self.convert(last, packet).map(|packet| (last, packet)));
            }
        }
        scratch.outputs = outputs;
    }

    /// Numbers the packets that a source makes, which begin their way here.
    fn number(&mut self, outputs: &mut [Box<Packet>]) {
        let planned = &self.plan.nodes[self.at];
        if !planned.slot.info().source {
            return;
        }
        let now = self.now().as_nanos() as u64;
        for packet in outputs {
            packet.born = now;
            packet.origin = if planned.hidden { PUSHED } else { self.at as u32 };
            if packet.index == NO_INDEX {
                packet.index = self.made;
                self.made += 1;
            }
        }
    }

    /// What to put on an edge for an output. One that cannot be converted becomes a failure, which the node at the other
    /// end raises when its turn comes: what lies before it is to come out first.
    fn convert(&self, edge: usize, packet: Box<Packet>) -> Option<Box<Packet>> {
        if !self.plan.nodes[self.at].converts {
            return Some(packet);
        }
        let cause = Cause::of(&packet);
        self.plan.convert(edge, packet).map_or_else(
            |error| {
                let skips = self.plan.edges[edge].to.is_some_and(|to| self.plan.nodes[to].on_error == OnError::Skip);
                (!skips).then(|| Box::new(failure(error, cause)))
            },
            Some,
        )
    }

    fn is_full(&self, scratch: &Scratch) -> bool {
        scratch.outputs.len() >= self.room || self.clock > self.end
    }

    /// The time since the last lap.
    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let time = now - self.clock;
        self.clock = now;
        time
    }

    fn trace(&self, call: &'static str, length: Duration, scratch: &mut Scratch) {
        if self.traced {
            let Cause { index, pts, .. } = self.cause;
            let start = self.now().saturating_sub(length);
            scratch.spans.push(Span { node: self.at, call, start, length, thread: thread::number(), index, pts });
        }
    }
}

/// The packet that stands for an item that failed.
fn failure(error: Arc<NodeError>, cause: Cause) -> Packet {
    let Cause { index, pts, duration, born, origin } = cause;
    Packet { pts, duration, index, born, origin, ..Packet::new(Data::Failure(error)) }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panicked without a message".into())
}
