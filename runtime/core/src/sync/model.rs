//! The same for models: loom runs them in every order that may be, and with every value that an atomic may show.
//!
//! Time stands still, so that a run can be repeated: a deadline that has not passed never does. A wait with a time limit ends
//! only because somebody ends it, which shows wake-ups that are lost; or at once, if a model says with [`hasten`] that short ones
//! do.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::{Add, Sub};
use std::sync::{Arc, LockResult, PoisonError};
use std::time::Duration;

use loom::thread::LocalKey;

pub use loom::sync::{Mutex, MutexGuard, atomic};

pub mod thread {
    //! Threads of a model.

    use std::time::Duration;

    pub use loom::thread::Builder;

    /// A thread that parks only for a time.
    #[derive(Debug)]
    pub struct Thread;

    impl Thread {
        /// It looks again anyway.
        pub fn unpark(&self) {}
    }

    pub fn current() -> Thread {
        Thread
    }

    /// Lets others run.
    pub fn sleep(_length: Duration) {
        loom::thread::yield_now();
    }

    /// The same.
    pub fn park_timeout(_length: Duration) {
        loom::thread::yield_now();
    }
}

std::thread_local! {
    /// Not one of the model's: its threads all run on one thread of the system.
    static HASTY: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Has waits for less than `most` end at once, in the models that this thread runs from now on.
pub fn hasten(most: Duration) {
    HASTY.set(most);
}

/// As that of the standard library.
#[derive(Debug)]
pub struct Condvar(loom::sync::Condvar);

/// Whether a wait has ended because its time was over.
#[derive(Debug)]
pub struct WaitTimeoutResult(bool);

impl Condvar {
    pub fn new() -> Condvar {
        Condvar(loom::sync::Condvar::new())
    }

    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.0.wait(guard)
    }

    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        most: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        if most < HASTY.get() {
            return Ok((guard, WaitTimeoutResult(true)));
        }
        Ok((self.0.wait(guard).unwrap_or_else(PoisonError::into_inner), WaitTimeoutResult(false)))
    }

    #[track_caller]
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    #[track_caller]
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

impl Default for Condvar {
    fn default() -> Condvar {
        Condvar::new()
    }
}

impl WaitTimeoutResult {
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

/// A place for one value, set once.
#[derive(Debug)]
pub struct OnceLock<T> {
    is_set: atomic::AtomicBool,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub fn new() -> OnceLock<T> {
        OnceLock { is_set: atomic::AtomicBool::new(false), value: std::sync::OnceLock::new() }
    }

    pub fn set(&self, value: T) -> Result<(), T> {
        let result = self.value.set(value);
        self.is_set.store(true, atomic::Ordering::Release);
        result
    }

    pub fn get(&self) -> Option<&T> {
        if self.is_set.load(atomic::Ordering::Acquire) { self.value.get() } else { None }
    }
}

/// A queue with one thread at either end, as another crate has it; here it is one behind a lock.
pub struct RingBuffer;

/// The end that is put into.
pub struct Producer<T>(Arc<Mutex<VecDeque<T>>>);

/// The end that is taken from.
pub struct Consumer<T>(Arc<Mutex<VecDeque<T>>>);

impl RingBuffer {
    pub fn new<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
        let queue = Arc::new(Mutex::new(VecDeque::with_capacity(capacity)));
        (Producer(Arc::clone(&queue)), Consumer(queue))
    }
}

impl<T> Producer<T> {
    pub fn push(&mut self, value: T) -> Result<(), T> {
        let mut queue = super::lock(&self.0);
        if queue.len() == queue.capacity() {
            return Err(value);
        }
        queue.push_back(value);
        Ok(())
    }
}

impl<T> Consumer<T> {
    pub fn pop(&mut self) -> Result<T, ()> {
        super::lock(&self.0).pop_front().ok_or(())
    }
}

/// A moment of the one second that a model knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// It is always the same.
    pub fn now() -> Instant {
        Instant(Duration::from_secs(1))
    }

    /// How long ago it was.
    pub fn elapsed(self) -> Duration {
        Instant::now().saturating_duration_since(self)
    }

    /// How long it is after another one.
    pub fn saturating_duration_since(self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// A later one.
    pub fn checked_add(self, length: Duration) -> Option<Instant> {
        self.0.checked_add(length).map(Instant)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, length: Duration) -> Instant {
        Instant(self.0 + length)
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

/// What loom's thread-local variables lack of those of the standard library.
pub trait CellKey<T> {
    fn set(&'static self, value: T);
    fn replace(&'static self, value: T) -> T;
}

impl<T> CellKey<T> for LocalKey<Cell<T>> {
    fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

/// The same for those that are borrowed.
pub trait RefKey<T> {
    fn with_borrow<R>(&'static self, body: impl FnOnce(&T) -> R) -> R;
    fn with_borrow_mut<R>(&'static self, body: impl FnOnce(&mut T) -> R) -> R;
    fn replace(&'static self, value: T) -> T;
}

impl<T> RefKey<T> for LocalKey<RefCell<T>> {
    fn with_borrow<R>(&'static self, body: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| body(&cell.borrow()))
    }

    fn with_borrow_mut<R>(&'static self, body: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| body(&mut cell.borrow_mut()))
    }

    fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

/// loom's own does not know `const`.
macro_rules! locals {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = const $start:block;)*) => {
        $(loom::thread_local! { $(#[$attribute])* static $name: $type = $start; })*
    };
}
pub(crate) use locals as thread_local;
