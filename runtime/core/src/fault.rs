//! Fault points: where the system, or the host, may refuse something, a test has it refused.
//!
//! Each kind of point has a number that stays the same. A test arms a kind to fail the first time, the second, and so on, until
//! what it does works all the same: then every place where it can go wrong has done so once. Without the feature `testing`
//! nothing is ever refused, and nothing of this is left in the code.

use std::io;

/// What can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Memory of a size that a caller chose.
    Memory = 1,
    /// A thread.
    Thread = 2,
    /// A file: to open, read, write or rename it.
    File = 3,
    /// Shared memory, and the sockets that it is handed on by.
    Shared = 4,
    /// A process.
    Process = 5,
    /// What a function of the host is to do.
    Host = 6,
}

/// Whether something is to be refused here.
#[inline]
pub fn fails(point: Point) -> bool {
    #[cfg(feature = "testing")]
    return armed::count_down(point);
    #[cfg(not(feature = "testing"))]
    {
        let _ = point;
        false
    }
}

/// The same as the error that Linux would give.
#[inline]
pub fn check(point: Point) -> io::Result<()> {
    let number = match point {
        Point::Process | Point::Thread => 11,              // EAGAIN
        Point::Memory | Point::Shared | Point::Host => 12, // ENOMEM
        Point::File => 28,                                 // ENOSPC
    };
    if fails(point) { Err(io::Error::from_raw_os_error(number)) } else { Ok(()) }
}

#[cfg(feature = "testing")]
pub use armed::{arm, failures};

#[cfg(feature = "testing")]
mod armed {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    use super::Point;

    /// A kind of point: how many are passed before one fails, how many fail then, and how many have.
    struct Kind {
        passes: AtomicU64,
        fails: AtomicU64,
        failed: AtomicU64,
    }

    /// By number.
    static KINDS: [Kind; 7] =
        [const { Kind { passes: AtomicU64::new(0), fails: AtomicU64::new(0), failed: AtomicU64::new(0) } }; 7];

    /// Has the `nth` point of a kind from now on fail, and those after it, `times` in all; 0 lets them all pass. Whether there
    /// is such a kind.
    pub fn arm(number: u32, nth: u64, times: u64) -> bool {
        let Some(kind) = kind(number) else { return false };
        kind.fails.store(0, SeqCst);
        kind.passes.store(nth.saturating_sub(1), SeqCst);
        kind.failed.store(0, SeqCst);
        kind.fails.store(if nth == 0 { 0 } else { times }, SeqCst);
        true
    }

    /// How many points have failed since the kind was armed; nothing without such a kind.
    pub fn failures(number: u32) -> Option<u64> {
        kind(number).map(|kind| kind.failed.load(SeqCst))
    }

    pub fn count_down(point: Point) -> bool {
        let kind = &KINDS[point as usize];
        let one_less = |count: &AtomicU64| count.fetch_update(SeqCst, SeqCst, |count| count.checked_sub(1)).is_ok();
        let fails = !one_less(&kind.passes) && one_less(&kind.fails);
        kind.failed.fetch_add(u64::from(fails), SeqCst);
        fails
    }

    fn kind(number: u32) -> Option<&'static Kind> {
        KINDS.get(number as usize).filter(|_| number != 0)
    }
}
