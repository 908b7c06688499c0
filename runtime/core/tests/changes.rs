//! Changes of running sessions: nothing that was accepted is lost, and all stays in order.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use remotemedia_core::{ErrorKind, Fault, Flow, NodeOptions, Runtime, Slot};

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

/// Pushes numbers on a thread of its own while `change` is made to the session in the middle of it: the last of them come
/// after it.
fn amid(change: impl FnOnce(&Arc<remotemedia_core::Session>, &Arc<AtomicUsize>)) -> Vec<i64> {
    const COUNT: usize = 3000;
    let runtime = Runtime::new(2);
    let (a, b) = (node(pass), holder(0, &Arc::default()));
    let session = open(&runtime, &chain(&[("a", &a), ("b", &b)]));
    let pushed = Arc::new(AtomicUsize::new(0));
    let (changing, changed) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let (session, pushed) = (&session, &pushed);
        let pusher = scope.spawn(move || {
            for value in 0..COUNT {
                if value == COUNT - 100 {
                    // Ends with the sender, also when the change fails.
                    changed.recv().unwrap_err();
                }
                session.push(number(value as i64), soon()).unwrap();
                pushed.fetch_add(1, Ordering::SeqCst);
            }
            session.end();
        });
        let puller = scope.spawn(|| pull_all(session));
        change(session, pushed);
        drop(changing);
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

/// Enough for a session to start, not for what waits to be told.
fn shortly() -> Option<Instant> {
    Some(Instant::now() + Duration::from_millis(60))
}

/// A node that waits in one of its calls until it is told, and counts its cleanups.
fn waiting_in(call: &str) -> (Arc<Slot>, mpsc::Sender<()>, Arc<AtomicUsize>) {
    let (tell, told) = mpsc::channel::<()>();
    let (cleanups, cleaned) = counter();
    let mut wait = Some(move || {
        let _ = told.recv_timeout(Duration::from_secs(8));
    });
    let mut scripted = Scripted::default();
    match call {
        "initialize" => {
            scripted.initialize = Box::new(move |(), _| {
                wait.take().into_iter().for_each(|wait| wait());
                Ok(Flow::Done)
            });
        }
        "process" => {
            scripted.process = Box::new(move |packet, context| {
                wait.take().into_iter().for_each(|wait| wait());
                pass(packet, context)
            });
        }
        "flush" => {
            scripted.flush = Box::new(move |(), _| {
                wait.take().into_iter().for_each(|wait| wait());
                Ok(Flow::Done)
            });
        }
        _ => {
            scripted.cleanup = Box::new(move |(), _| {
                wait.take().into_iter().for_each(|wait| wait());
                cleaned();
                Ok(Flow::Done)
            });
            return (Slot::new(scripted), tell, cleanups);
        }
    }
    scripted.cleanup = Box::new(move |(), _| {
        cleaned();
        Ok(Flow::Done)
    });
    (Slot::new(scripted), tell, cleanups)
}

#[test]
fn a_node_that_fails_to_join_after_the_end_spoils_nothing() {
    let (tell, told) = mpsc::channel::<()>();
    let broken = Slot::new(Scripted {
        initialize: Box::new(move |(), _| {
            told.recv().unwrap();
            Err(Fault::new("no model"))
        }),
        ..Scripted::default()
    });
    let session = open(&Runtime::new(2), &chain(&[("a", &node(pass))]));
    assert!(session.insert("b", &broken, "a", "", shortly()).is_err());
    pause(20);
    session.end();
    pause(20);
    tell.send(()).unwrap();
    assert!(session.wait(soon()));
    assert!(session.error().is_none(), "{:?}", session.error());
}

#[test]
fn a_session_ends_without_a_node_that_never_gets_ready_to_join() {
    let (sender, completions) = mpsc::channel();
    let pending = Slot::new(Scripted {
        initialize: Box::new(move |(), context| {
            sender.send(context.defer()).unwrap();
            Ok(Flow::Pending)
        }),
        ..Scripted::default()
    });
    for fails in [false, true] {
        let first = node(move |packet, context| if fails { Err(Fault::new("fails")) } else { pass(packet, context) });
        let session = open(&Runtime::new(2), &chain(&[("a", &first)]));
        assert!(session.insert("b", &pending, "a", "", shortly()).is_err());
        let completion = completions.recv_timeout(Duration::from_secs(4)).unwrap();
        session.push(number(1), soon()).unwrap();
        session.end();
        assert_eq!(pull_all(&session).len(), usize::from(!fails));
        assert!(session.wait(soon()));
        assert!(completion.complete(None, Ok(Flow::Done)).is_err());
    }
}

#[test]
fn a_node_that_was_to_join_gets_ready_for_others_though_the_stream_has_ended() {
    let (sender, completions) = mpsc::channel();
    let (cleanups, cleaned) = counter();
    let shared = Slot::new(Scripted {
        initialize: Box::new(move |(), context| {
            sender.send(context.defer()).unwrap();
            Ok(Flow::Pending)
        }),
        cleanup: Box::new(move |(), _| {
            cleaned();
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    });
    let runtime = Runtime::new(2);
    let changed = open(&runtime, &chain(&[("a", &node(pass))]));
    assert!(changed.insert("b", &shared, "a", "", shortly()).is_err());
    let completion = completions.recv_timeout(Duration::from_secs(4)).unwrap();
    let other = open(&runtime, &chain(&[("b", &shared)]));
    changed.end();
    pause(20);
    assert!(!changed.has_ended(), "it has begun what the other one waits for");
    completion.complete(None, Ok(Flow::Done)).unwrap();
    assert!(changed.wait(soon()));
    assert_eq!(cleanups.load(Ordering::SeqCst), 0, "the other one has it");
    other.push(number(1), soon()).unwrap();
    other.end();
    pull_all(&other);
    assert!(other.wait(soon()));
    assert!(other.error().is_none(), "{:?}", other.error());
    assert_eq!(cleanups.load(Ordering::SeqCst), 1);
}

#[test]
fn a_cleanup_that_is_late_takes_the_turn_of_no_other() {
    let (a, tell_a, cleanups_a) = waiting_in("cleanup");
    let (b, tell_b, cleanups_b) = waiting_in("cleanup");
    let (c, tell_c, cleanups_c) = waiting_in("cleanup");
    let session = open(&Runtime::new(3), &chain(&[("a", &a), ("b", &b), ("c", &c)]));
    assert!(session.remove("b", shortly()).is_err());
    pause(30);
    session.end();
    // The first node is in its cleanup when the one that has left comes out of its own.
    pause(30);
    tell_b.send(()).unwrap();
    pause(30);
    tell_a.send(()).unwrap();
    pause(30);
    assert!(!session.has_ended(), "the last node is in its cleanup");
    tell_c.send(()).unwrap();
    assert!(session.wait(soon()));
    let counts = [cleanups_a, cleanups_b, cleanups_c].map(|count| count.load(Ordering::SeqCst));
    assert_eq!(counts, [1, 1, 1]);
}

#[test]
fn a_cancel_does_not_clean_up_again_what_is_leaving() {
    let (cleanups, cleaned) = counter();
    let (sender, completions) = mpsc::channel();
    let leaves = Slot::new(Scripted {
        cleanup: Box::new(move |(), context| {
            cleaned();
            sender.send(context.defer()).unwrap();
            Ok(Flow::Pending)
        }),
        ..Scripted::default()
    });
    let session = open(&Runtime::new(2), &chain(&[("a", &node(pass)), ("b", &leaves)]));
    assert!(session.remove("b", shortly()).is_err());
    let completion = completions.recv_timeout(Duration::from_secs(4)).unwrap();
    pause(20);
    session.cancel();
    pause(20);
    completion.complete(None, Ok(Flow::Done)).unwrap();
    assert!(session.wait(soon()));
    assert_eq!(cleanups.load(Ordering::SeqCst), 1);
}

#[test]
fn a_removal_does_not_wait_for_a_cleanup_that_misses_its_deadline() {
    let (leaves, tell, cleanups) = waiting_in("cleanup");
    let mut graph = chain(&[("a", &node(pass)), ("b", &leaves)]);
    graph.configure("b", NodeOptions { deadline_ms: Some(20.0), ..NodeOptions::default() }).unwrap();
    let session = open(&Runtime::new(2), &graph);
    session.remove("b", soon()).unwrap();
    session.push(number(1), soon()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [1]);
    tell.send(()).unwrap();
    assert!(comes_to(&cleanups, 1));
}

#[test]
fn a_node_joins_where_its_neighbour_has_left_meanwhile() {
    let (joins, tell, _) = waiting_in("initialize");
    let session = open(&Runtime::new(2), &chain(&[("a", &node(pass)), ("b", &node(pass))]));
    assert!(session.insert("c", &joins, "a", "b", shortly()).is_err());
    session.remove("a", soon()).unwrap();
    tell.send(()).unwrap();
    // Once the node has joined it can leave again, and not before.
    let late = soon();
    while session.metrics().edges.iter().all(|edge| edge.to != "c") && Some(Instant::now()) < late {
        pause(1);
    }
    session.push(number(1), soon()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [1]);
    let metrics = session.metrics();
    let executions = metrics.nodes.iter().find(|node| node.node == "c").map(|node| node.executions.count());
    assert_eq!(executions, Some(1));
}

#[test]
fn packets_of_edges_that_are_no_more_are_not_counted_for_ever() {
    let (waits, tell, _) = waiting_in("process");
    let session = open(&Runtime::new(2), &chain(&[("a", &node(pass)), ("b", &waits), ("c", &node(pass))]));
    session.push(number(0), soon()).unwrap();
    pause(20);
    assert!(session.remove("b", shortly()).is_err());
    // They come by an edge that the next removal takes away, and after the node was told to leave.
    (1..4).for_each(|value| session.push(number(value), soon()).unwrap());
    pause(20);
    session.remove("a", soon()).unwrap();
    tell.send(()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [0, 1, 2, 3]);
    let report = session.report();
    let queued: Vec<_> = report["edges"].as_array().unwrap().iter().map(|edge| edge["queued"].as_u64()).collect();
    assert!(queued.iter().all(|count| *count == Some(0)), "{queued:?}");
}

#[test]
fn a_node_does_not_join_before_one_that_gives_its_last() {
    let (last, tell, _) = waiting_in("flush");
    let session = open(&Runtime::new(2), &chain(&[("a", &last)]));
    session.end();
    pause(30);
    let refusal = session.insert("b", &node(pass), "", "a", soon()).unwrap_err();
    assert!(refusal.message.contains("has ended"), "{refusal}");
    tell.send(()).unwrap();
    assert!(session.wait(soon()));
}

#[test]
fn a_session_whose_last_node_has_left_passes_packets_on() {
    let session = open(&Runtime::new(2), &chain(&[("a", &node(pass))]));
    session.remove("a", soon()).unwrap();
    (0..2).for_each(|value| session.push(number(value), soon()).unwrap());
    let adds = holder(100, &Arc::default());
    session.insert("b", &adds, "", "", soon()).unwrap();
    session.push(number(2), soon()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [0, 1, 102]);
    assert!(session.wait(soon()));
}

#[test]
fn a_change_is_not_made_again_with_the_next_one_of_the_same_node() {
    let runtime = Runtime::new(2);
    for _ in 0..50 {
        let (replaces, session) = (node(pass), open(&runtime, &chain(&[("a", &node(pass)), ("b", &node(pass))])));
        session.push(number(0), soon()).unwrap();
        thread::scope(|scope| {
            let replacing = scope.spawn(|| session.replace("a", &replaces, soon()));
            // Most likely before the other caller has heard that its change has come about.
            while session.metrics().nodes.len() < 3 {
                thread::yield_now();
            }
            while let Err(refusal) = session.replace("a", &node(pass), soon()) {
                assert!(refusal.message.contains("is being changed"), "{refusal}");
            }
            replacing.join().unwrap().unwrap();
        });
        session.push(number(1), soon()).unwrap();
        session.end();
        assert_eq!(pull_all(&session), [0, 1], "{:?}", session.error());
    }
}

#[test]
fn a_session_that_is_not_ready_in_time_stays_as_it_is() {
    let (slow, tell, _) = waiting_in("initialize");
    let session = open(&Runtime::new(2), &chain(&[("slow", &slow)]));
    let refused = session.insert("b", &node(pass), "slow", "", shortly()).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::State);
    tell.send(()).unwrap();
    assert!(session.ready(soon()).is_ok());
    assert!(session.insert("b", &node(pass), "slow", "", soon()).is_ok(), "no other 'b' has joined meanwhile");
}
