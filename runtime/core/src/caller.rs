//! Who waits for whom: the call of a node in which a session is opened, and the calls that wait for that one in turn.

use std::fmt;
use std::ptr;
use std::sync::{Arc, Weak};

use crate::{Error, ErrorKind, Result, Session, Slot};

/// A call of a node that does not return before something else has happened.
pub struct Caller {
    session: Weak<Session>,
    slot: Arc<Slot>,
    outer: Option<Arc<Caller>>,
}

impl Caller {
    pub(crate) fn new(session: &Arc<Session>, slot: &Arc<Slot>) -> Arc<Caller> {
        let outer = session.caller().cloned();
        Arc::new(Caller { session: Arc::downgrade(session), slot: Arc::clone(slot), outer })
    }

    /// Whether a session cannot end before the call has returned.
    pub(crate) fn is_awaited_by(&self, session: &Session) -> bool {
        self.chain().any(|caller| caller.session.as_ptr() == ptr::from_ref(session))
    }

    /// Refuses a node that is in one of the calls: it would wait for itself.
    pub(crate) fn check(&self, id: &str, slot: &Arc<Slot>) -> Result<()> {
        if self.chain().all(|caller| !Arc::ptr_eq(&caller.slot, slot)) {
            return Ok(());
        }
        let message = format!("node '{id}' is in a call that waits for this session; it would wait for itself");
        Err(Error::new(ErrorKind::Reentrant, message))
    }

    fn chain(&self) -> impl Iterator<Item = &Caller> {
        std::iter::successors(Some(self), |caller| caller.outer.as_deref())
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({:?})", self.slot)
    }
}
