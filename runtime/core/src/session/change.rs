//! Changes of a running session: a node joins, leaves, or takes the place of another.
//!
//! A node that joins is initialised first, beside the flow. A node that leaves is given what came before, is flushed, and
//! is cleaned up; what came since moves on. No packet that was accepted is lost, and all stay in order.

use std::sync::Arc;

use super::Session;
use super::plan::Plan;
use super::state::{Life, NodeState, Phase, State, Want};
use crate::graph::invalid;
use crate::options::NodeOptions;
use crate::sync::Instant;
use crate::{Error, ErrorKind, NodeError, Result, Slot};

/// A change that goes on.
pub(super) struct Change {
    id: u64,
    what: What,
    /// The node that joins, or the one that leaves.
    node: usize,
    /// Why it does not come about, told when the node that was to join is gone again.
    failure: Option<Error>,
    result: Option<Result<()>>,
    /// Whether its caller has waited long enough.
    forgotten: bool,
}

#[derive(Clone, Copy)]
enum What {
    /// Onto this edge.
    Insert(usize),
    /// The place of this node.
    Replace(usize),
    Remove,
}

impl Session {
    /// Puts a node on the edge between two others; an empty id stands for the input before it, or the output behind it.
    /// Returns when packets flow through it, or at the deadline: then it comes about later, if it can.
    pub fn insert(
        self: &Arc<Self>,
        id: &str,
        slot: &Arc<Slot>,
        after: &str,
        before: &str,
        deadline: Option<Instant>,
    ) -> Result<()> {
        self.change(deadline, |state| {
            let edge = state.plan.edge_between(after, before)?;
            let gone = |at: usize| state.nodes[at].life == Life::Gone;
            if state.plan.nodes.iter().enumerate().any(|(at, node)| *node.id == *id && !gone(at)) {
                return Err(invalid(format!("Duplicate node id '{id}'; give each node an id of its own")));
            }
            let node = self.admit(state, id, slot, |plan, node| plan.splice(node, edge))?;
            Ok((What::Insert(edge), node))
        })
    }

    /// Lets a node with one input and one output go: what it holds back comes out, and what comes after goes past it.
    /// Returns when it has been cleaned up, or at the deadline: then it comes about later, if it can.
    pub fn remove(self: &Arc<Self>, id: &str, deadline: Option<Instant>) -> Result<()> {
        self.change(deadline, |state| {
            let node = state.find_changeable(id)?;
            let planned = &state.plan.nodes[node];
            if planned.ins.len() != 1 || planned.outs.len() != 1 {
                let (ins, outs) = (planned.ins.len(), planned.outs.len());
                return Err(invalid(format!(
                    "node '{id}' joins {ins} edges to {outs}; only a node between two edges can be removed"
                )));
            }
            let mut trial = Plan::clone(&state.plan);
            trial.bypass(node);
            trial.check_formats()?;
            state.begin_leaving(node);
            Ok((What::Remove, node))
        })
    }

    /// Has another node take the place of one, which comes to its end as in [`Session::remove`].
    pub fn replace(self: &Arc<Self>, id: &str, by: &Arc<Slot>, deadline: Option<Instant>) -> Result<()> {
        self.change(deadline, |state| {
            let node = state.find_changeable(id)?;
            let (old, new) = (state.plan.nodes[node].slot.info(), by.info());
            if (&old.inputs, &old.outputs, old.matching) != (&new.inputs, &new.outputs, new.matching) || new.source {
                return Err(invalid(format!("node '{id}' can only be replaced by one with the same ports")));
            }
            let joining = self.admit(state, &format!("{id} (new)"), by, |plan, joining| plan.swap(node, joining))?;
            Ok((What::Replace(node), joining))
        })
    }

    fn change(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        begin: impl FnOnce(&mut State) -> Result<(What, usize)>,
    ) -> Result<()> {
        let starting = |state: &State| matches!(state.phase, Phase::Starting(_));
        let (mut state, begun) = self.wait_until(Want::Turn, self.lock(), deadline, |state| !starting(state));
        if !begun {
            let message =
                "the session has not started within the time given, and stays as it is; wait until it is ready";
            return Err(Error::new(ErrorKind::State, message));
        }
        if !matches!(state.phase, Phase::Running) || state.cancelled || state.error.is_some() {
            return Err(self.refusal(&state, "the session has ended"));
        }
        state.changes.retain(|change| change.result.is_none() || !change.forgotten);
        let (what, node) = begin(&mut state)?;
        let id = state.next_change;
        state.next_change += 1;
        state.changes.push(Change { id, what, node, failure: None, result: None, forgotten: false });
        self.release(state);
        let done = |state: &State| state.changes.iter().any(|change| change.id == id && change.result.is_some());
        let (mut state, ended) = self.wait_until(Want::Turn, self.lock(), deadline, |state| done(state));
        if !ended {
            let change = state.changes.iter_mut().find(|change| change.id == id);
            change.into_iter().for_each(|change| change.forgotten = true);
            return Err(Error::new(
                ErrorKind::Timeout,
                "the change has not come about within the time given; it goes on",
            ));
        }
        let at = state.changes.iter().position(|change| change.id == id);
        at.and_then(|at| state.changes.swap_remove(at).result).unwrap_or(Ok(()))
    }

    /// Has a node join, which is initialised before anything else; `fit` tries whether it can take its place.
    fn admit(
        &self,
        state: &mut State,
        id: &str,
        slot: &Arc<Slot>,
        fit: impl FnOnce(&mut Plan, usize),
    ) -> Result<usize> {
        let mut plan = Plan::clone(&state.plan);
        if plan.nodes.iter().any(|known| (known.first || known.hidden) && Arc::ptr_eq(&known.slot, slot)) {
            return Err(invalid(format!("node '{id}' is in the session already; give another instance")));
        }
        if let Some(caller) = &self.caller {
            caller.check(id, slot)?;
        }
        let info = slot.info();
        if info.source {
            return Err(invalid(format!("node '{id}' is a source and takes no input")));
        }
        let lane = |lane| self.links.iter().position(|link| Arc::ptr_eq(&link.lane, lane));
        let link = match &info.lane {
            None => None,
            Some(own) => Some(lane(own).ok_or_else(|| {
                invalid(format!("the host of node '{id}' was made known after the session had been opened"))
            })?),
        };
        let node = plan.add(id, Arc::clone(slot), false, &NodeOptions::default());
        let mut trial = plan.clone();
        fit(&mut trial, node);
        trial.check_formats()?;
        let mut joining = NodeState::new(&plan, node, link);
        joining.finished = true;
        state.nodes.push(joining);
        state.is_lone &= state.nodes[0].link == link;
        if let Some(halted) = &mut state.halted {
            halted.push(false);
        }
        state.plan = Arc::new(plan);
        state.stir_all();
        slot.attach();
        Ok(node)
    }

    /// A node that joins has been initialised.
    pub(super) fn change_ready(&self, state: &mut State, node: usize) {
        let Some(at) = state.changes.iter().position(|change| change.node == node) else { return };
        if state.cancelled || state.error.is_some() {
            state.nodes[node].life = Life::Leaving;
            return;
        }
        match state.changes[at].what {
            What::Insert(edge) => {
                let result = state.splice(node, edge);
                state.nodes[node].life = if result.is_ok() { Life::Ready } else { Life::Leaving };
                state.changes[at].result = Some(result);
                state.turned = true;
            }
            What::Replace(old) => {
                state.nodes[node].life = Life::Ready;
                state.begin_leaving(old);
            }
            What::Remove => {}
        }
    }

    /// A node that joins could not be initialised: it goes again, and the session runs on.
    pub(super) fn change_failed(&self, state: &mut State, node: usize, error: &NodeError) {
        state.nodes[node].life = Life::Leaving;
        for change in state.changes.iter_mut().filter(|change| change.node == node) {
            change.failure = Some(Error::new(error.kind, error.to_string()));
        }
    }

    /// A node that leaves has given all it had.
    pub(super) fn change_drained(&self, state: &mut State, node: usize) {
        state.nodes[node].leaving = None;
        // One that has come about may still be there for its caller to hear of.
        let leaves = |change: &&Change| match change.what {
            _ if change.result.is_some() => false,
            What::Replace(old) => old == node,
            What::Remove => change.node == node,
            What::Insert(_) => false,
        };
        match state.changes.iter().find(leaves).map(|change| (change.what, change.node)) {
            Some((What::Replace(old), new)) => state.swap(old, new),
            _ => state.bypass(node),
        }
    }

    /// A node that left has been cleaned up, or nobody waits for it any more.
    pub(super) fn change_over(&self, state: &mut State, node: usize) {
        for change in state.changes.iter_mut().filter(|change| change.node == node) {
            let result = change.failure.take().map_or(Ok(()), Err);
            change.result.get_or_insert(result);
            state.turned = true;
        }
        if matches!(state.phase, Phase::Running) && state.nodes[node].life == Life::Gone {
            state.bury(node);
        }
    }

    /// The flow is over: no change comes about any more.
    pub(super) fn changes_refused(&self, state: &mut State) {
        if state.changes.iter().any(|change| change.result.is_none()) {
            let refusal = self.refusal(state, "the session has ended");
            for change in &mut state.changes {
                change.result.get_or_insert(Err(refusal.clone()));
            }
            state.turned = true;
        }
    }
}

impl State {
    fn find_changeable(&self, id: &str) -> Result<usize> {
        let nodes = &self.plan.nodes;
        let node = (0..nodes.len()).find(|&at| *nodes[at].id == *id && self.nodes[at].life != Life::Gone);
        let node = node.filter(|&at| !nodes[at].hidden).ok_or_else(|| invalid(format!("there is no node '{id}'")))?;
        let shared = nodes.iter().filter(|other| Arc::ptr_eq(&other.slot, &nodes[node].slot)).count() > 1;
        let touches = |change: &Change| match change.what {
            What::Replace(old) => old == node || change.node == node,
            What::Insert(_) | What::Remove => change.node == node,
        };
        let changing = self.nodes[node].life != Life::Ready
            || self.changes.iter().any(|change| change.result.is_none() && touches(change));
        let why = match () {
            () if nodes[node].slot.info().source => "is a source, which has no place in time to end at",
            () if shared => "stands in the session several times",
            () if changing => "is being changed already",
            () if self.nodes[node].finished => "has come to its end",
            () => return Ok(node),
        };
        Err(invalid(format!("node '{id}' {why}; it cannot be changed")))
    }

    /// Nodes that are to go onto an edge go onto another one.
    pub fn redirect(&mut self, old: usize, new: usize) {
        for change in &mut self.changes {
            match &mut change.what {
                What::Insert(edge) if *edge == old => *edge = new,
                _ => {}
            }
        }
    }

    fn begin_leaving(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        node.leaving = Some(node.queue.len());
    }
}
