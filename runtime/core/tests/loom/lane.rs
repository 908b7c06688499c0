//! The lane: the queue of work, the workers, who is woken for what, and the gate that closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use loom::thread;
use remotemedia_core::{Instant, Lane};

use crate::{Flag, hasty_model, model, never};

/// A lane whose workers are threads of the model, `most` of them at most.
pub fn lane(most: usize) -> Arc<Lane> {
    let hired = AtomicUsize::new(0);
    Lane::new(1, most, move |lane| {
        let comes = hired.fetch_add(1, SeqCst) < most;
        if comes {
            thread::spawn(move || lane.serve());
        }
        comes
    })
}

/// Counts the calls that were made, and those that were dropped.
#[derive(Clone, Default)]
struct Tally(Arc<(AtomicUsize, AtomicUsize)>);

struct Ticket(Tally);

impl Tally {
    fn call(&self) -> impl FnOnce() + Send + 'static {
        let ticket = Ticket(self.clone());
        move || {
            ticket.0.0.0.fetch_add(1, SeqCst);
        }
    }

    fn made(&self) -> usize {
        self.0.0.load(SeqCst)
    }

    fn gone(&self) -> usize {
        self.0.1.load(SeqCst)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.0.1.fetch_add(1, SeqCst);
    }
}

#[test]
fn every_call_is_made_by_a_worker() {
    model(2, || {
        let (lane, one, two) = (lane(2), Flag::new(), Flag::new());
        let (poster, said) = (Arc::clone(&lane), one.clone());
        let poster = thread::spawn(move || poster.post(move || said.set()));
        let said = two.clone();
        lane.post(move || said.set());
        one.take();
        two.take();
        poster.join().unwrap();
        assert_eq!(lane.close(never()), 0);
    });
}

#[test]
fn what_is_posted_while_it_closes_is_made_or_dropped_once() {
    model(2, || {
        let (lane, tally) = (lane(1), Tally::default());
        let (poster, calls) = (Arc::clone(&lane), tally.clone());
        let poster = thread::spawn(move || {
            poster.post(calls.call());
            poster.note(calls.call())
        });
        assert_eq!(lane.close(never()), 0);
        let made = tally.made();
        let noted = poster.join().unwrap();
        // Once the gate is closed nothing is begun any more.
        assert_eq!((tally.made(), tally.gone()), (made, 2));
        assert!(!noted || made == 2);
        assert!(lane.is_closed());
    });
}

#[test]
fn what_is_noted_waits_for_work_and_is_made() {
    model(2, || {
        let (lane, tally, done) = (lane(1), Tally::default(), Flag::new());
        let (other, calls) = (Arc::clone(&lane), tally.clone());
        let other = thread::spawn(move || assert!(other.note(calls.call())));
        let said = done.clone();
        lane.post(move || said.set());
        done.take();
        other.join().unwrap();
        assert_eq!(lane.close(never()), 0);
        assert_eq!((tally.made(), tally.gone()), (1, 1));
    });
}

#[test]
fn no_guest_is_inside_once_it_is_closed() {
    model(3, || {
        let (lane, inside) = (lane(1), Arc::new(AtomicUsize::new(0)));
        let guests = [0, 1].map(|_| {
            let (lane, inside) = (Arc::clone(&lane), Arc::clone(&inside));
            thread::spawn(move || {
                let Some(_guest) = lane.guest() else { return };
                inside.fetch_add(1, SeqCst);
                thread::yield_now();
                inside.fetch_sub(1, SeqCst);
            })
        });
        assert_eq!(lane.close(never()), 0);
        assert_eq!(inside.load(SeqCst), 0);
        assert!(lane.guest().is_none());
        guests.into_iter().for_each(|guest| guest.join().unwrap());
    });
}

#[test]
fn a_worker_that_waits_makes_room_for_others() {
    model(2, || {
        let (lane, done, woken) = (lane(2), Flag::new(), Flag::new());
        let (said, heard) = (done.clone(), woken.clone());
        lane.post(move || {
            Lane::while_waiting(|| heard.take());
            said.set();
        });
        lane.post(move || woken.set());
        done.take();
        assert_eq!(lane.close(never()), 0);
    });
}

#[test]
fn others_take_over_from_a_worker_that_is_stuck() {
    hasty_model(2, || {
        let (lane, done, woken) = (lane(2), Flag::new(), Flag::new());
        let (said, heard) = (done.clone(), woken.clone());
        lane.post(move || {
            heard.take();
            said.set();
        });
        lane.post(move || woken.set());
        done.take();
        assert_eq!(lane.close(never()), 0);
    });
}

#[test]
fn a_loop_that_pumps_when_it_is_asked_to_makes_every_call() {
    model(3, || {
        let (asked, tally) = (Flag::new(), Tally::default());
        let asks = asked.clone();
        let lane = Lane::new(1, 1, move |_| {
            asks.set();
            true
        });
        let posters = [0, 1].map(|_| {
            let (lane, calls) = (Arc::clone(&lane), tally.clone());
            thread::spawn(move || lane.post(calls.call()))
        });
        while tally.made() < 2 {
            asked.take();
            while lane.pump(Instant::now()) {}
        }
        posters.into_iter().for_each(|poster| poster.join().unwrap());
        assert_eq!(lane.close(never()), 0);
    });
}

#[test]
fn a_thread_that_lends_itself_keeps_nobody_waiting() {
    model(2, || {
        let (lane, tally, done) = (lane(2), Tally::default(), Flag::new());
        let inside = Arc::new(AtomicUsize::new(0));
        let (lender, own, calls) = (Arc::clone(&lane), Arc::clone(&inside), tally.clone());
        let lender = thread::spawn(move || {
            let Some(_loan) = lender.lend() else { return };
            assert_eq!(own.fetch_add(1, SeqCst), 0);
            assert!(lender.lend().is_none());
            // What comes of its own work waits for a worker.
            lender.post(calls.call());
            own.fetch_sub(1, SeqCst);
        });
        let (said, other) = (done.clone(), Arc::clone(&inside));
        lane.post(move || {
            assert_eq!(other.fetch_add(1, SeqCst), 0);
            other.fetch_sub(1, SeqCst);
            said.set();
        });
        done.take();
        lender.join().unwrap();
        assert_eq!(lane.close(never()), 0);
        assert_eq!(tally.made(), tally.gone());
        assert!(lane.lend().is_none());
    });
}
