//! The flow of packets: what is put on an edge, what it drops, and when nothing more comes by it.

use std::sync::Arc;
use std::time::Duration;

use super::matcher::take_from;
use super::plan::Edge;
use super::state::{Activity, NodeState, Phase, State};
use crate::log::{Category, Level, log};
use crate::{Data, Histogram, Packet, Policy};

#[derive(Clone, Copy, Default)]
pub(super) struct EdgeState {
    /// The packets on it, the most that ever were, and those that it dropped.
    pub load: usize,
    pub most: usize,
    pub dropped: u64,
    /// Flushes that came by it and wait for those of the node's other edges.
    pub asked: u32,
}

/// How long packets took from a source to an output.
pub(super) struct Path {
    pub origin: u32,
    pub edge: usize,
    pub latency: Histogram,
}

impl State {
    /// How many packets a node may emit before an edge that blocks is full.
    pub fn room(&self, at: usize) -> usize {
        let outs = self.plan.nodes[at].outs.iter().copied();
        outs.filter_map(|edge| self.room_on(edge)).min().unwrap_or(usize::MAX)
    }

    /// How much room there is on an edge; nothing if it never blocks.
    fn room_on(&self, edge: usize) -> Option<usize> {
        let planned = &self.plan.edges[edge];
        (planned.policy == Policy::Block).then(|| planned.capacity.saturating_sub(self.edges[edge].load))
    }

    /// Puts packets on an edge.
    pub fn deliver_all(&mut self, edge: usize, packets: &mut Vec<Box<Packet>>) {
        let Edge { to, to_port, policy, .. } = self.plan.edges[edge];
        let plain = |packet: &Packet| !matches!(packet.data, Data::Flush | Data::Mark);
        let node = to.map(|to| &mut self.nodes[to]).filter(|node| node.matcher.is_none());
        let Some(node) = node.filter(|_| policy == Policy::Block && packets.iter().all(|packet| plain(packet))) else {
            return packets.drain(..).for_each(|packet| self.deliver(edge, packet));
        };
        let entry = &mut self.edges[edge];
        entry.load += packets.len();
        entry.most = entry.most.max(entry.load);
        for mut packet in packets.drain(..) {
            packet.port = to_port;
            node.queue.push_back((edge, packet));
        }
        node.metrics.most_queued = node.metrics.most_queued.max(node.queue.len());
        to.into_iter().for_each(|to| self.stir(to));
    }

    /// Packets leave an edge, so that there is room on it.
    pub fn unload(&mut self, edge: usize, count: usize) {
        self.edges[edge].load -= count;
        if let Some(from) = self.plan.edges[edge].from {
            self.stir(from);
        }
    }

    /// Puts a packet on an edge, or drops what its policy says.
    pub fn deliver(&mut self, edge: usize, packet: impl Into<Box<Packet>>) {
        let mut packet = packet.into();
        let planned = self.plan.edges[edge];
        packet.port = planned.to_port;
        if let Data::Flush = packet.data {
            if let Some(to) = planned.to {
                self.stir(to);
                self.edges[edge].asked += 1;
                self.ask(to);
            }
            return;
        }
        let is_mark = matches!(packet.data, Data::Mark);
        if self.edges[edge].load >= planned.capacity && !is_mark {
            match planned.policy {
                Policy::Block => {}
                Policy::DropNewest => {
                    self.note_drop(edge);
                    return self.dropped.push(packet);
                }
                // There are more than that if a node has given some back.
                Policy::DropOldest | Policy::Latest => {
                    while self.edges[edge].load >= planned.capacity && self.drop_oldest(edge) {}
                }
            }
        }
        let entry = &mut self.edges[edge];
        entry.load += 1;
        entry.most = entry.most.max(entry.load);
        if !is_mark {
            self.measure(edge, &packet);
        }
        let Some(to) = planned.to else { return self.outputs.push_back((edge, packet)) };
        self.stir(to);
        let node = &mut self.nodes[to];
        match &mut node.matcher {
            Some(matcher) if !matches!(packet.data, Data::Failure(_) | Data::Mark) => {
                matcher.add(edge, packet);
                self.align(to);
            }
            _ => node.queue.push_back((edge, packet)),
        }
        let node = &mut self.nodes[to];
        node.metrics.most_queued = node.metrics.most_queued.max(node.queue.len());
        if is_mark {
            self.pass_marks(to);
        }
    }

    /// Has marks pass by a node that has nothing to do before them.
    pub fn pass_marks(&mut self, at: usize) {
        let waits = matches!(self.nodes[at].queue.front(), Some((_, packet)) if matches!(packet.data, Data::Mark));
        if !waits || self.plan.nodes[at].slot.info().raw {
            return;
        }
        let plan = Arc::clone(&self.plan);
        loop {
            let node = &mut self.nodes[at];
            let passes = matches!(node.activity, Activity::Idle) && !node.more;
            match node.queue.front() {
                Some((_, packet)) if passes && matches!(packet.data, Data::Mark) => {}
                _ => return,
            }
            let Some((edge, mark)) = node.queue.pop_front() else { return };
            node.leaving = node.leaving.map(|before| before - 1);
            self.unload(edge, 1);
            // Once is enough, wherever it goes.
            match plan.nodes[at].outs.first() {
                Some(&out) => self.deliver(out, mark),
                None => self.dropped.push(mark),
            }
        }
    }

    /// Moves what has found its partners to the queue.
    pub fn align(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let mut lost = Vec::new();
        if let Some(matcher) = &mut node.matcher {
            matcher.align(&mut node.queue, &mut lost);
        }
        self.lose(lost);
    }

    /// Whether there was something to drop. A set of packets that belong together goes as a whole.
    fn drop_oldest(&mut self, edge: usize) -> bool {
        let mut lost = Vec::new();
        match self.plan.edges[edge].to {
            None => lost.extend(take_from(&mut self.outputs, edge).map(|packet| (edge, packet))),
            Some(to) => {
                let NodeState { matcher, queue, leaving, retry, more, activity, .. } = &mut self.nodes[to];
                let queued = match matcher {
                    None => queue.iter().position(|&(by, _)| by == edge).map(|at| at..at + 1),
                    Some(matcher) => matcher.oldest_set(queue, edge),
                };
                match (queued, matcher) {
                    (Some(queued), _) => {
                        if let Some(before) = leaving {
                            *before -= queued.end.min(*before).saturating_sub(queued.start);
                        }
                        if queued.start == 0 && !*more && matches!(activity, Activity::Idle | Activity::Waiting) {
                            // One that waits to be tried again takes its attempts with it.
                            (retry.attempts, retry.not_before) = (0, None);
                        }
                        lost.extend(queue.drain(queued));
                    }
                    (None, Some(matcher)) => lost.extend(matcher.take_from(edge).map(|packet| (edge, packet))),
                    (None, None) => {}
                }
            }
        }
        let found = !lost.is_empty();
        self.lose(lost);
        found
    }

    /// Drops packets that were on edges.
    fn lose(&mut self, lost: Vec<(usize, Box<Packet>)>) {
        for (edge, packet) in lost {
            self.unload(edge, 1);
            self.note_drop(edge);
            self.dropped.push(packet);
        }
    }

    fn note_drop(&mut self, edge: usize) {
        self.edges[edge].dropped += 1;
        log(Category::Packet, Level::Debug, || {
            let (from, to) = self.plan.ends(edge);
            format!("one dropped between '{from}' and '{to}'")
        });
        if let Some(to) = self.plan.edges[edge].to {
            self.nodes[to].metrics.dropped += 1;
        }
    }

    fn measure(&mut self, edge: usize, packet: &Packet) {
        if !self.plan.is_output(edge) || matches!(packet.data, Data::Failure(_)) {
            return;
        }
        let time = Duration::from_nanos(self.now.saturating_sub(packet.born));
        match self.paths.iter_mut().find(|path| path.edge == edge && path.origin == packet.origin) {
            Some(path) => path.latency.record(time, 1),
            None => {
                let mut latency = Histogram::default();
                latency.record(time, 1);
                self.paths.push(Path { origin: packet.origin, edge, latency });
            }
        }
    }

    /// Has a node flush once every edge asks for it by which more may come.
    fn ask(&mut self, at: usize) {
        let ins = &self.plan.nodes[at].ins;
        let asks = |edge: &usize| self.edges[*edge].asked > 0;
        if !ins.iter().any(asks) || !ins.iter().all(|edge| asks(edge) || self.is_closed(*edge)) {
            return;
        }
        for &edge in &self.plan.nodes[at].ins {
            self.edges[edge].asked = self.edges[edge].asked.saturating_sub(1);
        }
        self.nodes[at].queue.push_back((usize::MAX, Box::new(Packet::new(Data::Flush))));
    }

    pub fn takes_input(&self) -> bool {
        let open = matches!(self.phase, Phase::Starting(_) | Phase::Running);
        open && !self.input_ended && !self.cancelled && self.error.is_none()
    }

    pub fn has_input_room(&self) -> bool {
        self.plan.inputs.iter().all(|&edge| self.room_on(edge) != Some(0))
    }

    pub fn end_input(&mut self) {
        if !std::mem::replace(&mut self.input_ended, true) {
            let plan = Arc::clone(&self.plan);
            plan.inputs.iter().for_each(|&edge| self.close_edge(edge));
        }
    }

    /// A node will emit no more.
    pub fn finish(&mut self, at: usize) {
        self.nodes[at].finished = true;
        self.unfinished -= 1;
        let plan = Arc::clone(&self.plan);
        plan.nodes[at].outs.iter().for_each(|&edge| self.close_edge(edge));
    }

    /// Nothing more will come by an edge.
    pub fn close_edge(&mut self, edge: usize) {
        let planned = self.plan.edges[edge];
        let Some(to) = planned.to else { return };
        self.stir(to);
        let node = &mut self.nodes[to];
        node.open_ins -= 1;
        if let Some(matcher) = &mut node.matcher {
            matcher.close(edge, planned.to_port);
            self.align(to);
        }
        self.ask(to);
    }

    /// Whether nothing more will come by an edge.
    pub fn is_closed(&self, edge: usize) -> bool {
        self.plan.edges[edge].from.map_or(self.input_ended, |from| self.nodes[from].finished)
    }
}
