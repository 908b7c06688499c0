//! The changing part of a session, and what may happen next.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::change::Change;
use super::matcher::{Matcher, take_from};
use super::plan::Plan;
use super::{Event, Listener, Session};
use crate::packet::{NO_INDEX, PUSHED};
use crate::trace::Trace;
use crate::{Data, Fault, Flow, Histogram, Node, NodeError, NodeMetrics, Packet, Policy, Slot, Time};

/// Where a session stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Initialising the nodes; this one in the order is next.
    Starting(usize),
    /// Packets flow.
    Running,
    /// Cleaning the nodes up; this one in the order is next.
    Stopping(usize),
    /// All is over.
    Ended,
}

/// What is happening at a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Activity {
    /// Nothing.
    Idle,
    /// A worker is in a call.
    Running,
    /// The outcome of an operation comes through a completion.
    Pending,
    /// Another session has the node.
    Waiting,
}

/// How far a node has come. Those of the graph follow the phases of the session; those that join later go their own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Not yet initialised.
    New,
    Ready,
    /// To be cleaned up while the session runs on.
    Leaving,
    Gone,
}

/// What can be asked of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Initialize,
    Process,
    Resume,
    Flush,
    /// A flush amid the stream, because a packet asked for it.
    Drain,
    /// The last flush of a node that the session goes on without.
    Leave,
    Cleanup,
    /// Take over the outcome that a completion has brought.
    Settle,
}

/// The packet that an operation works on, as far as outputs and errors need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cause {
    pub index: u64,
    pub pts: Time,
    pub duration: Time,
    pub born: u64,
    pub origin: u32,
}

impl Cause {
    pub const NONE: Cause = Cause { index: NO_INDEX, pts: Time::NONE, duration: Time::NONE, born: 0, origin: PUSHED };

    pub fn of(packet: &Packet) -> Cause {
        let Packet { index, pts, duration, born, origin, .. } = *packet;
        Cause { index, pts, duration, born, origin }
    }
}

/// What a completion brought.
pub(super) struct Settled {
    pub packet: Option<Packet>,
    pub outcome: Result<Flow, Fault>,
}

/// The packet that a node may be given again if it fails.
#[derive(Default)]
pub(super) struct Retry {
    pub spare: Option<(usize, Packet)>,
    pub attempts: u32,
    pub not_before: Option<Instant>,
}

pub(super) struct NodeState {
    /// What has arrived, with the edge that it came by.
    pub queue: VecDeque<(usize, Packet)>,
    /// What has arrived and waits for its partners.
    pub matcher: Option<Matcher>,
    pub activity: Activity,
    /// Since when it is so.
    pub since: Instant,
    /// The thread that is in the call.
    pub thread: u64,
    pub life: Life,
    /// Whether a call took so long that the session goes on without it; it is cleaned up when it returns.
    pub abandoned: bool,
    /// How many of the queued packets come before the node leaves.
    pub leaving: Option<usize>,
    /// The node itself, kept out of its slot while an operation goes on over several calls.
    pub held: Option<Box<dyn Node>>,
    /// The operation that goes on, and the packet that it works on.
    pub op: Op,
    pub cause: Cause,
    /// Whether `resume` is due.
    pub more: bool,
    pub retry: Retry,
    /// The token of the completion that may bring an outcome, and what it has brought.
    pub token: Option<u64>,
    pub settled: Option<Settled>,
    /// The edges by which more may come, and how many of them ask for a flush.
    pub open_ins: usize,
    pub asked: usize,
    pub flushed: bool,
    pub finished: bool,
    /// The lane that must make the calls, as the session numbers it.
    pub link: Option<usize>,
    /// What one packet costs, by experience, in nanoseconds.
    pub cost: u64,
    /// The packets that a source has made.
    pub made: u64,
    pub metrics: NodeMetrics,
}

impl NodeState {
    pub fn new(plan: &Plan, at: usize, link: Option<usize>) -> NodeState {
        let node = &plan.nodes[at];
        let info = node.slot.info();
        let open = |port| node.ins.iter().copied().filter(|&edge| plan.edges[edge].to_port == port).collect();
        let open: Vec<Vec<usize>> = (0..info.inputs.len() as u32).map(open).collect();
        NodeState {
            queue: VecDeque::new(),
            matcher: info.matching.filter(|_| open.len() > 1).map(|tolerance| Matcher::new(tolerance, open)),
            activity: Activity::Idle,
            since: Instant::now(),
            thread: 0,
            life: Life::New,
            abandoned: false,
            leaving: None,
            held: None,
            op: Op::Process,
            cause: Cause::NONE,
            more: false,
            retry: Retry::default(),
            token: None,
            settled: None,
            open_ins: node.ins.len(),
            asked: 0,
            flushed: info.source,
            finished: false,
            link,
            cost: 0,
            made: 0,
            metrics: NodeMetrics::default(),
        }
    }

    /// Whether `token` may bring an outcome: for the pending call, or for one that has not returned yet.
    pub fn awaits(&self, token: u64) -> bool {
        self.settled.is_none() && self.token == Some(token)
    }

    /// Leaves what goes on over several calls where it is, and waits for nobody: a node that is kept out of its slot for
    /// nothing could keep another session waiting for ever.
    fn give_up(&mut self, at: usize, returned: &mut Vec<(usize, Box<dyn Node>)>) {
        if matches!(self.activity, Activity::Idle | Activity::Waiting) {
            self.activity = Activity::Idle;
            self.more = false;
            returned.extend(self.held.take().map(|node| (at, node)));
        }
    }

    /// Whether the oldest packet asks for a flush.
    fn is_asked(&self) -> bool {
        self.queue.front().is_some_and(|(_, packet)| matches!(packet.data, Data::Flush))
    }
}

#[derive(Clone, Copy, Default)]
pub(super) struct EdgeState {
    /// The packets on it, the most that ever were, and those that it dropped.
    pub load: usize,
    pub most: usize,
    pub dropped: u64,
}

/// How long packets took from a source to an output.
pub(super) struct Path {
    pub origin: u32,
    pub edge: usize,
    pub latency: Histogram,
}

pub(super) struct State {
    pub plan: Arc<Plan>,
    pub phase: Phase,
    pub nodes: Vec<NodeState>,
    pub edges: Vec<EdgeState>,
    pub outputs: VecDeque<(usize, Packet)>,
    pub next_input: u64,
    pub input_ended: bool,
    pub cancelled: bool,
    pub error: Option<Arc<NodeError>>,
    /// Nodes that may still emit.
    pub unfinished: usize,
    /// After a failure: the nodes that stand still, because the failed one can be reached from them.
    pub halted: Option<Vec<bool>>,
    /// Workers that are running the session, for each lane.
    pub runners: Vec<usize>,
    /// Callers that wait for a change.
    pub waiters: usize,
    /// The lane that light native nodes run on.
    pub home: usize,
    pub listener: Option<Listener>,
    /// The events that somebody waits for, those that are to be told, whether somebody is at it, and whether the session
    /// has stalled.
    pub wanted: u8,
    pub untold: u8,
    pub telling: bool,
    pub stalled: bool,
    /// Counts whatever moves, and what it was at the last look.
    pub moves: u64,
    pub seen_moves: u64,
    pub seen_at: Instant,
    /// When the session will look at the clock.
    pub alarm: Option<Instant>,
    /// Since the session was opened, in nanoseconds; as late as the last packets.
    pub now: u64,
    /// Whether the session has any reason to look at the clock.
    pub keeps_time: bool,
    pub elapsed: Option<Duration>,
    pub warnings: Vec<String>,
    pub paths: Vec<Path>,
    pub trace: Trace,
    pub changes: Vec<Change>,
    pub next_change: u64,
    /// Nodes to put back into their slots, packets to drop, sessions to tell that a node of theirs is wanted, and nodes to let
    /// go of, once the lock is gone.
    pub returned: Vec<(usize, Box<dyn Node>)>,
    pub dropped: Vec<Packet>,
    pub pokes: Vec<Weak<Session>>,
    pub buried: Vec<Arc<Slot>>,
    /// Lanes without workers, whose work the thread at hand does then.
    pub orphaned: Vec<usize>,
}

impl State {
    pub fn new(plan: Plan, links: Vec<Option<usize>>, lanes: usize) -> State {
        let home = links.iter().flatten().copied().next().unwrap_or(0);
        let nodes: Vec<NodeState> =
            links.into_iter().enumerate().map(|(at, link)| NodeState::new(&plan, at, link)).collect();
        State {
            phase: Phase::Starting(0),
            unfinished: nodes.len(),
            nodes,
            edges: vec![EdgeState::default(); plan.edges.len()],
            outputs: VecDeque::new(),
            next_input: 0,
            input_ended: false,
            cancelled: false,
            error: None,
            halted: None,
            runners: vec![0; lanes],
            waiters: 0,
            home,
            listener: None,
            wanted: Event::Ended.bit() | Event::Stalled.bit(),
            untold: 0,
            telling: false,
            stalled: false,
            moves: 0,
            seen_moves: 0,
            seen_at: Instant::now(),
            alarm: None,
            now: 0,
            keeps_time: plan.nodes.iter().any(|node| node.deadline.is_some() || node.retries > 0),
            elapsed: None,
            warnings: Vec::new(),
            paths: Vec::new(),
            trace: Trace::default(),
            changes: Vec::new(),
            next_change: 0,
            returned: Vec::new(),
            dropped: Vec::new(),
            pokes: Vec::new(),
            buried: Vec::new(),
            orphaned: Vec::new(),
            plan: Arc::new(plan),
        }
    }

    /// Packets begin to flow. A source is one long flush.
    pub fn begin(&mut self) {
        self.phase = Phase::Running;
        for node in &mut self.nodes {
            node.life = Life::Ready;
            if node.flushed {
                node.op = Op::Flush;
                node.more = true;
            }
        }
    }

    /// What can be asked of a node now.
    pub fn next_op(&self, at: usize) -> Option<Op> {
        let node = &self.nodes[at];
        match node.activity {
            Activity::Running | Activity::Waiting => return None,
            Activity::Pending => return node.settled.as_ref().map(|_| Op::Settle),
            Activity::Idle => {}
        }
        let turn = |next: usize| self.plan.order.get(next) == Some(&at);
        match (self.phase, node.life) {
            (_, Life::Gone) => None,
            (Phase::Starting(next), _) => turn(next).then_some(Op::Initialize),
            (Phase::Running, Life::New) => Some(Op::Initialize),
            (Phase::Running, Life::Leaving) => Some(Op::Cleanup),
            (Phase::Running, Life::Ready) => self.next_flow(at),
            (Phase::Stopping(next), _) => (turn(next) || node.abandoned).then_some(Op::Cleanup),
            (Phase::Ended, _) => node.abandoned.then_some(Op::Cleanup),
        }
    }

    fn next_flow(&self, at: usize) -> Option<Op> {
        let node = &self.nodes[at];
        if node.finished || node.abandoned || self.cancelled || self.is_halted(at) {
            return None;
        }
        let op = if node.more {
            Op::Resume
        } else if node.retry.not_before.is_some_and(|time| time > Instant::now()) {
            return None;
        } else if node.leaving == Some(0) {
            Op::Leave
        } else if node.is_asked() {
            Op::Drain
        } else if !node.queue.is_empty() {
            Op::Process
        } else if node.open_ins == 0 && !node.flushed && self.halted.is_none() {
            Op::Flush
        } else {
            return None;
        };
        if self.room(at) > 0 {
            return Some(op);
        }
        // Whoever holds a node that others wait for goes on rather than wait for them. But for a source: it has no end.
        let slot = &self.plan.nodes[at].slot;
        (op == Op::Resume && !slot.info().source && slot.wanted()).then_some(op)
    }

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

    /// Puts a packet on an edge, or drops what its policy says.
    pub fn deliver(&mut self, edge: usize, mut packet: Packet) {
        let planned = self.plan.edges[edge];
        packet.port = planned.to_port;
        if let Data::Flush = packet.data {
            if let Some(to) = planned.to {
                self.nodes[to].asked += 1;
                self.ask(to);
            }
            return;
        }
        if self.edges[edge].load >= planned.capacity {
            match planned.policy {
                Policy::Block => {}
                Policy::DropNewest => {
                    self.note_drop(edge);
                    return self.dropped.push(packet);
                }
                Policy::DropOldest => {
                    self.drop_oldest(edge);
                }
                Policy::Latest => while self.drop_oldest(edge) {},
            }
        }
        let entry = &mut self.edges[edge];
        entry.load += 1;
        entry.most = entry.most.max(entry.load);
        if !matches!(packet.data, Data::Mark) {
            self.measure(edge, &packet);
        }
        let Some(to) = planned.to else { return self.outputs.push_back((edge, packet)) };
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
        self.pass_marks(to);
    }

    /// Has marks pass by a node that has nothing to do before them.
    pub fn pass_marks(&mut self, at: usize) {
        let plan = Arc::clone(&self.plan);
        if plan.nodes[at].slot.info().raw {
            return;
        }
        loop {
            let node = &mut self.nodes[at];
            let passes = matches!(node.activity, Activity::Idle) && !node.more;
            match node.queue.front() {
                Some((_, packet)) if passes && matches!(packet.data, Data::Mark) => {}
                _ => return,
            }
            let Some((edge, mark)) = node.queue.pop_front() else { return };
            node.leaving = node.leaving.map(|before| before - 1);
            self.edges[edge].load -= 1;
            // Once is enough, wherever it goes.
            match plan.nodes[at].outs.first() {
                Some(&out) => self.deliver(out, mark),
                None => self.dropped.push(mark),
            }
        }
    }

    /// Moves what has found its partners to the queue.
    fn align(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let mut lost = Vec::new();
        if let Some(matcher) = &mut node.matcher {
            matcher.align(&mut node.queue, &mut lost);
        }
        for (edge, packet) in lost {
            self.edges[edge].load -= 1;
            self.note_drop(edge);
            self.dropped.push(packet);
        }
    }

    /// Whether there was something to drop.
    fn drop_oldest(&mut self, edge: usize) -> bool {
        let oldest = match self.plan.edges[edge].to {
            None => take_from(&mut self.outputs, edge),
            Some(to) => {
                let NodeState { matcher, queue, leaving, .. } = &mut self.nodes[to];
                let at = queue.iter().position(|&(by, _)| by == edge);
                if let (Some(at), Some(before)) = (at, leaving.as_mut()) {
                    *before -= usize::from(at < *before);
                }
                let queued = at.and_then(|at| queue.remove(at)).map(|(_, packet)| packet);
                queued.or_else(|| matcher.as_mut().and_then(|matcher| matcher.take_from(edge)))
            }
        };
        let Some(packet) = oldest else { return false };
        self.edges[edge].load -= 1;
        self.note_drop(edge);
        self.dropped.push(packet);
        true
    }

    fn note_drop(&mut self, edge: usize) {
        self.edges[edge].dropped += 1;
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
            Some(path) => path.latency.record(time),
            None => {
                let mut latency = Histogram::default();
                latency.record(time);
                self.paths.push(Path { origin: packet.origin, edge, latency });
            }
        }
    }

    /// Has a node flush once every edge asks for it by which more may come.
    fn ask(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.asked > 0 && node.asked >= node.open_ins {
            node.asked = 0;
            node.queue.push_back((usize::MAX, Packet::new(Data::Flush)));
        }
    }

    pub fn takes_input(&self) -> bool {
        let open = matches!(self.phase, Phase::Starting(_) | Phase::Running);
        open && !self.input_ended && !self.cancelled && self.error.is_none()
    }

    pub fn has_input_room(&self) -> bool {
        self.plan.inputs.iter().all(|&edge| self.room_on(edge) != Some(0))
    }

    /// Notes the events that have come about and that somebody waits for; whether somebody must come to tell them.
    pub fn note_events(&mut self) -> bool {
        if self.listener.is_none() {
            return false;
        }
        let ended = matches!(self.phase, Phase::Ended);
        let mut events = 0;
        if ended {
            events |= Event::Ended.bit();
        }
        if ended || !self.outputs.is_empty() {
            events |= Event::Output.bit();
        }
        if !self.takes_input() || self.has_input_room() {
            events |= Event::Room.bit();
        }
        events &= self.wanted;
        self.wanted &= !events;
        if std::mem::take(&mut self.stalled) {
            events |= Event::Stalled.bit();
        }
        self.untold |= events;
        self.untold != 0 && !std::mem::replace(&mut self.telling, true)
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

    /// A node has failed for good: what lies before it stands still, what lies behind it comes out. Of several failures
    /// the one at the earliest input counts, as if inputs went through one by one.
    pub fn fail(&mut self, at: usize, error: Arc<NodeError>) {
        let plan = Arc::clone(&self.plan);
        let mut halted = self.halted.take().unwrap_or_else(|| vec![false; plan.nodes.len()]);
        halted.resize(plan.nodes.len(), false);
        for ((halted, upstream), node) in halted.iter_mut().zip(plan.upstream(at)).zip(&plan.nodes) {
            *halted |= upstream || node.slot.info().source;
        }
        for (at, node) in self.nodes.iter_mut().enumerate().filter(|&(at, _)| halted[at]) {
            node.give_up(at, &mut self.returned);
        }
        self.halted = Some(halted);
        self.close_halted();
        if self.error.as_ref().is_none_or(|first| error.index < first.index) {
            // An error may hold an object of the host, which is not called under the lock.
            let first = self.error.replace(error);
            self.dropped.extend(first.map(|error| Packet::new(Data::Failure(error))));
        }
    }

    /// Nothing comes from nodes that stand still: what waits at a match for their packets has no partners.
    fn close_halted(&mut self) {
        let plan = Arc::clone(&self.plan);
        let busy: Vec<bool> = (0..self.nodes.len()).map(|at| self.is_busy(at)).collect();
        for (at, node) in plan.nodes.iter().enumerate() {
            let Some(matcher) = &mut self.nodes[at].matcher else { continue };
            for &edge in &node.ins {
                let from = plan.edges[edge].from;
                // One that is in a call may yet bring something: its turn comes when it returns.
                let still = |from: usize| self.halted.as_ref().is_some_and(|halted| halted[from] && !busy[from]);
                if from.is_none_or(still) {
                    matcher.close(edge, plan.edges[edge].to_port);
                }
            }
            self.align(at);
        }
    }

    /// Whether anything is still going on at a node.
    fn is_busy(&self, at: usize) -> bool {
        !self.nodes[at].abandoned && !matches!(self.nodes[at].activity, Activity::Idle)
    }

    /// Whether the flow is over, for better or worse.
    pub fn flow_is_over(&self) -> bool {
        if self.cancelled {
            return !self.nodes.iter().any(|node| matches!(node.activity, Activity::Running) && !node.abandoned);
        }
        if self.halted.is_none() {
            return self.unfinished == 0;
        }
        (0..self.nodes.len()).all(|at| !self.is_busy(at) && !self.may_go_on(at))
    }

    /// A call has returned at a node that was given up meanwhile.
    pub fn retire(&mut self, at: usize) {
        self.nodes[at].give_up(at, &mut self.returned);
        if self.halted.is_some() {
            self.close_halted();
        }
    }

    /// Whether a node has something left to do after a failure, if only there were room.
    fn may_go_on(&self, at: usize) -> bool {
        let node = &self.nodes[at];
        !node.finished && !self.is_halted(at) && (node.more || !node.queue.is_empty())
    }

    pub fn is_halted(&self, at: usize) -> bool {
        self.halted.as_ref().is_some_and(|halted| halted.get(at) == Some(&true))
    }

    /// Gives everything up.
    pub fn cancel(&mut self) {
        if matches!(self.phase, Phase::Stopping(_) | Phase::Ended) {
            return;
        }
        self.cancelled = true;
        self.dropped.extend(self.outputs.drain(..).map(|(_, packet)| packet));
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let waiting = node.matcher.iter_mut().flat_map(Matcher::drain);
            let queued = node.queue.drain(..).chain(node.retry.spare.take()).chain(waiting);
            self.dropped.extend(queued.map(|(_, packet)| packet));
            if let Some(settled) = node.settled.take() {
                drop_settled(settled, &mut self.dropped);
            }
            node.token = None;
            if matches!(node.activity, Activity::Pending) {
                if node.op == Op::Initialize {
                    self.plan.nodes[at].slot.fail();
                }
                node.activity = Activity::Idle;
            }
            node.give_up(at, &mut self.returned);
        }
        self.edges.iter_mut().for_each(|edge| edge.load = 0);
    }
}

/// Has what a completion brought dropped later.
pub(super) fn drop_settled(settled: Settled, dropped: &mut Vec<Packet>) {
    dropped.extend(settled.packet);
    if let Err(fault) = settled.outcome {
        let error = NodeError::new(fault, "", NO_INDEX, Time::NONE);
        dropped.push(Packet::new(Data::Failure(Arc::new(error))));
    }
}
