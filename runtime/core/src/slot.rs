//! Slots: the one place where a node lives, whoever runs it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};

use crate::session::Session;
use crate::sync::lock;
use crate::{Node, NodeInfo};

/// A node and its users. A session takes the node out for a call and puts it back, so two sessions that share an
/// instance never call it at once; it is initialised for the first of them and cleaned up after the last.
pub struct Slot {
    info: NodeInfo,
    state: Mutex<State>,
}

struct State {
    node: Option<Box<dyn Node>>,
    users: usize,
    initialized: bool,
    waiting: VecDeque<(Weak<Session>, usize)>,
}

impl Slot {
    /// A slot for `node`.
    pub fn new(node: impl Node + 'static) -> Arc<Slot> {
        let state = State { node: None, users: 0, initialized: false, waiting: VecDeque::new() };
        let info = node.info();
        Arc::new(Slot { info, state: Mutex::new(State { node: Some(Box::new(node)), ..state }) })
    }

    /// What the node is.
    pub fn info(&self) -> &NodeInfo {
        &self.info
    }

    /// Counts a session that will use the node.
    pub(crate) fn attach(&self) {
        lock(&self.state).users += 1;
    }

    /// Takes the node out, or remembers that node `index` of `session` wants it.
    pub(crate) fn take(&self, session: &Arc<Session>, index: usize) -> Option<Box<dyn Node>> {
        let mut state = lock(&self.state);
        if state.node.is_none() {
            state.waiting.push_back((Arc::downgrade(session), index));
        }
        state.node.take()
    }

    /// Puts the node back and wakes whoever wanted it. Called without any lock.
    pub(crate) fn put_back(&self, node: Box<dyn Node>) {
        let mut state = lock(&self.state);
        state.node = Some(node);
        let next = state.waiting.pop_front();
        drop(state);
        if let Some((session, index)) = next {
            match session.upgrade() {
                Some(session) => session.slot_is_free(index),
                None => self.wake_next(),
            }
        }
    }

    fn wake_next(&self) {
        loop {
            let next = lock(&self.state).waiting.pop_front();
            match next {
                None => return,
                Some((session, index)) => {
                    if let Some(session) = session.upgrade() {
                        return session.slot_is_free(index);
                    }
                }
            }
        }
    }

    /// Whether another session waits for the node, so that its holder should finish rather than wait for room.
    pub(crate) fn wanted(&self) -> bool {
        !lock(&self.state).waiting.is_empty()
    }

    /// Whether the node must be initialised now. Asked by the session that has taken it out.
    pub(crate) fn begin(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).initialized, true)
    }

    /// Counts a session less; whether the node must be cleaned up now. Asked by the session that has taken it out.
    pub(crate) fn end(&self) -> bool {
        let mut state = lock(&self.state);
        state.users -= 1;
        if state.users == 0 { std::mem::replace(&mut state.initialized, false) } else { false }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({:?})", self.info)
    }
}
