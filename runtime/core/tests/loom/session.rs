//! The session: how packets are handed on, who is woken, completions, and how it ends.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use loom::thread;
use remotemedia_core::{
    Completion, Context, Flow, Graph, Kinds, Lane, Node, NodeInfo, Outcome, Packet, Runtime, Session, SessionConfig,
    Slot,
};

use crate::lane::lane;
use crate::{Flag, model, never};

/// Passes packets on, and counts the calls that it must get once.
#[derive(Default)]
struct Passing {
    lane: Option<Arc<Lane>>,
    begun: Arc<AtomicUsize>,
    over: Arc<AtomicUsize>,
}

impl Node for Passing {
    fn info(&self) -> NodeInfo {
        NodeInfo { lane: self.lane.clone(), ..NodeInfo::filter(Kinds::ANY, Kinds::ANY) }
    }

    fn initialize(&mut self, _context: &mut Context<'_>) -> Outcome {
        self.begun.fetch_add(1, SeqCst);
        Ok(Flow::Done)
    }

    fn process(&mut self, packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        context.emit(packet);
        Ok(Flow::Done)
    }

    fn cleanup(&mut self, _context: &mut Context<'_>) -> Outcome {
        self.over.fetch_add(1, SeqCst);
        Ok(Flow::Done)
    }
}

/// Leaves the outcome to somebody else.
struct Leaving {
    left: Arc<Mutex<Option<Completion>>>,
    told: Flag,
}

impl Node for Leaving {
    fn info(&self) -> NodeInfo {
        NodeInfo::filter(Kinds::ANY, Kinds::ANY)
    }

    fn process(&mut self, _packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        *self.left.lock().unwrap() = Some(context.defer());
        self.told.set();
        Ok(Flow::Pending)
    }
}

/// A node that passes packets on.
pub fn passing() -> Arc<Slot> {
    Slot::new(Passing::default())
}

fn graph(slot: &Arc<Slot>) -> Graph {
    let mut graph = Graph::new();
    graph.add_instance("node", Arc::clone(slot)).unwrap();
    graph
}

fn open(runtime: &Arc<Runtime>, slot: &Arc<Slot>, capacity: usize) -> Arc<Session> {
    let config = SessionConfig { capacity, ..SessionConfig::default() };
    Session::open(runtime, &graph(slot), config).unwrap()
}

#[test]
fn what_is_pushed_comes_out_and_the_session_ends() {
    model(2, || {
        let runtime = Runtime::new(1);
        let passing = Passing::default();
        let (begun, over) = (Arc::clone(&passing.begun), Arc::clone(&passing.over));
        let session = open(&runtime, &Slot::new(passing), 16);
        session.push(Packet::text(""), None).unwrap();
        session.end();
        assert!(session.pull(None).unwrap().is_some());
        assert!(session.pull(None).unwrap().is_none());
        assert!(session.wait(None));
        assert_eq!((begun.load(SeqCst), over.load(SeqCst)), (1, 1));
        assert_eq!(runtime.shutdown(never()), 0);
    });
}

#[test]
fn whoever_waits_for_room_and_for_outputs_is_woken() {
    model(1, || {
        let runtime = Runtime::new(1);
        // loom has four threads beside the first.
        let lane = lane(2);
        let session = open(&runtime, &Slot::new(Passing { lane: Some(Arc::clone(&lane)), ..Passing::default() }), 1);
        let pushing = Arc::clone(&session);
        let pusher = thread::spawn(move || {
            (0..2).for_each(|_| pushing.push(Packet::text(""), None).unwrap());
            pushing.end();
        });
        let mut count = 0;
        while session.pull(None).unwrap().is_some() {
            count += 1;
        }
        assert_eq!(count, 2);
        pusher.join().unwrap();
        assert_eq!(runtime.shutdown(never()) + lane.close(never()), 0);
    });
}

#[test]
fn a_completion_comes_in_time_or_is_refused() {
    model(1, || {
        let runtime = Runtime::new(1);
        let (left, told) = (Arc::new(Mutex::new(None)), Flag::new());
        let session = open(&runtime, &Slot::new(Leaving { left: Arc::clone(&left), told: told.clone() }), 16);
        session.push(Packet::text(""), None).unwrap();
        told.take();
        let completion: Completion = left.lock().unwrap().take().unwrap();
        let completer = thread::spawn(move || completion.complete(Some(Packet::text("")), Ok(Flow::Done)).is_ok());
        session.cancel();
        assert!(session.wait(None));
        completer.join().unwrap();
        assert_eq!(runtime.sessions(), 0);
        assert_eq!(runtime.shutdown(never()), 0);
    });
}

#[test]
fn a_completion_wakes_the_session_that_waits_for_it() {
    model(1, || {
        let runtime = Runtime::new(1);
        let (left, told) = (Arc::new(Mutex::new(None)), Flag::new());
        let session = open(&runtime, &Slot::new(Leaving { left: Arc::clone(&left), told: told.clone() }), 16);
        let completer = thread::spawn(move || {
            told.take();
            let completion: Completion = left.lock().unwrap().take().unwrap();
            completion.complete(Some(Packet::text("")), Ok(Flow::Done)).unwrap();
        });
        session.push(Packet::text(""), None).unwrap();
        session.end();
        assert!(session.pull(None).unwrap().is_some());
        assert!(session.pull(None).unwrap().is_none());
        completer.join().unwrap();
        assert_eq!(runtime.shutdown(never()), 0);
    });
}

#[test]
fn a_completion_that_is_dropped_ends_the_session() {
    model(1, || {
        let runtime = Runtime::new(1);
        let (left, told) = (Arc::new(Mutex::new(None)), Flag::new());
        let session = open(&runtime, &Slot::new(Leaving { left: Arc::clone(&left), told: told.clone() }), 16);
        session.push(Packet::text(""), None).unwrap();
        let dropper = thread::spawn(move || {
            told.take();
            drop(left.lock().unwrap().take());
        });
        let error = session.pull(None).unwrap_err();
        assert!(error.message.contains("without an outcome"), "{error:?}");
        dropper.join().unwrap();
        assert_eq!(runtime.shutdown(never()), 0);
    });
}

#[test]
fn sessions_take_turns_at_a_node_that_they_share() {
    model(1, || {
        let runtime = Runtime::new(2);
        let passing = Passing::default();
        let (begun, over) = (Arc::clone(&passing.begun), Arc::clone(&passing.over));
        let slot = Slot::new(passing);
        let sessions = [0, 1].map(|_| open(&runtime, &slot, 16));
        for session in &sessions {
            session.push(Packet::text(""), None).unwrap();
            session.end();
        }
        for session in &sessions {
            assert!(session.pull(None).unwrap().is_some());
            assert!(session.wait(None));
        }
        assert_eq!(begun.load(SeqCst), over.load(SeqCst));
        assert_eq!(runtime.shutdown(never()), 0);
    });
}
