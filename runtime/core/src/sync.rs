//! Locks that outlive a panic: the state behind them is changed in whole steps, so it stays true.

use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until `ready` or until `deadline`; `None` waits without end.
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
        LazyLock::new(|| thread::available_parallelism().is_ok_and(|count| count.get() == 1));
    if *ALONE {
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
        thread::yield_now();
    }
}
