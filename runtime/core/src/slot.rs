//! Slots: the one place where a node lives, whoever runs it.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::session::Session;
use crate::sync::{Mutex, lock};
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
    life: Life,
    /// The session that has the node out.
    holder: Weak<Session>,
    waiting: Vec<(Weak<Session>, usize)>,
}

/// Whether the node has been initialised for its present users.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    New,
    Begun,
    /// Its initialisation has failed: whoever else wants the node fails too, until all have let go of it.
    Broken,
    /// The same, but nobody was there to make the call: there is nothing to clean up.
    Refused,
}

impl Slot {
    /// A slot for `node`.
    pub fn new(node: impl Node + 'static) -> Arc<Slot> {
        let info = node.info();
        let node: Option<Box<dyn Node>> = Some(Box::new(node));
        let state = State { node, users: 0, life: Life::New, holder: Weak::new(), waiting: Vec::new() };
        Arc::new(Slot { info, state: Mutex::new(state) })
    }

    /// What the node is.
    pub fn info(&self) -> &NodeInfo {
        &self.info
    }

    /// Counts a session that will use the node.
    pub(crate) fn attach(&self) {
        lock(&self.state).users += 1;
    }

    /// Whether several sessions use the node.
    pub(crate) fn is_shared(&self) -> bool {
        lock(&self.state).users > 1
    }

    /// Takes the node out. If another session has it, remembers that node `index` of `session` wants it, and answers who
    /// the other one is: it may have to be told.
    pub(crate) fn take(&self, session: &Arc<Session>, index: usize) -> Result<Box<dyn Node>, Weak<Session>> {
        let mut state = lock(&self.state);
        match state.node.take() {
            Some(node) => {
                if state.holder.as_ptr() != Arc::as_ptr(session) {
                    state.holder = Arc::downgrade(session);
                }
                Ok(node)
            }
            None => {
                state.waiting.push((Arc::downgrade(session), index));
                Err(state.holder.clone())
            }
        }
    }

    /// Puts the node back and wakes all that wanted it: one of them may want it no longer. Called without any lock.
    pub(crate) fn put_back(&self, node: Box<dyn Node>) {
        let mut state = lock(&self.state);
        state.node = Some(node);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for (session, index) in waiting {
            if let Some(session) = session.upgrade() {
                session.slot_is_free(index);
            }
        }
    }

    /// Whether another session waits for the node, so that its holder should finish rather than wait for room.
    pub(crate) fn wanted(&self) -> bool {
        !lock(&self.state).waiting.is_empty()
    }

    /// Whether the node must be initialised now; nothing if that has failed. Asked by the session that has taken it out.
    pub(crate) fn begin(&self) -> Option<bool> {
        let mut state = lock(&self.state);
        match state.life {
            Life::Broken | Life::Refused => None,
            life => {
                state.life = Life::Begun;
                Some(life == Life::New)
            }
        }
    }

    /// Says that the initialisation has failed.
    pub(crate) fn fail(&self) {
        lock(&self.state).life = Life::Broken;
    }

    /// Says that nobody was there to initialise it, or to find that it is already.
    pub(crate) fn refuse(&self) {
        let mut state = lock(&self.state);
        state.life = if matches!(state.life, Life::New | Life::Refused) { Life::Refused } else { Life::Broken };
    }

    /// Counts a session less if it is not the last; whether it is not.
    pub(crate) fn leave(&self) -> bool {
        let mut state = lock(&self.state);
        let others = state.users > 1;
        state.users -= usize::from(others);
        others
    }

    /// Counts a session less; whether the node must be cleaned up now. Asked by the session that has taken it out.
    pub(crate) fn end(&self) -> bool {
        let mut state = lock(&self.state);
        state.users -= 1;
        state.users == 0 && matches!(std::mem::replace(&mut state.life, Life::New), Life::Begun | Life::Broken)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({:?})", self.info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Kinds, Outcome, Packet};

    struct Idle;

    impl Node for Idle {
        fn info(&self) -> NodeInfo {
            NodeInfo::filter(Kinds::ANY, Kinds::ANY)
        }

        fn process(&mut self, _packet: Box<Packet>, _context: &mut Context<'_>) -> Outcome {
            Ok(crate::Flow::Done)
        }
    }

    /// A slot with so many users.
    fn slot(users: usize) -> Arc<Slot> {
        let slot = Slot::new(Idle);
        (0..users).for_each(|_| slot.attach());
        slot
    }

    #[test]
    fn what_nobody_could_initialise_is_not_cleaned_up() {
        let slot = slot(2);
        slot.refuse();
        assert_eq!(slot.begin(), None);
        slot.refuse();
        assert!(!slot.end());
        assert!(!slot.end());
        // The next user starts anew.
        slot.attach();
        assert_eq!(slot.begin(), Some(true));
        assert!(slot.end());
    }

    #[test]
    fn what_was_initialised_is_cleaned_up_even_if_another_user_was_refused() {
        let slot = slot(2);
        assert_eq!(slot.begin(), Some(true));
        slot.refuse();
        assert!(!slot.end());
        assert!(slot.end());
    }
}
