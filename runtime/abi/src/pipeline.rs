//! Pipelines: graphs under construction, and ready to be opened.

use std::ffi::c_char;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use remotemedia_core::{EdgeConfig, Graph, Manifest, NodeOptions, Policy};
use serde_json::Value;

use crate::error::{Failure, Outcome};
use crate::guard::{guard, guard_on};
use crate::handle::{self, Handled};
use crate::host::give;
use crate::node::Node;
use crate::runtime::Runtime;
use crate::status::*;
use crate::text::{read_text, write_text};
use crate::versioned::{Versioned, check_zero, read_struct};

/// A graph of nodes, from which sessions are opened. 0 is never valid.
pub type rm_pipeline = u64;

pub(crate) struct Pipeline {
    pub runtime: Arc<remotemedia_core::Runtime>,
    graph: Mutex<Graph>,
}

impl Handled for Pipeline {
    const KIND: u8 = 4;
    const NAME: &'static str = "pipeline";
}

impl Pipeline {
    pub fn graph(&self) -> MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a pipeline without nodes.
///
/// Ownership: `*pipeline` receives a handle that `rm_pipeline_free` ends.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_BAD_HANDLE, RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_pipeline_new(runtime: u64, pipeline: *mut rm_pipeline) -> rm_status {
    guard_on(runtime, || {
        let runtime = Arc::clone(handle::get::<Runtime>(runtime)?.core());
        // SAFETY: the caller vouches for `pipeline`.
        unsafe { give(Arc::new(Pipeline { runtime, graph: Mutex::default() }), pipeline, "pipeline") }
    })
}

/// Adds a node: the very one, shared by every session of the pipeline and by every pipeline that it is added to. Its
/// calls never overlap; it is initialised for the first session and cleaned up after the last.
///
/// Ownership: the pipeline keeps the node alive; the caller's handle stays the caller's.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (the id is taken or empty), RM_ERR_NULL, RM_ERR_UTF8.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_pipeline_add_node(
    pipeline: rm_pipeline,
    id: *const c_char,
    id_size: usize,
    node: u64,
) -> rm_status {
    guard_on(pipeline, || {
        let pipeline = handle::get::<Pipeline>(pipeline)?;
        // SAFETY: the caller vouches for `id` and `id_size`.
        let id = unsafe { read_text(id, id_size, "id") }?;
        let node = handle::get::<Node>(node)?;
        pipeline.graph().add_instance(id, Arc::clone(node.slot()))?;
        Ok(RM_OK)
    })
}

/// Adds a node by its type: each session makes one of its own. `parameters` is a JSON object; null stands for `{}`.
///
/// Ownership: everything is copied.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_UNKNOWN_TYPE (the message offers the nearest names), RM_ERR_PARAMETERS,
/// RM_ERR_GRAPH (the id is taken or empty), RM_ERR_ARGUMENT, RM_ERR_NULL, RM_ERR_UTF8.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_pipeline_add_type(
    pipeline: rm_pipeline,
    id: *const c_char,
    id_size: usize,
    node_type: *const c_char,
    node_type_size: usize,
    parameters: *const c_char,
    parameters_size: usize,
) -> rm_status {
    guard_on(pipeline, || {
        let pipeline = handle::get::<Pipeline>(pipeline)?;
        // SAFETY: the caller vouches for the three texts and their sizes.
        let (id, name, parameters) = unsafe {
            let id = read_text(id, id_size, "id")?;
            let name = read_text(node_type, node_type_size, "node_type")?;
            (id, name, read_text(parameters, parameters_size, "parameters")?)
        };
        let parameters = parse_parameters(id, parameters)?;
        pipeline.graph().add_type(pipeline.runtime.registry(), id, name, parameters)?;
        Ok(RM_OK)
    })
}

fn parse_parameters(id: &str, text: &str) -> Outcome<Value> {
    let wrong = |what: String| Failure::new(RM_ERR_ARGUMENT, format!("the parameters of node '{id}' are {what}"));
    match serde_json::from_str(if text.is_empty() { "{}" } else { text }) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(wrong("not a JSON object".into())),
        Err(error) => Err(wrong(format!("not JSON: {error}"))),
    }
}

/// What the session says.
pub const RM_EDGE_DEFAULT: u32 = 0;
/// When an edge is full, its producer waits.
pub const RM_EDGE_BLOCK: u32 = 1;
/// When an edge is full, the oldest packet on it is dropped.
pub const RM_EDGE_DROP_OLDEST: u32 = 2;
/// When an edge is full, the packet that comes is dropped.
pub const RM_EDGE_DROP_NEWEST: u32 = 3;
/// The edge holds one packet: the latest.
pub const RM_EDGE_LATEST: u32 = 4;

/// How an edge is to be. All zero but `struct_size` is what the session says.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_edge_config {
    /// `sizeof(rm_edge_config)`.
    pub struct_size: u32,
    /// What happens when it is full: one of RM_EDGE_….
    pub policy: u32,
    /// How many packets it holds; 0 stands for what the session says.
    pub capacity: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: integers may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_edge_config {
    const NAME: &'static str = "rm_edge_config";
    const FIRST_SIZE: usize = size_of::<rm_edge_config>();
}

/// The policy of a number; nothing for RM_EDGE_DEFAULT.
pub(crate) fn policy_of(number: u32) -> Outcome<Option<Policy>> {
    Ok(Some(match number {
        RM_EDGE_DEFAULT => return Ok(None),
        RM_EDGE_BLOCK => Policy::Block,
        RM_EDGE_DROP_OLDEST => Policy::DropOldest,
        RM_EDGE_DROP_NEWEST => Policy::DropNewest,
        RM_EDGE_LATEST => Policy::Latest,
        other => return Err(Failure::new(RM_ERR_ARGUMENT, format!("policy is {other}; use one of RM_EDGE_…"))),
    }))
}

/// Adds an edge from one node to another; each end is `id` or `id/port`, and the first port if none is named. `edge` may be
/// null. An output that no edge leads away from is dropped, unless none leads away from its node.
///
/// Ownership: everything is copied.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (a node is unknown, or the edge is there already), RM_ERR_NULL, RM_ERR_UTF8,
/// RM_ERR_ARGUMENT, RM_ERR_UNSUPPORTED. Whether there is a port of that name, `rm_session_open` finds out.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_pipeline_connect(
    pipeline: rm_pipeline,
    from: *const c_char,
    from_size: usize,
    to: *const c_char,
    to_size: usize,
    edge: *const rm_edge_config,
) -> rm_status {
    guard_on(pipeline, || {
        let pipeline = handle::get::<Pipeline>(pipeline)?;
        // SAFETY: the caller vouches for both texts and their sizes.
        let (from, to) = unsafe { (read_text(from, from_size, "from")?, read_text(to, to_size, "to")?) };
        let mut config = EdgeConfig::default();
        if !edge.is_null() {
            // SAFETY: not null, and the caller vouches for the rest.
            let edge = unsafe { read_struct(edge) }?;
            check_zero(edge.reserved, "reserved")?;
            config.policy = policy_of(edge.policy)?;
            config.capacity = (edge.capacity > 0).then_some(edge.capacity as usize);
        }
        pipeline.graph().connect(from, to, config)?;
        Ok(RM_OK)
    })
}

/// Sets the options of a node that is in the pipeline, replacing those it had: a JSON object with the keys that a node of a
/// manifest has for them, `deadline_ms`, `on_error`, `retries` and `retry_delay_ms`.
///
/// Ownership: everything is copied.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (the node is unknown), RM_ERR_ARGUMENT (the message names the key and the nearest
/// known one), RM_ERR_NULL, RM_ERR_UTF8.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_pipeline_configure(
    pipeline: rm_pipeline,
    id: *const c_char,
    id_size: usize,
    options: *const c_char,
    options_size: usize,
) -> rm_status {
    guard_on(pipeline, || {
        let pipeline = handle::get::<Pipeline>(pipeline)?;
        // SAFETY: the caller vouches for both texts and their sizes.
        let (id, options) = unsafe { (read_text(id, id_size, "id")?, read_text(options, options_size, "options")?) };
        pipeline.graph().configure(id, NodeOptions::parse(options)?)?;
        Ok(RM_OK)
    })
}

/// Adds the nodes and edges of a manifest, version 1, in JSON or YAML.
///
/// Ownership: everything is copied.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_MANIFEST (it cannot be read; the message names the place and the nearest known key),
/// and those of `rm_pipeline_add_type` and `rm_pipeline_connect`; the pipeline is then as it was.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_pipeline_load(pipeline: rm_pipeline, manifest: *const c_char, size: usize) -> rm_status {
    guard_on(pipeline, || {
        let pipeline = handle::get::<Pipeline>(pipeline)?;
        // SAFETY: the caller vouches for `manifest` and `size`.
        let manifest = Manifest::parse(unsafe { read_text(manifest, size, "manifest") }?)?;
        let mut graph = pipeline.graph();
        let mut loaded = graph.clone();
        loaded.load(pipeline.runtime.registry(), &manifest)?;
        *graph = loaded;
        Ok(RM_OK)
    })
}

/// Copies the shape of a pipeline as `rm_last_error` does its message: a manifest in JSON. A node that was added by its handle has
/// `null` for a type, and its ports instead of parameters; a pipeline without such nodes can be loaded again from it.
///
/// Ownership: the caller's buffer.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_pipeline_describe(
    pipeline: rm_pipeline,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> rm_status {
    guard_on(pipeline, || {
        let text = handle::get::<Pipeline>(pipeline)?.graph().to_manifest().to_string();
        // SAFETY: the caller vouches for `buffer` and `length`.
        unsafe { write_text(&text, buffer, capacity, length) }?;
        Ok(RM_OK)
    })
}

/// Lets a pipeline go. Its sessions run on.
///
/// Ownership: the handle is dead afterwards.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_pipeline_free(pipeline: rm_pipeline) -> rm_status {
    guard(|| handle::remove::<Pipeline>(pipeline).map(drop))
}
