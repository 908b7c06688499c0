//! Graphs: nodes and the edges between them, checked.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::suggest::nearest;
use crate::{Error, ErrorKind, Manifest, NodeType, Registry, Result, Slot};

/// Where the node of a graph comes from.
#[derive(Clone)]
pub enum Source {
    /// An instance, shared by every session of the graph.
    Instance(Arc<Slot>),
    /// A type; each session makes a node of its own.
    Type {
        /// The type.
        node_type: Arc<dyn NodeType>,
        /// The parameters, checked.
        parameters: Value,
    },
}

/// Nodes and edges. The same builder serves manifests, instances and a mix of them.
#[derive(Clone, Default)]
pub struct Graph {
    pub(crate) nodes: Vec<GraphNode>,
    pub(crate) edges: Vec<(usize, usize)>,
    by_id: HashMap<String, usize>,
}

#[derive(Clone)]
pub(crate) struct GraphNode {
    pub id: String,
    pub source: Source,
    /// Whether its outputs are outputs of the graph although other nodes take them too.
    pub tapped: bool,
}

impl Graph {
    /// A graph without nodes.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// Adds an instance.
    pub fn add_instance(&mut self, id: &str, slot: Arc<Slot>) -> Result<()> {
        self.add(id, Source::Instance(slot))
    }

    /// Adds a node by its type.
    pub fn add_type(&mut self, registry: &Registry, id: &str, name: &str, parameters: Value) -> Result<()> {
        let node_type = registry.resolve(id, name, &parameters)?;
        self.add(id, Source::Type { node_type, parameters })
    }

    fn add(&mut self, id: &str, source: Source) -> Result<()> {
        if id.is_empty() {
            return Err(invalid("a node has an empty id"));
        }
        let index = self.nodes.len();
        if self.by_id.contains_key(id) {
            return Err(invalid(format!("Duplicate node id '{id}'; give each node an id of its own")));
        }
        self.by_id.insert(id.into(), index);
        self.nodes.push(GraphNode { id: id.into(), source, tapped: false });
        Ok(())
    }

    /// Adds an edge.
    pub fn connect(&mut self, from: &str, to: &str) -> Result<()> {
        let edge = (self.find(from, "source")?, self.find(to, "target")?);
        if self.edges.contains(&edge) {
            return Err(invalid(format!("Connection from '{from}' to '{to}' is there twice; remove one")));
        }
        self.edges.push(edge);
        Ok(())
    }

    /// Adds the nodes and edges of a manifest.
    pub fn load(&mut self, registry: &Registry, manifest: &Manifest) -> Result<()> {
        for node in &manifest.nodes {
            if let Some(host) = &node.host {
                let id = &node.id;
                let message =
                    format!("node '{id}' asks for host '{host}', but nodes run on this machine; remove 'host'");
                return Err(invalid(message));
            }
            self.add_type(registry, &node.id, &node.node_type, node.parameters())?;
            if node.is_output_node {
                self.nodes.last_mut().into_iter().for_each(|node| node.tapped = true);
            }
        }
        match &manifest.connections {
            Some(connections) => connections.iter().try_for_each(|edge| self.connect(&edge.from, &edge.to)),
            None => manifest.nodes.windows(2).try_for_each(|pair| self.connect(&pair[0].id, &pair[1].id)),
        }
    }

    fn find(&self, id: &str, role: &str) -> Result<usize> {
        self.by_id.get(id).copied().ok_or_else(|| {
            let hint = nearest(id, self.by_id.keys().map(String::as_str))
                .map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
            invalid(format!("Connection references unknown {role} node: {id}{hint}"))
        })
    }

    /// The nodes in an order in which every edge points forward.
    pub(crate) fn order(&self) -> Result<Vec<usize>> {
        if self.nodes.is_empty() {
            return Err(invalid("the pipeline is empty; add at least one node"));
        }
        let mut missing = vec![0; self.nodes.len()];
        self.edges.iter().for_each(|&(_, to)| missing[to] += 1);
        let mut order: Vec<usize> = (0..self.nodes.len()).filter(|&node| missing[node] == 0).collect();
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            next += 1;
            for &(_, to) in self.edges.iter().filter(|&&(from, _)| from == node) {
                missing[to] -= 1;
                if missing[to] == 0 {
                    order.push(to);
                }
            }
        }
        if order.len() == self.nodes.len() {
            return Ok(order);
        }
        let stuck: Vec<&str> =
            (0..self.nodes.len()).filter(|&node| missing[node] > 0).map(|node| self.nodes[node].id.as_str()).collect();
        let message = format!("Pipeline contains a cycle - cannot execute (among nodes: {})", stuck.join(", "));
        Err(invalid(message))
    }
}

pub(crate) fn invalid(message: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Graph, format!("Invalid manifest: {message}"))
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Instance(slot) => slot.fmt(f),
            Source::Type { parameters, .. } => write!(f, "Type({parameters})"),
        }
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |node: usize| &self.nodes[node].id;
        f.debug_list().entries(self.edges.iter().map(|&(from, to)| (id(from), id(to)))).finish()
    }
}
