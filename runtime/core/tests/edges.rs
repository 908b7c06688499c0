//! Edges: how much they hold, what they drop, between which ports they lead, and what belongs together.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::*;
use remotemedia_core::{
    EdgeConfig, Flow, Graph, Manifest, OnError, Packet, Policy, Registry, Runtime, Session, SessionConfig, Slot, Time,
};

/// Two nodes with an edge of the given kind between them; the second stands still until it is told.
fn dropping(policy: Policy, capacity: usize) -> (Vec<i64>, u64) {
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let mut waits = true;
    let first = node(pass);
    let second = node(move |packet, context| {
        if std::mem::take(&mut waits) {
            told.recv().unwrap();
        }
        pass(packet, context)
    });
    let mut graph = Graph::new();
    graph.add_instance("first", first).unwrap();
    graph.add_instance("second", second).unwrap();
    graph.connect("first", "second", EdgeConfig { capacity: Some(capacity), policy: Some(policy) }).unwrap();
    let session = open_with(&Runtime::new(2), &graph, 64, OnError::Raise);
    session.push(number(0), soon()).unwrap();
    pause(30); // the second node has it, and waits
    (1..10).for_each(|value| session.push(number(value), soon()).unwrap());
    pause(30);
    tell.send(()).unwrap();
    session.end();
    let outputs = pull_all(&session);
    let dropped = session.metrics().edges.iter().map(|edge| edge.dropped).sum();
    (outputs, dropped)
}

#[test]
fn what_a_full_edge_drops_is_what_its_policy_says() {
    assert_eq!(dropping(Policy::DropOldest, 3), (vec![0, 7, 8, 9], 6));
    assert_eq!(dropping(Policy::DropNewest, 3), (vec![0, 1, 2, 3], 6));
    assert_eq!(dropping(Policy::Latest, 3), (vec![0, 9], 8));
    assert_eq!(dropping(Policy::Block, 3), ((0..10).collect(), 0));
}

#[test]
fn a_session_that_drops_takes_whatever_is_pushed() {
    let config = SessionConfig { policy: Policy::DropOldest, capacity: 4, ..SessionConfig::default() };
    let session = Session::open(&Runtime::new(2), &chain(&[("pass", &node(pass))]), config).unwrap();
    (0..10_000).for_each(|value| session.push(number(value), Some(std::time::Instant::now())).unwrap());
    session.end();
    assert!(session.wait(soon()));
    let outputs = pull_all(&session);
    assert!(outputs.len() <= 4 && outputs.windows(2).all(|pair| pair[0] < pair[1]), "{outputs:?}");
    let edges = session.metrics().edges;
    assert_eq!(edges.iter().map(|edge| edge.dropped).sum::<u64>(), 10_000 - outputs.len() as u64);
    assert!(edges.iter().all(|edge| edge.most_queued <= 4));
}

/// Sends even numbers to one output and odd ones to the other.
fn router() -> Arc<Slot> {
    Slot::new(Scripted {
        outputs: &["even", "odd"],
        process: Box::new(|mut packet, context| {
            packet.port = (value(&packet) % 2) as u32;
            context.emit(packet);
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    })
}

/// Says by which of its inputs a number came: 1000 for each.
fn mixer() -> Arc<Slot> {
    Slot::new(Scripted {
        inputs: &["left", "right"],
        process: Box::new(|packet, context| {
            context.emit(number(value(&packet) + 1000 * i64::from(packet.port)));
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    })
}

fn joined(edges: &[(&str, &str)]) -> Graph {
    let mut graph = Graph::new();
    graph.add_instance("router", router()).unwrap();
    graph.add_instance("mixer", mixer()).unwrap();
    edges.iter().for_each(|(from, to)| graph.connect(from, to, EdgeConfig::default()).unwrap());
    graph
}

#[test]
fn edges_lead_from_port_to_port() {
    let graph = joined(&[("router/odd", "mixer/right"), ("router/even", "mixer/left")]);
    let session = open(&Runtime::new(2), &graph);
    (0..6).for_each(|value| session.push(number(value), soon()).unwrap());
    session.end();
    let mut outputs = pull_all(&session);
    outputs.sort_unstable();
    assert_eq!(outputs, [0, 2, 4, 1001, 1003, 1005]);
}

#[test]
fn an_output_that_leads_nowhere_is_dropped() {
    let session = open(&Runtime::new(2), &joined(&[("router/odd", "mixer/right"), ("router/odd", "mixer/left")]));
    (0..4).for_each(|value| session.push(number(value), soon()).unwrap());
    session.end();
    let mut outputs = pull_all(&session);
    outputs.sort_unstable();
    assert_eq!(outputs, [1, 3, 1001, 1003]);
}

#[test]
fn ports_that_do_not_exist_are_named() {
    let refusal = |edges: &[(&str, &str)]| {
        let graph = joined(edges);
        Session::open(&Runtime::new(1), &graph, SessionConfig::default()).unwrap_err().message
    };
    assert!(refusal(&[("router/evn", "mixer/left")]).contains("no output 'evn'; did you mean 'even'?"));
    assert!(refusal(&[("router", "mixer/middle")]).contains("it has left, right"));
    assert!(refusal(&[("router", "mixer/left")]).contains("nothing leads to the input 'right'"));
}

#[test]
fn a_port_that_does_not_exist_is_not_emitted_to() {
    let wrong = node(|mut packet, context| {
        packet.port = 1;
        context.emit(packet);
        Ok(Flow::Done)
    });
    let session = open(&Runtime::new(1), &chain(&[("wrong", &wrong)]));
    session.push(number(1), soon()).unwrap();
    assert!(session.wait(soon()));
    assert!(session.error().unwrap().message.contains("output 1, but has 1"));
}

/// Two ways of different length from one input, and a node in which they meet.
fn matched(tolerance: u64, shift: i64) -> Vec<i64> {
    let late = node(move |mut packet, context| {
        packet.pts = Time::from_nanos(packet.pts.raw() + shift);
        if value(&packet) % 3 != 0 {
            context.emit(packet);
        }
        Ok(Flow::Done)
    });
    let mut left = 0;
    let both = Slot::new(Scripted {
        inputs: &["left", "right"],
        matching: Some(Duration::from_nanos(tolerance)),
        process: Box::new(move |packet, context| {
            if packet.port == 0 {
                left = value(&packet);
            } else {
                context.emit(number(left * 100 + value(&packet)));
            }
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    });
    let mut graph = Graph::new();
    for (id, slot) in [("source", node(pass)), ("late", late), ("both", both)] {
        graph.add_instance(id, slot).unwrap();
    }
    for (from, to) in [("source", "both/left"), ("source", "late"), ("late", "both/right")] {
        graph.connect(from, to, EdgeConfig::default()).unwrap();
    }
    let session = open(&Runtime::new(2), &graph);
    for value in 1..8 {
        session.push(Packet { pts: Time::from_nanos(value * 10), ..number(value) }, soon()).unwrap();
    }
    session.end();
    pull_all(&session)
}

#[test]
fn what_belongs_to_one_time_comes_together() {
    assert_eq!(matched(0, 0), [101, 202, 404, 505, 707]);
    assert_eq!(matched(4, 3), [101, 202, 404, 505, 707]);
    assert_eq!(matched(0, 3), [] as [i64; 0]);
}

#[test]
fn a_manifest_says_the_same() {
    let registry = Registry::default();
    let manifest = Manifest::parse(
        "version: v1\nnodes: [{id: a, node_type: Pass}, {id: b, node_type: Pass}]\n\
         connections: [{from: a, to: b, capacity: 2, policy: latest}]\n",
    )
    .unwrap();
    assert!(Graph::new().load(&registry, &manifest).unwrap_err().message.contains("Unknown node type"));
    let connections = manifest.connections.unwrap();
    assert_eq!((connections[0].capacity, connections[0].policy), (Some(2), Some(Policy::Latest)));
}

#[test]
fn a_set_that_belongs_together_is_dropped_as_a_whole() {
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let mut waits = true;
    let given = Arc::new(std::sync::Mutex::new(Vec::new()));
    let gives = Arc::clone(&given);
    let mixer = Slot::new(Scripted {
        inputs: &["left", "right"],
        matching: Some(Duration::ZERO),
        process: Box::new(move |packet, _| {
            if std::mem::take(&mut waits) {
                told.recv().unwrap();
            }
            gives.lock().unwrap().push((packet.port, value(&packet)));
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    });
    let mut graph = Graph::new();
    for (id, slot) in [("a", node(pass)), ("b", node(pass)), ("mixer", mixer)] {
        graph.add_instance(id, slot).unwrap();
    }
    let latest = EdgeConfig { capacity: None, policy: Some(Policy::Latest) };
    graph.connect("a", "mixer/left", latest).unwrap();
    graph.connect("b", "mixer/right", EdgeConfig::default()).unwrap();
    let session = open(&Runtime::new(2), &graph);
    for at in 0..6 {
        session.push(Packet { pts: Time::from_nanos(at), ..number(at) }, soon()).unwrap();
        pause(20); // the mixer is in its first call; the other nodes are through with it
    }
    tell.send(()).unwrap();
    session.end();
    assert!(session.wait(soon()));
    assert_eq!(*given.lock().unwrap(), [(0, 0), (1, 0), (0, 5), (1, 5)]);
}

#[test]
fn a_node_is_flushed_when_each_of_its_edges_has_asked_for_it() {
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let (flushes, flushed) = counter();
    let slow = node(move |packet, context| {
        told.recv().unwrap();
        pass(packet, context)
    });
    let last = Slot::new(Scripted {
        flush: Box::new(move |(), _| {
            flushed();
            Ok(Flow::Done)
        }),
        ..Scripted::default()
    });
    let mut graph = Graph::new();
    for (id, slot) in [("quick", node(pass)), ("slow", slow), ("last", last)] {
        graph.add_instance(id, slot).unwrap();
    }
    graph.connect("quick", "last", EdgeConfig::default()).unwrap();
    graph.connect("slow", "last", EdgeConfig::default()).unwrap();
    let session = open(&Runtime::new(2), &graph);
    session.push(number(1), soon()).unwrap();
    (0..2).for_each(|_| session.flush(soon()).unwrap());
    pause(50);
    assert_eq!(flushes.load(std::sync::atomic::Ordering::SeqCst), 0, "one edge has asked twice, the other not at all");
    tell.send(()).unwrap();
    assert!(comes_to(&flushes, 2));
    session.end();
    assert_eq!(pull_all(&session), [1, 1]);
    assert!(comes_to(&flushes, 3));
}
