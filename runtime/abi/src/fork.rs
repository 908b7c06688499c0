//! Forks: the child has no threads of ours, so it gets an answer instead of a wait.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static CHILD: AtomicBool = AtomicBool::new(false);

/// Makes [`is_child`] true in every process forked from now on.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler only stores to an atomic, which is allowed after a fork.
        let _ = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

extern "C" fn in_child() {
    CHILD.store(true, Ordering::Relaxed);
}

pub(crate) fn is_child() -> bool {
    CHILD.load(Ordering::Relaxed)
}
