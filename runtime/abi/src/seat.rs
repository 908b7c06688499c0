//! Seats: what a real-time thread uses, found by a number without a lock.
//!
//! The table of handles has a lock, which a real-time thread must not wait for. Here is a table of a fixed size instead. A
//! seat says in one word which handle is valid for it, and in another whether a thread is in a call of it. Only the owner
//! ever waits, when it takes somebody off a seat, and only for a call that is going on.

use std::time::Duration;

use crate::status::*;
use crate::sync::{AtomicBool, AtomicU64, Ordering, UnsafeCell, sleep};

/// One seat, for something that one thread at a time may use.
pub(crate) struct Seat<T> {
    /// The handle of who sits here; 0 if nobody does.
    handle: AtomicU64,
    /// Whether a thread has the seat for itself. Nothing is done with `sitter` by any other.
    busy: AtomicBool,
    sitter: UnsafeCell<Option<T>>,
}

// SAFETY: `sitter` is used only by the thread that has set `busy`.
unsafe impl<T: Send> Sync for Seat<T> {}

/// Gives the seat back.
struct Leave<'a>(&'a AtomicBool);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<T> Seat<T> {
    pub fn new() -> Seat<T> {
        Seat { handle: AtomicU64::new(0), busy: AtomicBool::new(false), sitter: UnsafeCell::new(None) }
    }

    /// Whether a handle is that of who sits here.
    fn is_of(&self, handle: u64) -> bool {
        handle != 0 && self.handle.load(Ordering::Acquire) == handle
    }

    /// Takes the seat for this thread; `false` if another one has it.
    fn enter(&self) -> bool {
        self.busy.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Uses who sits here. Refused without a wait if the handle is another one, or if another thread is at it.
    pub fn with<R>(&self, handle: u64, body: impl FnOnce(&mut T) -> Result<R, rm_status>) -> Result<R, rm_status> {
        // Whoever comes with an old handle does not even disturb.
        if !self.is_of(handle) {
            return Err(RM_ERR_BAD_HANDLE);
        }
        if !self.enter() {
            // Perhaps it is the owner, who is taking it away.
            return Err(if self.is_of(handle) { RM_ERR_STATE } else { RM_ERR_BAD_HANDLE });
        }
        let _leave = Leave(&self.busy);
        // Again, because it may have been taken away in between.
        if !self.is_of(handle) {
            return Err(RM_ERR_BAD_HANDLE);
        }
        self.sitter.with_mut(|sitter| {
            // SAFETY: this thread has set `busy`, so it is alone with it until `_leave` goes.
            let sitter = unsafe { &mut *sitter };
            body(sitter.as_mut().ok_or(RM_ERR_BAD_HANDLE)?)
        })
    }

    /// Gives the seat, which is free, to somebody.
    pub fn seat(&self, handle: u64, sitter: T) {
        let before = self.alone(|place| place.replace(sitter));
        self.handle.store(handle, Ordering::Release);
        drop(before);
    }

    /// Takes somebody off the seat; nothing if the handle is another one. Waits for the call that is going on, if one is:
    /// none can begin any more.
    pub fn clear(&self, handle: u64) -> Option<T> {
        let found = handle != 0 && self.handle.compare_exchange(handle, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if found { self.alone(Option::take) } else { None }
    }

    /// Does something once no other thread has the seat.
    fn alone<R>(&self, body: impl FnOnce(&mut Option<T>) -> R) -> R {
        while !self.enter() {
            sleep(Duration::from_micros(50));
        }
        let _leave = Leave(&self.busy);
        // SAFETY: as in `with`.
        self.sitter.with_mut(|sitter| body(unsafe { &mut *sitter }))
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn only_the_right_handle_is_let_in() {
        let seat = Seat::new();
        assert_eq!(seat.with(0, |_: &mut u32| Ok(())), Err(RM_ERR_BAD_HANDLE));
        seat.seat(7, 42);
        assert_eq!(seat.with(7, |sitter| Ok(*sitter)), Ok(42));
        assert_eq!(seat.with(8, |_| Ok(())), Err(RM_ERR_BAD_HANDLE));
        assert_eq!(seat.clear(8), None);
        assert_eq!(seat.clear(7), Some(42));
        assert_eq!(seat.clear(7), None);
        assert_eq!(seat.with(7, |_| Ok(())), Err(RM_ERR_BAD_HANDLE));
    }

    #[test]
    fn one_thread_at_a_time_is_let_in() {
        let seat = Seat::new();
        seat.seat(7, 0);
        assert_eq!(seat.with(7, |_| seat.with(7, |_| Ok(()))), Err(RM_ERR_STATE));
    }

    #[test]
    fn the_owner_waits_for_a_call_that_is_going_on() {
        let (seat, inside, done) = (Seat::new(), AtomicBool::new(false), AtomicBool::new(false));
        seat.seat(7, ());
        thread::scope(|scope| {
            scope.spawn(|| {
                seat.with(7, |()| {
                    inside.store(true, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(20));
                    done.store(true, Ordering::SeqCst);
                    Ok(())
                })
            });
            while !inside.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            assert!(seat.clear(7).is_some());
            assert!(done.load(Ordering::SeqCst));
        });
    }

    #[test]
    fn who_is_let_in_while_it_changes_hands_has_the_right_one() {
        let (seat, over) = (Seat::new(), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for handle in (1..=50).cycle() {
                        if over.load(Ordering::SeqCst) {
                            return;
                        }
                        let _ = seat.with(handle, |sitter| {
                            assert_eq!(*sitter, handle);
                            Ok(())
                        });
                    }
                });
            }
            for handle in (1..=50).cycle().take(20_000) {
                seat.seat(handle, handle);
                assert_eq!(seat.clear(handle), Some(handle));
            }
            over.store(true, Ordering::SeqCst);
        });
    }
}
