//! Options of a node in a graph: how long its calls may take, and what happens when they fail.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema::Schema;
use crate::session::OnError;
use crate::{Error, ErrorKind, Result};

/// How long a packet waits before it is tried again the first time, if nothing else is said.
const RETRY_DELAY_MS: f64 = 10.0;

/// What a graph says about one of its nodes; what is left out is the session's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeOptions {
    /// How long one call of the node may take, in milliseconds; one that takes longer has failed.
    #[serde(default)]
    #[schemars(range(min = 0.001))]
    pub deadline_ms: Option<f64>,
    /// What happens when the node fails at a packet.
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
}

impl NodeOptions {
    /// Reads options; the error names the key that was meant.
    pub fn parse(json: &str) -> Result<NodeOptions> {
        let failed = |what: String| Error::new(ErrorKind::Argument, format!("the options of a node are wrong: {what}"));
        let value: Value = serde_json::from_str(json).map_err(|error| failed(error.to_string()))?;
        let violations = Schema::of::<NodeOptions>().check(&value);
        if !violations.is_empty() {
            let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
            return Err(failed(list.join("; ")));
        }
        serde_json::from_value(value).map_err(|error| failed(error.to_string()))
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.deadline_ms.map(millis)
    }

    pub(crate) fn retry_delay(&self) -> Duration {
        millis(self.retry_delay_ms.unwrap_or(RETRY_DELAY_MS))
    }
}

/// How a node runs in a process of its own; what is left out has a default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessOptions {
    /// How often the process is started again after it has died.
    #[serde(default)]
    pub restarts: u32,
    /// How long is waited before that the first time, in milliseconds; each time twice as long as before.
    #[serde(default)]
    #[schemars(range(min = 0.001))]
    pub restart_delay_ms: Option<f64>,
    /// How long it may take until the node is ready, in milliseconds.
    #[serde(default)]
    #[schemars(range(min = 0.001))]
    pub start_timeout_ms: Option<f64>,
    /// How long the process may take to clean up and exit before it is killed, in milliseconds.
    #[serde(default)]
    #[schemars(range(min = 0.001))]
    pub stop_timeout_ms: Option<f64>,
}

impl ProcessOptions {
    /// How long is waited before the process is started again the first time.
    pub fn restart_delay(&self) -> Duration {
        millis(self.restart_delay_ms.unwrap_or(100.0))
    }

    /// How long it may take until the node is ready.
    pub fn start_timeout(&self) -> Duration {
        millis(self.start_timeout_ms.unwrap_or(60_000.0))
    }

    /// How long the process may take to clean up and exit.
    pub fn stop_timeout(&self) -> Duration {
        millis(self.stop_timeout_ms.unwrap_or(5_000.0))
    }
}

fn millis(time: f64) -> Duration {
    Duration::try_from_secs_f64(time / 1000.0).unwrap_or(Duration::MAX)
}
