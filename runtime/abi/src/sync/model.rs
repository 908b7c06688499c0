//! The same for models.

use std::marker::PhantomData;
use std::time::Duration;

use loom::lazy_static::Lazy;

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::RwLock;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Lets others run.
pub(crate) fn sleep(_length: Duration) {
    loom::thread::yield_now();
}

/// A value that each run of a model makes anew.
pub(crate) struct Global<T>(Lazy<T>);

impl<T: 'static> Global<T> {
    pub const fn new(make: fn() -> T) -> Global<T> {
        Global(Lazy { init: make, _p: PhantomData })
    }

    pub fn get(&'static self) -> &'static T {
        self.0.get()
    }
}
