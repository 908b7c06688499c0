//! Nodes in a process of their own, over shared memory.
//!
//! A [`ProcessNode`] is a node like any other to the engine: it starts a process, and makes its calls there. What the
//! process has of it is a [`Service`]: a source and a sink around the node itself, in a session of the worker's own engine.
//! Between the two lies a channel: two rings of messages in shared memory, and blocks of it for large payloads, none of
//! which has a name that others could find it by, or that could be left behind. See `docs/processes.md`.

#![deny(unsafe_code)]

mod bell;
mod blocks;
mod channel;
mod codec;
mod loans;
mod message;
#[cfg(all(test, feature = "loom"))]
mod models;
mod node;
mod parts;
#[cfg(test)]
mod random;
mod ring;
mod serve;
mod shm;
mod sync;
mod worker;

pub use blocks::new_buffer;
#[cfg(feature = "fuzzing")]
pub use channel::fuzzing;
pub use node::{Log, Payload, ProcessConfig, ProcessNode};
pub use serve::{CallSource, ResultSink, Service};
