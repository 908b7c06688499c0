//! As the system has it.

pub(crate) use std::sync::RwLock;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
pub(crate) use std::thread::sleep;

use std::sync::LazyLock;

/// That of the standard library, used as loom can watch it.
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Uses the value, which nobody else may meanwhile.
    pub fn with_mut<R>(&self, body: impl FnOnce(*mut T) -> R) -> R {
        body(self.0.get())
    }
}

/// A value that is made when it is first used.
pub(crate) struct Global<T>(LazyLock<T>);

impl<T> Global<T> {
    pub const fn new(make: fn() -> T) -> Global<T> {
        Global(LazyLock::new(make))
    }

    pub fn get(&'static self) -> &'static T {
        &self.0
    }
}
