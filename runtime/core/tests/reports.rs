//! What a session measures and records.

mod common;

use std::time::Duration;

use common::*;
use remotemedia_core::{Runtime, Session, SessionConfig};

#[test]
fn a_session_measures_nodes_edges_and_paths() {
    let slow = node(|packet, context| {
        if value(&packet) % 50 == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        pass(packet, context)
    });
    let session = open(&Runtime::new(2), &chain(&[("quick", &node(pass)), ("slow", &slow)]));
    for value in 0..100 {
        session.push(number(value), soon()).unwrap();
        session.pull(soon()).unwrap();
    }
    session.end();
    assert!(session.wait(soon()));
    let metrics = session.metrics();
    let times = &metrics.nodes[1].executions;
    assert_eq!(times.count(), 100);
    assert!(times.quantile(0.99) >= Duration::from_millis(4) && times.quantile(0.5) < Duration::from_millis(4));
    assert!(times.min() <= times.quantile(0.5) && times.quantile(0.99) <= times.max());
    let path = &metrics.paths[0];
    assert_eq!((path.from.as_str(), path.to.as_str(), path.latency.count()), ("(input)", "slow", 100));
    assert!(path.latency.max() >= times.max());
    let ends: Vec<_> = metrics.edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
    assert_eq!(ends, [("quick", "slow"), ("(input)", "quick"), ("slow", "(output)")]);
    let json = metrics.to_json();
    assert!(json["node_metrics"][1]["p99_duration_us"].as_f64().unwrap() >= 4000.0);
    assert_eq!(json["path_metrics"][0]["count"], 100);
}

#[test]
fn a_trace_keeps_the_newest_calls() {
    let config = SessionConfig { trace: 10, ..SessionConfig::default() };
    let session = Session::open(&Runtime::new(2), &chain(&[("a", &node(pass)), ("b", &node(pass))]), config).unwrap();
    (0..20).for_each(|value| drop((session.push(number(value), soon()), session.pull(soon()))));
    session.end();
    assert!(session.wait(soon()));
    let trace = session.trace();
    let events = trace["traceEvents"].as_array().unwrap();
    assert_eq!(events.len(), 10);
    assert_eq!(trace["otherData"]["lost_events"], 2 * (1 + 20 + 1 + 1) - 10);
    let last = events.last().unwrap();
    assert_eq!(
        (last["name"].as_str(), last["args"]["call"].as_str(), last["ph"].as_str()),
        (Some("b"), Some("cleanup"), Some("X"))
    );
    assert!(events.iter().any(|event| event["args"]["input"] == 19));
    assert!(
        open(&Runtime::new(1), &chain(&[("a", &node(pass))])).trace()["traceEvents"].as_array().unwrap().is_empty()
    );
}
