//! The nodes of a round: those that its sessions share, and those that they have for themselves.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Weak};
use std::time::Duration;

use remotemedia_core::{Lane, Slot};

use crate::late::Debt;
use crate::model::Model;
use crate::nodes::{Chaos, Kind, Odds};
use crate::record::Record;
use crate::rng::Rng;

/// What a round is like.
#[derive(Clone, Copy, Debug)]
pub struct Temper {
    /// Nothing fails for good, nothing is cancelled: every session ends well by itself.
    pub calm: bool,
    /// Besides, no edge drops anything and nothing is matched: whatever goes in comes out.
    pub strict: bool,
    /// A node may stand more than once in a graph.
    pub twice: bool,
    /// The runtime is shut down while sessions run.
    pub shutdown: bool,
}

/// What a graph has to know about a node.
#[derive(Clone, Copy)]
pub struct Shape {
    pub inputs: &'static [&'static str],
    pub outputs: &'static [&'static str],
    pub matching: Option<Duration>,
    pub source: bool,
    pub unsteady: bool,
}

#[derive(Clone)]
pub struct Member {
    pub slot: Arc<Slot>,
    pub shape: Shape,
}

pub struct Pool {
    pub rng: Rng,
    pub temper: Temper,
    pub model: Arc<Model>,
    /// The lanes of hosts, and whether each can lose what it was given.
    pub lanes: Vec<(Arc<Lane>, bool)>,
    pub debts: Sender<Debt>,
    pub shared: Vec<Member>,
    pub records: Vec<Arc<Record>>,
    pub slots: Vec<Weak<Slot>>,
}

impl Pool {
    fn make(&mut self, kind: Kind) -> Member {
        let Kind { inputs, outputs, matching, source, odds, .. } = kind;
        let forlorn = kind.lane.as_ref().is_some_and(|own| {
            self.temper.shutdown || self.lanes.iter().any(|(lane, forlorn)| *forlorn && Arc::ptr_eq(lane, own))
        });
        let record = Record::new(format!("node {}", self.records.len()), &self.model, forlorn);
        let slot = Chaos::slot(kind, self.rng.fork(), &self.model, &record, self.debts.clone());
        self.records.push(record);
        self.slots.push(Arc::downgrade(&slot));
        let shape = Shape { inputs, outputs, matching, source: source.is_some(), unsteady: odds.unsteady };
        Member { slot, shape }
    }

    /// A node with one input and one output that does not fail at the first attempt only.
    pub fn steady(&mut self) -> Member {
        let mut kind = self.kind();
        if kind.odds.unsteady {
            kind.odds = Odds { fail: 0, unsteady: false, ..kind.odds };
        }
        self.make(kind)
    }

    /// A node with as many ports as may be.
    pub fn any(&mut self) -> Member {
        let mut kind = self.kind();
        if self.rng.chance(250) {
            kind.inputs = self.rng.pick(&[&["left", "right"][..], &["left", "right", "middle"][..]]);
            if !self.temper.strict && self.rng.chance(600) {
                let tolerance = self.rng.pick(&[0, 5, 25]);
                kind.matching = Some(Duration::from_nanos(tolerance));
            }
        }
        if self.rng.chance(250) {
            kind.outputs = &["left", "right"];
        }
        self.make(kind)
    }

    /// A node with the same ports as another one.
    pub fn like(&mut self, other: Shape) -> Member {
        let Shape { inputs, outputs, matching, .. } = other;
        let mut kind = Kind { inputs, outputs, matching, ..self.kind() };
        if kind.odds.unsteady {
            kind.odds = Odds { fail: 0, unsteady: false, ..kind.odds };
        }
        self.make(kind)
    }

    pub fn source(&mut self, count: u64) -> Member {
        let defer = if self.rng.chance(500) { 200 } else { 0 };
        let odds = Odds { defer, ..Odds::default() };
        let kind = Kind { odds, lane: None, source: Some(count), ..self.kind() };
        self.make(kind)
    }

    fn kind(&mut self) -> Kind {
        let calm = self.temper.calm;
        let rng = &mut self.rng;
        let lane = self.lanes.get(rng.index(2 * self.lanes.len() + 1)).map(|(lane, _)| Arc::clone(lane));
        let mut often = |limit| if rng.chance(400) { 0 } else { rng.below(limit) };
        let (defer, expand, sleep) = (often(400), often(300), often(100));
        let mut odds = Odds { defer, expand, sleep, ..Odds::default() };
        if rng.chance(300) {
            // What is kept back would be overtaken by what is made anew.
            odds = Odds { hold: 1 + rng.below(900), expand: 0, ..odds };
        }
        if calm {
            odds.expand = if rng.chance(300) { odds.expand } else { 0 };
            odds.unsteady = rng.chance(300);
            odds.fail = if odds.unsteady { 1 + rng.below(100) } else { 0 };
        } else {
            let mut rarely = |often, limit| if rng.chance(often) { 1 + rng.below(limit) } else { 0 };
            odds.fail = rarely(400, 40);
            odds.fail_lifecycle = rarely(100, 600);
            odds.panic = rarely(100, 10);
            odds.lose = rarely(300, 60);
            odds.oversleep = rarely(200, 30);
        }
        Kind { odds, inputs: &[], outputs: &[], matching: None, lane, source: None, to_all: calm }
    }
}
