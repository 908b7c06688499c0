//! What the tests of shared nodes and of endings have in common: a node made of closures, and numbers as packets.

#![allow(dead_code, reason = "each of the tests uses some of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use remotemedia_core::{
    Context, Data, EdgeConfig, Event, Flow, Graph, Kinds, Lane, Listener, Node, NodeInfo, OnError, Outcome, Packet,
    Runtime, Session, SessionConfig, Slot,
};
use serde_json::json;

type Script<T> = Box<dyn FnMut(T, &mut Context<'_>) -> Outcome + Send>;

/// A node made of closures; by default it passes packets on.
pub struct Scripted {
    pub initialize: Script<()>,
    pub process: Script<Packet>,
    pub resume: Script<()>,
    pub flush: Script<()>,
    pub cleanup: Script<()>,
    pub kinds: Kinds,
    pub inputs: &'static [&'static str],
    pub outputs: &'static [&'static str],
    pub matching: Option<Duration>,
    pub lane: Option<Arc<Lane>>,
}

impl Default for Scripted {
    fn default() -> Scripted {
        Scripted {
            initialize: Box::new(|(), _| Ok(Flow::Done)),
            process: Box::new(pass),
            resume: Box::new(|(), _| Ok(Flow::Done)),
            flush: Box::new(|(), _| Ok(Flow::Done)),
            cleanup: Box::new(|(), _| Ok(Flow::Done)),
            kinds: Kinds::ANY,
            inputs: &[],
            outputs: &[],
            matching: None,
            lane: None,
        }
    }
}

impl Node for Scripted {
    fn info(&self) -> NodeInfo {
        let names = |ports: &[&str]| ports.iter().map(ToString::to_string).collect();
        NodeInfo {
            inputs: names(self.inputs),
            outputs: names(self.outputs),
            matching: self.matching,
            lane: self.lane.clone(),
            ..NodeInfo::filter(self.kinds, self.kinds)
        }
    }
    fn initialize(&mut self, context: &mut Context<'_>) -> Outcome {
        (self.initialize)((), context)
    }
    fn process(&mut self, packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        (self.process)(*packet, context)
    }
    fn resume(&mut self, context: &mut Context<'_>) -> Outcome {
        (self.resume)((), context)
    }
    fn flush(&mut self, context: &mut Context<'_>) -> Outcome {
        (self.flush)((), context)
    }
    fn cleanup(&mut self, context: &mut Context<'_>) -> Outcome {
        (self.cleanup)((), context)
    }
}

/// A node of which only `process` matters.
pub fn node(process: impl FnMut(Packet, &mut Context<'_>) -> Outcome + Send + 'static) -> Arc<Slot> {
    Slot::new(Scripted { process: Box::new(process), ..Scripted::default() })
}

pub fn pass(packet: Packet, context: &mut Context<'_>) -> Outcome {
    context.emit(packet);
    Ok(Flow::Done)
}

pub fn number(value: i64) -> Packet {
    Packet::json(json!(value))
}

pub fn value(packet: &Packet) -> i64 {
    match &packet.data {
        Data::Json(value) => value.as_i64().unwrap(),
        other => panic!("expected a number, got {other:?}"),
    }
}

pub fn chain(nodes: &[(&str, &Arc<Slot>)]) -> Graph {
    let mut graph = Graph::new();
    nodes.iter().for_each(|(id, slot)| graph.add_instance(id, Arc::clone(slot)).unwrap());
    nodes.windows(2).for_each(|pair| graph.connect(pair[0].0, pair[1].0, EdgeConfig::default()).unwrap());
    graph
}

pub fn open(runtime: &Arc<Runtime>, graph: &Graph) -> Arc<Session> {
    Session::open(runtime, graph, SessionConfig::default()).unwrap()
}

pub fn open_with(runtime: &Arc<Runtime>, graph: &Graph, capacity: usize, on_error: OnError) -> Arc<Session> {
    Session::open(runtime, graph, SessionConfig { capacity, on_error, ..SessionConfig::default() }).unwrap()
}

/// A session that counts its ends.
pub fn open_counting(runtime: &Arc<Runtime>, graph: &Graph, ends: &Arc<AtomicUsize>) -> Arc<Session> {
    let ends = Arc::clone(ends);
    let call = Arc::new(move |event| {
        ends.fetch_add(usize::from(event == Event::Ended), Ordering::SeqCst);
    });
    let config = SessionConfig { listener: Some(Listener { lane: None, call }), ..SessionConfig::default() };
    Session::open(runtime, graph, config).unwrap()
}

/// Pulls until the session has nothing more to give, for whatever reason.
pub fn pull_all(session: &Arc<Session>) -> Vec<i64> {
    std::iter::from_fn(|| session.pull(soon()).ok().flatten()).map(|packet| value(&packet)).collect()
}

pub fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(4))
}

/// Gives what goes on elsewhere time to get there.
pub fn pause(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

/// Counts what happens, and lets it be waited for.
pub fn counter() -> (Arc<AtomicUsize>, impl Fn() + Send + 'static) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    (count, move || {
        counted.fetch_add(1, Ordering::SeqCst);
    })
}

/// Whether something has happened so often, now or soon.
pub fn comes_to(count: &AtomicUsize, expected: usize) -> bool {
    let late = soon();
    while count.load(Ordering::SeqCst) < expected && Some(Instant::now()) < late {
        pause(1);
    }
    count.load(Ordering::SeqCst) == expected
}
