//! Models of what synchronises: loom runs each in every order of its threads that differs from another one by what they can
//! see, as far as threads are interrupted no more than a few times where they need not have waited.
//!
//! A wait ends only when somebody ends it, never because its time is over: a wake-up that is lost is a deadlock here, which
//! loom finds.

mod lane;
mod ring;
mod session;

use std::sync::Arc;
use std::time::Duration;

use loom::sync::{Condvar, Mutex};
use remotemedia_core::{Instant, hasten};

/// Runs a model. Threads are interrupted `most` times at most, or more often if `LOOM_MAX_PREEMPTIONS` says so.
fn model(most: usize, body: impl Fn() + Send + Sync + 'static) {
    hasten(Duration::ZERO);
    explore(most, body);
}

/// The same where a wait for some milliseconds ends at once.
fn hasty_model(most: usize, body: impl Fn() + Send + Sync + 'static) {
    hasten(Duration::from_millis(10));
    explore(most, body);
}

fn explore(most: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.max(Some(most));
    builder.max_branches = 100_000;
    builder.check(body);
}

/// A deadline that never comes.
fn never() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// Something that one thread says and others wait for.
#[derive(Clone)]
struct Flag(Arc<(Mutex<bool>, Condvar)>);

impl Flag {
    fn new() -> Flag {
        Flag(Arc::new((Mutex::new(false), Condvar::new())))
    }

    fn set(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until it is said, and takes it back.
    fn take(&self) {
        let mut is_set = self.0.0.lock().unwrap();
        while !std::mem::take(&mut *is_set) {
            is_set = self.0.1.wait(is_set).unwrap();
        }
    }
}
