//! Hosts that lend threads: at once, late, or never.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use remotemedia_core::Lane;

/// How a host answers when it is asked for a thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It lends one, which comes after so many microseconds.
    Lends(u64),
    /// It does so after having refused so often.
    Hesitates(u64),
    /// It refuses.
    Refuses,
    /// It says that one will come, and none does.
    Lies,
}

impl Manner {
    /// Whether nodes of the host can be called at all.
    pub fn works(self) -> bool {
        matches!(self, Manner::Lends(_) | Manner::Hesitates(_))
    }

    pub fn lane(self) -> Arc<Lane> {
        let asked = AtomicU64::new(0);
        Lane::new(1, 16, move |lane| match self {
            Manner::Lends(micros) => lend(lane, micros),
            Manner::Hesitates(often) => asked.fetch_add(1, Ordering::SeqCst) >= often && lend(lane, 0),
            Manner::Refuses => false,
            Manner::Lies => true,
        })
    }
}

fn lend(lane: Arc<Lane>, micros: u64) -> bool {
    let serve = move || {
        thread::sleep(Duration::from_micros(micros));
        lane.serve();
    };
    thread::Builder::new().spawn(serve).is_ok()
}
