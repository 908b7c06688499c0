//! How a session is to run.

use std::fmt;
use std::sync::Arc;

use crate::Slot;
use crate::lane::Lane;

/// What happens when a node fails at a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The session ends with the error, after the packets before it have come out.
    #[default]
    Raise,
    /// The session goes on without the packet.
    Skip,
    /// The error takes the packet's place and goes to the outputs.
    Collect,
}

/// What to call when a session has ended, and whose worker is to call it; without a lane, whoever ended it.
pub struct End {
    /// The lane whose worker makes the call.
    pub lane: Option<Arc<Lane>>,
    /// The call. No lock is held.
    pub call: Box<dyn FnOnce() + Send>,
}

/// How a session is to run.
#[derive(Debug)]
pub struct SessionConfig {
    /// A number by which nodes can tell sessions apart.
    pub tag: u64,
    /// How many packets an edge holds before its producer waits.
    pub capacity: usize,
    /// What happens when a node fails at a packet.
    pub on_error: OnError,
    /// A source that supplies the input. With it nothing is pushed.
    pub input: Option<Arc<Slot>>,
    /// Whether that is left out of a pipeline that takes no input, instead of refused.
    pub input_optional: bool,
    /// A node that takes the outputs, failures among them. With it nothing is pulled.
    pub output: Option<Arc<Slot>>,
    /// What to call at the end.
    pub on_end: Option<End>,
}

impl Default for SessionConfig {
    fn default() -> SessionConfig {
        SessionConfig {
            tag: 0,
            capacity: 16,
            on_error: OnError::Raise,
            input: None,
            input_optional: false,
            output: None,
            on_end: None,
        }
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "End(lane: {:?})", self.lane)
    }
}
