//! The changing part of a session, and what may happen next.

use std::collections::VecDeque;
use std::mem::{Discriminant, discriminant};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::change::Change;
use super::flow::{EdgeState, Path};
use super::matcher::Matcher;
use super::plan::Plan;
use super::run::HEAVY;
use super::stirred::Stirred;
use super::{Event, Listener, Session};
use crate::packet::{NO_INDEX, PUSHED};
use crate::sync::Instant;
use crate::trace::Trace;
use crate::{Data, Fault, Flow, Node, NodeError, NodeMetrics, Packet, Slot, Time};

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

/// What a caller waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Want {
    Room,
    Output,
    /// Another phase, or the end of a change.
    Turn,
}

impl Want {
    pub const ALL: [Want; 3] = [Want::Room, Want::Output, Want::Turn];
    pub const COUNT: usize = Want::ALL.len();
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
    pub packet: Option<Box<Packet>>,
    pub outcome: Result<Flow, Fault>,
}

/// The packet that a node may be given again if it fails.
#[derive(Default)]
pub(super) struct Retry {
    pub spare: Option<(usize, Box<Packet>)>,
    pub attempts: u32,
    pub not_before: Option<Instant>,
}

pub(super) struct NodeState {
    /// What has arrived, with the edge that it came by.
    pub queue: VecDeque<(usize, Box<Packet>)>,
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
    pub fn give_up(&mut self, at: usize, returned: &mut Vec<(usize, Box<dyn Node>)>) {
        if matches!(self.activity, Activity::Idle | Activity::Waiting) {
            self.activity = Activity::Idle;
            self.more = false;
            returned.extend(self.held.take().map(|node| (at, node)));
        }
    }

    /// Whether the flush at the end of the stream has begun.
    pub fn has_ended(&self) -> bool {
        let begun = self.op == Op::Flush && (self.more || !matches!(self.activity, Activity::Idle));
        self.flushed || self.finished || begun
    }

    /// Whether the oldest packet asks for a flush.
    fn is_asked(&self) -> bool {
        self.queue.front().is_some_and(|(_, packet)| matches!(packet.data, Data::Flush))
    }
}

pub(super) struct State {
    pub plan: Arc<Plan>,
    pub phase: Phase,
    pub nodes: Vec<NodeState>,
    /// The nodes that may have become ready since they were last looked at.
    pub stirred: Stirred,
    pub edges: Vec<EdgeState>,
    pub outputs: VecDeque<(usize, Box<Packet>)>,
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
    /// Whether the session is in the queue of each lane.
    pub queued: Vec<bool>,
    /// Callers that wait, by what they want; whether things have taken a turn of which they know nothing, and the phase that
    /// they know of.
    pub waiters: [usize; Want::COUNT],
    pub turned: bool,
    pub told_phase: Discriminant<Phase>,
    /// The lane that light native nodes run on, and whether no node can be run on another.
    pub home: usize,
    pub is_lone: bool,
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
    /// The session itself, as long as it has to clean up after its end.
    pub kept: Option<Arc<Session>>,
    /// When the session will look at the clock, the next time last.
    pub alarms: Vec<Instant>,
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
    pub dropped: Vec<Box<Packet>>,
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
            stirred: Stirred::all(nodes.len()),
            is_lone: nodes.iter().all(|node| node.link == nodes[0].link),
            nodes,
            edges: vec![EdgeState::default(); plan.edges.len()],
            outputs: VecDeque::new(),
            next_input: 0,
            input_ended: false,
            cancelled: false,
            error: None,
            halted: None,
            runners: vec![0; lanes],
            queued: vec![false; lanes],
            waiters: [0; Want::COUNT],
            turned: false,
            told_phase: discriminant(&Phase::Starting(0)),
            home,
            listener: None,
            wanted: Event::Ended.bit() | Event::Stalled.bit(),
            untold: 0,
            telling: false,
            stalled: false,
            moves: 0,
            seen_moves: 0,
            seen_at: Instant::now(),
            kept: None,
            alarms: Vec::new(),
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
        self.stir_all();
        for node in &mut self.nodes {
            node.life = Life::Ready;
            if node.flushed {
                node.op = Op::Flush;
                node.more = true;
            }
        }
    }

    /// Something has changed for a node: it is looked at anew.
    pub fn stir(&mut self, at: usize) {
        self.stirred.insert(self.plan.ranks[at]);
    }

    /// Something has changed that may concern any node.
    pub fn stir_all(&mut self) {
        self.stirred.fill(self.nodes.len());
    }

    /// Whether packets flow, and nothing else is going on.
    pub fn is_plain(&self) -> bool {
        matches!(self.phase, Phase::Running) && !self.cancelled && self.halted.is_none() && self.changes.is_empty()
    }

    /// Whether packets flow, nobody is at work or about to be on the lane that most of it is done on, and every node is
    /// known not to be worth a thread of its own.
    pub fn is_quick(&self) -> bool {
        let home = self.home;
        let is_free = self.runners[home] == 0 && !self.queued[home];
        self.is_plain() && is_free && self.nodes.iter().all(|node| node.cost > 0 && node.cost <= HEAVY)
    }

    /// What can be asked of a node now that was stirred. One that nothing can be asked of is not looked at again before it is
    /// stirred anew.
    pub fn next_op_if_any(&mut self, at: usize) -> Option<Op> {
        let op = self.next_op(at);
        if op.is_none() {
            self.stirred.remove(self.plan.ranks[at]);
        }
        op
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

    /// Whether there is what somebody may wait for.
    pub fn has(&self, want: Want) -> bool {
        match want {
            Want::Room => !self.takes_input() || self.has_input_room(),
            Want::Output => !self.outputs.is_empty() || matches!(self.phase, Phase::Ended),
            Want::Turn => self.turned,
        }
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
        if !matches!(self.phase, Phase::Starting(_)) {
            events |= Event::Ready.bit();
        }
        if self.has(Want::Output) {
            events |= Event::Output.bit();
        }
        if self.has(Want::Room) {
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
}
