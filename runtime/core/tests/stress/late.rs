//! Outcomes that come later: in time, too late, twice, or never.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use remotemedia_core::{Completion, Flow, Outcome, Packet};

use crate::model::{Model, Place};
use crate::record::Record;

/// An outcome that is owed.
pub struct Debt {
    pub due: Instant,
    pub completion: Completion,
    /// One that was taken in the same call before, and is void.
    pub stale: Option<Completion>,
    pub packet: Option<Packet>,
    pub outcome: Outcome,
    pub place: Place,
    /// For an initialisation, which time it is.
    pub time: Option<usize>,
    pub record: Arc<Record>,
    pub fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Paid,
    /// The completion is let go of.
    Dropped,
    /// Nobody completes it before the round is over.
    Forgotten,
}

impl Debt {
    pub fn pay(self, model: &Model) {
        let Debt { completion, stale, packet, outcome, place, time, record, fate, .. } = self;
        if let Some(stale) = stale {
            if stale.complete(None, Ok(Flow::Done)).is_ok() {
                model.problem(format!("{place:?}: a completion counts although another one was taken after it"));
            }
        }
        if fate == Fate::Dropped {
            return drop(completion);
        }
        let counts = matches!(outcome, Ok(Flow::Done | Flow::More));
        let port = packet.as_ref().map(|packet| packet.port);
        match time {
            Some(time) if counts => {
                record.is_ready(time);
                if completion.complete(None, outcome).is_err() {
                    record.is_not_ready(time);
                }
            }
            _ => {
                let accepted = completion.complete(packet, outcome).is_ok();
                if let (true, true, Some(port)) = (accepted, counts, port) {
                    model.sends(&place, port);
                }
            }
        }
    }
}

/// Threads that pay.
pub struct Payers {
    sender: Sender<Debt>,
    threads: Vec<JoinHandle<Vec<Debt>>>,
}

impl Payers {
    pub fn new(count: usize, model: &Arc<Model>) -> Payers {
        let (sender, debts) = mpsc::channel();
        let debts = Arc::new(Mutex::new(debts));
        let threads = (0..count).map(|_| {
            let (debts, model) = (Arc::clone(&debts), Arc::clone(model));
            thread::spawn(move || work(&debts, &model))
        });
        Payers { sender, threads: threads.collect() }
    }

    pub fn sender(&self) -> Sender<Debt> {
        self.sender.clone()
    }

    /// Waits until no node is left that could owe anything, and gives what was forgotten.
    pub fn finish(self) -> Vec<Debt> {
        drop(self.sender);
        self.threads.into_iter().flat_map(|thread| thread.join().expect("nothing panics here")).collect()
    }
}

fn work(debts: &Mutex<Receiver<Debt>>, model: &Model) -> Vec<Debt> {
    let mut forgotten = Vec::new();
    loop {
        let next = debts.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(debt) if debt.fate == Fate::Forgotten => forgotten.push(debt),
            Ok(debt) => {
                thread::sleep(debt.due.saturating_duration_since(Instant::now()));
                debt.pay(model);
            }
            Err(_) => return forgotten,
        }
    }
}
