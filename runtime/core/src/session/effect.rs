//! What came of an operation: it is put into effect, under the lock.

use std::sync::Arc;

use super::Session;
use super::batch::{Measured, Scratch};
use super::ending::drop_settled;
use super::state::{Activity, Cause, Life, Op, Phase, State};
use crate::sync::Instant;
use crate::{Flow, Node, NodeError, Packet};

/// What came of an operation.
pub(super) struct Done {
    pub at: usize,
    pub base: Op,
    /// The node, if the operation goes on.
    pub held: Option<Box<dyn Node>>,
    pub flow: Flow,
    pub cause: Cause,
    pub error: Option<(usize, Arc<NodeError>)>,
    /// Attempts that are left, and whether the packet in the scratch is to be tried again.
    pub attempts: u32,
    pub again: bool,
    pub made: u64,
    /// When the last call returned.
    pub clock: Instant,
    pub measured: Measured,
}

impl Session {
    /// Puts what came of an operation into effect.
    pub(super) fn apply(self: &Arc<Self>, state: &mut State, done: Done, scratch: &mut Scratch) {
        let Done { at, base, held, flow, cause, error, attempts, again, made, clock, measured } = done;
        state.moves += 1;
        state.now = (clock - self.opened).as_nanos() as u64;
        state.stir(at);
        // All that flows says itself whom it concerns; ends and failures concern everybody.
        if !matches!(base, Op::Process | Op::Flush | Op::Drain) || error.is_some() || !state.is_plain() {
            state.stir_all();
        }
        let goes_on = held.is_some();
        self.put_back(state, at, attempts, again, goes_on, scratch);
        if !state.cancelled && !state.nodes[at].abandoned {
            if let Some(edge) = scratch.straight {
                state.deliver_all(edge, &mut scratch.outputs);
            }
            for (edge, packet) in scratch.routed.drain(..) {
                state.deliver(edge, packet);
            }
        }
        self.record(state, at, made, &measured, scratch);
        let node = &mut state.nodes[at];
        node.op = base;
        node.cause = cause;
        node.held = held;
        node.since = clock;
        node.activity = if goes_on && flow == Flow::Pending { Activity::Pending } else { Activity::Idle };
        node.more = goes_on && flow == Flow::More;
        // Whoever was to complete it may be gone.
        state.keeps_time |= base == Op::Cleanup && matches!(node.activity, Activity::Pending);
        if !matches!(node.activity, Activity::Pending) {
            node.token = None;
            if let Some(stale) = node.settled.take() {
                drop_settled(stale, &mut state.dropped);
            }
        }
        if state.cancelled || state.is_halted(at) || state.nodes[at].abandoned {
            state.retire(at);
        }
        self.conclude(state, at, base, goes_on || again, error);
        state.pass_marks(at);
        self.advance(state);
        self.keep(state);
        self.watch(state);
        self.wake(state);
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
        let mut count = 0;
        for (time, times) in scratch.times.drain(..) {
            node.metrics.executions.record(time, times);
            count += u64::from(times);
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
                self.change_over(state, at);
            }
            return;
        }
        match (base, error) {
            (Op::Cleanup, Some((_, error))) => state.warnings.push(error.to_string()),
            // One that joins: the stream may have ended meanwhile, and is none the worse for it.
            (Op::Initialize, Some((_, error))) if !matches!(state.phase, Phase::Starting(_)) => {
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
                Phase::Running => self.change_ready(state, at),
                // Too late: its turn to be cleaned up comes.
                Phase::Stopping(_) | Phase::Ended => {}
            },
            Op::Cleanup => {
                // Whether it was its turn or it had left before.
                state.nodes[at].life = Life::Gone;
                self.change_over(state, at);
            }
            Op::Flush => {
                state.nodes[at].flushed = true;
                state.finish(at);
            }
            Op::Drain => {
                let plan = Arc::clone(&state.plan);
                for &edge in &plan.nodes[at].outs {
                    state.deliver(edge, Packet::new(crate::Data::Flush));
                }
            }
            Op::Leave => self.change_drained(state, at),
            Op::Process | Op::Resume | Op::Settle => {}
        }
    }

    /// Moves the session from phase to phase, past nodes that need nothing.
    pub(super) fn advance(self: &Arc<Self>, state: &mut State) {
        if matches!(state.phase, Phase::Running) && !state.flow_is_over() {
            return;
        }
        let plan = Arc::clone(&state.plan);
        let from = |next: usize| (next..plan.order.len()).find(|&next| plan.nodes[plan.order[next]].first);
        loop {
            match state.phase {
                Phase::Starting(_) if state.cancelled && state.flow_is_over() => state.phase = Phase::Stopping(0),
                Phase::Starting(next) => match from(next) {
                    Some(next) => return state.phase = Phase::Starting(next),
                    None => state.begin(),
                },
                Phase::Running if state.flow_is_over() => {
                    state.forsake_joining();
                    state.phase = Phase::Stopping(0);
                    state.stir_all();
                    self.watch(state);
                }
                Phase::Stopping(next) => {
                    self.changes_refused(state);
                    match from(next) {
                        Some(next) if state.is_out_of_reach(plan.order[next]) || state.leave(plan.order[next]) => {
                            state.phase = Phase::Stopping(next + 1)
                        }
                        Some(next) => return state.phase = Phase::Stopping(next),
                        None => {
                            // Nobody has come to clean them up, who would have taken it.
                            let State { nodes, returned, .. } = &mut *state;
                            let ends = nodes.iter_mut().enumerate().filter(|(at, _)| plan.nodes[*at].hidden);
                            ends.for_each(|(at, node)| node.give_up(at, returned));
                            state.phase = Phase::Ended;
                            state.elapsed = Some(self.opened.elapsed());
                            self.log_end(state);
                            self.runtime.leave(self.number);
                            return;
                        }
                    }
                }
                Phase::Running | Phase::Ended => return,
            }
        }
    }
}
