//! How a session is to run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lane::Lane;
use crate::{Caller, Policy, Slot};

/// What happens when a node fails at a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The session ends with the error, after the packets before it have come out.
    #[default]
    Raise,
    /// The session goes on without the packet.
    Skip,
    /// The error takes the packet's place and goes to the outputs.
    Collect,
}

/// What a session tells its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// After [`crate::Session::ready`] has waited in vain: every node is initialised, or the session is about to end.
    Ready,
    /// After a push that found no room in time: it is worth trying again.
    Room,
    /// After a pull that found nothing in time: it is worth trying again.
    Output,
    /// Nothing has moved for as long as the session was told to bear, though there is work: look at its report.
    Stalled,
    /// The session has ended: every node has been cleaned up. Once, last.
    Ended,
}

impl Event {
    const ALL: [Event; 5] = [Event::Ready, Event::Room, Event::Output, Event::Stalled, Event::Ended];

    /// The events of a set of [`Event::bit`]s, in the order in which they are told.
    pub(super) fn of(bits: u8) -> impl Iterator<Item = Event> {
        Event::ALL.into_iter().filter(move |event| bits & event.bit() != 0)
    }

    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Whom a session tells of its events, and whose worker makes the call; without a lane, the thread at hand.
#[derive(Clone)]
pub struct Listener {
    /// The lane whose worker makes the call. Once it is closed nobody is told any more.
    pub lane: Option<Arc<Lane>>,
    /// The call. No lock is held.
    pub call: Arc<dyn Fn(Event) + Send + Sync>,
}

impl Listener {
    /// Has a worker of the lane make a call; without a lane, makes it here.
    pub(super) fn post(&self, call: impl FnOnce() + Send + 'static) {
        match &self.lane {
            Some(lane) if lane.is_closed() => {}
            Some(lane) if !lane.is_current() => lane.post(call),
            _ => call(),
        }
    }
}

/// How a session is to run.
#[derive(Debug)]
pub struct SessionConfig {
    /// A number by which nodes can tell sessions apart.
    pub tag: u64,
    /// How many packets an edge holds that does not say so itself.
    pub capacity: usize,
    /// What happens when such an edge is full; also where packets are pushed and pulled.
    pub policy: Policy,
    /// What happens when a node fails at a packet, if nothing else was said for the node.
    pub on_error: OnError,
    /// After how long without any movement the listener is told that the session has stalled.
    pub stall: Option<Duration>,
    /// How many calls are kept for [`crate::Session::trace`]; none if 0.
    pub trace: usize,
    /// A source that supplies the input. With it nothing is pushed.
    pub input: Option<Arc<Slot>>,
    /// Whether that is left out of a pipeline that takes no input, instead of refused.
    pub input_optional: bool,
    /// A node that takes the outputs, failures among them. With it nothing is pulled.
    pub output: Option<Arc<Slot>>,
    /// Whom to tell of events.
    pub listener: Option<Listener>,
    /// Whether the thread that pushes a packet runs what it makes ready, instead of waking a worker for it; see
    /// [`crate::Session::push`].
    pub caller_runs: bool,
    /// The call of a node that is to wait for the session.
    pub caller: Option<Arc<Caller>>,
}

impl Default for SessionConfig {
    fn default() -> SessionConfig {
        SessionConfig {
            tag: 0,
            capacity: 16,
            policy: Policy::Block,
            on_error: OnError::Raise,
            stall: None,
            trace: 0,
            input: None,
            input_optional: false,
            output: None,
            listener: None,
            caller_runs: false,
            caller: None,
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener(lane: {:?})", self.lane)
    }
}
