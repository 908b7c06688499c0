//! Sessions that share nodes: who gets a node when, and that all of them end.

mod common;

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use common::{Scripted, chain, node, number, open, open_counting, open_with, pass, pause, pull_all, soon, value};
use remotemedia_core::{Fault, Flow, OnError, Runtime, Session, Slot};

/// A node that answers every packet with `count` packets, one a call.
fn generator(count: i64) -> Arc<Slot> {
    let left = Arc::new(AtomicI64::new(0));
    let start = Arc::clone(&left);
    Slot::new(Scripted {
        process: Box::new(move |_, _| {
            start.store(count, Ordering::SeqCst);
            Ok(Flow::More)
        }),
        resume: Box::new(move |(), context| {
            if left.load(Ordering::SeqCst) == 0 {
                return Ok(Flow::Done);
            }
            pause(1);
            context.emit(number(left.fetch_sub(1, Ordering::SeqCst)));
            Ok(Flow::More)
        }),
        ..Scripted::default()
    })
}

/// A node that counts packets up, and never finishes with a 1: with 0 pushed, the second of a chain keeps the node.
fn endless_from_one() -> Arc<Slot> {
    Slot::new(Scripted {
        process: Box::new(|packet, context| {
            let value = value(&packet);
            context.emit(number(value + 1));
            if value == 1 { Ok(Flow::More) } else { Ok(Flow::Done) }
        }),
        resume: Box::new(|(), context| {
            context.emit(number(5));
            Ok(Flow::More)
        }),
        ..Scripted::default()
    })
}

/// A node whose call number `slow` (from 0) takes a while.
fn slow_at(slow: usize, milliseconds: u64) -> Arc<Slot> {
    let mut calls = 0..;
    node(move |packet, context| {
        if calls.next() == Some(slow) {
            pause(milliseconds);
        }
        pass(packet, context)
    })
}

fn assert_end(sessions: &[&Arc<Session>]) {
    for session in sessions {
        assert!(session.wait(soon()), "{session:?} never ends: {:?}", session.error());
    }
}

#[test]
fn a_node_that_failed_to_initialise_gets_no_packets_from_others() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (initialized, processed) = (Arc::clone(&calls), Arc::clone(&calls));
    let broken = Slot::new(Scripted {
        initialize: Box::new(move |(), _| {
            initialized.lock().unwrap().push("initialize");
            pause(200);
            Err(Fault::new("no device"))
        }),
        process: Box::new(move |packet, context| {
            processed.lock().unwrap().push("process");
            pass(packet, context)
        }),
        ..Scripted::default()
    });
    let (runtime, graph) = (Runtime::new(4), chain(&[("broken", &broken)]));
    let first = open(&runtime, &graph);
    pause(50);
    // The second comes while the node is being initialised for the first.
    let second = open(&runtime, &graph);
    let _ = second.push(number(1), soon());
    second.end();
    assert_end(&[&first, &second]);
    assert!(!calls.lock().unwrap().contains(&"process"), "{:?}", calls.lock().unwrap());
}

#[test]
fn a_free_node_reaches_whoever_still_wants_it() {
    let (runtime, shared) = (Runtime::new(4), slow_at(0, 300));
    let graph = chain(&[("shared", &shared)]);
    // Stays open and idle after its one packet.
    let inside = open(&runtime, &graph);
    inside.push(number(0), soon()).unwrap();
    pause(50);
    // Waits for the node, is cancelled, and waits again, for the cleanup.
    let cancelled = open(&runtime, &graph);
    pause(20);
    cancelled.cancel();
    pause(20);
    let waiting = open(&runtime, &graph);
    pause(20);
    waiting.push(number(7), soon()).unwrap();
    waiting.end();
    assert_eq!(pull_all(&waiting), [7], "the node is free, but nobody is told");
}

#[test]
fn a_session_that_fails_while_it_waits_for_a_node_ends() {
    let (runtime, shared, first) = (Runtime::new(4), slow_at(1, 400), node(pass));
    let fails = node(|_, _| {
        pause(150);
        Err(Fault::new("fails"))
    });
    let failing = open(&runtime, &chain(&[("shared", &shared), ("fails", &fails)]));
    let other = open(&runtime, &chain(&[("first", &first), ("shared", &shared)]));
    failing.push(number(0), soon()).unwrap();
    pause(30);
    // While `fails` is busy, the other session goes into the shared node, and the failing one comes to wait for it.
    other.push(number(0), soon()).unwrap();
    pause(30);
    failing.push(number(1), soon()).unwrap();
    assert_end(&[&failing]);
}

#[test]
fn a_holder_without_room_finishes_when_others_want_the_node() {
    let (runtime, shared) = (Runtime::new(4), generator(40));
    let graph = chain(&[("shared", &shared)]);
    let holder = open(&runtime, &graph);
    let other = open(&runtime, &graph);
    pause(50);
    holder.push(number(0), soon()).unwrap();
    // The holder's outputs fill up, since nobody pulls them.
    pause(100);
    other.push(number(0), soon()).unwrap();
    assert!(other.pull(soon()).is_ok(), "starves, though the holder could go on");
}

#[test]
fn a_session_let_go_while_it_waits_for_a_node_still_ends() {
    let (cleanups, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&cleanups);
    let slow = Slot::new(Scripted {
        process: Box::new(|packet, context| {
            pause(300);
            pass(packet, context)
        }),
        cleanup: Box::new(move |(), _| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    });
    let (runtime, graph) = (Runtime::new(4), chain(&[("slow", &slow)]));
    let inside = open(&runtime, &graph);
    inside.push(number(0), soon()).unwrap();
    pause(50);
    let waiting = open_counting(&runtime, &graph, &ends);
    pause(50);
    waiting.cancel();
    drop(waiting);
    inside.end();
    pull_all(&inside);
    assert_end(&[&inside]);
    pause(100);
    assert_eq!((cleanups.load(Ordering::SeqCst), ends.load(Ordering::SeqCst)), (1, 1), "cleanups, ends of the waiting");
}

#[test]
fn a_node_that_stands_twice_in_a_graph_does_not_stop_cancel() {
    let twice = endless_from_one();
    let graph = chain(&[("first", &twice), ("again", &twice)]);
    let session = open_with(&Runtime::new(4), &graph, 4, OnError::Raise);
    session.push(number(0), soon()).unwrap();
    pause(200);
    session.cancel();
    assert_end(&[&session]);
}

#[test]
fn a_node_that_stands_twice_in_a_graph_does_not_stop_a_failure() {
    let (twice, bad) = (generator(3), node(|_, _| Err(Fault::new("bad"))));
    let graph = chain(&[("first", &twice), ("again", &twice), ("bad", &bad)]);
    let session = open_with(&Runtime::new(4), &graph, 1, OnError::Raise);
    session.push(number(0), soon()).unwrap();
    session.end();
    assert_end(&[&session]);
}

#[test]
fn generators_shared_in_opposite_order_lose_nothing() {
    let runtime = Runtime::new(4);
    for round in 0..20 {
        let (x, y) = (generator(8), generator(8));
        let forth = open_with(&runtime, &chain(&[("x", &x), ("y", &y)]), 2, OnError::Raise);
        let back = open_with(&runtime, &chain(&[("y", &y), ("x", &x)]), 2, OnError::Raise);
        thread::scope(|scope| {
            for session in [&forth, &back] {
                scope.spawn(move || {
                    (0..2).for_each(|n| session.push(number(n), soon()).unwrap());
                    session.end();
                    assert_eq!(pull_all(session).len(), 2 * 8 * 8, "round {round}");
                    assert!(session.has_ended(), "round {round}");
                });
            }
        });
    }
}

#[test]
fn sessions_that_hold_what_the_others_must_clean_up_can_be_cancelled() {
    let (runtime, x, y) = (Runtime::new(4), endless_from_one(), endless_from_one());
    let holds_y = open_with(&runtime, &chain(&[("x", &x), ("y", &y)]), 2, OnError::Raise);
    holds_y.push(number(0), soon()).unwrap();
    pause(100);
    let holds_x = open_with(&runtime, &chain(&[("x", &x)]), 2, OnError::Raise);
    holds_x.push(number(1), soon()).unwrap();
    pause(100);
    let wants_both = open_with(&runtime, &chain(&[("y", &y), ("x", &x)]), 2, OnError::Raise);
    pause(50);
    let sessions = [&holds_y, &holds_x, &wants_both];
    sessions.iter().for_each(|session| session.cancel());
    assert_end(&sessions);
}

#[test]
fn sessions_over_the_same_nodes_in_opposite_order_can_be_cancelled() {
    let (runtime, x, y) = (Runtime::new(4), endless_from_one(), endless_from_one());
    let forth = open_with(&runtime, &chain(&[("x", &x), ("y", &y)]), 2, OnError::Raise);
    let back = open_with(&runtime, &chain(&[("y", &y), ("x", &x)]), 2, OnError::Raise);
    pause(100);
    // `forth` comes to keep y; `back` has y to pass and x to reach.
    forth.push(number(0), soon()).unwrap();
    back.push(number(-1), soon()).unwrap();
    pause(50);
    let sessions = [&forth, &back];
    sessions.iter().for_each(|session| session.cancel());
    assert_end(&sessions);
}

#[test]
fn a_cancelled_session_does_not_wait_for_a_call_of_another_one() {
    let (sender, completions) = std::sync::mpsc::channel();
    let shared = node(move |_, context| {
        sender.send(context.defer()).unwrap();
        Ok(Flow::Pending)
    });
    let (runtime, graph) = (Runtime::new(2), chain(&[("shared", &shared)]));
    let (pending, other) = (open(&runtime, &graph), open(&runtime, &graph));
    pending.push(number(1), soon()).unwrap();
    let completion = completions.recv().unwrap();
    other.push(number(2), soon()).unwrap();
    pause(20);
    other.cancel();
    assert_end(&[&other]);
    completion.complete(Some(number(1)), Ok(Flow::Done)).unwrap();
    pending.end();
    assert_eq!(pull_all(&pending), [1]);
    assert_end(&[&pending]);
}
