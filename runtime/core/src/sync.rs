//! Locks that outlive a panic: the state behind them is changed in whole steps, so it stays true.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
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
