//! How sessions end: failures, late completions, cancellation, and sessions that are let go.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use common::{Scripted, chain, node, number, open, open_counting, open_with, pass, pause, pull_all, soon, value};
use remotemedia_core::{
    Completion, Context, Data, Fault, Flow, Host, HostObject, Kinds, OnError, Outcome, Packet, Runtime, Session,
    SessionConfig, Slot,
};

#[test]
fn an_unused_completion_does_not_settle_a_later_call() {
    let (later, calls) = mpsc::channel::<(Completion, Packet)>();
    // Both packets come in one batch: the completion of the first is still known when the second defers.
    let pair = node(|_, context| {
        (0..2).for_each(|n| context.emit(number(n)));
        Ok(Flow::Done)
    });
    let fails_first = node(move |packet, context| {
        if value(&packet) == 0 {
            drop(context.defer());
            return Err(Fault::new("could not start"));
        }
        later.send((context.defer(), packet)).unwrap();
        Ok(Flow::Pending)
    });
    thread::spawn(move || {
        for (completion, packet) in calls {
            pause(50);
            let _ = completion.complete(Some(packet), Ok(Flow::Done));
        }
    });
    let graph = chain(&[("pair", &pair), ("fails_first", &fails_first)]);
    let session = open_with(&Runtime::new(2), &graph, 16, OnError::Skip);
    session.push(number(9), soon()).unwrap();
    session.end();
    assert_eq!(pull_all(&session), [1]);
}

#[test]
fn a_session_let_go_while_its_cleanup_is_pending_still_ends() {
    let (sender, completions) = mpsc::channel::<Completion>();
    let (cleanups, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let pending = Slot::new(Scripted {
        cleanup: Box::new(move |(), context| {
            sender.send(context.defer()).unwrap();
            Ok(Flow::Pending)
        }),
        ..Scripted::default()
    });
    let counted = Arc::clone(&cleanups);
    let after = Slot::new(Scripted {
        cleanup: Box::new(move |(), _| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    });
    let runtime = Runtime::new(4);
    let session = open_counting(&runtime, &chain(&[("pending", &pending), ("after", &after)]), &ends);
    session.end();
    let completion = completions.recv_timeout(Duration::from_secs(4)).unwrap();
    pause(50);
    session.cancel();
    drop(session);
    pause(50);
    let _ = completion.complete(None, Ok(Flow::Done));
    pause(200);
    assert_eq!((cleanups.load(Ordering::SeqCst), ends.load(Ordering::SeqCst)), (1, 1), "cleanups of 'after', ends");
}

#[test]
fn what_came_before_a_failure_reaches_a_slow_reader() {
    let fails_at_five = node(|packet, context| match value(&packet) {
        5 => Err(Fault::new("five")),
        _ => pass(packet, context),
    });
    let after = node(pass);
    let graph = chain(&[("fails_at_five", &fails_at_five), ("after", &after)]);
    let session = open_with(&Runtime::new(4), &graph, 2, OnError::Raise);
    thread::scope(|scope| {
        // The pushes after the failure are refused.
        scope.spawn(|| (0..8).all(|n| session.push(number(n), soon()).is_ok()));
        // All queues are full when the first output is taken.
        pause(100);
        let mut outputs = Vec::new();
        while let Ok(Some(packet)) = session.pull(soon()) {
            outputs.push(value(&packet));
            pause(30);
        }
        assert_eq!(outputs, [0, 1, 2, 3, 4]);
    });
    assert!(session.error().unwrap().to_string().contains("five"));
}

/// A host that cannot convert its object 13.
#[derive(Default)]
struct Unlucky {
    references: AtomicUsize,
}

impl Host for Unlucky {
    fn id(&self) -> u64 {
        0
    }

    fn retain(&self, _: usize) {
        self.references.fetch_add(1, Ordering::SeqCst);
    }
    fn release(&self, _: usize) {
        self.references.fetch_sub(1, Ordering::SeqCst);
    }
    fn export(&self, object: usize, _: Kinds) -> Result<Packet, String> {
        if object == 13 { Err("13".into()) } else { Ok(number(object as i64)) }
    }
}

#[test]
fn what_came_before_an_object_that_cannot_be_converted_comes_out() {
    let host = Arc::new(Unlucky::default());
    let any = node(pass);
    let json = Slot::new(Scripted { kinds: Kinds::JSON, ..Scripted::default() });
    let session = open_with(&Runtime::new(4), &chain(&[("any", &any), ("json", &json)]), 64, OnError::Raise);
    for object in 1..20 {
        host.retain(object);
        let object = HostObject::new(object, Arc::<Unlucky>::clone(&host));
        if session.push(Packet::new(Data::Object(object)), soon()).is_err() {
            break;
        }
    }
    session.end();
    assert_eq!(pull_all(&session), (1..13).collect::<Vec<_>>());
    drop(session);
    pause(100);
    assert_eq!(host.references.load(Ordering::SeqCst), 0);
}

#[test]
fn a_session_opened_after_shutdown_is_refused_or_ends() {
    let runtime = Runtime::new(2);
    runtime.shutdown(Instant::now());
    if let Ok(session) = Session::open(&runtime, &chain(&[("node", &node(pass))]), SessionConfig::default()) {
        session.cancel();
        assert!(session.wait(soon()), "never ends, not even when cancelled");
    }
}

#[test]
fn a_cleanup_that_answers_more_counts_as_one() {
    let cleanups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&cleanups);
    let node = Slot::new(Scripted {
        cleanup: Box::new(move |(), context| {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = context.defer().complete(None, Ok(Flow::More));
            Ok(Flow::Pending)
        }),
        ..Scripted::default()
    });
    let runtime = Runtime::new(2);
    for _ in 0..3 {
        let session = open(&runtime, &chain(&[("node", &node)]));
        session.end();
        assert!(session.wait(soon()));
    }
    assert_eq!(cleanups.load(Ordering::SeqCst), 3);
}

#[test]
fn a_session_that_has_ended_well_is_not_spoilt_by_cancel() {
    let session = open(&Runtime::new(2), &chain(&[("node", &node(pass))]));
    session.push(number(1), soon()).unwrap();
    session.end();
    assert!(session.wait(soon()));
    session.cancel();
    assert!(session.pull(soon()).unwrap().is_some());
    assert!(session.pull(soon()).unwrap().is_none());
}

/// Keeps the completion that a node takes in a call which returns only after the session was cancelled.
fn defers_after_cancel(
    kept: &mpsc::Sender<Completion>,
    begun: &mpsc::Sender<()>,
) -> impl Fn(&mut Context<'_>) -> Outcome + use<> {
    let (kept, begun) = (kept.clone(), begun.clone());
    move |context| {
        begun.send(()).unwrap();
        while !context.cancelled() {
            thread::yield_now();
        }
        kept.send(context.defer()).unwrap();
        Ok(Flow::Pending)
    }
}

#[test]
fn a_call_that_becomes_pending_after_a_cancel_is_not_waited_for() {
    let ((keep, kept), (begin, begun)) = (mpsc::channel(), mpsc::channel());
    let defers = defers_after_cancel(&keep, &begin);
    let session = open(&Runtime::new(2), &chain(&[("node", &node(move |_, context| defers(context)))]));
    session.push(number(1), soon()).unwrap();
    begun.recv().unwrap();
    session.cancel();
    assert!(session.wait(soon()));
    assert!(kept.recv().unwrap().complete(None, Ok(Flow::Done)).is_err());
}

#[test]
fn a_node_whose_initialisation_was_given_up_is_not_ready_for_others() {
    let ((keep, kept), (begin, begun)) = (mpsc::channel(), mpsc::channel());
    let defers = defers_after_cancel(&keep, &begin);
    let processed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&processed);
    let shared = Slot::new(Scripted {
        initialize: Box::new(move |(), context| defers(context)),
        process: Box::new(move |packet, context| {
            counted.fetch_add(1, Ordering::SeqCst);
            pass(packet, context)
        }),
        ..Scripted::default()
    });
    let (runtime, graph) = (Runtime::new(2), chain(&[("shared", &shared)]));
    let first = open(&runtime, &graph);
    begun.recv().unwrap();
    let second = open(&runtime, &graph);
    second.push(number(1), soon()).unwrap();
    first.cancel();
    assert!(first.wait(soon()) && second.wait(soon()));
    assert_eq!(processed.load(Ordering::SeqCst), 0);
    assert!(kept.recv().unwrap().complete(None, Ok(Flow::Done)).is_err());
}
