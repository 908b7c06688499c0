//! A node that changes nothing.

use remotemedia_core::{Context, Flow, Kinds, Node, NodeInfo, Outcome, Packet};
use schemars::JsonSchema;
use serde::Deserialize;

/// The parameters of a node that has none.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

/// Emits every packet untouched.
#[derive(Debug)]
pub struct PassThrough;

impl Node for PassThrough {
    fn info(&self) -> NodeInfo {
        NodeInfo::filter(Kinds::ANY, Kinds::ANY)
    }

    fn process(&mut self, packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        context.emit(packet);
        Ok(Flow::Done)
    }
}
