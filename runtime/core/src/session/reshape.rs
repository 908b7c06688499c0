//! The shape of a session while it runs: nodes are put onto edges, taken out, and exchanged.

use std::sync::Arc;

use super::flow::EdgeState;
use super::plan::Plan;
use super::state::{Life, State};
use crate::graph::invalid;
use crate::{Context, EdgeConfig, Error, ErrorKind, Flow, Kinds, Node, NodeInfo, Outcome, Packet, Result, Slot};

/// What is left of a node that is gone: nothing leads to it any more.
struct Gone;

impl Node for Gone {
    fn info(&self) -> NodeInfo {
        NodeInfo::filter(Kinds::NONE, Kinds::NONE)
    }

    fn process(&mut self, _: Box<Packet>, _: &mut Context<'_>) -> Outcome {
        Ok(Flow::Done)
    }
}

impl State {
    pub fn splice(&mut self, node: usize, edge: usize) -> Result<()> {
        let next = self.plan.edges[edge].to;
        let closed = self.is_closed(edge);
        if closed && next.is_none_or(|next| self.nodes[next].has_ended()) {
            return Err(Error::new(ErrorKind::State, "the stream has ended on that edge"));
        }
        self.rearrange(|plan| plan.splice(node, edge));
        self.rename(next, edge, self.edges.len());
        // What has asked the next node for a flush is not asked of the new one.
        let asked = std::mem::take(&mut self.edges[edge].asked);
        self.edges.push(EdgeState { asked, ..EdgeState::default() });
        self.nodes[node].open_ins = usize::from(!closed);
        self.nodes[node].finished = false;
        self.unfinished += 1;
        if let (true, Some(next)) = (closed, next) {
            self.nodes[next].open_ins += 1;
        }
        Ok(())
    }

    pub fn bypass(&mut self, node: usize) {
        let edge = self.plan.nodes[node].ins[0];
        let (out, next) = (self.plan.nodes[node].outs[0], self.plan.edges[self.plan.nodes[node].outs[0]].to);
        self.rearrange(|plan| plan.bypass(node));
        self.rename(next, out, edge);
        let rest = std::mem::take(&mut self.nodes[node].queue);
        self.edges[edge].asked = std::mem::take(&mut self.edges[out].asked);
        for (by, packet) in rest {
            // Some may have come by an edge that is no more.
            if let Some(by) = self.edges.get_mut(by) {
                by.load -= 1;
            }
            self.deliver(edge, packet);
        }
        // A node that was to go onto the edge behind it goes onto the one that is left.
        self.redirect(out, edge);
        if self.is_closed(edge) {
            self.close_edge(edge);
        }
        let left = &mut self.nodes[node];
        left.finished = true;
        left.life = Life::Leaving;
        self.unfinished -= 1;
    }

    /// Another edge leads to a node than before.
    fn rename(&mut self, node: Option<usize>, old: usize, new: usize) {
        if let Some(matcher) = node.and_then(|node| self.nodes[node].matcher.as_mut()) {
            matcher.rename(old, new);
        }
    }

    pub fn swap(&mut self, old: usize, new: usize) {
        self.rearrange(|plan| plan.swap(old, new));
        let link = self.nodes[old].link;
        self.nodes[old].link = std::mem::replace(&mut self.nodes[new].link, link);
        self.nodes[old].cost = 0;
        self.nodes[new].life = Life::Leaving;
    }

    /// Lets go of a node that is gone, once the lock is.
    pub fn bury(&mut self, node: usize) {
        let plan = Arc::make_mut(&mut self.plan);
        self.buried.push(std::mem::replace(&mut plan.nodes[node].slot, Slot::new(Gone)));
        plan.mark_first();
    }

    fn rearrange(&mut self, change: impl FnOnce(&mut Plan)) {
        let plan = Arc::make_mut(&mut self.plan);
        change(plan);
        // Tried when the change began: whether two nodes understand each other does not depend on when they meet.
        let _ = plan.check_formats();
        plan.sort();
        plan.mark_first();
        self.stir_all();
    }
}

impl Plan {
    pub fn edge_between(&self, after: &str, before: &str) -> Result<usize> {
        let (from, to) =
            (if after.is_empty() { "(input)" } else { after }, if before.is_empty() { "(output)" } else { before });
        let joined = |&edge: &usize| match self.edges[edge].to {
            Some(to) => self.nodes[to].ins.contains(&edge),
            None => {
                self.edges[edge].from.map_or(self.inputs.contains(&edge), |from| self.nodes[from].outs.contains(&edge))
            }
        };
        let found: Vec<usize> =
            (0..self.edges.len()).filter(joined).filter(|&edge| self.ends(edge) == (from, to)).collect();
        match found[..] {
            [edge] => Ok(edge),
            [] => Err(invalid(format!("there is no edge from '{from}' to '{to}'"))),
            _ => Err(invalid(format!("there are several edges from '{from}' to '{to}'; a node goes onto one"))),
        }
    }

    pub fn splice(&mut self, node: usize, edge: usize) {
        let old = self.edges[edge];
        self.edges[edge].to = Some(node);
        self.edges[edge].to_port = 0;
        if let Some(to) = old.to {
            self.nodes[to].ins.retain(|&by| by != edge);
        }
        self.nodes[node].ins.push(edge);
        let config = EdgeConfig { capacity: Some(old.capacity), policy: Some(old.policy) };
        self.join((Some(node), 0), (old.to, old.to_port), config);
    }

    pub fn bypass(&mut self, node: usize) {
        let (edge, out) = (self.nodes[node].ins[0], self.nodes[node].outs[0]);
        let after = self.edges[out];
        self.edges[edge].to = after.to;
        self.edges[edge].to_port = after.to_port;
        if let Some(to) = after.to {
            self.nodes[to].ins.iter_mut().filter(|by| **by == out).for_each(|by| *by = edge);
        }
        self.nodes[node].ins.clear();
        self.nodes[node].outs.clear();
    }

    pub fn swap(&mut self, old: usize, new: usize) {
        let slot = Arc::clone(&self.nodes[old].slot);
        self.nodes[old].slot = std::mem::replace(&mut self.nodes[new].slot, slot);
    }

    /// Puts the nodes into an order in which every edge points forward, which there is: a change makes no cycle.
    fn sort(&mut self) {
        let mut missing: Vec<usize> = self.nodes.iter().map(|node| node.ins.len()).collect();
        for &edge in &self.inputs {
            if let Some(to) = self.edges[edge].to {
                missing[to] -= 1;
            }
        }
        self.order = (0..self.nodes.len()).filter(|&node| missing[node] == 0).collect();
        let mut next = 0;
        while let Some(&node) = self.order.get(next) {
            next += 1;
            for &edge in &self.nodes[node].outs {
                if let Some(to) = self.edges[edge].to {
                    missing[to] -= 1;
                    if missing[to] == 0 {
                        self.order.push(to);
                    }
                }
            }
        }
        self.order.iter().enumerate().for_each(|(rank, &node)| self.ranks[node] = rank);
    }
}
