//! Changes of running sessions: nothing that was accepted is lost, and all stays in order.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use common::*;
use remotemedia_core::{Fault, Flow, Runtime, Slot};

/// Adds to each number, keeps the last one back until it is flushed, and notes what happens to it.
fn holder(add: i64, life: &Arc<Mutex<String>>) -> Arc<Slot> {
    let held = Arc::new(Mutex::new(None));
    let note = |letter: char| {
        let life = Arc::clone(life);
        move || life.lock().unwrap().push(letter)
    };
    let (began, flushed, ended) = (note('i'), note('f'), note('c'));
    let kept = Arc::clone(&held);
    Slot::new(Scripted {
        initialize: Box::new(move |(), _| {
            began();
            Ok(Flow::Done)
        }),
        process: Box::new(move |packet, context| {
            let before = kept.lock().unwrap().replace(value(&packet) + add);
            before.into_iter().for_each(|value| context.emit(number(value)));
            Ok(Flow::Done)
        }),
        flush: Box::new(move |(), context| {
            flushed();
            held.lock().unwrap().take().into_iter().for_each(|value| context.emit(number(value)));
            Ok(Flow::Done)
        }),
        cleanup: Box::new(move |(), _| {
            ended();
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    })
}

/// Pushes numbers on a thread of its own while `change` is made to the session in the middle of it.
fn amid(change: impl FnOnce(&Arc<remotemedia_core::Session>, &Arc<AtomicUsize>)) -> Vec<i64> {
    const COUNT: usize = 3000;
    let runtime = Runtime::new(2);
    let (a, b) = (node(pass), holder(0, &Arc::default()));
    let session = open(&runtime, &chain(&[("a", &a), ("b", &b)]));
    let pushed = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        let pusher = scope.spawn(|| {
            for value in 0..COUNT {
                session.push(number(value as i64), soon()).unwrap();
                pushed.fetch_add(1, Ordering::SeqCst);
            }
            session.end();
        });
        let puller = scope.spawn(|| pull_all(&session));
        change(&session, &pushed);
        pusher.join().unwrap();
        puller.join().unwrap()
    })
}

fn at_least(pushed: &AtomicUsize, count: usize) {
    while pushed.load(Ordering::SeqCst) < count {
        thread::yield_now();
    }
}

/// Each number came once and in order, with so much added to it from some point on and until another.
fn check(outputs: &[i64], add: i64) {
    let plain: Vec<i64> = outputs.iter().map(|value| value % 100_000).collect();
    assert_eq!(plain, (0..3000).collect::<Vec<_>>());
    let changed: Vec<bool> = outputs.iter().map(|value| *value >= 100_000).collect();
    assert!(changed.windows(2).filter(|pair| pair[0] != pair[1]).count() <= 2);
    assert!(outputs.iter().all(|value| value - value % 100_000 == add || *value < 100_000));
}

#[test]
fn a_node_joins_and_leaves_amid_the_stream() {
    let life = Arc::new(Mutex::new(String::new()));
    let joins = holder(100_000, &life);
    let outputs = amid(|session, pushed| {
        at_least(pushed, 500);
        session.insert("c", &joins, "a", "b", soon()).unwrap();
        at_least(pushed, 1500);
        session.remove("c", soon()).unwrap();
    });
    check(&outputs, 100_000);
    assert!(outputs.iter().filter(|value| **value >= 100_000).count() >= 500);
    assert_eq!(*life.lock().unwrap(), "ifc");
}

#[test]
fn a_node_takes_the_place_of_another() {
    let life = Arc::new(Mutex::new(String::new()));
    let replaces = holder(100_000, &life);
    let outputs = amid(|session, pushed| {
        at_least(pushed, 700);
        session.replace("b", &replaces, soon()).unwrap();
    });
    check(&outputs, 100_000);
    assert!(outputs.ends_with(&[102_999]));
    assert_eq!(*life.lock().unwrap(), "ifc");
}

#[test]
fn nodes_join_at_both_ends() {
    let (first, last) = (holder(100_000, &Arc::default()), holder(0, &Arc::default()));
    let outputs = amid(|session, pushed| {
        at_least(pushed, 100);
        session.insert("first", &first, "", "a", soon()).unwrap();
        session.insert("last", &last, "b", "", soon()).unwrap();
        at_least(pushed, 2000);
        session.remove("first", soon()).unwrap();
        session.remove("last", soon()).unwrap();
    });
    check(&outputs, 100_000);
}

#[test]
fn a_node_that_cannot_start_leaves_the_session_as_it_was() {
    let broken =
        Slot::new(Scripted { initialize: Box::new(|(), _| Err(Fault::new("no model"))), ..Scripted::default() });
    let outputs = amid(|session, pushed| {
        at_least(pushed, 500);
        let refusal = session.insert("c", &broken, "a", "b", soon()).unwrap_err();
        assert!(refusal.message.contains("no model"), "{refusal}");
        assert!(session.replace("b", &broken, soon()).unwrap_err().message.contains("no model"));
    });
    check(&outputs, 0);
}

#[test]
fn changes_that_cannot_be_are_refused() {
    let outputs = amid(|session, _| {
        let other = node(pass);
        let refusals = [
            session.insert("a", &other, "a", "b", soon()),
            session.insert("c", &other, "b", "a", soon()),
            session.remove("x", soon()),
            session.replace("x", &other, soon()),
        ];
        let messages: Vec<String> = refusals.map(|refusal| refusal.unwrap_err().message).into();
        for (message, words) in messages.iter().zip(["Duplicate", "no edge from 'b'", "no node 'x'", "no node 'x'"]) {
            assert!(message.contains(words), "{message}");
        }
    });
    check(&outputs, 0);
    let session = open(&Runtime::new(1), &chain(&[("a", &node(pass))]));
    session.end();
    assert!(session.wait(soon()));
    assert!(session.insert("b", &node(pass), "a", "", soon()).unwrap_err().message.contains("has ended"));
}

#[test]
fn a_cancel_ends_a_change() {
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let slow = Slot::new(Scripted {
        initialize: Box::new(move |(), _| {
            told.recv().unwrap();
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    });
    let session = open(&Runtime::new(2), &chain(&[("a", &node(pass))]));
    thread::scope(|scope| {
        let change = scope.spawn(|| session.insert("b", &slow, "a", "", soon()));
        pause(20);
        session.cancel();
        tell.send(()).unwrap();
        assert!(change.join().unwrap().unwrap_err().message.contains("cancelled"));
    });
    assert!(session.wait(soon()));
}

#[test]
fn a_flush_amid_the_stream_brings_out_what_is_held_back() {
    let (a, b) = (holder(0, &Arc::default()), holder(0, &Arc::default()));
    let session = open(&Runtime::new(2), &chain(&[("a", &a), ("b", &b)]));
    let pull = || session.pull(soon()).unwrap().map(|packet| value(&packet));
    session.push(number(1), soon()).unwrap();
    assert!(session.pull(Some(std::time::Instant::now())).is_err());
    session.flush(soon()).unwrap();
    assert_eq!(pull(), Some(1));
    (2..5).for_each(|value| session.push(number(value), soon()).unwrap());
    session.flush(soon()).unwrap();
    session.push(number(5), soon()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [2, 3, 4, 5]);
}
