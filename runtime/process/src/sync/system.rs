//! Atomics and futexes as the system has them.

use std::io;
use std::time::Duration;

use rustix::thread::futex;

pub use remotemedia_core::spin;
pub use std::sync::atomic::{AtomicU32, Ordering, fence};

/// Sleeps if `count` is `seen`, until it is rung, for so long at most.
pub fn sleep(count: &AtomicU32, seen: u32, most: Option<Duration>) {
    let timeout = most.and_then(|most| most.try_into().ok());
    let result = futex::wait(count, futex::Flags::empty(), seen, timeout.as_ref());
    debug_assert!(result.is_ok() || is_expected(result.unwrap_err().into()));
}

/// Wakes whoever sleeps.
pub fn wake(count: &AtomicU32) {
    // It fails only for arguments that cannot be.
    let _ = futex::wake(count, futex::Flags::empty(), u32::MAX >> 1);
}

/// Rung before it slept, interrupted, or too late.
fn is_expected(error: io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
