//! Random sessions over random graphs of random nodes, which they share.
//!
//! Runs for `STRESS_SECONDS` (3), in rounds of which each has a seed; the first is `STRESS_SEED` (1). What goes wrong is
//! printed with the seed of its round.

use std::env;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use remotemedia_core::{
    Completion, Context, Data, EdgeConfig, ErrorKind, Event, Fault, Flow, Graph, Kinds, Lane, Listener, Node, NodeInfo,
    OnError, Outcome, Packet, Runtime, Session, SessionConfig, Slot,
};
use serde_json::json;

/// How long a session may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many problems are enough to stop.
const ENOUGH: usize = 6;

/// Xorshift.
struct Rng(u64);

impl Rng {
    fn new(seed: u64) -> Rng {
        let mut rng = Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        // The first numbers of similar seeds are similar.
        for _ in 0..5 {
            rng.next();
        }
        rng
    }
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }
    fn index(&mut self, limit: usize) -> usize {
        self.below(limit as u64) as usize
    }
    fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }
    fn microseconds(&mut self, limit: u64) -> Duration {
        Duration::from_micros(self.below(limit))
    }
}

/// What was done to a node.
#[derive(Debug, Default)]
struct Record {
    initialized: AtomicUsize,
    cleaned: AtomicUsize,
    overlaps: AtomicUsize,
    out_of_order: AtomicUsize,
    /// Whether it is in a call.
    inside: AtomicBool,
    /// Whether it is between an initialisation and a cleanup.
    live: AtomicBool,
}

impl Record {
    fn expect(&self, holds: bool, broken: &AtomicUsize) {
        if !holds {
            broken.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn is_fine(&self) -> bool {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        count(&self.initialized) == count(&self.cleaned)
            && count(&self.overlaps) == 0
            && count(&self.out_of_order) == 0
            && !self.live.load(Ordering::SeqCst)
    }
}

/// How likely a node does what, in thousandths a call.
#[derive(Default)]
struct Odds {
    fail: u64,
    fail_lifecycle: u64,
    defer: u64,
    expand: u64,
    sleep: u64,
}

/// An outcome that comes later.
struct Deferred {
    due: Instant,
    completion: Completion,
    packet: Option<Packet>,
    outcome: Outcome,
    dropped: bool,
}

impl Deferred {
    fn settle(self) {
        thread::sleep(self.due.saturating_duration_since(Instant::now()));
        if !self.dropped {
            let _ = self.completion.complete(self.packet, self.outcome);
        }
    }
}

/// A node that does anything a node may do.
struct Chaos {
    rng: Rng,
    odds: Odds,
    record: Arc<Record>,
    later: mpsc::Sender<Deferred>,
    lane: Option<Arc<Lane>>,
    /// For a source: how many packets are to come.
    source: Option<i64>,
    /// How many packets are to follow the last input.
    left: u64,
}

impl Chaos {
    /// Makes a call, and sees whether it is the only one.
    fn call(&mut self, call: impl FnOnce(&mut Chaos) -> Outcome) -> Outcome {
        let record = Arc::clone(&self.record);
        record.expect(!record.inside.swap(true, Ordering::SeqCst), &record.overlaps);
        if self.rng.chance(self.odds.sleep) {
            thread::sleep(self.rng.microseconds(1500));
        }
        let outcome = call(self);
        record.inside.store(false, Ordering::SeqCst);
        outcome
    }

    /// Answers with `flow`, now or later.
    fn answer(&mut self, context: &mut Context<'_>, packet: Option<Packet>, flow: Flow) -> Outcome {
        if !self.rng.chance(self.odds.defer) {
            packet.into_iter().for_each(|packet| context.emit(packet));
            return Ok(flow);
        }
        let deferred = Deferred {
            due: Instant::now() + self.rng.microseconds(600),
            completion: context.defer(),
            packet,
            outcome: if self.rng.chance(self.odds.fail) { Err(Fault::new("late")) } else { Ok(flow) },
            dropped: self.odds.fail > 0 && self.rng.chance(20),
        };
        if self.rng.chance(200) {
            let _ = deferred.completion.complete(deferred.packet, deferred.outcome);
        } else {
            let _ = self.later.send(deferred);
        }
        Ok(Flow::Pending)
    }

    fn lifecycle(&mut self, context: &mut Context<'_>) -> Outcome {
        self.left = 0;
        if self.rng.chance(self.odds.fail_lifecycle) {
            return Err(Fault::new("lifecycle"));
        }
        self.answer(context, None, Flow::Done)
    }

    /// The next packet of a source or of an expansion.
    fn next(&mut self) -> Option<Packet> {
        let value = match &mut self.source {
            Some(0) => return None,
            Some(left) => {
                *left -= 1;
                *left
            }
            None => {
                self.left = self.left.checked_sub(1)?;
                -1
            }
        };
        Some(Packet::json(json!(value)))
    }
}

impl Node for Chaos {
    fn info(&self) -> NodeInfo {
        let accepts = if self.source.is_some() { Kinds::NONE } else { Kinds::ANY };
        NodeInfo { source: self.source.is_some(), lane: self.lane.clone(), ..NodeInfo::filter(accepts, Kinds::ANY) }
    }

    fn initialize(&mut self, context: &mut Context<'_>) -> Outcome {
        self.call(|node| {
            let record = &node.record;
            record.initialized.fetch_add(1, Ordering::SeqCst);
            record.expect(!record.live.swap(true, Ordering::SeqCst), &record.out_of_order);
            node.lifecycle(context)
        })
    }

    fn process(&mut self, packet: Packet, context: &mut Context<'_>) -> Outcome {
        self.call(|node| {
            node.record.expect(node.record.live.load(Ordering::SeqCst), &node.record.out_of_order);
            if node.rng.chance(node.odds.fail) {
                return Err(Fault::new("process"));
            }
            let more = node.rng.chance(node.odds.expand);
            if more {
                node.left = node.rng.below(30);
            }
            node.answer(context, Some(packet), if more { Flow::More } else { Flow::Done })
        })
    }

    fn resume(&mut self, context: &mut Context<'_>) -> Outcome {
        self.call(|node| {
            if node.rng.chance(node.odds.fail) {
                return Err(Fault::new("resume"));
            }
            match node.next() {
                Some(packet) => node.answer(context, Some(packet), Flow::More),
                None => Ok(Flow::Done),
            }
        })
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Outcome {
        self.call(|node| {
            if node.rng.chance(node.odds.fail) {
                return Err(Fault::new("flush"));
            }
            node.answer(context, None, Flow::Done)
        })
    }

    fn cleanup(&mut self, context: &mut Context<'_>) -> Outcome {
        self.call(|node| {
            let record = &node.record;
            record.cleaned.fetch_add(1, Ordering::SeqCst);
            record.expect(record.live.swap(false, Ordering::SeqCst), &record.out_of_order);
            node.lifecycle(context)
        })
    }
}

/// A few nodes, and sessions over graphs of them, all at once.
struct Round {
    rng: Rng,
    /// Nothing fails and nothing is cancelled, so nothing may be lost.
    calm: bool,
    /// A node may stand more than once in a graph.
    twice: bool,
    runtime: Arc<Runtime>,
    lanes: [Arc<Lane>; 2],
    slots: Vec<Arc<Slot>>,
    records: Vec<Arc<Record>>,
    later: mpsc::Sender<Deferred>,
    completer: JoinHandle<()>,
}

impl Round {
    fn new(seed: u64) -> Round {
        let mut rng = Rng::new(seed);
        let runtime = Runtime::new(1 + rng.index(3));
        let lanes =
            [(); 2].map(|()| Lane::new(1, 16, |lane| thread::Builder::new().spawn(move || lane.serve()).is_ok()));
        lanes.iter().for_each(|lane| runtime.adopt(lane));
        let (later, deferred) = mpsc::channel::<Deferred>();
        let completer = thread::spawn(move || deferred.into_iter().for_each(Deferred::settle));
        let (calm, twice) = (rng.chance(400), rng.chance(300));
        let (slots, records) = (Vec::new(), Vec::new());
        let mut round = Round { rng, calm, twice, runtime, lanes, slots, records, later, completer };
        let expand = !calm || round.rng.chance(300);
        for _ in 0..1 + round.rng.below(5) {
            let slot = round.any_node(expand);
            round.slots.push(slot);
        }
        round
    }

    fn any_node(&mut self, expand: bool) -> Arc<Slot> {
        let rng = &mut self.rng;
        let lane = self.lanes.get(rng.index(4)).cloned();
        let fail = if self.calm || rng.chance(600) { 0 } else { 1 + rng.below(40) };
        let fail_lifecycle = if self.calm || rng.chance(900) { 0 } else { 300 };
        let mut often = |limit| if rng.chance(400) { 0 } else { rng.below(limit) };
        let (defer, many, sleep) = (often(400), often(300), often(100));
        let odds = Odds { fail, fail_lifecycle, defer, expand: if expand { many } else { 0 }, sleep };
        self.node(odds, lane, None)
    }

    fn source(&mut self, count: i64) -> Arc<Slot> {
        let defer = if self.rng.chance(500) { 200 } else { 0 };
        self.node(Odds { defer, ..Odds::default() }, None, Some(count))
    }

    fn node(&mut self, odds: Odds, lane: Option<Arc<Lane>>, source: Option<i64>) -> Arc<Slot> {
        let record = Arc::new(Record::default());
        self.records.push(Arc::clone(&record));
        let rng = Rng::new(self.rng.next());
        Slot::new(Chaos { rng, odds, record, later: self.later.clone(), lane, source, left: 0 })
    }

    /// A graph of some of the nodes in any order, mostly connected.
    fn graph(&mut self) -> Graph {
        let rng = &mut self.rng;
        let known = self.slots.len();
        let mut order: Vec<usize> = (0..known).collect();
        (1..known).rev().for_each(|last| order.swap(last, rng.index(last + 1)));
        let size = 1 + rng.index(known + if self.twice { 2 } else { 0 });
        let mut graph = Graph::new();
        let ids: Vec<String> = (0..size).map(|place| format!("n{place}")).collect();
        for (place, id) in ids.iter().enumerate() {
            let slot = order.get(place).copied().unwrap_or_else(|| rng.index(known));
            graph.add_instance(id, Arc::clone(&self.slots[slot])).unwrap();
        }
        for to in 1..size {
            let from = rng.index(to);
            if rng.chance(900) {
                let _ = graph.connect(&ids[from], &ids[to], EdgeConfig::default());
            }
            if rng.chance(200) {
                // Refused if it is there already.
                let _ = graph.connect(&ids[to - 1], &ids[to], EdgeConfig::default());
            }
        }
        graph
    }

    fn case(&mut self) -> Case {
        let graph = self.graph();
        let inputs = self.rng.below(120) as i64;
        let input = self.rng.chance(300).then(|| self.source(inputs));
        let ends = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&ends);
        let rng = &mut self.rng;
        let listener = Listener {
            lane: rng.chance(500).then(|| Arc::clone(&self.lanes[0])),
            call: Arc::new(move |event| {
                counted.fetch_add(usize::from(event == Event::Ended), Ordering::SeqCst);
            }),
        };
        let pushes = input.is_none();
        let config = SessionConfig {
            capacity: 1 + rng.index(8),
            on_error: [OnError::Raise, OnError::Skip, OnError::Collect][rng.index(3)],
            input,
            listener: Some(listener),
            ..SessionConfig::default()
        };
        Case {
            runtime: Arc::clone(&self.runtime),
            graph,
            inputs,
            pushes,
            calm: self.calm,
            open_after: rng.microseconds(2000),
            cancel_after: (!self.calm && rng.chance(300)).then(|| rng.microseconds(20_000)),
            slow: rng.chance(300),
            ends,
            config,
        }
    }

    /// Runs the sessions; how many, and what went wrong.
    fn run(mut self) -> (usize, Vec<String>) {
        let cases: Vec<Case> = (0..1 + self.rng.below(4)).map(|_| self.case()).collect();
        let count = cases.len();
        let running: Vec<_> = cases.into_iter().map(|case| thread::spawn(move || case.run())).collect();
        let outcomes = running.into_iter().map(|case| case.join().unwrap_or_else(|_| Err("panic".into())));
        let mut problems: Vec<String> = outcomes.filter_map(Result::err).collect();
        // What is left behind says nothing while sessions hang.
        if problems.is_empty() {
            problems = self.remains();
        }
        problems.iter_mut().for_each(|problem| *problem += if self.calm { " (calm)" } else { "" });
        if problems.is_empty() {
            self.close();
        }
        (count, problems)
    }

    /// What is wrong after all sessions have ended.
    fn remains(&mut self) -> Vec<String> {
        let broken = self.records.iter().filter(|record| !record.is_fine());
        let mut problems: Vec<String> = broken.map(|record| format!("{record:?}")).collect();
        let mut expect_none = |what: &str, count: usize| {
            if count != 0 {
                problems.push(format!("{count} {what}"));
            }
        };
        expect_none("sessions are left", self.runtime.sessions());
        expect_none("workers are inside", self.runtime.shutdown(Instant::now() + Duration::from_secs(2)));
        problems
    }

    /// Waits for the thread that completes calls, which ends when no node is left that could defer one.
    fn close(self) {
        let Round { completer, slots, later, .. } = self;
        drop((slots, later));
        completer.join().unwrap();
    }
}

/// One session of a round, and what its callers do.
struct Case {
    runtime: Arc<Runtime>,
    graph: Graph,
    config: SessionConfig,
    /// How many packets go in, numbered from 0.
    inputs: i64,
    /// Whether they are pushed rather than come from a source.
    pushes: bool,
    calm: bool,
    open_after: Duration,
    cancel_after: Option<Duration>,
    /// Whether outputs are pulled slowly.
    slow: bool,
    ends: Arc<AtomicUsize>,
}

impl Case {
    fn run(mut self) -> Result<(), String> {
        thread::sleep(self.open_after);
        let config = std::mem::take(&mut self.config);
        let session = Session::open(&self.runtime, &self.graph, config).map_err(|error| format!("open: {error}"))?;
        let deadline = Instant::now() + PATIENCE;
        let values = thread::scope(|scope| {
            if self.pushes {
                let (session, inputs) = (&session, self.inputs);
                scope.spawn(move || push(session, inputs, deadline));
            }
            if let Some(delay) = self.cancel_after {
                let session = &session;
                scope.spawn(move || {
                    thread::sleep(delay);
                    session.cancel();
                });
            }
            self.pull(&session, deadline)
        })?;
        if !session.wait(Some(deadline)) {
            return Err(format!("{session:?} hangs at its end"));
        }
        self.check(values)
    }

    /// The values of all outputs.
    fn pull(&self, session: &Arc<Session>, deadline: Instant) -> Result<Vec<i64>, String> {
        let mut values = Vec::new();
        loop {
            match session.pull(Some(deadline)) {
                Ok(Some(packet)) => {
                    if let Data::Json(value) = &packet.data {
                        values.extend(value.as_i64());
                    }
                    if self.slow {
                        thread::sleep(Duration::from_micros(300));
                    }
                }
                Ok(None) => return Ok(values),
                Err(error) if error.kind == ErrorKind::Timeout => return Err(format!("{session:?} hangs")),
                Err(error) if self.calm => return Err(format!("failed: {error}")),
                Err(_) => return Ok(values),
            }
        }
    }

    fn check(&self, mut values: Vec<i64>) -> Result<(), String> {
        // A worker may make the call after the end has been seen.
        let deadline = Instant::now() + Duration::from_secs(3);
        while self.ends.load(Ordering::SeqCst) == 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        thread::yield_now();
        match self.ends.load(Ordering::SeqCst) {
            1 => {}
            times => return Err(format!("the end was told {times} times")),
        }
        // Expansions are negative; edges that fork and join make duplicates.
        values.retain(|value| *value >= 0);
        values.sort_unstable();
        values.dedup();
        if self.calm && values.len() as i64 != self.inputs {
            return Err(format!("lost: {} of {} came out", values.len(), self.inputs));
        }
        Ok(())
    }
}

fn push(session: &Arc<Session>, inputs: i64, deadline: Instant) {
    for value in 0..inputs {
        if session.push(Packet::json(json!(value)), Some(deadline)).is_err() {
            break;
        }
    }
    session.end();
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

#[test]
fn random_sessions_end_once_and_lose_nothing() {
    let (seconds, first) = (setting("STRESS_SECONDS", 3), setting("STRESS_SEED", 1));
    eprintln!("STRESS_SEED={first}, for {seconds} s");
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut seed, mut sessions, mut problems) = (first, 0, 0);
    while Instant::now() < until && problems < ENOUGH {
        let (count, found) = Round::new(seed).run();
        found.iter().for_each(|problem| eprintln!("STRESS_SEED={seed}: {problem}"));
        sessions += count;
        problems += found.len();
        seed += 1;
    }
    eprintln!("{} rounds, {sessions} sessions, {problems} problems", seed - first);
    assert_eq!(problems, 0, "see the seeds above");
}
