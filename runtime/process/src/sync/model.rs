//! The same for models. Nobody wakes up because time is over, which shows wake-ups that are lost.

use std::time::Duration;

use loom::sync::{Condvar, Mutex};

pub use loom::sync::atomic::{AtomicU32, Ordering, fence};

loom::lazy_static! {
    /// As the kernel does: whoever looks at the number does so under a lock that he is woken under.
    static ref SLEEPERS: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());
}

/// Sleeps if `count` is `seen`, until it is rung.
pub fn sleep(count: &AtomicU32, seen: u32, _most: Option<Duration>) {
    let guard = SLEEPERS.0.lock().unwrap();
    // The kernel sees the latest.
    if count.fetch_add(0, Ordering::Relaxed) == seen {
        drop(SLEEPERS.1.wait(guard).unwrap());
    }
}

/// Wakes whoever sleeps.
pub fn wake(_count: &AtomicU32) {
    let _guard = SLEEPERS.0.lock().unwrap();
    SLEEPERS.1.notify_all();
}

/// Looks once: nobody else runs meanwhile.
pub fn spin(_most: Duration, mut ready: impl FnMut() -> bool) -> bool {
    ready()
}
