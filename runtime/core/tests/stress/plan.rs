//! A random graph, and what is known about its edges.

use std::sync::Arc;

use remotemedia_core::{EdgeConfig, Graph, NodeOptions, OnError, Policy};

use crate::model::Model;
use crate::pool::{Member, Pool, Shape};
use crate::rng::Rng;

/// Where packets come from.
#[derive(Clone, Copy)]
pub enum Feed {
    Input,
    Node(usize, u32),
}

/// A node in the graph.
pub struct Stand {
    pub id: String,
    pub shape: Shape,
    /// One for each edge that leads to it.
    pub feeds: Vec<Feed>,
    pub collects: bool,
    /// Whether no edge leads away from it but to the output.
    pub is_last: bool,
}

pub struct Plan {
    pub stands: Vec<Stand>,
}

pub const POLICIES: [Policy; 4] = [Policy::Block, Policy::DropOldest, Policy::DropNewest, Policy::Latest];

impl Plan {
    pub fn random(pool: &mut Pool, rng: &mut Rng) -> (Plan, Graph) {
        let (mut plan, mut graph) = (Plan { stands: Vec::new() }, Graph::new());
        let mut known: Vec<Member> = pool.shared.clone();
        for place in 0..1 + rng.index(5) {
            let member = match () {
                () if rng.chance(80) => pool.source(rng.below(60)),
                () if !known.is_empty() && rng.chance(700) => {
                    let at = rng.index(known.len());
                    if pool.temper.twice { known[at].clone() } else { known.swap_remove(at) }
                }
                () => pool.any(),
            };
            let id = format!("n{place}");
            graph.add_instance(&id, Arc::clone(&member.slot)).expect("each id is given once");
            plan.stand(&mut graph, id, member.shape, pool, rng);
        }
        (plan, graph)
    }

    fn stand(&mut self, graph: &mut Graph, id: String, shape: Shape, pool: &Pool, rng: &mut Rng) {
        let options = options(shape, pool, rng);
        graph.configure(&id, options).expect("it was just added");
        let collects = options.on_error == Some(OnError::Collect);
        let to = self.stands.len();
        self.stands.push(Stand { id, shape, feeds: Vec::new(), collects, is_last: true });
        let inputs = self.stands[to].shape.inputs.len().max(1);
        if self.stands[to].shape.source {
            return;
        }
        if to > 0 && rng.chance(900) {
            (0..inputs).for_each(|port| {
                let from = rng.index(to);
                self.join(graph, (from, to), port, pool, rng);
            });
            if rng.chance(200) {
                let port = rng.index(inputs);
                self.join(graph, (to - 1, to), port, pool, rng);
            }
        } else {
            self.stands[to].feeds = vec![Feed::Input; inputs];
        }
    }

    fn join(&mut self, graph: &mut Graph, (from, to): (usize, usize), to_port: usize, pool: &Pool, rng: &mut Rng) {
        let name = |stand: &Stand, ports: &[&str], port: usize| match ports.get(port) {
            Some(port) => format!("{}/{port}", stand.id),
            None => stand.id.clone(),
        };
        let from_port = rng.index(self.stands[from].shape.outputs.len().max(1));
        let start = name(&self.stands[from], self.stands[from].shape.outputs, from_port);
        let end = name(&self.stands[to], self.stands[to].shape.inputs, to_port);
        let policy = (!pool.temper.strict && rng.chance(400)).then(|| rng.pick(&POLICIES));
        let capacity = rng.chance(500).then(|| 1 + rng.index(8));
        // Refused if it is there already.
        if graph.connect(&start, &end, EdgeConfig { capacity, policy }).is_ok() {
            self.stands[to].feeds.push(Feed::Node(from, from_port as u32));
            self.stands[from].is_last = false;
        }
    }

    pub fn takes_input(&self) -> bool {
        self.stands.iter().any(|stand| stand.feeds.iter().any(|feed| matches!(feed, Feed::Input)))
    }

    /// Whether packets can wait for others that do not come.
    pub fn may_stall(&self) -> bool {
        self.stands.iter().any(|stand| stand.shape.matching.is_some())
    }

    /// The ports that lead to the output.
    pub fn ends(&self) -> Vec<Feed> {
        let last = self.stands.iter().enumerate().filter(|(_, stand)| stand.is_last);
        let ports = |(at, stand): (usize, &Stand)| {
            (0..stand.shape.outputs.len().max(1) as u32).map(move |port| Feed::Node(at, port)).collect::<Vec<_>>()
        };
        last.flat_map(ports).collect()
    }

    /// Tells the model where packets come in order.
    pub fn order(&self, tag: u64, model: &Model) {
        let mut ordered = vec![false; self.stands.len()];
        let is_ordered = |feeds: &[Feed], ordered: &[bool]| match feeds {
            [Feed::Input] => true,
            [Feed::Node(from, _)] => ordered[*from],
            _ => false,
        };
        for (at, stand) in self.stands.iter().enumerate() {
            ordered[at] = stand.shape.source || is_ordered(&stand.feeds, &ordered);
            if ordered[at] {
                model.order((tag, stand.id.clone()));
            }
        }
        if is_ordered(&self.ends(), &ordered) {
            model.order((tag, "(output)".into()));
        }
    }
}

fn options(shape: Shape, pool: &Pool, rng: &mut Rng) -> NodeOptions {
    let mut options = NodeOptions::default();
    if pool.temper.calm {
        options.deadline_ms = rng.chance(200).then_some(60_000.0);
        options.retries = shape.unsteady.then(|| 1 + rng.below(3) as u32);
    } else {
        options.deadline_ms = rng.chance(300).then(|| 2.0 + rng.below(10) as f64);
        options.retries = rng.chance(300).then(|| rng.below(4) as u32);
        options.on_error = rng.chance(400).then(|| rng.pick(&[OnError::Raise, OnError::Skip, OnError::Collect]));
    }
    options.retry_delay_ms = rng.chance(800).then(|| rng.below(2000) as f64 / 1000.0);
    options
}
