//! Services: what a process has that was started for a node.

use std::ffi::{c_char, c_void};
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;

use remotemedia_core::{Buffer, Data, Fault, Host, Kinds, Packet, Slot};

use crate::bridge::Bridge;
use crate::error::Failure;
use crate::guard::{guard, guard_on};
use crate::handle::{self, Handled};
use crate::host::give;
use crate::node::{Node, names, rm_node};
use crate::packet::{give_packet, rm_packet};
use crate::status::*;
use crate::text::{check_out, read_text};
use crate::versioned::{check_zero, size_of_struct, write_struct};

/// The connection of a process with the one that started it for a node. 0 is never valid.
pub type rm_service = u64;

/// The parent takes objects as they are, put together by its own `unpack_object`; else they are converted to data.
pub const RM_SERVICE_OBJECTS: u32 = 1;

pub(crate) struct Service(remotemedia_process::Service);

impl Handled for Service {
    const KIND: u8 = 8;
    const NAME: &'static str = "service";
}

/// Takes up the connection with the parent. From now on this process ends within a second after its parent.
///
/// Ownership: `socket` is taken over, also on failure. `*service` receives a handle that `rm_service_free` ends, `*payload`
/// what the parent's `rm_process_config.pack` gave, as RM_KIND_BYTES; it is the caller's as in `rm_session_pull`.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT (no such socket, or no parent of a version that fits), RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_service_join(socket: i32, service: *mut rm_service, payload: *mut rm_packet) -> rm_status {
    guard_on(0, || {
        // SAFETY: the caller gives the descriptor up. One that is not open makes the calls on it fail, and nothing else.
        let socket_given = (socket >= 0).then(|| unsafe { OwnedFd::from_raw_fd(socket) });
        check_out(service, "service")?;
        // SAFETY: the caller vouches for `payload`; looked at before there is something to lose.
        unsafe { size_of_struct(payload) }?;
        let socket = socket_given.ok_or_else(|| {
            Failure::new(RM_ERR_ARGUMENT, format!("'socket' is {socket}; it is the program's last argument"))
        })?;
        let joined = remotemedia_process::Service::join(socket);
        let (joined, given) = joined.map_err(|error| {
            Failure::new(RM_ERR_ARGUMENT, format!("the connection with the parent cannot be taken up: {error}"))
        })?;
        let given = Packet::new(Data::Bytes(Buffer::new(given)));
        // SAFETY: the caller vouches for both places.
        unsafe {
            write_struct(payload, give_packet(given)?)?;
            give(Arc::new(Service(joined)), service, "service")
        }
    })
}

/// Makes the two nodes that stand before and behind the process's own: pass them to `rm_session_open` as `input` and
/// `output`, with RM_ON_ERROR_COLLECT. A source has no `input`; then `input` may be null. `host` is that of the node, or 0.
/// `inputs` and `outputs` are the names of the node's ports, as in `rm_node_callbacks`; `flags` are RM_SERVICE_….
///
/// Ownership: `*input` and `*output` receive handles that `rm_node_free` ends.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UTF8, RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_service_nodes(
    service: rm_service,
    host: u64,
    flags: u32,
    inputs: *const c_char,
    inputs_size: usize,
    outputs: *const c_char,
    outputs_size: usize,
    input: *mut rm_node,
    output: *mut rm_node,
) -> rm_status {
    guard_on(service, || {
        check_out(output, "output")?;
        check_zero(flags & !RM_SERVICE_OBJECTS, "flags")?;
        let service = handle::get::<Service>(service)?;
        let bridge = handle::get_optional::<Bridge>(host)?;
        // SAFETY: the caller vouches for both texts and their sizes.
        let (inputs, outputs) = unsafe {
            (names(read_text(inputs, inputs_size, "inputs")?)?, names(read_text(outputs, outputs_size, "outputs")?)?)
        };
        let kinds = if flags & RM_SERVICE_OBJECTS != 0 { Kinds::ANY } else { Kinds::DATA };
        let lane = bridge.as_ref().and_then(|bridge| bridge.lane().cloned());
        let host = bridge.map(|bridge| bridge as Arc<dyn Host>);
        let (source, sink) = service.0.nodes(inputs, outputs, input.is_null(), kinds, host, lane);
        // SAFETY: the caller vouches for both places.
        unsafe {
            if !input.is_null() {
                give(Arc::new(Node::of(Slot::new(source))), input, "input")?;
            }
            give(Arc::new(Node::of(Slot::new(sink))), output, "output")
        }
    })
}

/// Sends a record of the log to the parent; levels as in `rm_process_config.on_log`.
///
/// Ownership: both texts are copied.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_UTF8.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_service_log(
    service: rm_service,
    level: u32,
    name: *const c_char,
    name_size: usize,
    text: *const c_char,
    text_size: usize,
) -> rm_status {
    guard_on(service, || {
        let service = handle::get::<Service>(service)?;
        // SAFETY: the caller vouches for both texts and their sizes.
        let (name, text) = unsafe { (read_text(name, name_size, "name")?, read_text(text, text_size, "text")?) };
        service.0.log(level, name, text);
        Ok(RM_OK)
    })
}

/// Tells the parent that there is no node, or that it cannot go on, and why. The process is expected to exit then.
///
/// Ownership: the text is copied. A reference in `object` (the host's own error object, may be null) is taken over if
/// `host` is known.
/// Threads: a worker of the host, or one that may call its `pack_object`.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_UTF8.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_service_fail(
    service: rm_service,
    message: *const c_char,
    size: usize,
    host: u64,
    object: *mut c_void,
) -> rm_status {
    guard_on(service, || {
        let bridge = handle::get_optional::<Bridge>(host)?;
        let object = if object.is_null() { None } else { bridge.as_ref().and_then(|bridge| bridge.adopt(object)) };
        let service = handle::get::<Service>(service)?;
        // SAFETY: the caller vouches for `message` and `size`.
        let message = unsafe { read_text(message, size, "message") }?;
        service.0.fail(Fault { object, ..Fault::new(message) }, || false);
        Ok(RM_OK)
    })
}

/// Ends a connection: the parent sees it when the process exits.
///
/// Ownership: the handle is dead afterwards.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_service_free(service: rm_service) -> rm_status {
    guard(|| handle::remove::<Service>(service).map(drop))
}
