//! Errors of calls, and the message of the last one on each thread.

use std::cell::RefCell;

use remotemedia_core::Error;

use crate::guard::protect;
use crate::status::*;
use crate::text::write_text;

/// Why a call failed.
pub(crate) struct Failure {
    pub status: rm_status,
    pub message: String,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub fn new(status: rm_status, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::new(status_of(error.kind), error.message)
    }
}

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

pub(crate) fn remember(message: String) {
    LAST.with_borrow_mut(|last| *last = message);
}

/// The message of the last call that failed on this thread.
pub(crate) fn last_message() -> String {
    LAST.with_borrow(Clone::clone)
}

/// Copies the message of the last call that failed on this thread. A call that works leaves it as it is.
///
/// `buffer` (may be null if `capacity` is 0) receives at most `capacity` bytes of UTF-8, not terminated; `*length`
/// receives the length of the whole message, so that a second call with a buffer of that size gets all of it.
///
/// Ownership: the caller's buffer.
/// Threads: any; each has a message of its own.
/// Errors: RM_ERR_NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_last_error(
    buffer: *mut std::ffi::c_char,
    capacity: usize,
    length: *mut usize,
) -> rm_status {
    protect(|| {
        let message = last_message();
        // SAFETY: the caller vouches for `buffer` and `length`, as the header says.
        unsafe { write_text(&message, buffer, capacity, length) }?;
        Ok(RM_OK)
    })
}
