//! The fixed part of a session: its nodes in the order of flow, and how they are joined.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::SessionConfig;
use crate::graph::{Graph, GraphNode, Source, invalid};
use crate::{Error, ErrorKind, Kinds, Result, Slot};

pub(super) struct Plan {
    /// In topological order, so that the last runnable node is the one nearest to the outputs.
    pub nodes: Vec<PlanNode>,
    pub edges: Vec<Edge>,
    /// The edges that pushed packets enter by.
    pub inputs: Vec<usize>,
    /// The number of edges that lead to the outputs.
    pub sinks: usize,
}

pub(super) struct PlanNode {
    pub id: String,
    pub slot: Arc<Slot>,
    /// The edges that lead to it and away from it.
    pub ins: Vec<usize>,
    pub outs: Vec<usize>,
    /// Whether some edge leads to a node that does not take objects of a host.
    pub converts: bool,
    /// Whether the node is part of the session rather than of the graph.
    pub hidden: bool,
    /// Whether it is the first node in the order that lives in its slot.
    pub first: bool,
}

pub(super) struct Edge {
    /// The node that packets come from; nothing for pushed ones.
    pub from: Option<usize>,
    /// The node that packets go to; nothing for outputs.
    pub to: Option<usize>,
}

impl Plan {
    pub fn new(graph: &Graph, config: &SessionConfig) -> Result<Plan> {
        let order = graph.order()?;
        let mut plan = Plan { nodes: Vec::new(), edges: Vec::new(), inputs: Vec::new(), sinks: 0 };
        let slots = order.iter().map(|&index| slot_of(&graph.nodes[index])).collect::<Result<Vec<_>>>()?;
        let is_source = |slot: &Option<Arc<Slot>>| slot.as_ref().map(|slot| slot.info().source);
        if is_source(&config.input) == Some(false) {
            return Err(Error::new(ErrorKind::Argument, "the input of a session must be a source"));
        }
        if is_source(&config.output) == Some(true) {
            return Err(Error::new(ErrorKind::Argument, "the output of a session must not be a source"));
        }
        let fed = |index: usize| !graph.edges.iter().any(|&(_, to)| to == index);
        let takes_input = order.iter().zip(&slots).any(|(&index, slot)| fed(index) && !slot.info().source);
        let input = match &config.input {
            Some(slot) if takes_input => Some(plan.add("(input)", Arc::clone(slot), true)),
            Some(_) if !config.input_optional => return Err(no_input(graph)),
            _ => None,
        };
        let mut place = vec![0; graph.nodes.len()];
        for (index, slot) in order.into_iter().zip(slots) {
            place[index] = plan.add(&graph.nodes[index].id, slot, false);
        }
        for &(from, to) in &graph.edges {
            plan.join(Some(place[from]), Some(place[to]));
        }
        let output = config.output.as_ref().map(|slot| plan.add("(output)", Arc::clone(slot), true));
        plan.join_ends(graph, &place, input, output)?;
        plan.check_formats()?;
        plan.mark_first();
        Ok(plan)
    }

    fn add(&mut self, id: &str, slot: Arc<Slot>, hidden: bool) -> usize {
        let (ins, outs) = (Vec::new(), Vec::new());
        self.nodes.push(PlanNode { id: id.into(), slot, ins, outs, converts: false, hidden, first: true });
        self.nodes.len() - 1
    }

    fn join(&mut self, from: Option<usize>, to: Option<usize>) {
        let edge = self.edges.len();
        self.edges.push(Edge { from, to });
        match from {
            Some(node) => self.nodes[node].outs.push(edge),
            None => self.inputs.push(edge),
        }
        match to {
            Some(node) => self.nodes[node].ins.push(edge),
            None => self.sinks += 1,
        }
    }

    /// Joins the nodes without predecessors to the input, and those without successors to the output.
    fn join_ends(&mut self, graph: &Graph, place: &[usize], input: Option<usize>, output: Option<usize>) -> Result<()> {
        for (node, &at) in graph.nodes.iter().zip(place) {
            let planned = &self.nodes[at];
            let is_source = planned.slot.info().source;
            if let (true, Some(&edge)) = (is_source, planned.ins.first()) {
                let from = self.edges[edge].from.map_or("", |from| self.nodes[from].id.as_str());
                let id = &node.id;
                return Err(invalid(format!(
                    "node '{id}' is a source and takes no input; remove the connection from '{from}'"
                )));
            }
            if planned.ins.is_empty() && !is_source {
                self.join(input, Some(at));
            }
            if node.tapped || self.nodes[at].outs.is_empty() {
                self.join(Some(at), output);
            }
        }
        Ok(())
    }

    /// Refuses an edge whose two ends can never agree.
    fn check_formats(&mut self) -> Result<()> {
        for edge in &self.edges {
            let (Some(from), Some(to)) = (edge.from, edge.to) else { continue };
            let (emits, accepts) = (self.nodes[from].slot.info().emits, self.nodes[to].slot.info().accepts);
            let lonely = !emits.meets(Kinds::OBJECT) && !accepts.meets(Kinds::OBJECT);
            if lonely && !emits.meets(accepts) {
                let (from, to) = (&self.nodes[from].id, &self.nodes[to].id);
                return Err(invalid(format!(
                    "node '{from}' emits {emits}, but node '{to}' takes {accepts}; put a node between them that converts"
                )));
            }
            self.nodes[from].converts |= !accepts.meets(Kinds::OBJECT);
        }
        Ok(())
    }

    fn mark_first(&mut self) {
        let mut seen = HashSet::new();
        for node in &mut self.nodes {
            node.first = seen.insert(Arc::as_ptr(&node.slot));
        }
    }

    /// The slots, each once, also where an instance stands in the graph several times.
    pub fn slots(&self) -> impl Iterator<Item = &Arc<Slot>> {
        self.nodes.iter().filter(|node| node.first).map(|node| &node.slot)
    }

    /// The nodes from which `node` can be reached, itself included.
    pub fn upstream(&self, node: usize) -> Vec<bool> {
        let mut reaches = vec![false; self.nodes.len()];
        reaches[node] = true;
        for at in (0..=node).rev() {
            if reaches[at] {
                let ins = self.nodes[at].ins.iter().filter_map(|&edge| self.edges[edge].from);
                ins.for_each(|from| reaches[from] = true);
            }
        }
        reaches
    }
}

fn no_input(graph: &Graph) -> Error {
    let ids: Vec<&str> = graph.nodes.iter().map(|node| node.id.as_str()).collect();
    let message = format!("the pipeline takes no input, because its source makes its own (nodes: {})", ids.join(", "));
    Error::new(ErrorKind::Argument, message)
}

fn slot_of(node: &GraphNode) -> Result<Arc<Slot>> {
    match &node.source {
        Source::Instance(slot) => Ok(Arc::clone(slot)),
        Source::Type { node_type, parameters } => create(&node.id, node_type.as_ref(), parameters),
    }
}

fn create(id: &str, node_type: &dyn crate::NodeType, parameters: &Value) -> Result<Arc<Slot>> {
    node_type
        .create(id, parameters)
        .map_err(|fault| Error::new(fault.kind, format!("Node '{id}' could not be made: {}", fault.message)))
}
