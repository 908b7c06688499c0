//! Threads, as traces and reports name them.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// The number of this thread: the one that it was given, else one that no other thread has.
pub(crate) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1 << 32);
    if NUMBER.get() == 0 {
        NUMBER.set(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    NUMBER.get()
}

/// Gives this thread a number, such as the one that the operating system knows it by.
pub fn set_thread_number(number: u64) {
    NUMBER.set(number);
}
