//! Sessions whose pushers make the calls themselves.

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use common::*;
use remotemedia_core::{Fault, Flow, Graph, Lane, OnError, Runtime, Session, SessionConfig, Slot};

fn caller_runs(runtime: &Arc<Runtime>, graph: &Graph, on_error: OnError) -> Arc<Session> {
    Session::open(runtime, graph, SessionConfig { caller_runs: true, on_error, ..SessionConfig::default() }).unwrap()
}

/// A node that passes packets on, and the threads that it was called on since it was last looked at.
fn traced() -> (Arc<Slot>, Arc<Mutex<HashSet<ThreadId>>>) {
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let noted = Arc::clone(&threads);
    let slot = node(move |packet, context| {
        noted.lock().unwrap().insert(thread::current().id());
        pass(packet, context)
    });
    (slot, threads)
}

/// Has packets go through until one was there as soon as it had been pushed.
fn warm(session: &Arc<Session>) {
    for value in 0..1000 {
        session.push(number(value), soon()).unwrap();
        if session.pull(Some(Instant::now())).is_ok() {
            return;
        }
        session.pull(soon()).unwrap().unwrap();
    }
    panic!("the pusher never made the calls");
}

#[test]
fn the_pusher_makes_the_calls_once_they_are_known_to_be_quick() {
    let runtime = Runtime::new(2);
    let ((first, before), (second, after)) = (traced(), traced());
    let session = caller_runs(&runtime, &chain(&[("a", &first), ("b", &second)]), OnError::Raise);
    session.push(number(0), soon()).unwrap();
    session.pull(soon()).unwrap().unwrap();
    assert!(!before.lock().unwrap().contains(&thread::current().id()), "nobody knew yet what a call costs");
    let here = HashSet::from([thread::current().id()]);
    // On a busy machine a call may seem slow that is not.
    let comes_here = (0..1000).any(|value| {
        [&before, &after].iter().for_each(|threads| threads.lock().unwrap().clear());
        session.push(number(value), soon()).unwrap();
        session.pull(soon()).unwrap().unwrap();
        *before.lock().unwrap() == here && *after.lock().unwrap() == here
    });
    assert!(comes_here);
    session.end();
    assert!(session.pull(soon()).unwrap().is_none());
}

#[test]
fn without_the_word_it_does_not() {
    let runtime = Runtime::new(2);
    let (slot, threads) = traced();
    let session = open(&runtime, &chain(&[("a", &slot)]));
    for value in 0..200 {
        session.push(number(value), soon()).unwrap();
        session.pull(soon()).unwrap().unwrap();
    }
    assert!(!threads.lock().unwrap().contains(&thread::current().id()));
}

#[test]
fn a_node_that_turns_out_to_be_slow_is_left_to_workers() {
    let runtime = Runtime::new(2);
    let slow = Arc::new(AtomicBool::new(false));
    let (is_slow, (first, threads)) = (Arc::clone(&slow), traced());
    let second = node(move |packet, context| {
        if is_slow.load(Ordering::SeqCst) {
            pause(5);
        }
        pass(packet, context)
    });
    let session = caller_runs(&runtime, &chain(&[("a", &first), ("b", &second)]), OnError::Raise);
    warm(&session);
    slow.store(true, Ordering::SeqCst);
    session.push(number(1), soon()).unwrap();
    session.pull(soon()).unwrap().unwrap();
    threads.lock().unwrap().clear();
    for value in 0..5 {
        session.push(number(value), soon()).unwrap();
        session.pull(soon()).unwrap().unwrap();
    }
    assert!(!threads.lock().unwrap().contains(&thread::current().id()));
}

#[test]
fn a_failure_ends_the_session_and_does_not_reach_the_pusher() {
    let runtime = Runtime::new(2);
    let breaks = Arc::new(AtomicBool::new(false));
    let is_broken = Arc::clone(&breaks);
    let slot = node(
        move |packet, context| {
            if is_broken.load(Ordering::SeqCst) { Err(Fault::new("broken")) } else { pass(packet, context) }
        },
    );
    let session = caller_runs(&runtime, &chain(&[("a", &slot)]), OnError::Raise);
    warm(&session);
    breaks.store(true, Ordering::SeqCst);
    session.push(number(1), soon()).unwrap();
    assert!(session.pull(soon()).unwrap_err().message.contains("broken"));
    assert!(session.push(number(2), soon()).is_err());
}

#[test]
fn a_panic_stays_inside() {
    let runtime = Runtime::new(2);
    let breaks = Arc::new(AtomicBool::new(false));
    let is_broken = Arc::clone(&breaks);
    let slot = node(move |packet, context| {
        assert!(!is_broken.load(Ordering::SeqCst), "broken");
        pass(packet, context)
    });
    let session = caller_runs(&runtime, &chain(&[("a", &slot)]), OnError::Raise);
    warm(&session);
    breaks.store(true, Ordering::SeqCst);
    session.push(number(1), soon()).unwrap();
    assert!(session.pull(soon()).is_err());
}

#[test]
fn many_pushers_lose_nothing_and_never_meet_in_a_node() {
    const EACH: i64 = 2000;
    let runtime = Runtime::new(2);
    let (inside, met) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (entered, meets) = (Arc::clone(&inside), Arc::clone(&met));
    let slot = node(move |packet, context| {
        meets.fetch_add(entered.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
        let outcome = pass(packet, context);
        entered.fetch_sub(1, Ordering::SeqCst);
        outcome
    });
    let (after, _) = traced();
    let session = caller_runs(&runtime, &chain(&[("a", &slot), ("b", &after)]), OnError::Raise);
    let outputs = thread::scope(|scope| {
        let pushers: Vec<_> = (0..3)
            .map(|who| {
                let session = &session;
                scope.spawn(move || {
                    (0..EACH).for_each(|at| session.push(number(who * EACH + at), soon()).unwrap());
                })
            })
            .collect();
        let puller = scope.spawn(|| pull_all(&session));
        pushers.into_iter().for_each(|pusher| pusher.join().unwrap());
        session.end();
        puller.join().unwrap()
    });
    assert_eq!(met.load(Ordering::SeqCst), 0);
    for who in 0..3 {
        let own: Vec<i64> = outputs.iter().copied().filter(|value| value / EACH == who).collect();
        assert_eq!(own, (who * EACH..(who + 1) * EACH).collect::<Vec<_>>());
    }
}

#[test]
fn a_lane_waits_for_the_pusher_when_it_closes() {
    let runtime = Runtime::new(1);
    let lane = Lane::new(1, 2, |lane| {
        thread::spawn(move || lane.serve());
        true
    });
    let (slow, entered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (is_slow, enters) = (Arc::clone(&slow), Arc::clone(&entered));
    let slot = Slot::new(Scripted {
        process: Box::new(move |packet, context| {
            if is_slow.load(Ordering::SeqCst) {
                enters.fetch_add(1, Ordering::SeqCst);
                pause(200);
                enters.fetch_sub(1, Ordering::SeqCst);
            }
            pass(packet, context)
        }),
        lane: Some(Arc::clone(&lane)),
        ..Scripted::default()
    });
    let session = caller_runs(&runtime, &chain(&[("a", &slot)]), OnError::Raise);
    warm(&session);
    slow.store(true, Ordering::SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| session.push(number(1), soon()));
        assert!(comes_to(&entered, 1));
        assert_eq!(lane.close(Instant::now()), 1);
        assert_eq!(lane.close(soon().unwrap()), 0);
        assert_eq!(entered.load(Ordering::SeqCst), 0);
    });
    session.cancel();
    assert!(session.wait(soon()));
}

#[test]
fn a_node_that_pushes_into_such_a_session_does_not_run_it() {
    let runtime = Runtime::new(2);
    let (inner_slot, threads) = traced();
    let inner = caller_runs(&runtime, &chain(&[("a", &inner_slot)]), OnError::Raise);
    warm(&inner);
    let (pusher, outer_threads) = (Arc::clone(&inner), Arc::new(Mutex::new(HashSet::new())));
    let noted = Arc::clone(&outer_threads);
    let outer_slot = node(move |packet, context| {
        noted.lock().unwrap().insert(thread::current().id());
        pusher.push(number(value(&packet)), soon()).unwrap();
        context.emit(packet);
        Ok(Flow::Done)
    });
    threads.lock().unwrap().clear();
    let outer = open(&runtime, &chain(&[("a", &outer_slot)]));
    outer.push(number(7), soon()).unwrap();
    assert_eq!(value(&outer.pull(soon()).unwrap().unwrap()), 7);
    assert_eq!(value(&inner.pull(soon()).unwrap().unwrap()), 7);
}

#[test]
fn a_packet_that_is_an_output_at_once_wakes_whoever_waits() {
    let runtime = Runtime::new(2);
    let (slot, _) = traced();
    let session = caller_runs(&runtime, &chain(&[("a", &slot)]), OnError::Raise);
    warm(&session);
    session.remove("a", soon()).unwrap();
    let (gives, given) = mpsc::channel();
    let waits = Arc::clone(&session);
    thread::spawn(move || gives.send(waits.pull(None).unwrap().unwrap()));
    pause(50);
    session.push(number(5), soon()).unwrap();
    assert_eq!(value(&given.recv_timeout(Duration::from_secs(4)).unwrap()), 5);
}
