//! The engine of remotemedia: packets, nodes, graphs, sessions and the scheduler.
//!
//! A [`Graph`] names nodes and joins them by edges. A [`Session`] is one run of a graph on a [`Runtime`]: packets go in,
//! flow along bounded edges from [`Node`] to node, and come out. Workers of a [`Lane`] make the calls. Nothing in this
//! crate knows what a node is made of: built-in, a host's callbacks, another process.

#![forbid(unsafe_code)]

mod audio;
mod buffer;
mod caller;
mod completion;
mod edge;
mod error;
pub mod fault;
mod graph;
mod histogram;
mod host;
mod lane;
pub mod log;
mod manifest;
mod metrics;
mod node;
mod options;
mod packet;
mod registry;
mod ring;
mod runtime;
mod schema;
mod session;
mod shape;
mod slot;
mod suggest;
mod sync;
mod thread;
mod time;
mod timer;
mod trace;

pub use audio::Audio;
pub use buffer::{Buffer, Memory};
pub use caller::Caller;
pub use completion::Completion;
pub use edge::{EdgeConfig, Policy};
pub use error::{Error, ErrorKind, Fault, NodeError, Result};
pub use graph::{Graph, Source};
pub use histogram::Histogram;
pub use host::{Host, HostObject, Parcel, Piece};
pub use lane::{Guest, Lane, Loan};
pub use manifest::Manifest;
pub use metrics::{NodeMetrics, SessionMetrics};
pub use node::{Context, Flow, Node, NodeInfo, Outcome};
pub use options::{NodeOptions, ProcessOptions};
pub use packet::{Data, Kinds, NO_INDEX, Packet};
pub use registry::{Launcher, NodeType, Registry};
pub use ring::{Form, Label, Ring, RingConfig, RingEnd, RingReader, RingStats, RingWriter};
pub use runtime::{Runtime, ThreadHooks};
pub use schema::{Schema, Violation};
pub use session::{Event, Listener, OnError, Session, SessionConfig};
pub use slot::Slot;
pub use sync::spin;
#[cfg(feature = "loom")]
pub use sync::{Instant, hasten};
pub use thread::set_thread_number;
pub use time::Time;
