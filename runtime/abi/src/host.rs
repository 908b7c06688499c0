//! Hosts: programs or languages whose objects ride in packets and whose threads make the calls.

use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::Arc;
use std::time::Instant;

use crate::bridge::Bridge;
use crate::error::Outcome;
use crate::guard::{guard, guard_on};
use crate::handle::{self, Handled};
use crate::objects::rm_object_table;
use crate::packet::rm_packet;
use crate::runtime::Runtime;
use crate::status::rm_status;
use crate::text::{check_out, write_out};
use crate::versioned::{Destroy, Table, Versioned, read_table};

/// A host: a program, or a language in it, that has objects of its own. 0 is never valid.
pub type rm_host = u64;

/// What the library calls on a host. Every function may be null but `retain` and `release`, and none may throw.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_host_callbacks {
    /// `sizeof(rm_host_callbacks)`.
    pub struct_size: u32,
    /// How many workers are kept busy at once: 1 for a language with a global lock. 0 stands for 1.
    pub parallel: u32,
    /// Passed to every function.
    pub user_data: *mut c_void,
    /// Called once, last, also when `rm_host_new` fails.
    pub destroy: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,
    /// Asks for one more thread that calls `rm_worker_run`, or for one call of `rm_pump`; `RM_OK` if it will come.
    /// [any thread, no lock held]
    /// Without this function the host lends no threads, and its nodes are called on the library's own.
    pub hire: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void) -> rm_status>,
    /// Counts a reference to an object. [worker, or the thread that calls the library]
    pub retain: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, object: *mut c_void)>,
    /// Ends a reference to an object. [worker, or the thread that lets the workers go; any if the host lends none]
    pub release: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, object: *mut c_void)>,
    /// Fills `packet` with the data of an object, as one of `kinds` (bit `1 << RM_KIND_…`), for a node that cannot take
    /// the object itself. On failure it calls `rm_call_fail` and answers a negative status. [any thread]
    pub export_object: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            object: *mut c_void,
            kinds: u32,
            packet: *mut rm_packet,
        ) -> rm_status,
    >,
    /// Makes an object of a packet, for a node of the host; `*object` receives one reference. The packet's `buffer` is
    /// given to the host, which frees it. [worker]
    pub import_packet: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            packet: *const rm_packet,
            object: *mut *mut c_void,
        ) -> rm_status,
    >,
    /// The object table, or null. Copied.
    pub objects: *const rm_object_table,
    /// Takes an object apart for another process: calls `rm_call_part` for each part, in order. On failure it calls
    /// `rm_call_fail` and answers a negative status. [worker]
    pub pack_object: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, object: *mut c_void) -> rm_status>,
    /// Puts together what `pack_object` has taken apart in another process; `*object` receives one reference. [worker]
    pub unpack_object: Option<
        unsafe extern "C-unwind" fn(
            user_data: *mut c_void,
            parts: *const rm_part,
            count: usize,
            object: *mut *mut c_void,
        ) -> rm_status,
    >,
}

/// A part of an object that has come from another process.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_part {
    /// `sizeof(rm_part)`: the next one begins so many bytes later.
    pub struct_size: u32,
    /// RM_PART_….
    pub flags: u32,
    /// Its bytes.
    pub data: *const c_void,
    /// Their number.
    pub size: usize,
    /// What keeps them: given to the host, which frees it. 0 for the first part, which is there only until the function
    /// returns.
    pub buffer: u64,
}

/// Somebody else has the very memory: it must not be changed.
pub const RM_PART_SHARED: u32 = 1;

// SAFETY: integers, pointers and optional functions may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_host_callbacks {
    const NAME: &'static str = "rm_host_callbacks";
    const FIRST_SIZE: usize = offset_of!(rm_host_callbacks, pack_object);
}

impl Table for rm_host_callbacks {
    fn destroy(&self) -> Destroy {
        Destroy { destroy: self.destroy, user_data: self.user_data }
    }
}

impl Handled for Bridge {
    const KIND: u8 = 2;
    const NAME: &'static str = "host";
}

/// Makes a host known to a runtime.
///
/// Ownership: `*host` receives a handle that `rm_host_free` ends. The callbacks are copied; `user_data` must stay valid
/// until `destroy`, which is called also on failure.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UNSUPPORTED, RM_ERR_BAD_HANDLE.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_host_new(
    runtime: u64,
    callbacks: *const rm_host_callbacks,
    host: *mut rm_host,
) -> rm_status {
    guard_on(runtime, || {
        // SAFETY: the caller vouches for `callbacks` and what they point to, as the header says.
        let bridge = unsafe {
            let (callbacks, destroy) = read_table(callbacks)?;
            Bridge::new(callbacks, destroy)
        }?;
        let runtime = handle::get::<Runtime>(runtime)?;
        if let Some(lane) = bridge.lane() {
            runtime.core().adopt(lane);
        }
        // SAFETY: the caller vouches for `host`.
        unsafe {
            let status = give(Arc::clone(&bridge), host, "host")?;
            bridge.set_id(host.read_unaligned());
            if bridge.packs() {
                runtime.workers().set_host(&bridge);
            }
            Ok(status)
        }
    })
}

/// Lets a host go: its workers return from `rm_worker_run`. Nodes of it that still exist fail instead of being called, and
/// what the library has noted of it is given back on this thread.
///
/// Ownership: the handle is dead afterwards; `destroy` is called when the last node and object of the host are gone.
/// Threads: any; inside a callback of the host it does not wait for that callback.
/// Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_host_free(host: rm_host) -> rm_status {
    guard(|| {
        if let Some(lane) = handle::remove::<Bridge>(host)?.as_ref().and_then(|bridge| bridge.lane()) {
            lane.close(Instant::now());
        }
        Ok(())
    })
}

/// Names an object and hands the name to the caller; if there is no room for the name, the object goes.
///
/// # Safety
/// `out` is null or points to room for a handle.
pub(crate) unsafe fn give<T: Handled>(object: Arc<T>, out: *mut u64, name: &str) -> Outcome<rm_status> {
    check_out(out, name)?;
    let handle = handle::insert(object)?;
    // SAFETY: as above.
    unsafe { write_out(out, handle, name) }?;
    Ok(crate::status::RM_OK)
}
