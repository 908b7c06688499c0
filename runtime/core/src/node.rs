//! Nodes: what does the work.

use std::fmt;
use std::ptr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::completion::Completion;
use crate::lane::Lane;
use crate::packet::NO_INDEX;
use crate::session::{Cause, Session};
use crate::{Audio, Caller, Data, Fault, Kinds, Packet, Slot};

/// What a call on a node came to. Outputs are emitted through the [`Context`] whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The call is finished.
    Done,
    /// There is more to come: the engine calls [`Node::resume`] when there is room for it.
    More,
    /// The outcome comes later, through the [`Completion`] that the node took from its context.
    Pending,
}

/// The result of a call on a node.
pub type Outcome = Result<Flow, Fault>;

/// What the engine knows about a node before it runs.
#[derive(Clone)]
#[allow(missing_docs, reason = "the ports are documented together")]
pub struct NodeInfo {
    /// Whether the node makes packets without being given any: [`Node::resume`] is called from the start until it
    /// answers [`Flow::Done`], and `process` never is.
    pub source: bool,
    /// The kinds of data that the node takes. Objects of a host are converted on the way to a node that does not take them.
    pub accepts: Kinds,
    /// The kinds of data that the node may emit.
    pub emits: Kinds,
    /// The lane whose workers must make the calls; without one any worker may.
    pub lane: Option<Arc<Lane>>,
    /// The names of its input ports and output ports, by number. None stands for one port without a name.
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    /// Whether packets of all inputs are matched by their pts, and by how much those may differ. The packets of a set are
    /// given one after the other, in the order of the ports; what finds no partner is dropped.
    pub matching: Option<Duration>,
    /// Whether the node is given failures and marks too, which pass by others.
    pub raw: bool,
    /// Whether its calls mostly wait: their time says nothing about what they cost, and the node keeps to its deadline
    /// itself, and to limits of its own for its start and its end.
    pub patient: bool,
    /// Whether it has nothing to initialise and nothing to clean up: where it is part of a session itself, nobody need come to it
    /// for that.
    pub lifeless: bool,
    /// How long after its deadline a node that keeps to it itself is waited for.
    pub grace: Duration,
    /// What the node says of itself beside what is measured, under the key `process` of its metrics.
    pub process: Option<Arc<Mutex<Value>>>,
}

impl NodeInfo {
    /// A native node that takes `accepts` and emits `emits`.
    pub fn filter(accepts: Kinds, emits: Kinds) -> NodeInfo {
        NodeInfo {
            source: false,
            accepts,
            emits,
            lane: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            matching: None,
            raw: false,
            patient: false,
            lifeless: false,
            grace: Duration::ZERO,
            process: None,
        }
    }

    /// A native node that makes packets by itself.
    pub fn source(emits: Kinds) -> NodeInfo {
        NodeInfo { source: true, ..NodeInfo::filter(Kinds::NONE, emits) }
    }
}

impl fmt::Debug for NodeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeInfo({} -> {})", self.accepts, self.emits)
    }
}

/// A node: a built-in one, or one of the host.
///
/// The engine calls `initialize` before anything else, never makes two calls at once, and calls `cleanup` exactly once
/// for each `initialize`, on every path. No lock of the engine is held during a call.
pub trait Node: Send {
    /// What the node is. Constant.
    fn info(&self) -> NodeInfo;

    /// Makes ready. A failure ends the session.
    fn initialize(&mut self, _context: &mut Context<'_>) -> Outcome {
        Ok(Flow::Done)
    }

    /// Takes one packet.
    fn process(&mut self, packet: Box<Packet>, context: &mut Context<'_>) -> Outcome;

    /// Goes on after [`Flow::More`]; for a source, makes the next packet.
    fn resume(&mut self, _context: &mut Context<'_>) -> Outcome {
        Ok(Flow::Done)
    }

    /// Gives what is left, at the end of the stream.
    fn flush(&mut self, _context: &mut Context<'_>) -> Outcome {
        Ok(Flow::Done)
    }

    /// Lets go of everything. Called also when `initialize` failed.
    fn cleanup(&mut self, _context: &mut Context<'_>) -> Outcome {
        Ok(Flow::Done)
    }

    /// Called before a run of calls on this thread: the place to enter the host. Whether there was one to enter.
    fn enter(&mut self) -> bool {
        false
    }

    /// Called after the run of calls.
    fn leave(&mut self) {}
}

/// What a node may use during a call.
pub struct Context<'a> {
    pub(crate) outputs: &'a mut Vec<Box<Packet>>,
    pub(crate) session: &'a Arc<Session>,
    pub(crate) slot: &'a Arc<Slot>,
    pub(crate) node: usize,
    pub(crate) id: &'a str,
    pub(crate) cause: &'a Cause,
    /// Whether the call has taken a completion.
    pub(crate) deferred: bool,
    /// Whether the call is one that makes packets.
    pub(crate) emits: bool,
    pub(crate) deadline: Option<Duration>,
}

impl Context<'_> {
    /// Whether packets can be sent on: not while the node makes ready or lets go.
    pub fn can_emit(&self) -> bool {
        self.emits
    }

    /// Sends a packet on. Where it lacks a time or an index it gets those of the packet that caused it.
    #[inline]
    pub fn emit(&mut self, packet: impl Into<Box<Packet>>) {
        let mut packet = packet.into();
        packet.pts = packet.pts.or(self.cause.pts);
        packet.duration = packet.duration.or(self.cause.duration);
        if packet.index == NO_INDEX {
            packet.index = self.cause.index;
        }
        packet.born = self.cause.born;
        packet.origin = self.cause.origin;
        self.outputs.push(packet);
    }

    /// The packets that were sent on and wait for the end of the call, after those of calls before it.
    pub fn sent(&self) -> &[Box<Packet>] {
        self.outputs
    }

    /// The token by which an outcome comes later. The call that takes it must answer [`Flow::Pending`].
    pub fn defer(&mut self) -> Completion {
        let token = self.session.new_token(self.node);
        self.deferred = true;
        Completion::new(self.session, self.node, token)
    }

    /// The call, for a session that it is to wait for.
    pub fn caller(&self) -> Arc<Caller> {
        Caller::new(self.session, self.slot)
    }

    /// Whether a session cannot end before the call has returned.
    pub fn is_awaited_by(&self, session: &Session) -> bool {
        let outer = self.session.caller();
        ptr::eq(&**self.session, session) || outer.is_some_and(|outer| outer.is_awaited_by(session))
    }

    /// The id of the node in its graph.
    pub fn node_id(&self) -> &str {
        self.id
    }

    /// The session that the call belongs to.
    pub fn session(&self) -> &Arc<Session> {
        self.session
    }

    /// How long the call may take.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Whether the session was cancelled, so that a long call had better return.
    pub fn cancelled(&self) -> bool {
        self.session.is_cancelled()
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context(node {}, input {})", self.node_id(), self.cause.index)
    }
}

impl Data {
    /// The audio, or the fault that names what came instead.
    pub fn into_audio(self) -> Result<Audio, Fault> {
        match self {
            Data::Audio(audio) => Ok(audio),
            other => Err(Fault::input(format!("expected audio, got {}", other.kind()))),
        }
    }
}
