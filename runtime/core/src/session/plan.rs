//! The shape of a session: its nodes in the order of flow, and how they are joined. Replaced as a whole when it changes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{OnError, SessionConfig};
use crate::graph::{Graph, GraphNode, Source, invalid};
use crate::options::NodeOptions;
use crate::suggest::nearest;
use crate::{Data, EdgeConfig, Error, ErrorKind, Fault, Kinds, NodeError, NodeInfo, Packet, Policy, Result, Slot};

#[derive(Clone)]
pub(super) struct Plan {
    /// Numbered in the order in which they came; numbers are never used again.
    pub nodes: Vec<PlanNode>,
    /// Their topological order, so that the last runnable node is the one nearest to the outputs.
    pub order: Vec<usize>,
    /// Where each node stands in the order.
    pub ranks: Vec<usize>,
    pub edges: Vec<Edge>,
    /// The edges that pushed packets enter by.
    pub inputs: Vec<usize>,
    /// What edges and nodes are like that do not say so themselves.
    pub capacity: usize,
    pub policy: Policy,
    pub on_error: OnError,
}

#[derive(Clone)]
pub(super) struct PlanNode {
    pub id: Arc<str>,
    pub slot: Arc<Slot>,
    /// The edges that lead to it and away from it.
    pub ins: Vec<usize>,
    pub outs: Vec<usize>,
    /// Whether it may emit objects of a host, and some edge leads to a node that does not take them.
    pub converts: bool,
    /// Whether the node is part of the session rather than of the graph.
    pub hidden: bool,
    /// Whether it is the first node in the order that lives in its slot, and so the one whose turn it is to be initialised and
    /// cleaned up. Not the session's own nodes that need neither.
    pub first: bool,
    pub on_error: OnError,
    pub deadline: Option<Duration>,
    pub retries: u32,
    pub retry_delay: Duration,
}

#[derive(Clone, Copy)]
pub(super) struct Edge {
    /// The node that packets come from; nothing for pushed ones.
    pub from: Option<usize>,
    pub from_port: u32,
    /// The node that packets go to; nothing for outputs.
    pub to: Option<usize>,
    pub to_port: u32,
    pub capacity: usize,
    pub policy: Policy,
}

impl Plan {
    pub fn new(graph: &Graph, config: &SessionConfig) -> Result<Plan> {
        let order = graph.order()?;
        let mut plan = Plan {
            nodes: Vec::new(),
            order: Vec::new(),
            ranks: Vec::new(),
            edges: Vec::new(),
            inputs: Vec::new(),
            capacity: config.capacity.max(1),
            policy: config.policy,
            on_error: config.on_error,
        };
        let slots = order.iter().map(|&index| slot_of(&graph.nodes[index])).collect::<Result<Vec<_>>>()?;
        let is_source = |slot: &Option<Arc<Slot>>| slot.as_ref().map(|slot| slot.info().source);
        if is_source(&config.input) == Some(false) {
            return Err(Error::new(ErrorKind::Argument, "the input of a session must be a source"));
        }
        if is_source(&config.output) == Some(true) {
            return Err(Error::new(ErrorKind::Argument, "the output of a session must not be a source"));
        }
        let fed = |index: usize| !graph.edges.iter().any(|edge| edge.to == index);
        let takes_input = order.iter().zip(&slots).any(|(&index, slot)| fed(index) && !slot.info().source);
        let none = NodeOptions::default();
        let input = match &config.input {
            Some(slot) if takes_input => Some(plan.add("(input)", Arc::clone(slot), true, &none)),
            Some(_) if !config.input_optional => return Err(no_input(graph)),
            _ => None,
        };
        let mut place = vec![0; graph.nodes.len()];
        for (index, slot) in order.into_iter().zip(slots) {
            place[index] = plan.add(&graph.nodes[index].id, slot, false, &graph.nodes[index].options);
        }
        for edge in &graph.edges {
            let (from, to) = (place[edge.from], place[edge.to]);
            let from_port = plan.port(from, &edge.from_port, "output", |slot| &slot.info().outputs)?;
            let to_port = plan.port(to, &edge.to_port, "input", |slot| &slot.info().inputs)?;
            plan.join((Some(from), from_port), (Some(to), to_port), edge.config);
        }
        let output = config.output.as_ref().map(|slot| plan.add("(output)", Arc::clone(slot), true, &none));
        plan.join_ends(graph, &place, input, output)?;
        plan.check_formats()?;
        plan.mark_first();
        Ok(plan)
    }

    pub fn add(&mut self, id: &str, slot: Arc<Slot>, hidden: bool, options: &NodeOptions) -> usize {
        let node = self.nodes.len();
        self.ranks.push(self.order.len());
        self.order.push(node);
        self.nodes.push(PlanNode {
            id: id.into(),
            slot,
            ins: Vec::new(),
            outs: Vec::new(),
            converts: false,
            hidden,
            first: true,
            on_error: options.on_error.unwrap_or(self.on_error),
            deadline: options.deadline(),
            retries: options.retries.unwrap_or(0),
            retry_delay: options.retry_delay(),
        });
        node
    }

    /// The nodes in words.
    pub fn describe(&self) -> String {
        let names: Vec<&str> = self.order.iter().map(|&at| &*self.nodes[at].id).collect();
        names.join(", ")
    }

    pub fn join(&mut self, from: (Option<usize>, u32), to: (Option<usize>, u32), config: EdgeConfig) -> usize {
        let edge = self.edges.len();
        let ((from, from_port), (to, to_port)) = (from, to);
        let policy = config.policy.unwrap_or(self.policy);
        let capacity = match policy {
            Policy::Latest => 1,
            _ => config.capacity.unwrap_or(self.capacity),
        };
        self.edges.push(Edge { from, from_port, to, to_port, capacity, policy });
        match from {
            Some(node) => self.nodes[node].outs.push(edge),
            None => self.inputs.push(edge),
        }
        if let Some(node) = to {
            self.nodes[node].ins.push(edge);
        }
        edge
    }

    /// The number of a port of a node; the first if it has no name.
    fn port(&self, node: usize, name: &str, role: &str, ports: impl Fn(&Slot) -> &Vec<String>) -> Result<u32> {
        let PlanNode { id, slot, .. } = &self.nodes[node];
        let names = ports(slot);
        if name.is_empty() {
            return Ok(0);
        }
        if let Some(at) = names.iter().position(|known| known == name) {
            return Ok(at as u32);
        }
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean '{near}'?"),
            None if names.is_empty() => format!("; its only {role} has no name"),
            None => format!("; it has {}", names.join(", ")),
        };
        Err(invalid(format!("node '{id}' has no {role} '{name}'{hint}")))
    }

    /// Joins the inputs of nodes without predecessors to the input, and the outputs of those without successors to the
    /// output.
    fn join_ends(&mut self, graph: &Graph, place: &[usize], input: Option<usize>, output: Option<usize>) -> Result<()> {
        for (node, &at) in graph.nodes.iter().zip(place) {
            let planned = &self.nodes[at];
            let info = planned.slot.info();
            let (inputs, outputs) = (info.inputs.len().max(1) as u32, info.outputs.len().max(1) as u32);
            if let (true, Some(&edge)) = (info.source, planned.ins.first()) {
                let from = self.edges[edge].from.map_or("", |from| &*self.nodes[from].id);
                let id = &node.id;
                return Err(invalid(format!(
                    "node '{id}' is a source and takes no input; remove the connection from '{from}'"
                )));
            }
            let unjoined = (0..inputs).find(|&port| !planned.ins.iter().any(|&edge| self.edges[edge].to_port == port));
            match unjoined {
                _ if info.source => {}
                Some(_) if planned.ins.is_empty() => {
                    (0..inputs).for_each(|port| {
                        let from = self.end_port(input, port, |info| &info.outputs);
                        self.join((input, from), (Some(at), port), EdgeConfig::default());
                    });
                }
                Some(port) => {
                    let name = &info.inputs[port as usize];
                    return Err(invalid(format!(
                        "nothing leads to the input '{name}' of node '{}'; connect it",
                        node.id
                    )));
                }
                None => {}
            }
            if node.tapped || self.nodes[at].outs.is_empty() {
                for port in 0..outputs {
                    let to = self.end_port(output, port, |info| &info.inputs);
                    self.join((Some(at), port), (output, to), EdgeConfig::default());
                }
            }
        }
        Ok(())
    }

    /// The port of a session's own node that belongs to one of the graph's: the same, if it has several.
    fn end_port(&self, end: Option<usize>, port: u32, names: fn(&NodeInfo) -> &Vec<String>) -> u32 {
        let count = end.map_or(0, |at| names(self.nodes[at].slot.info()).len() as u32);
        if port < count { port } else { 0 }
    }

    /// Refuses an edge whose two ends can never agree.
    pub fn check_formats(&mut self) -> Result<()> {
        self.nodes.iter_mut().for_each(|node| node.converts = false);
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
            self.nodes[from].converts |= emits.meets(Kinds::OBJECT) && !accepts.meets(Kinds::OBJECT);
        }
        Ok(())
    }

    pub fn mark_first(&mut self) {
        let mut seen = HashSet::new();
        for &at in &self.order {
            let node = &mut self.nodes[at];
            let needs_nothing = node.hidden && node.slot.info().lifeless;
            node.first = seen.insert(Arc::as_ptr(&node.slot)) && !needs_nothing;
        }
    }

    /// The slots, each once, also where an instance stands in the graph several times.
    pub fn slots(&self) -> impl Iterator<Item = &Arc<Slot>> {
        self.nodes.iter().filter(|node| node.first).map(|node| &node.slot)
    }

    /// All the places in the graph at which the instance stands that is at one of them.
    pub fn places(&self, node: usize) -> impl Iterator<Item = usize> {
        let slot = &self.nodes[node].slot;
        (0..self.nodes.len()).filter(move |&at| Arc::ptr_eq(&self.nodes[at].slot, slot))
    }

    /// The nodes from which `node` can be reached, itself included.
    pub fn upstream(&self, node: usize) -> Vec<bool> {
        let mut reaches = vec![false; self.nodes.len()];
        reaches[node] = true;
        for &at in self.order.iter().rev() {
            if reaches[at] {
                let ins = self.nodes[at].ins.iter().filter_map(|&edge| self.edges[edge].from);
                ins.for_each(|from| reaches[from] = true);
            }
        }
        reaches
    }

    /// A packet as the node at the end of an edge takes it. No lock may be held.
    pub fn convert(&self, edge: usize, packet: Box<Packet>) -> std::result::Result<Box<Packet>, Arc<NodeError>> {
        let Some(to) = self.edges[edge].to else { return Ok(packet) };
        let (index, pts) = (packet.index, packet.pts);
        let place = |fault| Arc::new(NodeError::new(fault, &self.nodes[to].id, index, pts));
        self.adapt(to, packet).map_err(place)
    }

    /// A packet as a node takes it: an object of a host is turned into data, by that host, if the node does not take it as
    /// it is. No lock may be held.
    pub fn adapt(&self, node: usize, mut packet: Box<Packet>) -> std::result::Result<Box<Packet>, Fault> {
        let Data::Object(object) = &packet.data else { return Ok(packet) };
        let accepts = self.nodes[node].slot.info().accepts;
        if accepts.meets(Kinds::OBJECT) {
            return Ok(packet);
        }
        let exported = object.host().export(object.object(), accepts).map_err(Fault::input)?;
        packet.pts = exported.pts.or(packet.pts);
        packet.duration = exported.duration.or(packet.duration);
        packet.data = exported.data;
        Ok(packet)
    }

    /// Whether packets on an edge are outputs.
    pub fn is_output(&self, edge: usize) -> bool {
        self.edges[edge].to.is_none_or(|to| self.nodes[to].hidden)
    }

    /// The names of the two ends of an edge.
    pub fn ends(&self, edge: usize) -> (&str, &str) {
        let Edge { from, to, .. } = self.edges[edge];
        let name = |node: Option<usize>, none| node.map_or(none, |node| &*self.nodes[node].id);
        (name(from, "(input)"), name(to, "(output)"))
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
        Source::Type { node_type, parameters, .. } => create(&node.id, node_type.as_ref(), parameters),
    }
}

fn create(id: &str, node_type: &dyn crate::NodeType, parameters: &Value) -> Result<Arc<Slot>> {
    node_type
        .create(id, parameters)
        .map_err(|fault| Error::new(fault.kind, format!("Node '{id}' could not be made: {}", fault.message)))
}
