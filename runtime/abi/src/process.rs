//! Nodes in a process of their own, on the parent's side.

use std::ffi::{OsString, c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use remotemedia_core::{Fault, Host, Kinds, NodeInfo, Parcel, Slot};
use remotemedia_process::{ProcessConfig, ProcessNode};

use crate::bridge::Bridge;
use crate::call::collect;
use crate::error::{Failure, Outcome};
use crate::guard::guard_on;
use crate::handle;
use crate::host::give;
use crate::node::{Node, RM_NODE_MATCH, RM_NODE_SOURCE, matching, names, rm_node};
use crate::status::*;
use crate::text::read_text;
use crate::versioned::{Destroy, Table, Versioned, check_zero, read_table};

/// How a node runs in a process of its own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_process_config {
    /// `sizeof(rm_process_config)`.
    pub struct_size: u32,
    /// RM_NODE_SOURCE, RM_NODE_MATCH: what the node is.
    pub flags: u32,
    /// Passed to every function.
    pub user_data: *mut c_void,
    /// Called once, last, also on failure. [any thread]
    pub destroy: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,
    /// Told of each record that the process logs: level (10 debug, 20 information, 30 warning, 40 error, 50 critical), the
    /// logger's name, and the text. [worker]
    pub on_log: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            level: u32,
            name: *const c_char,
            name_size: usize,
            text: *const c_char,
            text_size: usize,
        ),
    >,
    /// The program and its arguments, each ended by a zero byte. It is given one more argument: the number of the socket
    /// that `rm_service_join` takes.
    pub command: *const c_char,
    /// Its size in bytes.
    pub command_size: usize,
    /// Gives what the program is to make the node of, which it alone must understand: calls `rm_call_part`, once or several
    /// times. Called before each start. On failure it calls `rm_call_fail` and answers a negative status. [worker]
    pub pack: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void) -> rm_status>,
    /// The names of the node's ports, as in `rm_node_callbacks`.
    pub inputs: *const c_char,
    /// Their size in bytes.
    pub inputs_size: usize,
    /// The names of its outputs.
    pub outputs: *const c_char,
    /// Their size in bytes.
    pub outputs_size: usize,
    /// As in `rm_node_callbacks`.
    pub match_tolerance: i64,
    /// How many nanoseconds it may take from the start of the process until its node is ready; 0 stands for 60 seconds.
    pub start_timeout: i64,
    /// How many nanoseconds the process may take to clean up and exit before it is killed; 0 stands for 5 seconds.
    pub stop_timeout: i64,
    /// How many nanoseconds are waited before the process is started again the first time, each time twice as long as
    /// before; 0 stands for 100 milliseconds.
    pub restart_delay: i64,
    /// How often the process is started again after it has died. The packet that was in flight fails all the same: whether
    /// it is given again, the node's `retries` say.
    pub restarts: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: integers, pointers and optional functions may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_process_config {
    const NAME: &'static str = "rm_process_config";
    const FIRST_SIZE: usize = size_of::<rm_process_config>();
}

impl Table for rm_process_config {
    fn destroy(&self) -> Destroy {
        Destroy { destroy: self.destroy, user_data: self.user_data }
    }
}

/// The callbacks of a config.
struct Callbacks {
    config: rm_process_config,
    bridge: Option<Arc<Bridge>>,
    _destroy: Destroy,
}

// SAFETY: the header says on which threads the functions are called with the pointer.
unsafe impl Send for Callbacks {}
// SAFETY: as above.
unsafe impl Sync for Callbacks {}

impl Callbacks {
    fn pack(&self, parcel: &mut dyn Parcel) -> Result<(), Fault> {
        let Some(pack) = self.config.pack else { return Ok(()) };
        // SAFETY: the host's function with the host's pointer.
        let (status, told) = collect(self.bridge.as_deref(), parcel, || unsafe { pack(self.config.user_data) });
        if status == RM_OK {
            return Ok(());
        }
        Err(told.why(status).unwrap_or_else(|| Fault::new(format!("'pack' answered {status} without saying why"))))
    }

    fn log(&self, level: u32, name: &str, text: &str) {
        let Some(on_log) = self.config.on_log else { return };
        let (name, name_size) = (name.as_ptr().cast(), name.len());
        // SAFETY: the host's function with the host's pointer; the texts live until it returns.
        unsafe { on_log(self.config.user_data, level, name, name_size, text.as_ptr().cast(), text.len()) };
    }
}

/// Makes a node whose calls are made in another process: `initialize` starts it, `cleanup` ends it. Packets go there and
/// come back; objects are taken apart by `rm_host_callbacks.pack_object` and put together by `unpack_object`. The process
/// dies with this one.
///
/// A process that dies, or sends what cannot be, fails the call that it was in; the message says how it ended. So does one
/// that does not answer within the node's deadline: it is killed.
///
/// Ownership: `*node` receives a handle that `rm_node_free` ends. The config and what it points to is copied; `user_data`
/// must stay valid until `destroy`, which is called also on failure.
/// Threads: any. With a host that lends threads, those make the calls.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UTF8, RM_ERR_UNSUPPORTED, RM_ERR_BAD_HANDLE, RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_process_new(host: u64, config: *const rm_process_config, node: *mut rm_node) -> rm_status {
    guard_on(0, || {
        // SAFETY: the caller vouches for `config` and what it points to.
        let (raw, destroy) = unsafe { read_table(config) }?;
        check_zero(raw.flags & !(RM_NODE_SOURCE | RM_NODE_MATCH), "flags")?;
        check_zero(raw.reserved, "reserved")?;
        let bridge = handle::get_optional::<Bridge>(host)?;
        // SAFETY: the caller vouches for the texts and their sizes.
        let (command, inputs, outputs) = unsafe {
            (
                read_text(raw.command, raw.command_size, "command")?,
                names(read_text(raw.inputs, raw.inputs_size, "inputs")?)?,
                names(read_text(raw.outputs, raw.outputs_size, "outputs")?)?,
            )
        };
        let matching = matching(raw.flags, raw.match_tolerance, inputs.len())?;
        let callbacks = Arc::new(Callbacks { config: raw, bridge: bridge.clone(), _destroy: destroy });
        let packing = Arc::clone(&callbacks);
        let config = ProcessConfig {
            command: arguments(command)?,
            payload: Arc::new(move |parcel| packing.pack(parcel)),
            start: time(raw.start_timeout, "start_timeout", START)?,
            stop: time(raw.stop_timeout, "stop_timeout", STOP)?,
            restarts: raw.restarts,
            restart_delay: time(raw.restart_delay, "restart_delay", RESTART_DELAY)?,
            log: Arc::new(move |level, name, text| callbacks.log(level, name, text)),
        };
        let kinds = if bridge.is_some() { Kinds::ANY } else { Kinds::DATA };
        let source = raw.flags & RM_NODE_SOURCE != 0;
        let info = NodeInfo {
            source,
            lane: bridge.as_ref().and_then(|bridge| bridge.lane().cloned()),
            inputs,
            outputs,
            matching,
            ..NodeInfo::filter(if source { Kinds::NONE } else { kinds }, kinds)
        };
        let made = ProcessNode::new(config, info, bridge.map(|bridge| bridge as Arc<dyn Host>));
        // SAFETY: the caller vouches for `node`.
        unsafe { give(Arc::new(Node::of(Slot::new(made))), node, "node") }
    })
}

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(5);
const RESTART_DELAY: Duration = Duration::from_millis(100);

fn time(nanos: i64, name: &str, default: Duration) -> Outcome<Duration> {
    match u64::try_from(nanos) {
        Ok(0) => Ok(default),
        Ok(nanos) => Ok(Duration::from_nanos(nanos)),
        Err(_) => {
            Err(Failure::new(RM_ERR_ARGUMENT, format!("'{name}' is {nanos}; use nanoseconds, 0 for the default")))
        }
    }
}

/// A program and its arguments, each ended by a zero byte.
pub(crate) fn arguments(command: &str) -> Outcome<Vec<OsString>> {
    let list: Vec<OsString> = command.split_terminator('\0').map(OsString::from).collect();
    if list.first().is_none_or(|program| program.is_empty()) {
        return Err(Failure::new(RM_ERR_ARGUMENT, "the command of a process names no program"));
    }
    Ok(list)
}
