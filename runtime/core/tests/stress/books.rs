//! Whether the numbers of a session add up: what was sent to a node, what it was given, and what was dropped between.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use remotemedia_core::{NodeMetrics, SessionMetrics};

use crate::case::{Finished, Story};
use crate::model::Model;
use crate::plan::Feed;

pub struct Books {
    story: Story,
    metrics: SessionMetrics,
    model: Arc<Model>,
    went_well: bool,
    error: String,
}

impl Books {
    /// Closes the books of a session, which is let go of.
    pub fn new(finished: Finished, model: &Arc<Model>) -> Books {
        let error = finished.session.error().map_or_else(String::new, |error| error.to_string());
        let (metrics, went_well) = (finished.session.metrics(), finished.went_well());
        Books { story: finished.story, metrics, model: Arc::clone(model), went_well, error }
    }

    fn problem(&self, what: &str) {
        let tag = self.story.tag;
        let Story { was_changed, inputs, .. } = &self.story;
        self.model.problem(format!("session {tag} (changed: {was_changed}, {inputs} inputs): {what}"));
    }

    pub fn check(&self) {
        self.check_end();
        self.check_calls();
        if !self.story.was_changed {
            self.check_drops();
            let collected = self.story.plan.stands.iter().any(|stand| stand.collects)
                || self.metrics.nodes.iter().any(|node| node.errors > 0) && !self.story.temper.calm;
            if self.went_well && !collected {
                self.check_edges();
            }
        }
        if self.story.temper.strict && self.story.awaited {
            self.check_values();
        }
    }

    fn check_end(&self) {
        match self.story.traffic.ends.load(SeqCst) {
            1 => {}
            0 if self.story.is_deaf => {}
            times => self.problem(&format!("its end was told {times} times")),
        }
        if self.story.temper.calm && !self.went_well && !self.story.plan.may_stall() {
            self.problem(&format!("did not end well: {}", self.error));
        }
    }

    /// What was measured at each node is what it has seen.
    fn check_calls(&self) {
        let mut measured: HashMap<&str, u64> = HashMap::new();
        for node in &self.metrics.nodes {
            *measured.entry(&node.node).or_default() += node.executions.count();
        }
        let is_source = |id: &str| self.story.plan.stands.iter().any(|stand| stand.id == id && stand.shape.source);
        for (id, count) in measured {
            let attempts = self.attempts(id);
            if !is_source(id) && attempts != count {
                self.problem(&format!("{count} executions of {id} are measured, it has seen {attempts}"));
            }
        }
    }

    fn check_drops(&self) {
        let matching =
            |id: &str| self.story.plan.stands.iter().any(|stand| stand.id == id && stand.shape.matching.is_some());
        for node in &self.metrics.nodes {
            let dropped: u64 =
                self.metrics.edges.iter().filter(|edge| edge.to == node.node).map(|edge| edge.dropped).sum();
            if dropped != node.dropped {
                self.problem(&format!(
                    "{} packets before {} were dropped, on its edges {dropped}",
                    node.dropped, node.node
                ));
            }
        }
        for edge in &self.metrics.edges {
            // A set is not torn when the node has been given some of it: then there is one more.
            let most = edge.capacity + usize::from(matching(&edge.to));
            if edge.policy != "block" && edge.most_queued > most {
                self.problem(&format!("there were too many packets on {edge:?}"));
            }
            if edge.policy == "block" && edge.dropped > 0 && !matching(&edge.to) {
                self.problem(&format!("packets were dropped on {edge:?}"));
            }
        }
    }

    /// Whatever was sent to a node has come to it, or was counted when it was dropped.
    fn check_edges(&self) {
        for edge in self.metrics.edges.iter().filter(|edge| edge.queued > 0) {
            self.problem(&format!("packets are left on {edge:?}"));
        }
        for stand in self.story.plan.stands.iter().filter(|stand| !stand.shape.source) {
            let sent: u64 = stand.feeds.iter().map(|feed| self.sent(*feed)).sum();
            let node = self.metrics.nodes.iter().find(|node| node.node == stand.id);
            let (retries, dropped) = node.map_or((0, 0), |NodeMetrics { retries, dropped, .. }| (*retries, *dropped));
            let came = self.attempts(&stand.id) - retries;
            if sent != came + dropped {
                let id = &stand.id;
                self.problem(&format!("{sent} packets were sent to {id}, {came} came, {dropped} were dropped"));
            }
        }
        let sent: u64 = self.story.plan.ends().iter().map(|feed| self.sent(*feed)).sum();
        let outputs = self.metrics.edges.iter().filter(|edge| edge.to == "(output)");
        let dropped: u64 = outputs.map(|edge| edge.dropped).sum();
        let came = match self.story.has_sink {
            true => self.attempts("(output)"),
            false => self.story.traffic.pulled.load(SeqCst),
        };
        if sent != came + dropped {
            self.problem(&format!("{sent} packets were sent to the output, {came} came, {dropped} were dropped"));
        }
    }

    /// Whatever went in has come out.
    fn check_values(&self) {
        if self.story.has_sink || self.story.has_source || !self.story.plan.takes_input() {
            return;
        }
        if self.story.plan.stands.iter().any(|stand| stand.shape.source) {
            return;
        }
        let mut values = self.story.traffic.values.lock().expect("nothing panics here").clone();
        // Expansions are negative; edges that fork and join make duplicates.
        values.retain(|value| *value >= 0);
        values.sort_unstable();
        values.dedup();
        if values.len() as u64 != self.story.inputs {
            self.problem(&format!("{} values came out", values.len()));
        }
    }

    fn attempts(&self, id: &str) -> u64 {
        self.model.at(&(self.story.tag, id.into()), |tally| tally.attempts)
    }

    fn sent(&self, feed: Feed) -> u64 {
        let sent = |id: &str, port: u32| {
            self.model.at(&(self.story.tag, id.into()), |tally| tally.sent.get(&port).copied().unwrap_or(0))
        };
        match feed {
            Feed::Input if self.story.has_source => sent("(input)", 0),
            Feed::Input => self.story.traffic.pushed.load(SeqCst),
            Feed::Node(from, port) => sent(&self.story.plan.stands[from].id, port),
        }
    }
}
