//! Graphs: nodes and the edges between them, checked.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::manifest::Executor;
use crate::options::NodeOptions;
use crate::suggest::nearest;
use crate::{EdgeConfig, Error, ErrorKind, Manifest, NodeType, ProcessOptions, Registry, Result, Slot};

/// Where the node of a graph comes from.
#[derive(Clone)]
pub enum Source {
    /// An instance, shared by every session of the graph.
    Instance(Arc<Slot>),
    /// A type; each session makes a node of its own.
    Type {
        /// Its name.
        name: String,
        /// How its nodes run in processes of their own, if they do.
        process: Option<ProcessOptions>,
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
    pub(crate) edges: Vec<GraphEdge>,
    by_id: HashMap<String, usize>,
}

#[derive(Clone)]
pub(crate) struct GraphNode {
    pub id: String,
    pub source: Source,
    /// Whether its outputs are outputs of the graph although other nodes take them too.
    pub tapped: bool,
    pub options: NodeOptions,
}

/// An edge between two nodes by their numbers, and between two ports by their names; empty for the only one, or the first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GraphEdge {
    pub from: usize,
    pub to: usize,
    pub from_port: String,
    pub to_port: String,
    pub config: EdgeConfig,
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
        self.add(id, Source::Type { name: name.into(), process: None, node_type, parameters })
    }

    fn add(&mut self, id: &str, source: Source) -> Result<()> {
        if id.is_empty() {
            return Err(invalid("a node has an empty id"));
        }
        if id.contains('/') {
            return Err(invalid(format!("the node id '{id}' has a '/', which separates a node from its port")));
        }
        let index = self.nodes.len();
        if self.by_id.contains_key(id) {
            return Err(invalid(format!("Duplicate node id '{id}'; give each node an id of its own")));
        }
        self.by_id.insert(id.into(), index);
        self.nodes.push(GraphNode { id: id.into(), source, tapped: false, options: NodeOptions::default() });
        Ok(())
    }

    /// Adds an edge between two nodes, each `id` or `id/port`.
    pub fn connect(&mut self, from: &str, to: &str, config: EdgeConfig) -> Result<()> {
        let ((from_id, from_port), (to_id, to_port)) = (split(from), split(to));
        let edge = GraphEdge {
            from: self.find(from_id, "Connection references unknown source node")?,
            to: self.find(to_id, "Connection references unknown target node")?,
            from_port: from_port.into(),
            to_port: to_port.into(),
            config,
        };
        let twice = |other: &GraphEdge| GraphEdge { config, ..other.clone() } == edge;
        if self.edges.iter().any(twice) {
            return Err(invalid(format!("Connection from '{from}' to '{to}' is there twice; remove one")));
        }
        if config.capacity == Some(0) {
            return Err(invalid(format!(
                "the capacity of the connection from '{from}' to '{to}' is 0; give 1 or more"
            )));
        }
        self.edges.push(edge);
        Ok(())
    }

    /// Sets the options of a node.
    pub fn configure(&mut self, id: &str, options: NodeOptions) -> Result<()> {
        let index = self.find(id, "there is no node to configure")?;
        self.nodes[index].options = options;
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
            let (id, name, parameters) = (&node.id, &node.node_type, node.parameters());
            let process = (node.executor == Executor::Process).then(|| node.process.unwrap_or_default());
            let node_type = match process {
                None => registry.resolve(id, name, &parameters)?,
                Some(options) => registry.resolve_in_process(id, name, &parameters, options)?,
            };
            self.add(id, Source::Type { name: name.clone(), process, node_type, parameters })?;
            if let Some(added) = self.nodes.last_mut() {
                added.tapped = node.is_output_node;
                added.options = node.options();
            }
        }
        match &manifest.connections {
            Some(connections) => {
                connections.iter().try_for_each(|edge| self.connect(&edge.from, &edge.to, edge.config()))
            }
            None => manifest
                .nodes
                .windows(2)
                .try_for_each(|pair| self.connect(&pair[0].id, &pair[1].id, EdgeConfig::default())),
        }
    }

    fn find(&self, id: &str, refusal: &str) -> Result<usize> {
        self.by_id.get(id).copied().ok_or_else(|| {
            let hint = nearest(id, self.by_id.keys().map(String::as_str))
                .map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
            invalid(format!("{refusal}: {id}{hint}"))
        })
    }

    /// The nodes in an order in which every edge points forward.
    pub(crate) fn order(&self) -> Result<Vec<usize>> {
        if self.nodes.is_empty() {
            return Err(invalid("the pipeline is empty; add at least one node"));
        }
        let mut missing = vec![0; self.nodes.len()];
        self.edges.iter().for_each(|edge| missing[edge.to] += 1);
        let mut order: Vec<usize> = (0..self.nodes.len()).filter(|&node| missing[node] == 0).collect();
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            next += 1;
            for edge in self.edges.iter().filter(|edge| edge.from == node) {
                missing[edge.to] -= 1;
                if missing[edge.to] == 0 {
                    order.push(edge.to);
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

/// The node and the port that an end of an edge names.
fn split(end: &str) -> (&str, &str) {
    end.split_once('/').unwrap_or((end, ""))
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
        f.debug_list().entries(self.edges.iter().map(|edge| (id(edge.from), id(edge.to)))).finish()
    }
}
