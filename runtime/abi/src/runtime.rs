//! Runtimes.

use std::ffi::c_char;
use std::mem::offset_of;
use std::sync::Arc;
use std::time::{Duration, Instant};

use remotemedia_core::Launcher;

use crate::error::{Failure, Outcome};
use crate::fork;
use crate::guard::{guard, guard_on};
use crate::handle::{self, Handled};
use crate::host::give;
use crate::launcher::Workers;
use crate::plugins::Plugins;
use crate::process::arguments;
use crate::session::deadline;
use crate::status::*;
use crate::text::{read_text, write_out, write_text};
use crate::thread::{Hooks, rm_thread_hooks};
use crate::version::RM_ABI_VERSION;
use crate::versioned::{Versioned, check_zero, read_struct};

/// What pipelines run on: threads, node types, and the sessions that are running. 0 is never valid.
pub type rm_runtime = u64;

/// How a runtime is to be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_runtime_config {
    /// `sizeof(rm_runtime_config)`.
    pub struct_size: u32,
    /// `RM_ABI_VERSION`, as the caller was compiled.
    pub abi_version: u32,
    /// How many threads of the library are kept busy at once; 0 stands for one a processor.
    pub threads: u32,
    /// 0.
    pub reserved: u32,
    /// The program that runs nodes of the type `module:Class` in processes, and its arguments, each ended by a zero byte.
    /// Null stands for `python3 -m remotemedia.worker`, or what the environment has in REMOTEMEDIA_PYTHON for `python3`.
    pub worker: *const c_char,
    /// Its size in bytes.
    pub worker_size: usize,
    /// What the library's own threads do first and last, or null. Copied.
    pub hooks: *const rm_thread_hooks,
}

// SAFETY: integers and pointers may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_runtime_config {
    const NAME: &'static str = "rm_runtime_config";
    const FIRST_SIZE: usize = offset_of!(rm_runtime_config, worker);
}

/// A runtime of the engine, shut down when its handle is gone and nothing runs on it any more.
pub(crate) struct Runtime {
    core: Arc<remotemedia_core::Runtime>,
    workers: Arc<Workers>,
    plugins: Plugins,
}

impl Handled for Runtime {
    const KIND: u8 = 1;
    const NAME: &'static str = "runtime";
}

impl Runtime {
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    pub fn core(&self) -> &Arc<remotemedia_core::Runtime> {
        &self.core
    }

    pub fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    /// A worker that waited for the workers would wait for itself.
    fn check_outside(&self) -> Outcome {
        if !self.core.is_worker() {
            return Ok(());
        }
        Err(Failure::new(
            RM_ERR_REENTRANT,
            "a callback cannot stop the runtime that it runs on; do it on another thread",
        ))
    }
}

/// What stands for a wait without end.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// How long `rm_runtime_free` waits for sessions that still run.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes a runtime with the built-in node types. Threads start when they are needed.
///
/// Ownership: `*runtime` receives a handle that `rm_runtime_free` ends.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_VERSION, RM_ERR_UNSUPPORTED, RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_runtime_new(config: *const rm_runtime_config, runtime: *mut rm_runtime) -> rm_status {
    guard_on(0, || {
        // SAFETY: the caller vouches for `config`.
        let config = unsafe { read_struct(config) }?;
        // SAFETY: the caller vouches for `hooks` and what they point to.
        let hooks = unsafe { Hooks::new(config.hooks) }?;
        if config.abi_version >> 16 != RM_ABI_VERSION >> 16 {
            let message = format!(
                "the program was compiled for version {:#x} of the ABI, the library has {RM_ABI_VERSION:#x}; use a matching pair",
                config.abi_version
            );
            return Err(Failure::new(RM_ERR_VERSION, message));
        }
        check_zero(config.reserved, "reserved")?;
        fork::watch();
        remotemedia_core::log::read_environment();
        let core = remotemedia_core::Runtime::with_hooks(config.threads as usize, Arc::new(hooks));
        remotemedia_nodes::register(core.registry());
        // SAFETY: the caller vouches for `worker` and its size.
        let worker = unsafe { read_text(config.worker, config.worker_size, "worker") }?;
        let workers = Arc::new(Workers::new(if worker.is_empty() { Vec::new() } else { arguments(worker)? }));
        core.registry().set_launcher(Arc::clone(&workers) as Arc<dyn Launcher>);
        // SAFETY: the caller vouches for `runtime`.
        unsafe { give(Arc::new(Runtime { core, workers, plugins: Plugins::default() }), runtime, "runtime") }
    })
}

/// Cancels every session, waits for their nodes to be cleaned up, and has every worker, lent ones included, return. The
/// runtime takes no work afterwards, and calls no host that lends threads. `timeout` is in nanoseconds, as in
/// `rm_session_push`.
///
/// Ownership: none.
/// Threads: any but a callback's.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_REENTRANT (inside a callback), RM_ERR_TIMEOUT (`*stuck` workers were still inside a callback after `timeout` nanoseconds;
/// `stuck` may be null).
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_runtime_shutdown(runtime: rm_runtime, timeout: i64, stuck: *mut u32) -> rm_status {
    guard_on(runtime, || {
        let runtime = handle::get::<Runtime>(runtime)?;
        runtime.check_outside()?;
        let deadline = deadline(timeout).unwrap_or_else(|| Instant::now() + FOREVER);
        let inside = runtime.core().shutdown(deadline);
        if !stuck.is_null() {
            // SAFETY: not null, and the caller vouches for it.
            unsafe { write_out(stuck, inside as u32, "stuck") }?;
        }
        if inside > 0 {
            let message = format!("{inside} worker(s) are still inside a callback; make it return");
            return Err(Failure::new(RM_ERR_TIMEOUT, message));
        }
        Ok(RM_OK)
    })
}

/// Shuts a runtime down, if that was not done, waiting for up to five seconds, and lets it go.
///
/// Ownership: the handle is dead afterwards.
/// Threads: any but a callback's.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_REENTRANT (inside a callback). 0 does nothing.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_runtime_free(runtime: rm_runtime) -> rm_status {
    guard(|| {
        if runtime != 0 {
            handle::get::<Runtime>(runtime)?.check_outside()?;
        }
        if let Some(runtime) = handle::remove::<Runtime>(runtime)? {
            runtime.core().shutdown(Instant::now() + PATIENCE);
        }
        Ok(())
    })
}

/// Copies the names of the node types as a JSON array, as `rm_last_error` does its message.
///
/// Ownership: the caller's buffer.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_runtime_types(
    runtime: rm_runtime,
    buffer: *mut std::ffi::c_char,
    capacity: usize,
    length: *mut usize,
) -> rm_status {
    guard(|| {
        let names = handle::get::<Runtime>(runtime)?.core().registry().names();
        let text = serde_json::Value::from(names).to_string();
        // SAFETY: the caller vouches for `buffer` and `length`.
        unsafe { write_text(&text, buffer, capacity, length) }
    })
}
