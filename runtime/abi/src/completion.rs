//! Completions: outcomes that come later.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use remotemedia_core::{Caller, Completion, Fault, Flow};

use crate::bridge::Bridge;
use crate::error::{Failure, Outcome};
use crate::guard::guard;
use crate::handle::{self, Handled};
use crate::packet::{Reader, rm_packet};
use crate::status::*;
use crate::text::read_text;

/// The right to give the outcome of one call, once, from any thread. 0 is never valid.
pub type rm_completion = u64;

/// A completion and the host whose objects it may be given.
pub(crate) struct Deferred {
    completion: Mutex<Option<Completion>>,
    bridge: Option<Arc<Bridge>>,
}

impl Handled for Deferred {
    const KIND: u8 = 7;
    const NAME: &'static str = "completion";
}

impl Deferred {
    pub fn new(completion: Completion, bridge: Option<Arc<Bridge>>) -> Arc<Deferred> {
        Arc::new(Deferred { completion: Mutex::new(Some(completion)), bridge })
    }

    /// The call, unless it has got its outcome or was given up.
    pub fn caller(&self) -> Option<Arc<Caller>> {
        self.completion.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.caller()
    }

    fn take(&self) -> Outcome<Completion> {
        let completion = self.completion.lock().unwrap_or_else(PoisonError::into_inner).take();
        completion.ok_or_else(|| Failure::new(RM_ERR_BAD_HANDLE, "this completion has been used"))
    }
}

/// Uses the handle up, whatever comes of it.
fn claim(completion: rm_completion) -> Outcome<Arc<Deferred>> {
    let deferred = handle::remove::<Deferred>(completion)?;
    deferred.ok_or_else(|| Failure::new(RM_ERR_BAD_HANDLE, "0 is not a live completion handle"))
}

/// Gives the outcome: `RM_OK` (finished) or `RM_MORE` (`resume` is to be called), with one packet or null.
///
/// Ownership: the handle is dead afterwards, whatever the result. `packet` as in `rm_call_emit`.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE (also the second time), RM_ERR_CANCELLED or RM_ERR_STATE (the session has given the call
/// up), RM_ERR_ARGUMENT (any other status), and those of `rm_call_emit`; with the latter two the node fails.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_completion_finish(
    completion: rm_completion,
    status: rm_status,
    packet: *const rm_packet,
) -> rm_status {
    guard(|| {
        let claimed = claim(completion);
        let bridge = claimed.as_ref().ok().and_then(|deferred| deferred.bridge.as_deref());
        let packet = if packet.is_null() {
            None
        } else {
            // SAFETY: not null, and the caller vouches for the rest.
            Some(unsafe { Reader { bridge, given: None }.read(packet) })
        };
        let deferred = claimed?;
        let packet = packet.transpose()?;
        let flow = match status {
            RM_OK => Flow::Done,
            RM_MORE => Flow::More,
            _ => {
                let message = format!(
                    "the status of a completion is RM_OK or RM_MORE, not {status}; for a failure call rm_completion_fail"
                );
                return Err(Failure::new(RM_ERR_ARGUMENT, message));
            }
        };
        Ok(deferred.take()?.complete(packet, Ok(flow))?)
    })
}

/// Gives the outcome: a failure of the node.
///
/// Ownership: the handle is dead afterwards, whatever the result. The text is copied; a reference in `object` (the host's
/// own error object, may be null) is taken over.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_UTF8, RM_ERR_CANCELLED or RM_ERR_STATE (given up).
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_completion_fail(
    completion: rm_completion,
    message: *const c_char,
    size: usize,
    object: *mut c_void,
) -> rm_status {
    guard(|| {
        let deferred = claim(completion)?;
        let object =
            if object.is_null() { None } else { deferred.bridge.as_ref().and_then(|bridge| bridge.adopt(object)) };
        // SAFETY: the caller vouches for `message` and `size`.
        let message = unsafe { read_text(message, size, "message") }?;
        Ok(deferred.take()?.complete(None, Err(Fault { object, ..Fault::new(message) }))?)
    })
}

/// Ends a completion without an outcome: the node fails, so that nobody waits for it.
///
/// Ownership: the handle is dead afterwards.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_completion_free(completion: rm_completion) -> rm_status {
    guard(|| handle::remove::<Deferred>(completion).map(drop))
}
