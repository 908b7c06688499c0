//! Fault points, for tests: in libraries that are built for them only, and in no header.

#![cfg(feature = "testing")]

use remotemedia_core::fault;

use crate::error::{Failure, Outcome};
use crate::guard::guard;
use crate::status::*;
use crate::text::write_out;

/// Has the `nth` fault point of a kind (see `Point` in `runtime/core/src/fault.rs`) from now on fail, and those after it,
/// `times` in all; 0 lets all pass.
///
/// Ownership: none.
/// Threads: any.
/// Errors: RM_ERR_ARGUMENT (no such kind).
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_testing_fail_at(kind: u32, nth: u64, times: u64) -> rm_status {
    guard(|| if fault::arm(kind, nth, times) { Ok(()) } else { unknown(kind) })
}

/// Tells how many points of a kind have failed since it was armed.
///
/// Ownership: none.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT (no such kind).
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_testing_failures(kind: u32, count: *mut u64) -> rm_status {
    guard(|| {
        let Some(failures) = fault::failures(kind) else { return unknown(kind) };
        // SAFETY: the caller vouches for `count`.
        unsafe { write_out(count, failures, "count") }
    })
}

fn unknown(kind: u32) -> Outcome {
    Err(Failure::new(RM_ERR_ARGUMENT, format!("{kind} is no kind of fault point")))
}
