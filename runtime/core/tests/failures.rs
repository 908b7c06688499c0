//! Failures: attempts, deadlines, strategies of single nodes, and sessions in which nothing moves.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use common::*;
use remotemedia_core::{
    Completion, Context, Data, ErrorKind, Event, Fault, Flow, Graph, Lane, Listener, NodeOptions, OnError, Outcome,
    Policy, Runtime, Session, SessionConfig, Slot,
};

fn with(graph: &mut Graph, id: &str, options: NodeOptions) {
    graph.configure(id, options).unwrap();
}

/// Fails so often at each number before it passes it on.
fn unsteady(failures: usize, tries: &Arc<AtomicUsize>) -> Arc<Slot> {
    let (tries, mut left) = (Arc::clone(tries), failures);
    node(move |packet, context| {
        tries.fetch_add(1, Ordering::SeqCst);
        if left > 0 {
            left -= 1;
            context.emit(number(-1)); // what a call that fails has emitted does not count
            return Err(Fault::new("not yet"));
        }
        left = failures;
        pass(packet, context)
    })
}

fn retried(failures: usize, retries: u32) -> (Vec<i64>, usize, Arc<Session>) {
    let tries = Arc::default();
    let mut graph = chain(&[("unsteady", &unsteady(failures, &tries))]);
    let options = NodeOptions { retries: Some(retries), retry_delay_ms: Some(1.0), ..NodeOptions::default() };
    with(&mut graph, "unsteady", options);
    let session = open(&Runtime::new(2), &graph);
    (0..5).for_each(|value| drop(session.push(number(value), soon())));
    session.end();
    let outputs = pull_all(&session);
    assert!(session.wait(soon()));
    (outputs, tries.load(Ordering::SeqCst), session)
}

#[test]
fn a_packet_is_tried_again_before_it_has_failed() {
    let (outputs, tries, session) = retried(2, 2);
    assert_eq!((outputs, tries), (vec![0, 1, 2, 3, 4], 15));
    assert_eq!(session.metrics().nodes[0].retries, 10);
    let (outputs, tries, session) = retried(3, 2);
    assert_eq!((outputs, tries), (vec![], 3));
    assert_eq!(session.error().unwrap().index, 0);
}

#[test]
fn attempts_wait_longer_each_time() {
    let tries = Arc::default();
    let mut graph = chain(&[("unsteady", &unsteady(3, &tries))]);
    let options = NodeOptions { retries: Some(3), retry_delay_ms: Some(10.0), ..NodeOptions::default() };
    with(&mut graph, "unsteady", options);
    let session = open(&Runtime::new(2), &graph);
    let start = Instant::now();
    session.push(number(1), soon()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [1]);
    assert!(start.elapsed() >= Duration::from_millis(10 + 20 + 40));
}

#[test]
fn a_pending_packet_is_tried_again_too() {
    let mut failed = false;
    let pending = node(move |packet, context| {
        let completion = context.defer();
        let outcome = if std::mem::replace(&mut failed, true) { Ok(Flow::Done) } else { Err(Fault::new("later")) };
        let packet = outcome.is_ok().then_some(packet);
        std::thread::spawn(move || completion.complete(packet, outcome));
        Ok(Flow::Pending)
    });
    let mut graph = chain(&[("pending", &pending)]);
    with(&mut graph, "pending", NodeOptions { retries: Some(1), ..NodeOptions::default() });
    let session = open(&Runtime::new(2), &graph);
    session.push(number(7), soon()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [7]);
}

#[test]
fn each_node_may_have_a_strategy_of_its_own() {
    let fails_at = |bad: i64| {
        node(move |packet, context| match value(&packet) {
            value if value == bad => Err(Fault::new("no")),
            _ => pass(packet, context),
        })
    };
    let mut graph = chain(&[("skips", &fails_at(1)), ("collects", &fails_at(2)), ("raises", &fails_at(4))]);
    with(&mut graph, "skips", NodeOptions { on_error: Some(OnError::Skip), ..NodeOptions::default() });
    with(&mut graph, "collects", NodeOptions { on_error: Some(OnError::Collect), ..NodeOptions::default() });
    let session = open(&Runtime::new(2), &graph);
    (0..6).for_each(|value| drop(session.push(number(value), soon())));
    session.end();
    let mut seen = Vec::new();
    while let Ok(Some(packet)) = session.pull(soon()) {
        seen.push(match &packet.data {
            Data::Failure(error) => format!("{} failed", error.node),
            _ => value(&packet).to_string(),
        });
    }
    assert_eq!(seen, ["0", "collects failed", "3"]);
    assert_eq!(session.error().unwrap().node, "raises");
}

const DEADLINE: NodeOptions =
    NodeOptions { deadline_ms: Some(20.0), on_error: None, retries: None, retry_delay_ms: None };

#[test]
fn a_call_that_does_not_return_ends_the_session_all_the_same() {
    let (tell, told) = mpsc::channel::<()>();
    let told = Mutex::new(told);
    let cleaned = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&cleaned);
    let stuck = Slot::new(Scripted {
        process: Box::new(move |packet, context| {
            if value(&packet) == 1 {
                told.lock().unwrap().recv().unwrap();
            }
            pass(packet, context)
        }),
        cleanup: Box::new(move |(), _| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    });
    let mut graph = chain(&[("stuck", &stuck)]);
    with(&mut graph, "stuck", DEADLINE);
    let (runtime, ends) = (Runtime::new(2), Arc::new(AtomicUsize::new(0)));
    let session = open_counting(&runtime, &graph, &ends);
    (0..3).for_each(|value| drop(session.push(number(value), soon())));
    assert_eq!(pull_all(&session), [0]);
    assert!(session.wait(soon()));
    let error = session.error().unwrap();
    assert_eq!((error.kind, error.node.as_str(), error.index), (ErrorKind::Deadline, "stuck", 1));
    assert_eq!(cleaned.load(Ordering::SeqCst), 0);
    tell.send(()).unwrap();
    let late = Instant::now() + Duration::from_secs(4);
    while cleaned.load(Ordering::SeqCst) == 0 && Instant::now() < late {
        pause(1);
    }
    assert_eq!(cleaned.load(Ordering::SeqCst), 1);
    assert_eq!(ends.load(Ordering::SeqCst), 1);
    // The node is as good as new: nobody else has to know.
    let again = open(&runtime, &chain(&[("stuck", &stuck)]));
    again.push(number(5), soon()).unwrap();
    again.end();
    assert_eq!(pull_all(&again), [5]);
}

#[test]
fn a_completion_that_does_not_come_is_not_waited_for() {
    let kept: Arc<Mutex<Vec<Completion>>> = Arc::default();
    let keeps = Arc::clone(&kept);
    let pending = node(move |packet, context| {
        if value(&packet) == 1 {
            keeps.lock().unwrap().push(context.defer());
            return Ok(Flow::Pending);
        }
        pass(packet, context)
    });
    let mut graph = chain(&[("pending", &pending)]);
    with(&mut graph, "pending", NodeOptions { on_error: Some(OnError::Skip), ..DEADLINE });
    let session = open(&Runtime::new(2), &graph);
    (0..3).for_each(|value| session.push(number(value), soon()).unwrap());
    session.end();
    assert_eq!(pull_all(&session), [0, 2]);
    let late = kept.lock().unwrap().remove(0).complete(None, Ok(Flow::Done));
    assert!(late.is_err());
}

#[test]
fn a_session_in_which_nothing_moves_says_where_it_stands() {
    let (told, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&told);
    let call = Arc::new(move |event| {
        count.fetch_add(usize::from(event == Event::Stalled), Ordering::SeqCst);
    });
    let processed = Arc::clone(&seen);
    let first = node(move |packet, context| {
        processed.fetch_add(1, Ordering::SeqCst);
        pass(packet, context)
    });
    let config = SessionConfig {
        stall: Some(Duration::from_millis(30)),
        capacity: 1,
        listener: Some(Listener { lane: None, call }),
        ..SessionConfig::default()
    };
    let session = Session::open(&Runtime::new(2), &chain(&[("first", &first)]), config).unwrap();
    pause(100);
    assert_eq!(told.load(Ordering::SeqCst), 0, "without work nothing has to move");
    (0..2).for_each(|value| session.push(number(value), soon()).unwrap());
    let late = Instant::now() + Duration::from_secs(4);
    while told.load(Ordering::SeqCst) == 0 && Instant::now() < late {
        pause(5);
    }
    pause(100);
    assert_eq!(told.load(Ordering::SeqCst), 1, "told once");
    let warning = session.metrics().warnings.remove(0);
    assert!(warning.contains("the edge from 'first' to '(output)' is full"), "{warning}");
    let report = session.report();
    assert_eq!(report["phase"], "running");
    assert!(report["edges"].as_array().unwrap().iter().any(|edge| edge["full"] == true));
    session.end();
    assert_eq!(pull_all(&session), [0, 1]);
}

#[test]
fn a_packet_that_is_dropped_takes_its_attempts_with_it() {
    let mut last = -1;
    let unsteady = node(move |packet, context| {
        if std::mem::replace(&mut last, value(&packet)) != value(&packet) {
            return Err(Fault::new("not yet"));
        }
        pass(packet, context)
    });
    let mut graph = chain(&[("unsteady", &unsteady)]);
    let options = NodeOptions { retries: Some(1), retry_delay_ms: Some(150.0), ..NodeOptions::default() };
    with(&mut graph, "unsteady", options);
    let config = SessionConfig { policy: Policy::Latest, ..SessionConfig::default() };
    let session = Session::open(&Runtime::new(2), &graph, config).unwrap();
    session.push(number(0), soon()).unwrap();
    pause(40); // it has failed, and waits
    session.push(number(1), soon()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [1]);
    assert!(session.error().is_none(), "{:?}", session.error());
}

#[test]
fn what_has_moved_on_before_a_pending_call_fails_is_not_made_again() {
    let tries = Arc::new(AtomicUsize::new(0));
    let tried = Arc::clone(&tries);
    let pending = node(move |packet, context| {
        tried.fetch_add(1, Ordering::SeqCst);
        context.emit(packet);
        let completion = context.defer();
        std::thread::spawn(move || completion.complete(None, Err(Fault::new("later"))));
        Ok(Flow::Pending)
    });
    let mut graph = chain(&[("pending", &pending)]);
    with(&mut graph, "pending", NodeOptions { retries: Some(2), retry_delay_ms: Some(0.0), ..NodeOptions::default() });
    let session = open(&Runtime::new(2), &graph);
    session.push(number(7), soon()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [7]);
    assert_eq!((tries.load(Ordering::SeqCst), session.error().is_some()), (1, true));
}

/// A node whose first call at 1 waits until it is told and then answers with `end`; it counts its cleanups.
fn stuck(end: impl Fn(&mut Context<'_>) -> Outcome + Send + 'static) -> (Scripted, mpsc::Sender<()>, Arc<AtomicUsize>) {
    let (tell, told) = mpsc::channel::<()>();
    let (cleanups, cleaned) = counter();
    let mut waits = true;
    let scripted = Scripted {
        process: Box::new(move |packet, context| {
            if value(&packet) == 1 && std::mem::take(&mut waits) {
                let _ = told.recv_timeout(Duration::from_secs(8));
                return end(context);
            }
            context.emit(number(value(&packet) + 1));
            Ok(Flow::Done)
        }),
        cleanup: Box::new(move |(), _| {
            cleaned();
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    };
    (scripted, tell, cleanups)
}

#[test]
fn a_call_that_was_left_behind_and_then_answers_that_it_is_pending_is_cleaned_up_after() {
    let kept: Arc<Mutex<Vec<Completion>>> = Arc::default();
    let keeps = Arc::clone(&kept);
    let (stuck, tell, cleanups) = stuck(move |context| {
        keeps.lock().unwrap().push(context.defer());
        Ok(Flow::Pending)
    });
    let mut graph = chain(&[("stuck", &Slot::new(stuck))]);
    with(&mut graph, "stuck", DEADLINE);
    let session = open(&Runtime::new(2), &graph);
    session.push(number(1), soon()).unwrap();
    assert!(session.wait(soon()));
    drop(session);
    tell.send(()).unwrap();
    assert!(comes_to(&cleanups, 1));
    assert!(kept.lock().unwrap().remove(0).complete(None, Ok(Flow::Done)).is_err());
}

#[test]
fn a_node_that_stands_twice_and_is_left_behind_is_cleaned_up_once() {
    let (stuck, tell, cleanups) = stuck(|_| Ok(Flow::Done));
    let stuck = Slot::new(stuck);
    let mut graph = chain(&[("first", &stuck), ("again", &stuck)]);
    with(&mut graph, "again", DEADLINE);
    let runtime = Runtime::new(2);
    let session = open(&runtime, &graph);
    session.push(number(0), soon()).unwrap();
    assert!(session.wait(soon()), "waits for a call that it has left behind");
    tell.send(()).unwrap();
    assert!(comes_to(&cleanups, 1));
    // Nobody has let go of it twice.
    for round in 2..4 {
        let session = open(&runtime, &chain(&[("stuck", &stuck)]));
        session.push(number(5), soon()).unwrap();
        session.end();
        assert_eq!(pull_all(&session), [6]);
        assert!(comes_to(&cleanups, round));
    }
}

#[test]
fn a_shared_node_that_was_left_behind_is_cleaned_up_after_its_last_session() {
    for _ in 0..5 {
        let (stuck, tell, cleanups) = stuck(|_| Ok(Flow::Done));
        let stuck = Slot::new(stuck);
        let mut graph = chain(&[("stuck", &stuck)]);
        let runtime = Runtime::new(2);
        let other = open(&runtime, &graph);
        with(&mut graph, "stuck", DEADLINE);
        let session = open(&runtime, &graph);
        session.push(number(1), soon()).unwrap();
        assert!(session.wait(soon()));
        drop(session);
        (2..30).for_each(|value| drop(other.push(number(value), Some(Instant::now()))));
        other.end();
        tell.send(()).unwrap();
        assert!(!pull_all(&other).is_empty());
        assert!(other.wait(soon()));
        drop(other);
        assert!(comes_to(&cleanups, 1));
    }
}

#[test]
fn a_worker_that_returns_to_a_lane_which_was_closed_still_cleans_up() {
    let (mut stuck, tell, cleanups) = stuck(|_| Ok(Flow::Done));
    let lane = Lane::new(1, 4, |lane| std::thread::Builder::new().spawn(move || lane.serve()).is_ok());
    stuck.lane = Some(Arc::clone(&lane));
    let mut graph = chain(&[("stuck", &Slot::new(stuck))]);
    with(&mut graph, "stuck", DEADLINE);
    let runtime = Runtime::new(2);
    runtime.adopt(&lane);
    let session = open(&runtime, &graph);
    session.push(number(1), soon()).unwrap();
    assert!(session.wait(soon()));
    let closing = std::thread::spawn(move || runtime.shutdown(soon().unwrap()));
    pause(30);
    tell.send(()).unwrap();
    assert_eq!(closing.join().unwrap(), 0);
    assert!(comes_to(&cleanups, 1));
}

#[test]
fn a_node_that_was_left_behind_is_free_when_its_cleanup_is_complete() {
    let (sender, completions) = mpsc::channel::<Completion>();
    let (mut stuck, tell, _) = stuck(|_| Ok(Flow::Done));
    let mut defers = true;
    stuck.cleanup = Box::new(move |(), context| {
        if std::mem::take(&mut defers) {
            sender.send(context.defer()).unwrap();
            return Ok(Flow::Pending);
        }
        Ok(Flow::Done)
    });
    let stuck = Slot::new(stuck);
    let mut graph = chain(&[("stuck", &stuck)]);
    let runtime = Runtime::new(2);
    with(&mut graph, "stuck", DEADLINE);
    let session = open(&runtime, &graph);
    session.push(number(1), soon()).unwrap();
    assert!(session.wait(soon()));
    drop(session);
    tell.send(()).unwrap();
    let completion = completions.recv_timeout(Duration::from_secs(4)).unwrap();
    let next = open(&runtime, &chain(&[("stuck", &stuck)]));
    next.push(number(5), soon()).unwrap();
    assert!(next.pull(Some(Instant::now() + Duration::from_millis(30))).is_err(), "it is still being cleaned up");
    completion.complete(None, Ok(Flow::Done)).unwrap();
    next.end();
    assert_eq!(pull_all(&next), [6]);
}
