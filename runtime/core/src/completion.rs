//! Completions: how an outcome comes later.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::session::Session;
use crate::{Caller, Error, ErrorKind, Fault, Flow, Packet, Result};

/// The right to give the outcome of one pending call, once, from any thread.
///
/// It dies with the call: when the session was cancelled or has failed meanwhile, [`Completion::complete`] answers an
/// error and what it was given is dropped. A token dropped without an outcome fails the node, so that nobody waits for it.
pub struct Completion {
    session: Weak<Session>,
    node: usize,
    token: u64,
    used: bool,
}

impl Completion {
    pub(crate) fn new(session: &Arc<Session>, node: usize, token: u64) -> Completion {
        Completion { session: Arc::downgrade(session), node, token, used: false }
    }

    /// Gives the outcome: one packet or none, and whether there is more to come.
    pub fn complete(mut self, packet: Option<Packet>, outcome: std::result::Result<Flow, Fault>) -> Result<()> {
        self.used = true;
        self.settle(packet, outcome)
    }

    /// The call, for a session that it is to wait for; nothing once it was given up.
    pub fn caller(&self) -> Option<Arc<Caller>> {
        self.session.upgrade()?.pending_call(self.node, self.token)
    }

    fn settle(&self, packet: Option<Packet>, outcome: std::result::Result<Flow, Fault>) -> Result<()> {
        match self.session.upgrade() {
            Some(session) => session.complete(self.node, self.token, packet.map(Box::new), outcome),
            None => Err(Error::new(ErrorKind::State, "the session of this completion has ended")),
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if !self.used {
            // Nobody is left to hear that the token was already dead.
            let _ = self.settle(None, Err(Fault::new("the node dropped its completion without an outcome")));
        }
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Completion({})", self.token)
    }
}
