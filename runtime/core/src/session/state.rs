//! The changing part of a session, and what may happen next.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::plan::Plan;
use super::{Event, Listener, Session};
use crate::packet::NO_INDEX;
use crate::{Fault, Flow, Node, NodeError, NodeMetrics, Packet, Time};

/// Where a session stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Initialising the nodes, in order; this one is next.
    Starting(usize),
    /// Packets flow.
    Running,
    /// Cleaning the nodes up, in order; this one is next.
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

/// What can be asked of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Initialize,
    Process,
    Resume,
    Flush,
    Cleanup,
    /// Take over the outcome that a completion has brought.
    Settle,
}

/// The packet that an operation works on, as far as outputs and errors need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause {
    pub index: u64,
    pub pts: Time,
    pub duration: Time,
}

impl Cause {
    pub const NONE: Cause = Cause { index: NO_INDEX, pts: Time::NONE, duration: Time::NONE };

    pub fn of(packet: &Packet) -> Cause {
        Cause { index: packet.index, pts: packet.pts, duration: packet.duration }
    }
}

/// What a completion brought.
pub(super) struct Settled {
    pub packet: Option<Packet>,
    pub outcome: Result<Flow, Fault>,
}

pub(super) struct NodeState {
    /// What has arrived, with the edge that it came by.
    pub queue: VecDeque<(usize, Packet)>,
    pub activity: Activity,
    /// The node itself, kept out of its slot while an operation goes on over several calls.
    pub held: Option<Box<dyn Node>>,
    /// The operation that goes on, and the packet that it works on.
    pub op: Op,
    pub cause: Cause,
    /// Whether `resume` is due.
    pub more: bool,
    /// The token of the completion that may bring an outcome, and what it has brought.
    pub token: Option<u64>,
    pub settled: Option<Settled>,
    /// The edges by which more may come.
    pub open_ins: usize,
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
}

pub(super) struct State {
    pub phase: Phase,
    pub nodes: Vec<NodeState>,
    /// The packets on each edge.
    pub load: Vec<usize>,
    pub capacity: usize,
    pub outputs: VecDeque<Packet>,
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
    /// The events that somebody waits for.
    pub wanted: u8,
    pub elapsed: Option<Duration>,
    pub warnings: Vec<String>,
    /// Nodes to put back into their slots, and sessions to tell that a node of theirs is wanted, once the lock is gone.
    pub returned: Vec<(usize, Box<dyn Node>)>,
    pub pokes: Vec<Weak<Session>>,
    /// Lanes without workers, whose work the thread at hand does then.
    pub orphaned: Vec<usize>,
}

impl State {
    pub fn new(plan: &Plan, capacity: usize, links: Vec<Option<usize>>, lanes: usize) -> State {
        let home = links.iter().flatten().copied().next().unwrap_or(0);
        let nodes: Vec<NodeState> = plan
            .nodes
            .iter()
            .zip(links)
            .map(|(node, link)| {
                let source = node.slot.info().source;
                NodeState {
                    queue: VecDeque::new(),
                    activity: Activity::Idle,
                    held: None,
                    op: Op::Process,
                    cause: Cause::NONE,
                    more: false,
                    token: None,
                    settled: None,
                    open_ins: node.ins.len(),
                    flushed: source,
                    finished: false,
                    link,
                    cost: 0,
                    made: 0,
                    metrics: NodeMetrics::default(),
                }
            })
            .collect();
        State {
            phase: Phase::Starting(0),
            unfinished: nodes.len(),
            nodes,
            load: vec![0; plan.edges.len()],
            capacity: capacity.max(1),
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
            wanted: Event::Ended.bit(),
            elapsed: None,
            warnings: Vec::new(),
            returned: Vec::new(),
            pokes: Vec::new(),
            orphaned: Vec::new(),
        }
    }

    /// Packets begin to flow. A source is one long flush.
    pub fn begin(&mut self) {
        self.phase = Phase::Running;
        for node in self.nodes.iter_mut().filter(|node| node.flushed) {
            node.op = Op::Flush;
            node.more = true;
        }
    }

    /// What can be asked of a node now.
    pub fn next_op(&self, plan: &Plan, at: usize) -> Option<Op> {
        let node = &self.nodes[at];
        match node.activity {
            Activity::Running | Activity::Waiting => return None,
            Activity::Pending => return node.settled.as_ref().map(|_| Op::Settle),
            Activity::Idle => {}
        }
        match self.phase {
            Phase::Starting(next) => (next == at).then_some(Op::Initialize),
            Phase::Stopping(next) => (next == at).then_some(Op::Cleanup),
            Phase::Ended => None,
            Phase::Running => self.next_flow(plan, at),
        }
    }

    fn next_flow(&self, plan: &Plan, at: usize) -> Option<Op> {
        let node = &self.nodes[at];
        if node.finished || self.cancelled || self.is_halted(at) {
            return None;
        }
        let op = if node.more {
            Op::Resume
        } else if !node.queue.is_empty() {
            Op::Process
        } else if node.open_ins == 0 && !node.flushed && self.halted.is_none() {
            Op::Flush
        } else {
            return None;
        };
        if self.room(plan, at) > 0 {
            return Some(op);
        }
        // Whoever holds a node that others wait for goes on rather than wait for them. But for a source: it has no end.
        let slot = &plan.nodes[at].slot;
        (op == Op::Resume && !slot.info().source && slot.wanted()).then_some(op)
    }

    /// How many packets a node may emit before an edge is full.
    pub fn room(&self, plan: &Plan, at: usize) -> usize {
        let load = |&edge: &usize| match plan.edges[edge].to {
            Some(_) => self.load[edge],
            None => self.outputs.len(),
        };
        let fullest = plan.nodes[at].outs.iter().map(load).max().unwrap_or(0);
        self.capacity.saturating_sub(fullest)
    }

    /// Puts a packet on an edge.
    pub fn deliver(&mut self, plan: &Plan, edge: usize, packet: Packet) {
        match plan.edges[edge].to {
            Some(to) => {
                self.load[edge] += 1;
                self.nodes[to].queue.push_back((edge, packet));
            }
            None => self.outputs.push_back(packet),
        }
    }

    pub fn takes_input(&self) -> bool {
        let open = matches!(self.phase, Phase::Starting(_) | Phase::Running);
        open && !self.input_ended && !self.cancelled && self.error.is_none()
    }

    pub fn has_input_room(&self, plan: &Plan) -> bool {
        plan.inputs.iter().all(|&edge| self.load[edge] < self.capacity)
    }

    /// The events that have come about and that somebody waits for, each told once.
    pub fn take_events(&mut self, plan: &Plan) -> u8 {
        if self.wanted == 0 || self.listener.is_none() {
            return 0;
        }
        let ended = matches!(self.phase, Phase::Ended);
        let mut events = 0;
        if ended {
            events |= Event::Ended.bit();
        }
        if ended || !self.outputs.is_empty() {
            events |= Event::Output.bit();
        }
        if !self.takes_input() || self.has_input_room(plan) {
            events |= Event::Room.bit();
        }
        events &= self.wanted;
        self.wanted &= !events;
        events
    }

    pub fn end_input(&mut self, plan: &Plan) {
        if !std::mem::replace(&mut self.input_ended, true) {
            plan.inputs.iter().filter_map(|&edge| plan.edges[edge].to).for_each(|to| self.nodes[to].open_ins -= 1);
        }
    }

    /// A node will emit no more.
    pub fn finish(&mut self, plan: &Plan, at: usize) {
        self.nodes[at].finished = true;
        self.unfinished -= 1;
        for &edge in &plan.nodes[at].outs {
            if let Some(to) = plan.edges[edge].to {
                self.nodes[to].open_ins -= 1;
            }
        }
    }

    /// A node has failed for good: what lies before it stands still, what lies behind it comes out. Of several failures
    /// the one at the earliest input counts, as if inputs went through one by one.
    pub fn fail(&mut self, plan: &Plan, at: usize, error: Arc<NodeError>) {
        let mut halted = self.halted.take().unwrap_or_else(|| vec![false; plan.nodes.len()]);
        for ((halted, upstream), node) in halted.iter_mut().zip(plan.upstream(at)).zip(&plan.nodes) {
            *halted |= upstream || node.slot.info().source;
        }
        for (at, node) in self.nodes.iter_mut().enumerate().filter(|&(at, _)| halted[at]) {
            node.give_up(at, &mut self.returned);
        }
        self.halted = Some(halted);
        if self.error.as_ref().is_none_or(|first| error.index < first.index) {
            self.error = Some(error);
        }
    }

    /// Whether anything is still going on at a node.
    fn is_busy(&self, at: usize) -> bool {
        !matches!(self.nodes[at].activity, Activity::Idle)
    }

    /// Whether the flow is over, for better or worse.
    pub fn flow_is_over(&self) -> bool {
        if self.cancelled {
            return !self.nodes.iter().any(|node| matches!(node.activity, Activity::Running));
        }
        if self.halted.is_none() {
            return self.unfinished == 0;
        }
        (0..self.nodes.len()).all(|at| !self.is_busy(at) && !self.may_go_on(at))
    }

    /// A call has returned at a node that was given up meanwhile.
    pub fn retire(&mut self, at: usize) {
        self.nodes[at].give_up(at, &mut self.returned);
    }

    /// Whether a node has something left to do after a failure, if only there were room.
    fn may_go_on(&self, at: usize) -> bool {
        let node = &self.nodes[at];
        !node.finished && !self.is_halted(at) && (node.more || !node.queue.is_empty())
    }

    pub fn is_halted(&self, at: usize) -> bool {
        self.halted.as_ref().is_some_and(|halted| halted[at])
    }

    /// Gives everything up; returns what is dropped by it.
    pub fn cancel(&mut self, plan: &Plan) -> Vec<Packet> {
        if matches!(self.phase, Phase::Stopping(_) | Phase::Ended) {
            return Vec::new();
        }
        self.cancelled = true;
        let mut dropped: Vec<Packet> = self.outputs.drain(..).collect();
        for (at, node) in self.nodes.iter_mut().enumerate() {
            dropped.extend(node.queue.drain(..).map(|(_, packet)| packet));
            dropped.extend(node.settled.take().and_then(|settled| settled.packet));
            node.token = None;
            if matches!(node.activity, Activity::Pending) {
                if node.op == Op::Initialize {
                    plan.nodes[at].slot.fail();
                }
                node.activity = Activity::Idle;
            }
            node.give_up(at, &mut self.returned);
        }
        self.load.fill(0);
        dropped
    }
}
