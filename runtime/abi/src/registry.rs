//! Node types of the host.

use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::sync::Arc;

use remotemedia_core::{Fault, NodeType, ProcessOptions, Slot, Violation};
use serde_json::Value;

use crate::call::blame;
use crate::error::Failure;
use crate::guard::guard_on;
use crate::handle;
use crate::node::Node;
use crate::plugin;
use crate::runtime::Runtime;
use crate::status::*;
use crate::text::read_text;
use crate::versioned::{Destroy, Table, Versioned, check_zero, read_table};

/// How the host makes nodes of a type.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_type_callbacks {
    /// `sizeof(rm_type_callbacks)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Passed to every function.
    pub user_data: *mut c_void,
    /// Called once, when the type is replaced or its runtime gone, also when `rm_runtime_add_type` fails.
    pub destroy: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,
    /// Makes a node, with `rm_node_new`, from parameters (a JSON object); `*node` is taken over. On failure it calls
    /// `rm_call_fail` and answers a negative status. [the thread that opens a session, no lock held]
    pub create: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            id: *const c_char,
            id_size: usize,
            parameters: *const c_char,
            parameters_size: usize,
            node: *mut u64,
        ) -> rm_status,
    >,
    /// The same for a node that is to run in a process of its own, with `rm_process_new`; `options` is the JSON object of the
    /// manifest's `process`. Null if nodes of the type cannot.
    pub create_process: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            id: *const c_char,
            id_size: usize,
            parameters: *const c_char,
            parameters_size: usize,
            options: *const c_char,
            options_size: usize,
            node: *mut u64,
        ) -> rm_status,
    >,
}

// SAFETY: integers, pointers and optional functions may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_type_callbacks {
    const NAME: &'static str = "rm_type_callbacks";
    const FIRST_SIZE: usize = offset_of!(rm_type_callbacks, create_process);
}

impl Table for rm_type_callbacks {
    fn destroy(&self) -> Destroy {
        Destroy { destroy: self.destroy, user_data: self.user_data }
    }
}

struct HostType(Arc<Callbacks>);

struct Callbacks {
    table: rm_type_callbacks,
    _destroy: Destroy,
}

// SAFETY: the header says on which threads the functions are called with the pointer.
unsafe impl Send for Callbacks {}
// SAFETY: as above.
unsafe impl Sync for Callbacks {}

impl NodeType for HostType {
    fn check(&self, _parameters: &Value) -> Vec<Violation> {
        Vec::new()
    }

    fn create(&self, id: &str, parameters: &Value) -> Result<Arc<Slot>, Fault> {
        let table = &self.0.table;
        let create = table.create.ok_or_else(|| Fault::new("its type cannot make nodes"))?;
        let parameters = parameters.to_string();
        make(|node| {
            let ((id, id_size), (parameters, size)) = (text(id), text(&parameters));
            // SAFETY: the host's function with the host's pointer; the texts live until it returns.
            unsafe { create(table.user_data, id, id_size, parameters, size, node) }
        })
    }

    fn in_process(&self, options: ProcessOptions) -> Option<Arc<dyn NodeType>> {
        self.0.table.create_process?;
        Some(Arc::new(ProcessType { callbacks: Arc::clone(&self.0), options }))
    }
}

/// A type of the host whose nodes run in processes of their own.
struct ProcessType {
    callbacks: Arc<Callbacks>,
    options: ProcessOptions,
}

impl NodeType for ProcessType {
    fn check(&self, _parameters: &Value) -> Vec<Violation> {
        Vec::new()
    }

    fn create(&self, id: &str, parameters: &Value) -> Result<Arc<Slot>, Fault> {
        let table = &self.callbacks.table;
        let create = table.create_process.ok_or_else(|| Fault::new("its type cannot make nodes in processes"))?;
        let options = serde_json::to_string(&self.options).map_err(|error| Fault::new(error.to_string()))?;
        let parameters = parameters.to_string();
        make(|node| {
            let ((id, id_size), (parameters, size)) = (text(id), text(&parameters));
            let (options, options_size) = text(&options);
            // SAFETY: the host's function with the host's pointer; the texts live until it returns.
            unsafe { create(table.user_data, id, id_size, parameters, size, options, options_size, node) }
        })
    }
}

fn text(text: &str) -> (*const c_char, usize) {
    (text.as_ptr().cast(), text.len())
}

/// Takes over the node that a callback makes.
fn make(create: impl FnOnce(*mut u64) -> rm_status) -> Result<Arc<Slot>, Fault> {
    let mut node = 0;
    let (status, told) = blame(None, || create(&raw mut node));
    match handle::remove::<Node>(node).ok().flatten() {
        Some(node) if status == RM_OK => Ok(Arc::clone(node.slot())),
        _ => {
            let fault =
                told.why(status).unwrap_or_else(|| Fault::new(format!("its type answered {status} and made no node")));
            Err(Fault { kind: kind_of(status), ..fault })
        }
    }
}

/// Adds a type of node that manifests and `rm_pipeline_add_type` can name, or replaces the one of that name; but a plugin that
/// is being loaded replaces none.
///
/// Ownership: the callbacks are copied; `user_data` must stay valid until `destroy`, which is called also on failure.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT (no name, or one that is taken), RM_ERR_UNSUPPORTED, RM_ERR_UTF8, RM_ERR_BAD_HANDLE.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_runtime_add_type(
    runtime: u64,
    name: *const c_char,
    name_size: usize,
    callbacks: *const rm_type_callbacks,
) -> rm_status {
    guard_on(runtime, || {
        // SAFETY: the caller vouches for `callbacks` and what they point to.
        let (callbacks, destroy) = unsafe { read_table(callbacks) }?;
        check_zero(callbacks.reserved, "reserved")?;
        // SAFETY: the caller vouches for `name` and `name_size`.
        let name = unsafe { read_text(name, name_size, "name") }?;
        if name.is_empty() {
            return Err(Failure::new(RM_ERR_ARGUMENT, "a node type needs a name"));
        }
        if callbacks.create.is_none() {
            return Err(Failure::new(RM_ERR_NULL, "'create' of the rm_type_callbacks must be set"));
        }
        let node_type = HostType(Arc::new(Callbacks { table: callbacks, _destroy: destroy }));
        let runtime = handle::get::<Runtime>(runtime)?;
        let registry = runtime.core().registry();
        plugin::note_type(registry, name)?;
        registry.add(name, Arc::new(node_type));
        Ok(RM_OK)
    })
}
