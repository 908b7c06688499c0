//! The one way into the library: no panic gets out, and every failure is remembered.

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Once;

use remotemedia_core::log::{Category, Level, log};

use crate::bridge::Outside;
use crate::call::note_refusal;
use crate::error::{Failure, Outcome, remember};
use crate::fork;
use crate::handle;
use crate::status::*;

/// Runs the body of an exported function.
pub(crate) fn guard<F: FnOnce() -> Outcome>(body: F) -> rm_status {
    protect_as(name_of::<F>, 0, in_parent(|| body().map(|()| RM_OK)))
}

/// Runs the body of an exported function that works on an object: after a panic that object is poisoned.
pub(crate) fn guard_on<F: FnOnce() -> Outcome<rm_status>>(handle: u64, body: F) -> rm_status {
    protect_as(name_of::<F>, handle, in_parent(body))
}

fn in_parent(body: impl FnOnce() -> Outcome<rm_status>) -> impl FnOnce() -> Outcome<rm_status> {
    || {
        if fork::is_child() {
            let message = "this process was forked from the one that loaded remotemedia; spawn it instead";
            return Err(Failure::new(RM_ERR_FORKED, message));
        }
        body()
    }
}

/// As [`guard`], for what works in a forked process too.
pub(crate) fn protect<F: FnOnce() -> Outcome<rm_status>>(body: F) -> rm_status {
    protect_as(name_of::<F>, 0, body)
}

fn protect_as(name: fn() -> &'static str, handle: u64, body: impl FnOnce() -> Outcome<rm_status>) -> rm_status {
    silence_panics();
    // Whoever calls us from a callback has left the host, so far as references to its objects go.
    let _outside = Outside::enter();
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        handle::poison(handle);
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        Err(Failure::new(RM_ERR_PANIC, format!("remotemedia panicked, which is a defect of the library: {text}")))
    });
    match result {
        Ok(status) => status,
        Err(failure) => {
            note_misuse(name, &failure);
            note_refusal(name, &failure);
            remember(failure.message);
            failure.status
        }
    }
}

/// Runs the body of an exported function that a real-time thread may call. Nothing is allocated, locked or waited for, no
/// thread-local variable is touched (the first touch of one may allocate), and the message of the last error stays as it is.
pub(crate) fn guard_realtime(body: impl FnOnce() -> Result<rm_status, rm_status>) -> rm_status {
    if fork::is_child() {
        return RM_ERR_FORKED;
    }
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(RM_ERR_PANIC));
    result.unwrap_or_else(|status| status)
}

/// The exported function that a closure is the body of, as the log names it. To find it takes longer than most calls: only for
/// one that has failed.
fn name_of<F>() -> &'static str {
    type_name::<F>().split("::").find(|part| part.starts_with("rm_")).unwrap_or("a function")
}

/// Writes to the log what a program would never be answered if it were right. Not in a fork: its log may be locked for ever.
fn note_misuse(name: fn() -> &'static str, failure: &Failure) {
    let level = match failure.status {
        // A completion may die at any moment, and whoever has it cannot know.
        RM_ERR_BAD_HANDLE if name().starts_with("rm_completion_") => return,
        RM_ERR_BAD_HANDLE | RM_ERR_NULL | RM_ERR_REENTRANT => Level::Warning,
        RM_ERR_PANIC | RM_ERR_POISONED => Level::Error,
        _ => return,
    };
    if !fork::is_child() {
        log(Category::Misuse, level, || format!("{}: {}", name(), failure.message));
    }
}

/// Panics are reported as errors, not printed on the host's standard error.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_hook(Box::new(|_| {})));
}
