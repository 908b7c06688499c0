//! The shape of a graph, as a document.

use serde_json::{Map, Value, json};

use crate::graph::{Graph, GraphEdge, GraphNode, Source};

impl Graph {
    /// The graph as a manifest. A node that is an instance has no type, and says its ports instead; a graph without such nodes
    /// can be loaded again.
    pub fn to_manifest(&self) -> Value {
        let nodes: Vec<Value> = self.nodes.iter().map(node).collect();
        let connections: Vec<Value> = self.edges.iter().map(|edge| self.connection(edge)).collect();
        json!({"version": "v1", "nodes": nodes, "connections": connections})
    }

    fn connection(&self, edge: &GraphEdge) -> Value {
        let end = |node: usize, port: &str| {
            let id = &self.nodes[node].id;
            if port.is_empty() { id.clone() } else { format!("{id}/{port}") }
        };
        let mut connection = json!({"from": end(edge.from, &edge.from_port), "to": end(edge.to, &edge.to_port)});
        if let Some(capacity) = edge.config.capacity {
            connection["capacity"] = capacity.into();
        }
        if let Some(policy) = edge.config.policy {
            connection["policy"] = policy.name().into();
        }
        connection
    }
}

fn node(node: &GraphNode) -> Value {
    let mut shape = Map::from_iter([("id".to_string(), Value::from(node.id.as_str()))]);
    match &node.source {
        Source::Instance(slot) => {
            shape.insert("node_type".into(), Value::Null);
            shape.insert("inputs".into(), json!(slot.info().inputs));
            shape.insert("outputs".into(), json!(slot.info().outputs));
        }
        Source::Type { name, process, parameters, .. } => {
            shape.insert("node_type".into(), name.as_str().into());
            shape.insert("params".into(), parameters.clone());
            if let Some(options) = process {
                shape.insert("executor".into(), "process".into());
                shape.insert("process".into(), without_nulls(json!(options)));
            }
        }
    }
    if node.tapped {
        shape.insert("is_output_node".into(), true.into());
    }
    if let Value::Object(options) = without_nulls(json!(node.options)) {
        shape.extend(options);
    }
    Value::Object(shape)
}

/// What is left out stands for its default.
fn without_nulls(mut value: Value) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    value
}
