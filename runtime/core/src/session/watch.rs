//! The session and the clock: deadlines, attempts that are due, and whether anything moves at all.

use std::sync::Arc;
use std::time::Duration;

use super::Session;
use super::flow::EdgeState;
use super::state::{Activity, Life, Op, Phase, Settled, State};
use crate::log::{Category, Level, log};
use crate::sync::Instant;
use crate::{ErrorKind, Fault, NodeError};

/// How long what is pending may take when the flow is over, where no deadline was set: whoever was to complete it may be gone.
const LAST_PATIENCE: Duration = Duration::from_secs(10);

impl Session {
    /// Sees to it that the session looks at the clock in time.
    pub(super) fn watch(self: &Arc<Self>, state: &mut State) {
        if !state.keeps_time {
            return;
        }
        let Some(next) = state.next_look(self.stall) else { return };
        if state.alarms.last().is_none_or(|&alarm| next < alarm) && self.runtime.set_alarm(next, self) {
            state.alarms.push(next);
        }
    }

    /// Looks at the clock.
    pub(crate) fn tick(self: &Arc<Self>) {
        let now = Instant::now();
        let mut state = self.lock();
        while state.alarms.pop_if(|alarm| *alarm <= now).is_some() {}
        for at in 0..state.nodes.len() {
            if state.due(at).is_some_and(|due| due <= now) {
                self.expire(&mut state, at);
            }
        }
        if let Some(stall) = self.stall {
            self.look_for_stall(&mut state, now, stall);
        }
        self.advance(&mut state);
        self.watch(&mut state);
        self.release(state);
    }

    /// A call has taken too long: a pending one fails; one that a thread is inside is left behind.
    fn expire(&self, state: &mut State, at: usize) {
        let node = &mut state.nodes[at];
        let time = state.plan.nodes[at].deadline.unwrap_or(LAST_PATIENCE);
        let mut fault = Fault::new(format!("the call has not returned within {time:?}"));
        fault.kind = ErrorKind::Deadline;
        if matches!(node.activity, Activity::Pending) {
            node.settled = Some(Settled { packet: None, outcome: Err(fault) });
            return;
        }
        node.abandoned = true;
        node.metrics.errors += 1;
        let error = NodeError::new(fault, &state.plan.nodes[at].id, node.cause.index, node.cause.pts);
        log(Category::Node, Level::Warning, || format!("session {} goes on without a call: {error}", self.number));
        let base = node.op;
        match (base, state.phase) {
            (Op::Cleanup, _) => {
                state.warnings.push(error.to_string());
                self.change_over(state, at);
            }
            (Op::Initialize, Phase::Starting(_)) => {
                state.fail(at, Arc::new(error));
                state.phase = Phase::Stopping(0);
            }
            (Op::Initialize, _) => {
                self.change_failed(state, at, &error);
                self.change_over(state, at);
            }
            _ => state.fail(at, Arc::new(error)),
        }
    }

    /// Stays alive after its end, whoever lets go of it, for a node that was left behind and cannot be cleaned up at once.
    pub(super) fn keep(self: &Arc<Self>, state: &mut State) {
        if matches!(state.phase, Phase::Ended) {
            let waits = |activity| matches!(activity, Activity::Waiting | Activity::Pending);
            let has_to = state.nodes.iter().any(|node| node.abandoned && waits(node.activity));
            state.kept = has_to.then(|| Arc::clone(self));
        }
    }

    fn look_for_stall(&self, state: &mut State, now: Instant, stall: Duration) {
        if matches!(state.phase, Phase::Ended) {
            return;
        }
        if state.seen_moves != state.moves {
            state.seen_moves = state.moves;
            state.seen_at = now;
        } else if now - state.seen_at >= stall && state.has_work() {
            // Told once, until something moves.
            let report = self.describe_stall(state, now - state.seen_at);
            let level = if state.listener.is_some() { Level::Info } else { Level::Warning };
            log(Category::Session, level, || format!("session {}: {report}", self.number));
            state.warnings.push(report);
            state.stalled = true;
            state.seen_at = now + Duration::from_secs(365 * 24 * 3600);
        }
    }
}

impl State {
    /// When the call that is going on at a node has taken too long.
    fn due(&self, at: usize) -> Option<Instant> {
        let node = &self.nodes[at];
        let planned = &self.plan.nodes[at];
        let info = planned.slot.info();
        let patience = match node.activity {
            _ if node.abandoned => return None,
            // It has limits of its own for these.
            Activity::Running if info.patient && matches!(node.op, Op::Initialize | Op::Cleanup) => None,
            // One that keeps to it itself says more about what went wrong.
            Activity::Running => planned.deadline.map(|deadline| deadline.saturating_add(info.grace)),
            Activity::Pending if node.settled.is_some() => None,
            Activity::Pending if node.op == Op::Cleanup || matches!(self.phase, Phase::Stopping(_)) => {
                planned.deadline.or(Some(LAST_PATIENCE))
            }
            Activity::Pending => planned.deadline,
            _ => None,
        };
        patience.and_then(|patience| node.since.checked_add(patience))
    }

    /// When there may be something to see.
    fn next_look(&self, stall: Option<Duration>) -> Option<Instant> {
        if matches!(self.phase, Phase::Ended) {
            return None;
        }
        let now = Instant::now();
        let stall = stall.map(|stall| now + stall / 2);
        let retry = |at: usize| self.nodes[at].retry.not_before.filter(|&time| time > now);
        let nodes = (0..self.nodes.len()).flat_map(|at| [self.due(at), retry(at)]);
        nodes.flatten().chain(stall).min()
    }

    /// Whether there is something that should move.
    fn has_work(&self) -> bool {
        let idle = |activity: Activity| matches!(activity, Activity::Idle);
        let waits = |edge: &EdgeState| edge.load > 0;
        self.nodes.iter().any(|node| !idle(node.activity)) || self.edges.iter().any(waits)
    }

    /// Whether the session ends without cleaning a node up itself: it is gone, or a call holds it that was left behind,
    /// wherever in the graph that was made.
    pub fn is_out_of_reach(&self, at: usize) -> bool {
        let goes_on = |activity| matches!(activity, Activity::Running | Activity::Pending);
        let is_left = |at: usize| self.nodes[at].abandoned && goes_on(self.nodes[at].activity);
        self.nodes[at].life == Life::Gone || self.plan.places(at).any(is_left)
    }
}
