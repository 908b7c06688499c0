//! Models of what keeps wrong handles harmless: the table of handles, and the seats of real-time threads. See
//! `docs/contributing.md`.

use std::sync::Arc;

use loom::thread;

use crate::handle::{self, Handled};
use crate::seat::Seat;
use crate::status::*;

struct Thing(u32);

impl Handled for Thing {
    const KIND: u8 = 201;
    const NAME: &'static str = "thing";
}

fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.max(Some(3));
    builder.check(body);
}

fn insert(number: u32) -> u64 {
    handle::insert(Arc::new(Thing(number))).ok().unwrap()
}

#[test]
fn a_handle_names_one_object_or_nothing() {
    model(|| {
        let first = insert(1);
        let user = thread::spawn(move || match handle::get::<Thing>(first) {
            Ok(thing) => assert_eq!(thing.0, 1),
            Err(failure) => assert_eq!(failure.status, RM_ERR_BAD_HANDLE),
        });
        let other = thread::spawn(move || {
            let second = insert(2);
            assert_ne!(second, first);
            assert_eq!(handle::get::<Thing>(second).ok().unwrap().0, 2);
        });
        assert!(handle::remove::<Thing>(first).ok().flatten().is_some());
        user.join().unwrap();
        other.join().unwrap();
        assert!(handle::get::<Thing>(first).is_err());
        assert_eq!(handle::count(Thing::KIND), 1);
    });
}

#[test]
fn of_two_who_free_a_handle_one_is_refused() {
    model(|| {
        let made = insert(1);
        let free = move || handle::remove::<Thing>(made).ok().flatten().is_some();
        let other = thread::spawn(free);
        let here = free();
        assert_ne!(here, other.join().unwrap());
        // Its place is used again, once, under another name.
        let (two, three) = (insert(2), insert(3));
        assert!(two != made && three != made);
        assert_eq!(handle::get::<Thing>(two).ok().unwrap().0, 2);
    });
}

#[test]
fn a_seat_is_used_by_one_thread_at_a_time_and_by_none_after_it_is_cleared() {
    model(|| {
        let seat = Arc::new(Seat::new());
        seat.seat(7, 0u32);
        let users = [0, 1].map(|_| {
            let seat = Arc::clone(&seat);
            thread::spawn(move || match seat.with(7, |count| Ok(*count += 1)) {
                Ok(()) => 1,
                Err(status) => {
                    assert!(matches!(status, RM_ERR_STATE | RM_ERR_BAD_HANDLE));
                    0
                }
            })
        });
        let count = seat.clear(7).unwrap();
        let used: u32 = users.into_iter().map(|user| user.join().unwrap()).sum();
        // Who came later was refused, and has changed nothing.
        assert_eq!(used, count);
    });
}

#[test]
fn who_comes_with_an_old_handle_does_not_get_the_new_sitter() {
    model(|| {
        let seat = Arc::new(Seat::new());
        seat.seat(7, 7u64);
        let users = [7, 8].map(|handle| {
            let seat = Arc::clone(&seat);
            thread::spawn(move || {
                let _ = seat.with(handle, |sitter| {
                    assert_eq!(*sitter, handle);
                    Ok(())
                });
            })
        });
        assert_eq!(seat.clear(7), Some(7));
        seat.seat(8, 8);
        users.into_iter().for_each(|user| user.join().unwrap());
    });
}
