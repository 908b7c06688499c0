//! Locks that outlive a panic: the state behind them is changed in whole steps, so it stays true.
//!
//! Locks, atomics, threads and time come from here, so that models can be made of the code that uses them: with the
//! feature `loom` they are those of loom. See `docs/contributing.md`.

#[cfg(feature = "loom")]
mod model;
#[cfg(not(feature = "loom"))]
mod system;

use std::sync::{LazyLock, PoisonError};
use std::time::Duration;

#[cfg(feature = "loom")]
pub use model::*;
#[cfg(not(feature = "loom"))]
pub use system::*;

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until `ready` or until `deadline`; `None` waits without end.
#[track_caller]
pub fn wait_until<'a, T>(
    condition: &Condvar,
    mut guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
    mut ready: impl FnMut(&mut T) -> bool,
) -> (MutexGuard<'a, T>, bool) {
    loop {
        if ready(&mut guard) {
            return (guard, true);
        }
        guard = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            None => condition.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(Duration::ZERO) => return (guard, false),
            Some(left) => condition.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0,
        };
    }
}

/// Looks out for something without going to sleep, for so long at most; whether it has come. Where there is one processor,
/// whoever is to bring it needs that, and nothing is looked out for.
pub fn spin(most: Duration, mut ready: impl FnMut() -> bool) -> bool {
    static ALONE: LazyLock<bool> =
        LazyLock::new(|| std::thread::available_parallelism().is_ok_and(|count| count.get() == 1));
    // In a model nobody else runs meanwhile.
    if *ALONE || cfg!(feature = "loom") {
        return ready();
    }
    let deadline = Instant::now() + most;
    loop {
        for _ in 0..64 {
            if ready() {
                return true;
            }
            std::hint::spin_loop();
        }
        if Instant::now() >= deadline {
            return false;
        }
        // Whoever is to bring it may be waiting for this very processor.
        std::thread::yield_now();
    }
}
