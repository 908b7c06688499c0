//! Lent workers: threads of the host that make its calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use remotemedia_core::Lane;

use crate::bridge::Bridge;
use crate::error::{Failure, Outcome};
use crate::guard::{guard, guard_on};
use crate::handle;
use crate::status::*;
use crate::thread;

/// Makes the calls of a host that are due, on this thread, and returns: for a thread with an event loop of its own. The
/// host's `hire` says when there is something to do: it is to have the loop call this function, once. At least one piece of
/// work is done; after `budget` nanoseconds no other is begun. RM_MORE says that something is left: call it again.
///
/// From then on the thread also makes these calls while it waits in the library, outside of callbacks.
///
/// Ownership: none.
/// Threads: any, never inside a callback; the host's calls come on the threads that pump and on those that it has lent.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_STATE (the host has no `hire`), RM_ERR_REENTRANT, RM_ERR_ARGUMENT (`budget` is
/// negative).
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_pump(host: u64, budget: i64) -> rm_status {
    guard_on(host, || {
        let budget = u64::try_from(budget).map_err(|_| {
            Failure::new(RM_ERR_ARGUMENT, format!("the budget is {budget}; it is a number of nanoseconds"))
        })?;
        let lane = lane(host)?;
        let deadline = Instant::now() + Duration::from_nanos(budget);
        Ok(if lane.pump(deadline) { RM_MORE } else { RM_OK })
    })
}

/// Lends this thread to a host: blocks, and makes calls, until the runtime is shut down or the host freed.
///
/// Ownership: none.
/// Threads: one that the host made for this, never inside a callback.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_STATE (the host has no `hire`, so it lends no threads), RM_ERR_REENTRANT.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_worker_run(host: u64) -> rm_status {
    guard(|| {
        lane(host)?.serve();
        Ok(())
    })
}

/// The lane of a host, for a thread that is to work on it.
fn lane(host: u64) -> Outcome<Arc<Lane>> {
    let bridge = handle::get::<Bridge>(host)?;
    let lane = bridge
        .lane()
        .cloned()
        .ok_or_else(|| Failure::new(RM_ERR_STATE, "this host lends no threads; set 'hire' of its rm_host_callbacks"))?;
    if crate::call::is_inside() {
        return Err(Failure::new(RM_ERR_REENTRANT, "this thread is inside a callback; use another one"));
    }
    thread::number();
    Ok(lane)
}
