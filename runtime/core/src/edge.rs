//! Edges: how much they hold, and what happens when they are full.

use schemars::JsonSchema;
use serde::Deserialize;

/// What happens when a packet comes to an edge that is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The producer waits.
    #[default]
    Block,
    /// The oldest packet on the edge is dropped.
    DropOldest,
    /// The packet that came is dropped.
    DropNewest,
    /// All packets on the edge are dropped, so that only the latest is there.
    Latest,
}

impl Policy {
    /// Its name in manifests and reports.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Block => "block",
            Policy::DropOldest => "drop_oldest",
            Policy::DropNewest => "drop_newest",
            Policy::Latest => "latest",
        }
    }
}

/// How an edge is to be; what is left out is the session's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EdgeConfig {
    /// How many packets it holds; at least 1.
    pub capacity: Option<usize>,
    /// What happens when it is full.
    pub policy: Option<Policy>,
}
