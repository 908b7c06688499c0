//! Manifest v1: a pipeline as a JSON or YAML document.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::options::{NodeOptions, ProcessOptions};
use crate::schema::Schema;
use crate::session::OnError;
use crate::{EdgeConfig, Error, ErrorKind, Policy, Result};

/// A pipeline.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub version: Version,
    /// What is known about the pipeline. Nothing in it changes how it runs.
    #[serde(default)]
    pub metadata: Option<Metadata>,
    /// The nodes.
    #[schemars(length(min = 1))]
    pub nodes: Vec<ManifestNode>,
    /// The edges. Without this key the nodes form a chain in the order of their list.
    #[serde(default)]
    pub connections: Option<Vec<Connection>>,
    /// The Python environment that the nodes were written for; a description.
    #[serde(default)]
    pub python_env: Option<Map<String, Value>>,
}

/// The version of the format.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub enum Version {
    /// The first version.
    #[serde(rename = "v1")]
    V1,
}

/// What is known about a pipeline.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// Its name.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// When the document was made, ISO 8601.
    #[serde(default)]
    pub created_at: Option<String>,
    /// Whether nodes that convert formats may be inserted.
    #[serde(default)]
    pub auto_negotiate: bool,
}

/// A node of a pipeline.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestNode {
    /// Its name in the pipeline, unique.
    #[schemars(regex(pattern = "^[a-zA-Z0-9_-]+$"))]
    pub id: String,
    /// The registered type that makes it.
    #[schemars(length(min = 1))]
    pub node_type: String,
    /// The parameters it is made with.
    #[serde(default)]
    pub params: Option<Map<String, Value>>,
    /// Another name for `params`.
    #[serde(default)]
    pub config: Option<Map<String, Value>>,
    /// How long one call of the node may take, in milliseconds; one that takes longer has failed.
    #[serde(default)]
    #[schemars(range(min = 0.001))]
    pub deadline_ms: Option<f64>,
    /// What happens when the node fails at a packet; what the session says if it is left out.
    #[serde(default)]
    pub on_error: Option<OnError>,
    /// How often a packet at which the node failed is tried again before that happens.
    #[serde(default)]
    #[schemars(range(max = 1000))]
    pub retries: Option<u32>,
    /// How long it waits before that the first time, in milliseconds; each time twice as long as before.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub retry_delay_ms: Option<f64>,
    /// Where the node runs.
    #[serde(default)]
    pub executor: Executor,
    /// How it runs in a process of its own.
    #[serde(default)]
    pub process: Option<ProcessOptions>,
    /// What the node needs of a machine; a description.
    #[serde(default)]
    pub capabilities: Option<Capabilities>,
    /// Where the node runs, `host:port`. Refused when the pipeline is opened: nodes run on this machine.
    #[serde(default)]
    #[schemars(regex(pattern = "^[^:]+:[0-9]+$"))]
    pub host: Option<String>,
    /// Whether a Python node's `process` takes the whole stream; a description, the node itself knows.
    #[serde(default)]
    pub is_streaming: bool,
    /// Whether the outputs of the node are also outputs of the pipeline.
    #[serde(default)]
    pub is_output_node: bool,
    /// A hint of older documents; it changes nothing.
    #[serde(default)]
    pub fast_path: bool,
    /// The media formats that go in and out; a description.
    #[serde(default)]
    pub media_capabilities: Option<Map<String, Value>>,
    /// The interpreter that older documents asked for; a description.
    #[serde(default)]
    pub runtime_hint: Option<RuntimeHint>,
    /// Where older documents asked the node to run; a description.
    #[serde(default)]
    pub execution: Option<Map<String, Value>>,
    /// The Python packages that the node needs; a description.
    #[serde(default)]
    pub python_deps: Option<Vec<String>>,
    /// How an image for the node is built; a description.
    #[serde(default)]
    pub docker: Option<Map<String, Value>>,
}

/// Where a node runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Executor {
    /// In the process of the engine.
    #[default]
    Inline,
    /// In a process of its own. The type may then be `module:Class`, which that process imports.
    Process,
}

/// What a node needs of a machine.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// A graphics processor.
    #[serde(default)]
    pub gpu: Option<Gpu>,
    /// Processors.
    #[serde(default)]
    pub cpu: Option<Cpu>,
    /// Memory, in gigabytes.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub memory_gb: Option<f64>,
}

/// A graphics processor that a node needs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gpu {
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: GpuKind,
    /// Its memory, in gigabytes.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub min_memory_gb: Option<f64>,
    /// Whether the node cannot do without.
    #[serde(default = "yes")]
    pub required: bool,
}

/// A kind of graphics processor.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum GpuKind {
    Cuda,
    Rocm,
    Metal,
    Vulkan,
    Any,
}

/// Processors that a node needs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// How many.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub cores: Option<u32>,
    /// Their architecture.
    #[serde(default)]
    pub arch: Option<Arch>,
}

/// An architecture.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Arch {
    #[serde(rename = "x86_64")]
    X86_64,
    Aarch64,
    Arm,
    Any,
}

/// The interpreter that older documents asked for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum RuntimeHint {
    RustPython,
    Cpython,
    CpythonWasm,
    Auto,
}

/// An edge of a pipeline.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The node that packets come from: its id, or `id/port`.
    #[schemars(length(min = 1))]
    pub from: String,
    /// The node that packets go to: its id, or `id/port`.
    #[schemars(length(min = 1))]
    pub to: String,
    /// How many packets the edge holds; what the session says if it is left out.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub capacity: Option<usize>,
    /// What happens when it is full; what the session says if it is left out.
    #[serde(default)]
    pub policy: Option<Policy>,
}

impl Connection {
    pub(crate) fn config(&self) -> EdgeConfig {
        EdgeConfig { capacity: self.capacity, policy: self.policy }
    }
}

fn yes() -> bool {
    true
}

impl Manifest {
    /// Reads a manifest in JSON, or else in YAML; the error names the place and, for a misspelt key, the key that was meant.
    pub fn parse(text: &str) -> Result<Manifest> {
        let failed = |what: String| Error::new(ErrorKind::Manifest, format!("Failed to parse manifest: {what}"));
        let is_json = text.trim_start().starts_with(['{', '[']) || text.trim().is_empty();
        let value: Value = match is_json {
            true => serde_json::from_str(text).map_err(|error| failed(format!("{error}, where it is read as JSON")))?,
            false => serde_yaml_ng::from_str(text).map_err(|error| failed(error.to_string()))?,
        };
        let violations = Manifest::schema().check(&value);
        if !violations.is_empty() {
            let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
            return Err(failed(list.join("; ")));
        }
        let manifest: Manifest = serde_json::from_value(value).map_err(|error| failed(error.to_string()))?;
        for node in &manifest.nodes {
            if node.params.is_some() && node.config.is_some() {
                return Err(failed(format!("node '{}' has both 'params' and 'config'; keep one of them", node.id)));
            }
            if node.process.is_some() && node.executor != Executor::Process {
                let id = &node.id;
                return Err(failed(format!(
                    "node '{id}' has 'process', but does not run in one; add \"executor\": \"process\""
                )));
            }
        }
        Ok(manifest)
    }

    /// The JSON Schema of the format.
    pub fn schema() -> &'static Schema {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(Schema::of::<Manifest>)
    }
}

impl ManifestNode {
    pub(crate) fn options(&self) -> NodeOptions {
        let Self { deadline_ms, on_error, retries, retry_delay_ms, .. } = *self;
        NodeOptions { deadline_ms, on_error, retries, retry_delay_ms }
    }

    /// The parameters, under whichever name they were given.
    pub fn parameters(&self) -> Value {
        Value::Object(self.params.clone().or_else(|| self.config.clone()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        Manifest::parse(json).map(|_| ()).unwrap_err().message
    }

    #[test]
    fn a_chain_needs_no_connections() {
        let manifest = Manifest::parse(r#"{"version":"v1","nodes":[{"id":"a","node_type":"PassThrough"}]}"#).unwrap();
        assert!(manifest.connections.is_none());
        assert_eq!(manifest.nodes[0].parameters(), serde_json::json!({}));
    }

    #[test]
    fn refusals_name_the_place_and_the_fix() {
        let misspelt = r#"{"version":"v1","nodes":[{"id":"a","node_type":"T","parms":{}}]}"#;
        assert!(
            refusal(misspelt).contains("at /nodes/0: unknown key 'parms'; did you mean 'params'?"),
            "{}",
            refusal(misspelt)
        );
        assert!(refusal(r#"{"nodes":[{"id":"a","node_type":"T"}]}"#).contains("version"));
        assert!(refusal(r#"{"version":"v9","nodes":[{"id":"a","node_type":"T"}]}"#).contains("v9"));
        assert!(refusal(r#"{"version":"v1","nodes":[]}"#).contains("/nodes"));
        assert!(refusal(r#"{"version":"v1"}"#).contains("nodes"));
        assert!(refusal("{").starts_with("Failed to parse manifest:"));
    }

    #[test]
    fn yaml_is_as_good_as_json() {
        let yaml = "version: v1\nnodes:\n- id: a\n  node_type: T\n  deadline_ms: 5\n- {id: b, node_type: T}\n\
                    connections:\n- {from: a/left, to: b, policy: drop_oldest}\n";
        let manifest = Manifest::parse(yaml).unwrap();
        assert_eq!(manifest.nodes[0].options().deadline_ms, Some(5.0));
        assert_eq!(manifest.connections.unwrap()[0].policy, Some(Policy::DropOldest));
        assert!(refusal("version: v1\nnodez: []\n").contains("did you mean 'nodes'"));
        assert!(refusal("version: [").starts_with("Failed to parse manifest:"));
    }

    #[test]
    fn params_and_config_are_one_thing() {
        let both = r#"{"version":"v1","nodes":[{"id":"a","node_type":"T","params":{},"config":{}}]}"#;
        assert!(refusal(both).contains("keep one"));
    }
}
