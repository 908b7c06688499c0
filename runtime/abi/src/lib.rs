//! The C ABI of remotemedia. One file a noun, as in the header; `docs/abi.md` has the conventions.
//!
//! This crate alone exports symbols and alone contains unsafe code. Everything else is behind [`remotemedia_core`].

#![allow(non_camel_case_types, reason = "the names are those of the C header")]
#![allow(clippy::missing_safety_doc, reason = "the comments are the header's; they say it under Ownership and Threads")]

mod bridge;
mod buffer;
mod call;
mod clip;
mod completion;
mod debug;
mod error;
mod fork;
mod fuzzing;
mod given;
mod guard;
mod handle;
mod host;
mod launcher;
mod log;
mod memory;
#[cfg(all(test, feature = "loom"))]
mod models;
mod node;
mod objects;
mod packet;
mod parts;
mod pipeline;
mod plugin;
mod plugins;
mod process;
mod realtime;
mod registry;
mod ring;
mod runtime;
mod seat;
mod service;
mod session;
mod status;
mod sync;
mod testing;
mod text;
mod thread;
mod told;
mod version;
mod versioned;
mod worker;

pub use buffer::*;
pub use call::*;
pub use completion::*;
pub use debug::*;
pub use error::*;
#[cfg(feature = "fuzzing")]
pub use fuzzing::*;
pub use host::*;
pub use log::*;
pub use node::*;
pub use objects::*;
pub use packet::*;
pub use pipeline::*;
pub use plugin::*;
pub use process::*;
pub use realtime::*;
pub use registry::*;
pub use ring::*;
pub use runtime::*;
pub use service::*;
pub use session::*;
pub use status::*;
#[cfg(feature = "testing")]
pub use testing::*;
pub use thread::rm_thread_hooks;
pub use version::*;
pub use worker::*;
