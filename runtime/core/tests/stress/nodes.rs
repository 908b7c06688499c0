//! A node that does anything a node may do, and some things that it may not.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use remotemedia_core::{Context, Fault, Flow, Kinds, Lane, NO_INDEX, Node, NodeInfo, Outcome, Packet, Slot, Time};

use crate::common::number;
use crate::late::{Debt, Fate};
use crate::model::{Model, Place, place};
use crate::record::Record;
use crate::rng::Rng;

/// What a panic of a node says, so that it is not printed.
pub const PANIC: &str = "on purpose";

/// How likely a node does what, in thousandths a call.
#[derive(Clone, Copy, Default)]
pub struct Odds {
    pub fail: u64,
    pub fail_lifecycle: u64,
    pub panic: u64,
    /// To answer later; and then to let go of the completion, or never to use it.
    pub defer: u64,
    pub lose: u64,
    pub expand: u64,
    pub sleep: u64,
    /// To sleep for longer than a deadline allows.
    pub oversleep: u64,
    /// To keep packets back until there are more, or a flush.
    pub hold: u64,
    /// Whether it fails once at most at each input, so that another attempt succeeds.
    pub unsteady: bool,
}

/// What a node is like.
#[derive(Clone)]
pub struct Kind {
    pub odds: Odds,
    pub inputs: &'static [&'static str],
    pub outputs: &'static [&'static str],
    pub matching: Option<Duration>,
    pub lane: Option<Arc<Lane>>,
    /// For a source: how many packets are to come.
    pub source: Option<u64>,
    /// Whether whatever it sends goes to all of its outputs.
    pub to_all: bool,
}

pub struct Chaos {
    pub rng: Rng,
    pub kind: Kind,
    pub model: Arc<Model>,
    pub record: Arc<Record>,
    pub debts: Sender<Debt>,
    /// How many packets are to follow the last input.
    pub left: u64,
    pub held: HashMap<Place, VecDeque<Packet>>,
}

impl Chaos {
    pub fn slot(kind: Kind, mut rng: Rng, model: &Arc<Model>, record: &Arc<Record>, debts: Sender<Debt>) -> Arc<Slot> {
        let (model, record) = (Arc::clone(model), Arc::clone(record));
        let rng = rng.fork();
        Slot::new(Chaos { rng, kind, model, record, debts, left: 0, held: HashMap::new() })
    }

    /// Makes a call, and sees whether it is the only one.
    fn call(&mut self, call: impl FnOnce(&mut Chaos) -> Outcome) -> Outcome {
        let record = Arc::clone(&self.record);
        let _inside = record.enter();
        let odds = self.kind.odds;
        if self.rng.chance(odds.sleep) {
            thread::sleep(self.rng.micros(1500));
        }
        if self.rng.chance(odds.oversleep) {
            thread::sleep(Duration::from_millis(8 + self.rng.below(20)));
        }
        if self.rng.chance(odds.panic) {
            std::panic::panic_any(PANIC);
        }
        call(self)
    }

    /// Whether to fail at an input.
    fn fails(&mut self, place: &Place, index: u64) -> bool {
        let Odds { fail, unsteady, .. } = self.kind.odds;
        if !self.rng.chance(fail) {
            return false;
        }
        let fails = !unsteady
            || (index != NO_INDEX && self.model.at(place, |tally| tally.failed.replace(index)) != Some(index));
        if fails {
            self.model.fails(place);
        }
        fails
    }

    /// Answers with packets and `flow`, now or later.
    fn answer(&mut self, context: &mut Context<'_>, packets: Vec<Packet>, flow: Flow, fails: bool) -> Outcome {
        let place = place(context);
        let mut packets: VecDeque<Packet> = self.address(packets).into();
        let last = if self.rng.chance(self.kind.odds.defer) { packets.pop_back() } else { None };
        let defers = last.is_some() || (packets.is_empty() && self.rng.chance(self.kind.odds.defer));
        if !defers {
            let outcome = if fails { Err(Fault::new("process")) } else { Ok(flow) };
            for packet in packets.drain(..) {
                self.emit(context, &place, packet, !fails);
            }
            return outcome;
        }
        // What precedes it has moved on when it fails, and then there is no other attempt.
        if !(fails && self.kind.odds.unsteady) {
            packets.drain(..).for_each(|packet| self.emit(context, &place, packet, true));
        }
        self.model.fails(&place);
        let outcome = match () {
            () if fails => Err(Fault::new("late")),
            () if self.rng.chance(self.kind.odds.lose / 4) => Ok(Flow::Pending),
            () => Ok(flow),
        };
        self.owe(context, last, outcome, None)
    }

    fn emit(&self, context: &mut Context<'_>, place: &Place, packet: Packet, counts: bool) {
        if counts {
            self.model.sends(place, packet.port);
        }
        context.emit(packet);
    }

    /// Says which outputs packets go to.
    fn address(&mut self, packets: Vec<Packet>) -> Vec<Packet> {
        let ports = self.kind.outputs.len().max(1) as u32;
        let mut addressed = Vec::new();
        for mut packet in packets {
            packet.port = self.rng.below(u64::from(ports)) as u32;
            if self.kind.to_all {
                let own = packet.port;
                let others = (0..ports).filter(|&port| port != own);
                addressed.extend(others.map(|port| Packet { port, ..*packet.share() }));
            }
            addressed.push(packet);
        }
        addressed
    }

    /// Gives an outcome through a completion.
    fn owe(
        &mut self,
        context: &mut Context<'_>,
        packet: Option<Packet>,
        outcome: Outcome,
        time: Option<usize>,
    ) -> Outcome {
        let stale = self.rng.chance(50).then(|| context.defer());
        let completion = context.defer();
        let lose = self.kind.odds.lose;
        let fate = match () {
            () if self.rng.chance(lose) => Fate::Dropped,
            () if context.can_emit() && self.rng.chance(lose) => Fate::Forgotten,
            () => Fate::Paid,
        };
        let late = if self.rng.chance(lose) { 20_000 } else { 600 };
        let (record, place) = (Arc::clone(&self.record), place(context));
        let due = Instant::now() + self.rng.micros(late);
        let debt = Debt { due, completion, stale, packet, outcome, place, time, record, fate };
        if self.rng.chance(200) && fate != Fate::Forgotten {
            debt.pay(&self.model);
        } else {
            // Refused when the round is over; then nobody waits for it.
            let _ = self.debts.send(debt);
        }
        Ok(Flow::Pending)
    }

    fn lifecycle(&mut self, context: &mut Context<'_>, time: Option<usize>) -> Outcome {
        self.left = 0;
        if time.is_some() {
            self.held.clear();
        }
        let fails = self.rng.chance(self.kind.odds.fail_lifecycle);
        let outcome = if fails { Err(Fault::new("lifecycle")) } else { Ok(Flow::Done) };
        if self.rng.chance(self.kind.odds.defer) {
            return self.owe(context, None, outcome, time);
        }
        if let (Some(time), false) = (time, fails) {
            self.record.is_ready(time);
        }
        outcome
    }

    /// Begins to answer with more packets than one.
    fn expand(&mut self) -> Flow {
        if !self.rng.chance(self.kind.odds.expand) {
            return Flow::Done;
        }
        self.left = self.rng.below(30);
        Flow::More
    }

    /// The next packet of a source or of an expansion.
    fn next(&mut self) -> Option<Packet> {
        match &mut self.kind.source {
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                let pts = Time::from_nanos(10 * *left as i64);
                Some(Packet { pts, ..number(*left as i64) })
            }
            None => {
                self.left = self.left.checked_sub(1)?;
                Some(number(-1))
            }
        }
    }
}

impl Node for Chaos {
    fn info(&self) -> NodeInfo {
        let Kind { inputs, outputs, matching, lane, source, .. } = &self.kind;
        let names = |ports: &[&str]| ports.iter().map(ToString::to_string).collect();
        NodeInfo {
            source: source.is_some(),
            lane: lane.clone(),
            inputs: names(inputs),
            outputs: names(outputs),
            matching: *matching,
            ..NodeInfo::filter(if source.is_some() { Kinds::NONE } else { Kinds::ANY }, Kinds::ANY)
        }
    }

    fn initialize(&mut self, context: &mut Context<'_>) -> Outcome {
        let time = self.record.initialize();
        self.call(|node| node.lifecycle(context, Some(time)))
    }

    fn process(&mut self, packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
        let place = place(context);
        self.record.works();
        self.model.receives(&place, &packet);
        if let Some(tolerance) = self.kind.matching {
            self.model.receives_of_set(&place, &packet, self.kind.inputs.len() as u32, tolerance);
        }
        self.call(|node| {
            let fails = node.fails(&place, packet.index);
            if fails && node.rng.chance(500) {
                return Err(Fault::new("process"));
            }
            // One without an index would be given that of a later input.
            let may_wait = !fails && packet.index != NO_INDEX;
            let mut packets = vec![*packet];
            if may_wait && node.kind.odds.hold > 0 {
                let held = node.held.entry(place).or_default();
                held.extend(packets.drain(..));
                let keeps = if node.rng.chance(node.kind.odds.hold) { 3 } else { 0 };
                packets.extend(held.drain(..held.len().saturating_sub(keeps)));
            }
            let flow = if fails { Flow::Done } else { node.expand() };
            node.answer(context, packets, flow, fails)
        })
    }

    fn resume(&mut self, context: &mut Context<'_>) -> Outcome {
        self.record.works();
        self.call(|node| {
            let odds = node.kind.odds;
            if !odds.unsteady && node.rng.chance(odds.fail) {
                return Err(Fault::new("resume"));
            }
            match node.next() {
                Some(packet) => node.answer(context, vec![packet], Flow::More, false),
                None => Ok(Flow::Done),
            }
        })
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Outcome {
        self.record.works();
        self.call(|node| {
            let odds = node.kind.odds;
            if !odds.unsteady && node.rng.chance(odds.fail) {
                return Err(Fault::new("flush"));
            }
            let held = node.held.remove(&place(context)).unwrap_or_default();
            let flow = node.expand();
            node.answer(context, held.into(), flow, false)
        })
    }

    fn cleanup(&mut self, context: &mut Context<'_>) -> Outcome {
        self.record.clean();
        self.call(|node| node.lifecycle(context, None))
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.record.goes();
    }
}
