//! What was done to one node, and that it was done in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use crate::model::Model;

/// One node, whichever sessions it stands in.
pub struct Record {
    pub name: String,
    model: Arc<Model>,
    initialized: AtomicUsize,
    cleaned: AtomicUsize,
    /// The last initialisation that has succeeded, counted from 1.
    ready: AtomicUsize,
    /// Whether it is in a call.
    inside: AtomicBool,
    /// Whether it is between an initialisation and a cleanup.
    live: AtomicBool,
    dropped: AtomicBool,
    /// Whether its lane may lose its workers, so that nobody can clean it up.
    forlorn: bool,
}

/// A call that goes on.
pub struct Inside<'a>(&'a Record);

impl Record {
    pub fn new(name: String, model: &Arc<Model>, forlorn: bool) -> Arc<Record> {
        Arc::new(Record {
            name,
            model: Arc::clone(model),
            initialized: AtomicUsize::new(0),
            cleaned: AtomicUsize::new(0),
            ready: AtomicUsize::new(0),
            inside: AtomicBool::new(false),
            live: AtomicBool::new(false),
            dropped: AtomicBool::new(false),
            forlorn,
        })
    }

    fn expect(&self, holds: bool, what: &str) {
        if !holds {
            self.model.problem(format!("{}: {what}", self.name));
        }
    }

    /// A call begins; it ends when what is returned is dropped.
    pub fn enter(&self) -> Inside<'_> {
        self.expect(!self.inside.swap(true, SeqCst), "is called twice at once");
        Inside(self)
    }

    /// It is to be initialised; which time that is.
    pub fn initialize(&self) -> usize {
        self.expect(!self.live.swap(true, SeqCst), "is initialised again before its cleanup");
        self.initialized.fetch_add(1, SeqCst) + 1
    }

    /// An initialisation has succeeded.
    pub fn is_ready(&self, time: usize) {
        self.ready.store(time, SeqCst);
    }

    /// It has not: nobody was there to hear that it had.
    pub fn is_not_ready(&self, time: usize) {
        let _ = self.ready.compare_exchange(time, 0, SeqCst, SeqCst);
    }

    /// It is given work.
    pub fn works(&self) {
        self.expect(self.live.load(SeqCst), "works outside its life");
        self.expect(self.ready.load(SeqCst) == self.initialized.load(SeqCst), "works before it is ready");
    }

    pub fn clean(&self) {
        self.cleaned.fetch_add(1, SeqCst);
        self.expect(self.live.swap(false, SeqCst), "is cleaned up without having been initialised");
    }

    pub fn goes(&self) {
        self.expect(!self.dropped.swap(true, SeqCst), "is dropped twice");
    }

    /// Whether all has been done that is to be done when its sessions have ended.
    pub fn is_over(&self) -> bool {
        self.forlorn || self.initialized.load(SeqCst) == self.cleaned.load(SeqCst)
    }

    /// After everything.
    pub fn check(&self) {
        let (initialized, cleaned) = (self.initialized.load(SeqCst), self.cleaned.load(SeqCst));
        self.expect(self.is_over(), &format!("was initialised {initialized} times, cleaned up {cleaned} times"));
        self.expect(cleaned <= initialized, "was cleaned up too often");
        self.expect(self.dropped.load(SeqCst), "is left behind");
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.store(false, SeqCst);
    }
}
