//! How the flow ends before the stream does: a node fails, or the session is given up.

use std::sync::Arc;

use super::matcher::Matcher;
use super::state::{Activity, Life, Op, Phase, Settled, State};
use crate::packet::NO_INDEX;
use crate::sync::Instant;
use crate::{Data, NodeError, Packet, Time};

impl State {
    /// A node has failed for good: what lies before it stands still, what lies behind it comes out. Of several failures
    /// the one at the earliest input counts, as if inputs went through one by one.
    pub fn fail(&mut self, at: usize, error: Arc<NodeError>) {
        let plan = Arc::clone(&self.plan);
        let mut halted = self.halted.take().unwrap_or_else(|| vec![false; plan.nodes.len()]);
        halted.resize(plan.nodes.len(), false);
        for ((halted, upstream), node) in halted.iter_mut().zip(plan.upstream(at)).zip(&plan.nodes) {
            *halted |= upstream || node.slot.info().source;
        }
        for (at, node) in self.nodes.iter_mut().enumerate().filter(|&(at, _)| halted[at]) {
            node.give_up(at, &mut self.returned);
        }
        self.halted = Some(halted);
        self.close_halted();
        if self.error.as_ref().is_none_or(|first| error.index < first.index) {
            // An error may hold an object of the host, which is not called under the lock.
            let first = self.error.replace(error);
            self.dropped.extend(first.map(|error| Box::new(Packet::new(Data::Failure(error)))));
        }
    }

    /// Nothing comes from nodes that stand still: what waits at a match for their packets has no partners.
    fn close_halted(&mut self) {
        let plan = Arc::clone(&self.plan);
        let busy: Vec<bool> = (0..self.nodes.len()).map(|at| self.is_busy(at)).collect();
        for (at, node) in plan.nodes.iter().enumerate() {
            let Some(matcher) = &mut self.nodes[at].matcher else { continue };
            for &edge in &node.ins {
                let from = plan.edges[edge].from;
                // One that is in a call may yet bring something: its turn comes when it returns.
                let still = |from: usize| self.halted.as_ref().is_some_and(|halted| halted[from] && !busy[from]);
                if from.is_none_or(still) {
                    matcher.close(edge, plan.edges[edge].to_port);
                }
            }
            self.align(at);
        }
    }

    /// Whether anything is still going on at a node that is part of the flow.
    fn is_busy(&self, at: usize) -> bool {
        let node = &self.nodes[at];
        node.life == Life::Ready && !node.abandoned && !matches!(node.activity, Activity::Idle)
    }

    /// Whether the flow is over, for better or worse.
    pub fn flow_is_over(&self) -> bool {
        if self.cancelled {
            return !self.nodes.iter().any(|node| matches!(node.activity, Activity::Running) && !node.abandoned);
        }
        if self.halted.is_none() {
            // Where all nodes have been removed, what is pushed goes straight to the outputs.
            return self.unfinished == 0 && (self.input_ended || self.plan.inputs.is_empty());
        }
        (0..self.nodes.len()).all(|at| !self.is_busy(at) && !self.may_go_on(at))
    }

    /// A call has returned at a node that was given up meanwhile.
    pub fn retire(&mut self, at: usize) {
        let node = &self.nodes[at];
        // A cleanup has to come to its end.
        if (node.abandoned || self.cancelled) && node.op != Op::Cleanup {
            self.forsake(at);
        }
        self.nodes[at].give_up(at, &mut self.returned);
        if self.halted.is_some() {
            self.close_halted();
        }
    }

    /// Whether a node has something left to do after a failure, if only there were room.
    fn may_go_on(&self, at: usize) -> bool {
        let node = &self.nodes[at];
        !node.finished && !self.is_halted(at) && (node.more || !node.queue.is_empty())
    }

    pub fn is_halted(&self, at: usize) -> bool {
        self.halted.as_ref().is_some_and(|halted| halted.get(at) == Some(&true))
    }

    /// Gives everything up.
    pub fn cancel(&mut self) {
        if matches!(self.phase, Phase::Stopping(_) | Phase::Ended) {
            return;
        }
        self.cancelled = true;
        self.dropped.extend(self.outputs.drain(..).map(|(_, packet)| packet));
        for node in &mut self.nodes {
            let waiting = node.matcher.iter_mut().flat_map(Matcher::drain);
            let queued = node.queue.drain(..).chain(node.retry.spare.take()).chain(waiting);
            self.dropped.extend(queued.map(|(_, packet)| packet));
        }
        for at in 0..self.nodes.len() {
            let node = &mut self.nodes[at];
            let goes_on = matches!(node.activity, Activity::Running | Activity::Pending);
            if goes_on && node.op == Op::Cleanup {
                // One that is leaving: its cleanup comes to its end.
                continue;
            }
            self.forsake(at);
            self.nodes[at].give_up(at, &mut self.returned);
        }
        self.edges.iter_mut().for_each(|edge| edge.load = 0);
    }

    /// Waits no longer for the outcome of a call through a completion, which is void if it comes all the same.
    fn forsake(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.token = None;
        if let Some(settled) = node.settled.take() {
            drop_settled(settled, &mut self.dropped);
        }
        if !matches!(node.activity, Activity::Pending) {
            return;
        }
        node.activity = Activity::Idle;
        if node.op == Op::Initialize {
            // Whoever shares it must not take it for ready.
            self.plan.nodes[at].slot.fail();
        }
    }

    /// Leaves a node to other sessions that use it, so that none of their calls has to be waited for; whether there are any.
    pub fn leave(&mut self, at: usize) -> bool {
        let is_free = !matches!(self.nodes[at].activity, Activity::Running | Activity::Pending);
        let leaves = is_free && self.nodes[at].held.is_none() && self.plan.nodes[at].slot.leave();
        if leaves {
            self.nodes[at].activity = Activity::Idle;
            let plan = Arc::clone(&self.plan);
            plan.places(at).for_each(|place| self.nodes[place].life = Life::Gone);
        }
        leaves
    }

    /// The flow is over: nobody waits for nodes that were to join it, unless another session does.
    pub fn forsake_joining(&mut self) {
        for at in 0..self.nodes.len() {
            let node = &mut self.nodes[at];
            if node.op != Op::Initialize {
                continue;
            }
            if matches!(node.activity, Activity::Pending) && self.plan.nodes[at].slot.is_shared() {
                // The outcome is waited for when its turn to be cleaned up comes; there is some time for it from now on.
                node.since = Instant::now();
                self.keeps_time = true;
                continue;
            }
            self.forsake(at);
            self.nodes[at].give_up(at, &mut self.returned);
        }
    }
}

/// Has what a completion brought dropped later.
pub(super) fn drop_settled(settled: Settled, dropped: &mut Vec<Box<Packet>>) {
    dropped.extend(settled.packet);
    if let Err(fault) = settled.outcome {
        let error = NodeError::new(fault, "", NO_INDEX, Time::NONE);
        dropped.push(Box::new(Packet::new(Data::Failure(Arc::new(error)))));
    }
}
