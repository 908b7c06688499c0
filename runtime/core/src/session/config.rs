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

/// What a session tells its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// After a pull that found nothing in time: it is worth trying again.
    Output,
    /// After a push that found no room in time: it is worth trying again.
    Room,
    /// The session has ended: every node has been cleaned up. Once, last.
    Ended,
}

impl Event {
    const ALL: [Event; 3] = [Event::Room, Event::Output, Event::Ended];

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
    pub(super) fn tell(&self, event: Event) {
        match &self.lane {
            Some(lane) if lane.is_closed() => {}
            Some(lane) if !lane.is_current() => {
                let call = Arc::clone(&self.call);
                lane.post(move || call(event));
            }
            _ => (self.call)(event),
        }
    }
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
    /// Whom to tell of events.
    pub listener: Option<Listener>,
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
            listener: None,
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener(lane: {:?})", self.lane)
    }
}
