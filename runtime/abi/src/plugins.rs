//! The plugins of a runtime: which it has, and which are being loaded.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::error::{Failure, Outcome};
use crate::status::{RM_ERR_PLUGIN, RM_ERR_TIMEOUT};

/// How long a thread waits for another one that loads the same plugin.
const PATIENCE: Duration = Duration::from_secs(60);

/// The plugins by the addresses of their entries, with the thread that loads one, or none once it is loaded.
type Loaders = HashMap<usize, Option<ThreadId>>;

/// What a runtime has loaded.
#[derive(Default)]
pub(crate) struct Plugins {
    loaders: Mutex<Loaders>,
    changed: Condvar,
}

/// That this thread loads a plugin; unless it is kept, there is none.
pub(crate) struct Loading<'a> {
    plugins: &'a Plugins,
    entry: usize,
}

impl Plugins {
    /// Has this thread load a plugin; nothing if there is one already. If another thread is at it, waits for that.
    pub fn begin(&self, entry: usize) -> Outcome<Option<Loading<'_>>> {
        self.begin_within(entry, PATIENCE)
    }

    fn begin_within(&self, entry: usize, patience: Duration) -> Outcome<Option<Loading<'_>>> {
        let this = thread::current().id();
        let elsewhere = |loaders: &mut Loaders| matches!(loaders.get(&entry), Some(&Some(loader)) if loader != this);
        let (mut loaders, wait) =
            self.changed.wait_timeout_while(self.lock(), patience, elsewhere).unwrap_or_else(PoisonError::into_inner);
        if wait.timed_out() {
            return Err(Failure::new(RM_ERR_TIMEOUT, format!("another thread has been in its init for {patience:?}")));
        }
        match loaders.get(&entry) {
            Some(None) => Ok(None),
            Some(_) => Err(Failure::new(RM_ERR_PLUGIN, "its init loads it once more: leave that call out")),
            None => {
                loaders.insert(entry, Some(this));
                Ok(Some(Loading { plugins: self, entry }))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Loaders> {
        self.loaders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loading<'_> {
    /// The plugin is loaded.
    pub fn keep(self) {
        self.plugins.lock().insert(self.entry, None);
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        self.plugins.lock().retain(|&entry, loader| entry != self.entry || loader.is_none());
        self.plugins.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: usize = 1;

    fn begin(plugins: &Plugins) -> Option<Loading<'_>> {
        plugins.begin(ENTRY).unwrap_or_else(|failure| panic!("{}", failure.message))
    }

    #[test]
    fn what_is_loaded_is_not_loaded_again() {
        let plugins = Plugins::default();
        begin(&plugins).expect("not there").keep();
        assert!(begin(&plugins).is_none());
        assert!(plugins.begin(ENTRY + 1).is_ok_and(|loading| loading.is_some()));
    }

    #[test]
    fn what_has_failed_may_be_tried_again() {
        let plugins = Plugins::default();
        drop(begin(&plugins).expect("not there"));
        assert!(begin(&plugins).is_some());
    }

    #[test]
    fn a_thread_does_not_wait_for_itself() {
        let plugins = Plugins::default();
        let _loading = begin(&plugins);
        let refused = plugins.begin(ENTRY).err().expect("refused");
        assert_eq!(
            (refused.status, refused.message.as_str()),
            (RM_ERR_PLUGIN, "its init loads it once more: leave that call out")
        );
    }

    #[test]
    fn another_thread_waits_for_the_outcome() {
        for kept in [true, false] {
            let plugins = Plugins::default();
            let loading = begin(&plugins).expect("not there");
            thread::scope(|scope| {
                let other = scope.spawn(|| begin(&plugins).is_some());
                thread::sleep(Duration::from_millis(20));
                if kept {
                    loading.keep();
                } else {
                    drop(loading);
                }
                assert_eq!(other.join().expect("no panic"), !kept);
            });
        }
    }

    #[test]
    fn the_wait_has_an_end() {
        let plugins = Plugins::default();
        let _loading = begin(&plugins);
        thread::scope(|scope| {
            let other = scope.spawn(|| plugins.begin_within(ENTRY, Duration::from_millis(20)).err());
            assert_eq!(other.join().expect("no panic").expect("refused").status, RM_ERR_TIMEOUT);
        });
    }
}
