//! What can go wrong, and where.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::packet::NO_INDEX;
use crate::{HostObject, Time};

/// What kind of thing went wrong. The C ABI has a status code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// An argument that can never be right.
    Argument,
    /// A manifest that cannot be read.
    Manifest,
    /// A graph that cannot run: duplicate or unknown node, cycle, no node at all.
    Graph,
    /// Parameters of a node that its schema refuses.
    Parameters,
    /// A node type that nobody registered.
    UnknownType,
    /// Input that a node cannot take.
    Input,
    /// A node that failed at its work.
    Node,
    /// A node that panicked.
    Panic,
    /// Too late: the session has ended, was cancelled, or takes no more input.
    State,
    /// The session was cancelled.
    Cancelled,
    /// What a call of a node asked for would wait for that very call.
    Reentrant,
    /// Not within the time that the caller gave.
    Timeout,
    /// A call of a node has not returned within its deadline.
    Deadline,
    /// Not enough memory for a size that the caller chose.
    Memory,
}

/// An error of the engine outside any node.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind of error.
    pub kind: ErrorKind,
    /// What went wrong, where, and what to do.
    pub message: String,
}

/// The result of an operation of the engine.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Why a node failed, as the node itself says it.
#[derive(Debug)]
pub struct Fault {
    /// What kind of error: usually [`ErrorKind::Node`] or [`ErrorKind::Input`].
    pub kind: ErrorKind,
    /// What went wrong and what to do.
    pub message: String,
    /// The host's own error object, such as an exception.
    pub object: Option<HostObject>,
}

impl Fault {
    /// A node that failed at its work.
    pub fn new(message: impl Into<String>) -> Fault {
        Fault { kind: ErrorKind::Node, message: message.into(), object: None }
    }

    /// Input that the node cannot take.
    pub fn input(message: impl Into<String>) -> Fault {
        Fault { kind: ErrorKind::Input, message: message.into(), object: None }
    }
}

/// A failure of a node in a session: what, where, and at which packet.
#[derive(Debug)]
pub struct NodeError {
    /// What kind of error.
    pub kind: ErrorKind,
    /// The id of the node.
    pub node: String,
    /// The number of the input that the node was working on, or [`NO_INDEX`].
    pub index: u64,
    /// The time of the packet that the node was working on.
    pub pts: Time,
    /// What went wrong, in the node's words.
    pub message: String,
    object: Mutex<Option<HostObject>>,
}

impl NodeError {
    /// Places a fault.
    pub fn new(fault: Fault, node: &str, index: u64, pts: Time) -> NodeError {
        NodeError {
            kind: fault.kind,
            node: node.into(),
            index,
            pts,
            message: fault.message,
            object: Mutex::new(fault.object),
        }
    }

    /// Another reference to the host's own error object, if there is one.
    pub fn object(&self) -> Option<HostObject> {
        let mut object = self.object.lock().unwrap_or_else(PoisonError::into_inner);
        object.as_mut().map(HostObject::share)
    }

    /// As an error of the engine.
    pub fn to_error(self: &Arc<Self>) -> Error {
        Error::new(self.kind, self.to_string())
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ErrorKind::Input => write!(f, "Invalid input for node '{}'", self.node)?,
            ErrorKind::Panic => write!(f, "Node '{}' panicked", self.node)?,
            _ => write!(f, "Node '{}' failed", self.node)?,
        }
        write!(f, ": {}", self.message)?;
        match (self.index, self.pts.nanos()) {
            (NO_INDEX, None) => Ok(()),
            (NO_INDEX, Some(pts)) => write!(f, " (at pts {pts} ns)"),
            (index, None) => write!(f, " (at input {index})"),
            (index, Some(pts)) => write!(f, " (at input {index}, pts {pts} ns)"),
        }
    }
}
