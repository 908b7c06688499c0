//! Options of a node in a graph: how long its calls may take, and what happens when they fail.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::schema::Schema;
use crate::session::OnError;
use crate::{Error, ErrorKind, Result};

/// How long a packet waits before it is tried again the first time, if nothing else is said.
const RETRY_DELAY_MS: f64 = 10.0;

/// What a graph says about one of its nodes; what is left out is the session's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
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

fn millis(time: f64) -> Duration {
    Duration::try_from_secs_f64(time / 1000.0).unwrap_or(Duration::MAX)
}
