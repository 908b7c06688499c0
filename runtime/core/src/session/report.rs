//! What a session has to say about itself: metrics, where it stands, its trace.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::Session;
use super::state::{Activity, Op, Phase, State};
use crate::log::{Category, Level, log};
use crate::metrics::{EdgeMetrics, PathMetrics};
use crate::packet::{NO_INDEX, PUSHED};
use crate::{Policy, SessionMetrics};

impl Session {
    /// What the session has measured so far.
    pub fn metrics(&self) -> SessionMetrics {
        let state = self.lock();
        let plan = &state.plan;
        let shown = plan.order.iter().filter(|&&at| !plan.nodes[at].hidden);
        let nodes = shown.map(|&at| {
            let mut metrics = state.nodes[at].metrics.clone();
            metrics.node = plan.nodes[at].id.to_string();
            metrics.queued = state.nodes[at].queue.len();
            let facts = |facts: &Arc<Mutex<Value>>| facts.lock().unwrap_or_else(PoisonError::into_inner).clone();
            metrics.process = plan.nodes[at].slot.info().process.as_ref().map(facts);
            metrics
        });
        let joined = |&edge: &usize| {
            let planned = &plan.edges[edge];
            planned.from.is_none_or(|from| plan.nodes[from].outs.contains(&edge))
        };
        let edges = (0..plan.edges.len()).filter(joined).map(|edge| {
            let (from, to) = plan.ends(edge);
            let measured = state.edges[edge];
            EdgeMetrics {
                from: from.into(),
                to: to.into(),
                capacity: plan.edges[edge].capacity,
                policy: plan.edges[edge].policy.name(),
                queued: measured.load,
                most_queued: measured.most,
                dropped: measured.dropped,
            }
        });
        let paths = state.paths.iter().map(|path| PathMetrics {
            from: if path.origin == PUSHED {
                "(input)".into()
            } else {
                plan.nodes[path.origin as usize].id.to_string()
            },
            to: plan.ends(path.edge).0.into(),
            latency: path.latency.clone(),
        });
        SessionMetrics {
            elapsed: state.elapsed.unwrap_or_else(|| self.opened.elapsed()),
            nodes: nodes.collect(),
            edges: edges.collect(),
            paths: paths.collect(),
            warnings: state.warnings.clone(),
        }
    }

    /// Every call that the session has kept, in the trace event format.
    pub fn trace(&self) -> Value {
        let state = self.lock();
        let plan = Arc::clone(&state.plan);
        state.trace.to_json(self.number, |at| plan.nodes[at].id.to_string())
    }

    /// Where the session stands: what each node does, since when, and on which thread; what is on each edge.
    pub fn report(&self) -> Value {
        let state = self.lock();
        let plan = &state.plan;
        let nodes: Vec<Value> = plan.order.iter().map(|&at| state.describe_node(at)).collect();
        let edges: Vec<Value> = (0..plan.edges.len())
            .map(|edge| {
                let (from, to) = plan.ends(edge);
                json!({
                    "from": from, "to": to, "queued": state.edges[edge].load, "capacity": plan.edges[edge].capacity,
                    "policy": plan.edges[edge].policy.name(), "full": state.is_full(edge),
                })
            })
            .collect();
        let phase = match state.phase {
            Phase::Starting(_) => "starting",
            Phase::Running => "running",
            Phase::Stopping(_) => "stopping",
            Phase::Ended => "ended",
        };
        json!({"phase": phase, "nodes": nodes, "edges": edges})
    }

    pub(super) fn log_end(&self, state: &State) {
        let (time, number) = (state.elapsed.unwrap_or_default(), self.number);
        match &state.error {
            Some(error) => {
                log(Category::Session, Level::Info, || format!("session {number} failed after {time:?}: {error}"))
            }
            None => {
                let how = if state.cancelled { "was cancelled" } else { "ended" };
                log(Category::Session, Level::Debug, || format!("session {number} {how} after {time:?}"));
            }
        }
    }

    /// A stall in words.
    pub(super) fn describe_stall(&self, state: &State, time: Duration) -> String {
        let plan = &state.plan;
        let busy = (0..state.nodes.len()).filter_map(|at| {
            let node = &state.nodes[at];
            let id = &plan.nodes[at].id;
            let since = node.since.elapsed().as_secs_f64();
            match node.activity {
                Activity::Idle => None,
                Activity::Running => Some(format!(
                    "node '{id}' has been in {} for {since:.1} s{}, on thread {}",
                    node.op.name(),
                    state.input_of(at),
                    node.thread
                )),
                Activity::Pending => Some(format!(
                    "node '{id}' has owed the outcome of {} for {since:.1} s{}",
                    node.op.name(),
                    state.input_of(at)
                )),
                Activity::Waiting => Some(format!("node '{id}' is in use by another session")),
            }
        });
        let full = (0..plan.edges.len()).filter(|&edge| state.is_full(edge)).map(|edge| {
            let (from, to) = plan.ends(edge);
            let pull = if plan.edges[edge].to.is_none() { ": pull its outputs" } else { "" };
            format!("the edge from '{from}' to '{to}' is full ({} packets){pull}", state.edges[edge].load)
        });
        let what: Vec<String> = busy.chain(full).collect();
        let what = if what.is_empty() { "no node waits for anything".into() } else { what.join("; ") };
        format!("Nothing has moved for {:.1} s: {what}", time.as_secs_f64())
    }
}

impl State {
    fn describe_node(&self, at: usize) -> Value {
        let node = &self.nodes[at];
        let activity = match node.activity {
            Activity::Idle => "idle",
            Activity::Running => "running",
            Activity::Pending => "pending",
            Activity::Waiting => "waiting for another session",
        };
        let busy = !matches!(node.activity, Activity::Idle);
        json!({
            "node_id": &*self.plan.nodes[at].id,
            "activity": activity,
            "call": busy.then(|| node.op.name()),
            "seconds": busy.then(|| node.since.elapsed().as_secs_f64()),
            "thread": matches!(node.activity, Activity::Running).then_some(node.thread),
            "input": (busy && node.cause.index != NO_INDEX).then_some(node.cause.index),
            "queued": node.queue.len(),
            "abandoned": node.abandoned,
        })
    }

    fn input_of(&self, at: usize) -> String {
        match self.nodes[at].cause.index {
            NO_INDEX => String::new(),
            index => format!(" (at input {index})"),
        }
    }

    fn is_full(&self, edge: usize) -> bool {
        let planned = &self.plan.edges[edge];
        planned.policy == Policy::Block && self.edges[edge].load >= planned.capacity
    }
}

impl Op {
    fn name(self) -> &'static str {
        match self {
            Op::Initialize => "initialize",
            Op::Process | Op::Resume | Op::Settle => "process",
            Op::Flush | Op::Drain | Op::Leave => "flush",
            Op::Cleanup => "cleanup",
        }
    }
}
