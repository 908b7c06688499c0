//! Sessions over native nodes: flow, order, failures, lifecycle.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use remotemedia_core::{
    Completion, Context, Data, EdgeConfig, ErrorKind, Fault, Flow, Graph, Kinds, Node, NodeInfo, OnError, Outcome,
    Packet, Runtime, Session, SessionConfig, Slot,
};
use serde_json::json;

type Events = Arc<Mutex<Vec<String>>>;

type Process = Box<dyn FnMut(Packet, &mut Context<'_>) -> Outcome + Send>;

/// A node made of closures.
struct Probe {
    name: &'static str,
    events: Events,
    process: Process,
    rest: Vec<i64>,
    left: i64,
    source: bool,
}

impl Probe {
    fn new(
        name: &'static str,
        events: &Events,
        process: impl FnMut(Packet, &mut Context<'_>) -> Outcome + Send + 'static,
    ) -> Probe {
        let process = Box::new(process);
        Probe { name, events: Arc::clone(events), process, rest: Vec::new(), left: 0, source: false }
    }

    fn note(&self, what: &str) {
        self.events.lock().unwrap().push(format!("{}.{what}", self.name));
    }
}

impl Node for Probe {
    fn info(&self) -> NodeInfo {
        if self.source { NodeInfo::source(Kinds::JSON) } else { NodeInfo::filter(Kinds::JSON, Kinds::JSON) }
    }
    fn initialize(&mut self, _: &mut Context<'_>) -> Outcome {
        self.note("init");
        Ok(Flow::Done)
    }
    fn process(&mut self, packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        (self.process)(*packet, context)
    }
    fn resume(&mut self, context: &mut Context<'_>) -> Outcome {
        if self.left == 0 {
            return Ok(Flow::Done);
        }
        self.left -= 1;
        context.emit(number(self.left));
        Ok(Flow::More)
    }
    fn flush(&mut self, context: &mut Context<'_>) -> Outcome {
        self.note("flush");
        self.rest.drain(..).for_each(|value| context.emit(number(value)));
        Ok(Flow::Done)
    }
    fn cleanup(&mut self, _: &mut Context<'_>) -> Outcome {
        self.note("clean");
        Ok(Flow::Done)
    }
}

fn number(value: i64) -> Packet {
    Packet::json(json!(value))
}

fn value(packet: &Packet) -> i64 {
    match &packet.data {
        Data::Json(value) => value.as_i64().unwrap(),
        other => panic!("expected a number, got {other:?}"),
    }
}

fn pass(packet: Packet, context: &mut Context<'_>) -> Outcome {
    context.emit(packet);
    Ok(Flow::Done)
}

fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(10))
}

fn chain(nodes: Vec<Probe>) -> Graph {
    let mut graph = Graph::new();
    let names: Vec<&str> = nodes.iter().map(|node| node.name).collect();
    for node in nodes {
        graph.add_instance(node.name, Slot::new(node)).unwrap();
    }
    names.windows(2).for_each(|pair| graph.connect(pair[0], pair[1], EdgeConfig::default()).unwrap());
    graph
}

fn open(graph: &Graph, on_error: OnError) -> Arc<Session> {
    Session::open(&Runtime::new(2), graph, SessionConfig { on_error, ..SessionConfig::default() }).unwrap()
}

/// Pushes every input from a thread of its own and pulls every output.
fn run(session: &Arc<Session>, inputs: impl IntoIterator<Item = i64> + Send) -> (Vec<Packet>, Option<String>) {
    thread::scope(|scope| {
        scope.spawn(|| {
            for input in inputs {
                if session.push(number(input), soon()).is_err() {
                    return;
                }
            }
            session.end();
        });
        let mut outputs = Vec::new();
        loop {
            match session.pull(soon()) {
                Ok(Some(packet)) => outputs.push(packet),
                Ok(None) => return (outputs, None),
                Err(error) => return (outputs, Some(error.message)),
            }
        }
    })
}

fn values(packets: &[Packet]) -> Vec<i64> {
    packets.iter().map(value).collect()
}

#[test]
fn a_chain_keeps_order_over_more_than_its_queues_hold() {
    let events = Events::default();
    let session = open(&chain(vec![Probe::new("a", &events, pass), Probe::new("b", &events, pass)]), OnError::Raise);
    let (outputs, error) = run(&session, 0..5000);
    assert_eq!(error, None);
    assert_eq!(values(&outputs), (0..5000).collect::<Vec<_>>());
    assert!(outputs.iter().all(|packet| packet.index == value(packet) as u64));
    assert_eq!(*events.lock().unwrap(), ["a.init", "b.init", "a.flush", "b.flush", "a.clean", "b.clean"]);
    let metrics = session.metrics();
    assert_eq!(metrics.nodes.iter().map(|node| node.executions.count()).collect::<Vec<_>>(), [5000, 5000]);
}

#[test]
fn filters_expanders_and_buffers() {
    let events = Events::default();
    let odd = Probe::new(
        "odd",
        &events,
        |packet, context| {
            if value(&packet) % 2 == 1 { pass(packet, context) } else { Ok(Flow::Done) }
        },
    );
    let thrice = Probe::new("thrice", &events, |packet, context| {
        (0..3).for_each(|n| context.emit(number(value(&packet) * 10 + n)));
        Ok(Flow::Done)
    });
    let mut rest = Probe::new("rest", &events, pass);
    rest.rest = vec![-1, -2];
    let (outputs, _) = run(&open(&chain(vec![odd, thrice, rest]), OnError::Raise), 0..4);
    assert_eq!(values(&outputs), [10, 11, 12, 30, 31, 32, -1, -2]);
}

#[test]
fn fan_out_and_fan_in_lose_nothing() {
    let events = Events::default();
    let mut graph = Graph::new();
    for name in ["top", "left", "right", "join"] {
        graph.add_instance(name, Slot::new(Probe::new("n", &events, pass))).unwrap();
    }
    for (from, to) in [("top", "left"), ("top", "right"), ("left", "join"), ("right", "join")] {
        graph.connect(from, to, EdgeConfig::default()).unwrap();
    }
    let (outputs, _) = run(&open(&graph, OnError::Raise), 0..300);
    let mut sorted = values(&outputs);
    sorted.sort_unstable();
    assert_eq!(sorted, (0..300).flat_map(|n| [n, n]).collect::<Vec<_>>());
}

fn picky(events: &Events) -> Probe {
    Probe::new("picky", events, |packet, context| match value(&packet) {
        2 => Err(Fault::new("does not like it")),
        _ => pass(packet, context),
    })
}

#[test]
fn a_failure_ends_the_run_after_what_came_before_it() {
    let events = Events::default();
    let session = open(&chain(vec![picky(&events), Probe::new("b", &events, pass)]), OnError::Raise);
    let (outputs, error) = run(&session, 0..1000);
    assert_eq!(values(&outputs), [0, 1]);
    assert_eq!(error.unwrap(), "Node 'picky' failed: does not like it (at input 2)");
    assert_eq!(*events.lock().unwrap(), ["picky.init", "b.init", "picky.clean", "b.clean"]);
}

#[test]
fn skip_and_collect_go_on() {
    let events = Events::default();
    let (outputs, error) = run(&open(&chain(vec![picky(&events)]), OnError::Skip), 0..4);
    assert_eq!((values(&outputs), error), (vec![0, 1, 3], None));

    let after = Probe::new("after", &events, pass);
    let (outputs, error) = run(&open(&chain(vec![picky(&events), after]), OnError::Collect), 0..4);
    assert_eq!(error, None);
    assert_eq!(outputs.len(), 4);
    assert!(matches!(&outputs[2].data, Data::Failure(error) if error.index == 2));
}

#[test]
fn a_panic_is_an_error_with_its_message() {
    let events = Events::default();
    let node = Probe::new("bad", &events, |_, _| panic!("out of cheese"));
    let session = open(&chain(vec![node]), OnError::Skip);
    let (_, error) = run(&session, [1]);
    assert_eq!(error.unwrap(), "Node 'bad' panicked: out of cheese (at input 0)");
    assert_eq!(session.error().unwrap().kind, ErrorKind::Panic);
    assert_eq!(*events.lock().unwrap(), ["bad.init", "bad.clean"]);
}

#[test]
fn a_source_runs_until_it_is_done_and_waits_for_room() {
    let events = Events::default();
    let mut source = Probe::new("source", &events, pass);
    (source.source, source.left) = (true, 200);
    let session = open(&chain(vec![source, Probe::new("b", &events, pass)]), OnError::Raise);
    assert!(session.push(number(0), soon()).unwrap_err().message.contains("takes no input"));
    thread::sleep(Duration::from_millis(20));
    assert!(session.metrics().nodes[0].executions.count() < 100, "a source must wait for its consumer");
    let (outputs, _) = run(&session, []);
    assert_eq!(values(&outputs), (0..200).rev().collect::<Vec<_>>());
}

#[test]
fn outcomes_may_come_later_in_order() {
    let events = Events::default();
    let slow = Probe::new("later", &events, |packet, context| {
        let completion = context.defer();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(1));
            completion.complete(Some(packet), Ok(Flow::Done))
        });
        Ok(Flow::Pending)
    });
    let at_once = Probe::new("at_once", &events, |packet, context| {
        context.defer().complete(Some(packet), Ok(Flow::Done)).unwrap();
        Ok(Flow::Pending)
    });
    let (outputs, error) = run(&open(&chain(vec![slow, at_once]), OnError::Raise), 0..20);
    assert_eq!((values(&outputs), error), ((0..20).collect(), None));
}

#[test]
fn a_completion_that_is_dropped_or_missing_is_an_error() {
    let events = Events::default();
    let dropped = Probe::new("dropped", &events, |_, context| {
        drop(context.defer());
        Ok(Flow::Pending)
    });
    let (_, error) = run(&open(&chain(vec![dropped]), OnError::Raise), [1]);
    assert!(error.unwrap().contains("dropped its completion"));
    let missing = Probe::new("missing", &events, |_, _| Ok(Flow::Pending));
    let (_, error) = run(&open(&chain(vec![missing]), OnError::Raise), [1]);
    assert!(error.unwrap().contains("without having taken a completion"));
}

#[test]
fn cancel_is_prompt_and_kills_completions() {
    let events = Events::default();
    let kept: Arc<Mutex<Option<Completion>>> = Arc::default();
    let keeper = Arc::clone(&kept);
    let never = Probe::new("never", &events, move |_, context| {
        *keeper.lock().unwrap() = Some(context.defer());
        Ok(Flow::Pending)
    });
    let session = open(&chain(vec![never]), OnError::Raise);
    session.push(number(1), soon()).unwrap();
    while kept.lock().unwrap().is_none() {
        thread::yield_now();
    }
    session.cancel();
    assert!(session.wait(soon()));
    assert_eq!(session.pull(soon()).unwrap_err().kind, ErrorKind::Cancelled);
    let late = kept.lock().unwrap().take().unwrap().complete(None, Ok(Flow::Done));
    assert_eq!(late.unwrap_err().kind, ErrorKind::Cancelled);
    assert_eq!(*events.lock().unwrap(), ["never.init", "never.clean"]);
}

#[test]
fn an_instance_in_two_sessions_is_never_called_twice_at_once() {
    let events = Events::default();
    let inside = Arc::new(AtomicUsize::new(0));
    let shared = Slot::new(Probe::new("shared", &events, {
        let inside = Arc::clone(&inside);
        move |packet, context| {
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            thread::sleep(Duration::from_micros(200));
            inside.fetch_sub(1, Ordering::SeqCst);
            pass(packet, context)
        }
    }));
    let runtime = Runtime::new(2);
    let sessions: Vec<Arc<Session>> = (0..3)
        .map(|_| {
            let mut graph = Graph::new();
            graph.add_instance("first", Arc::clone(&shared)).unwrap();
            graph.add_instance("again", Arc::clone(&shared)).unwrap();
            graph.connect("first", "again", EdgeConfig::default()).unwrap();
            Session::open(&runtime, &graph, SessionConfig::default()).unwrap()
        })
        .collect();
    thread::scope(|scope| {
        for session in &sessions {
            scope.spawn(move || assert_eq!(run(session, 0..50).0.len(), 50));
        }
    });
    assert_eq!(*events.lock().unwrap().iter().filter(|event| *event == "shared.init").count().to_string(), *"1");
    assert_eq!(events.lock().unwrap().iter().filter(|event| *event == "shared.clean").count(), 1);
}

#[test]
fn blocked_calls_are_overtaken() {
    let events = Events::default();
    let runtime = Runtime::new(1);
    let start = Instant::now();
    let sessions: Vec<Arc<Session>> = (0..8)
        .map(|_| {
            let sleeper = Probe::new("sleeper", &events, |packet, context| {
                thread::sleep(Duration::from_millis(300));
                pass(packet, context)
            });
            let session = Session::open(&runtime, &chain(vec![sleeper]), SessionConfig::default()).unwrap();
            session.push(number(1), soon()).unwrap();
            session.end();
            session
        })
        .collect();
    for session in &sessions {
        assert!(session.pull(soon()).unwrap().is_some());
    }
    assert!(start.elapsed() < Duration::from_millis(1200), "eight sleeps of 300 ms took {:?}", start.elapsed());
}

#[test]
fn graphs_that_cannot_run_are_refused() {
    let events = Events::default();
    let refusal = |graph: &Graph| Session::open(&Runtime::new(1), graph, SessionConfig::default()).unwrap_err().message;
    assert!(refusal(&Graph::new()).contains("empty"));

    let mut cycle = chain(vec![Probe::new("a", &events, pass), Probe::new("b", &events, pass)]);
    cycle.connect("b", "a", EdgeConfig::default()).unwrap();
    assert!(refusal(&cycle).contains("Pipeline contains a cycle - cannot execute (among nodes: a, b)"));

    let mut graph = chain(vec![Probe::new("alpha", &events, pass)]);
    let unknown = graph.connect("alpha", "alphx", EdgeConfig::default()).unwrap_err().message;
    assert_eq!(unknown, "Invalid manifest: Connection references unknown target node: alphx; did you mean 'alpha'?");
    let twice = graph.add_instance("alpha", Slot::new(Probe::new("a", &events, pass))).unwrap_err().message;
    assert!(twice.contains("Duplicate node id 'alpha'"));
}

#[test]
fn shutdown_ends_running_sessions_and_lets_workers_go() {
    let events = Events::default();
    let runtime = Runtime::new(2);
    let mut endless = Probe::new("endless", &events, pass);
    (endless.source, endless.left) = (true, i64::MAX);
    let session = Session::open(&runtime, &chain(vec![endless]), SessionConfig::default()).unwrap();
    assert!(session.pull(soon()).unwrap().is_some());
    assert_eq!(runtime.shutdown(Instant::now() + Duration::from_secs(5)), 0);
    assert!(session.has_ended());
    assert_eq!(events.lock().unwrap().last().unwrap(), "endless.clean");
}
