//! Lent workers: threads of the host that make its calls.

use crate::bridge::Bridge;
use crate::error::Failure;
use crate::guard::guard;
use crate::handle;
use crate::status::*;
use crate::thread;

/// Lends this thread to a host: blocks, and makes calls, until the runtime is shut down or the host freed.
///
/// Ownership: none.
/// Threads: one that the host made for this, never inside a callback.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_STATE (the host has no `hire`, so it lends no threads), RM_ERR_REENTRANT.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_worker_run(host: u64) -> rm_status {
    guard(|| {
        let bridge = handle::get::<Bridge>(host)?;
        let lane = bridge.lane().cloned().ok_or_else(|| {
            Failure::new(RM_ERR_STATE, "this host lends no threads; set 'hire' of its rm_host_callbacks")
        })?;
        drop(bridge);
        if crate::call::is_inside() {
            return Err(Failure::new(RM_ERR_REENTRANT, "this thread is inside a callback; lend another one"));
        }
        thread::number();
        lane.serve();
        Ok(())
    })
}
