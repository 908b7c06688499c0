//! The threads of a session's owner: they push, pull, change and cancel, each in its own way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use remotemedia_core::{Data, ErrorKind, Event, Packet, Session, Slot, Time};

use crate::common::number;
use crate::model::Model;
use crate::rng::Rng;

/// How long a caller waits at once.
#[derive(Clone, Copy)]
pub enum Patience {
    Endless,
    Short,
    None,
}

impl Patience {
    pub fn any(rng: &mut Rng) -> Patience {
        rng.pick(&[Patience::Endless, Patience::Short, Patience::None])
    }

    fn deadline(self) -> Option<Instant> {
        match self {
            Patience::Endless => None,
            Patience::Short => Some(Instant::now() + Duration::from_micros(700)),
            Patience::None => Some(Instant::now()),
        }
    }
}

/// What went in, what came out, and what was told.
#[derive(Default)]
pub struct Traffic {
    pub pushed: AtomicU64,
    pub pulled: AtomicU64,
    pub failures: AtomicU64,
    pub values: Mutex<Vec<i64>>,
    pub ends: AtomicUsize,
}

impl Traffic {
    fn take(&self, packet: &Packet) {
        self.pulled.fetch_add(1, SeqCst);
        match &packet.data {
            Data::Json(value) => {
                self.values.lock().unwrap_or_else(PoisonError::into_inner).extend(value.as_i64());
            }
            _ => {
                self.failures.fetch_add(1, SeqCst);
            }
        }
    }
}

pub struct Pusher {
    pub rng: Rng,
    pub patience: Patience,
    pub values: Vec<u64>,
    /// How often it asks for a flush, in thousandths a packet.
    pub flushes: u64,
    /// By how much the time of a packet is off.
    pub jitter: u64,
}

impl Pusher {
    pub fn run(mut self, session: &Arc<Session>, traffic: &Traffic) {
        for value in std::mem::take(&mut self.values) {
            let pts = Time::from_nanos((10 * value + self.rng.below(self.jitter + 1)) as i64);
            let push = || session.push(Packet { pts, ..number(value as i64) }, self.patience.deadline());
            if !insist(session, push) {
                return;
            }
            traffic.pushed.fetch_add(1, SeqCst);
            if self.rng.chance(self.flushes) && !insist(session, || session.flush(self.patience.deadline())) {
                return;
            }
        }
    }
}

/// Tries until it comes about; whether it has.
fn insist(session: &Session, mut attempt: impl FnMut() -> remotemedia_core::Result<()>) -> bool {
    loop {
        match attempt() {
            Ok(()) => return true,
            Err(error) if error.kind == ErrorKind::Timeout && session.error().is_none() => {
                thread::sleep(Duration::from_micros(50))
            }
            Err(_) => return false,
        }
    }
}

pub struct Puller {
    pub patience: Patience,
    pub slow: bool,
}

impl Puller {
    pub fn run(self, session: &Arc<Session>, traffic: &Traffic) {
        loop {
            // A deadline of a node that ended the session says the same as one that the pull itself has missed.
            let over = session.has_ended();
            match session.pull(self.patience.deadline()) {
                Ok(Some(packet)) => traffic.take(&packet),
                Err(error) if error.kind == ErrorKind::Timeout && !over => {
                    thread::sleep(Duration::from_micros(50));
                }
                Ok(None) | Err(_) => return,
            }
            if self.slow {
                thread::sleep(Duration::from_micros(300));
            }
        }
    }
}

/// A change that somebody asks for.
pub enum Change {
    Insert(String, Arc<Slot>, String, String),
    Remove(String),
    Replace(String, Arc<Slot>),
}

pub struct Changer {
    pub changes: VecDeque<(Duration, Change, Patience)>,
}

impl Changer {
    pub fn run(self, session: &Arc<Session>) {
        for (pause, change, patience) in self.changes {
            thread::sleep(pause);
            // Refused more often than not, and what it comes to is seen at the nodes.
            let _ = match change {
                Change::Insert(id, slot, after, before) => {
                    session.insert(&id, &slot, &after, &before, patience.deadline())
                }
                Change::Remove(id) => session.remove(&id, patience.deadline()),
                Change::Replace(id, slot) => session.replace(&id, &slot, patience.deadline()),
            };
        }
    }
}

/// One that calls the session back when it is told something.
pub struct Hearer {
    pub tag: u64,
    pub rng: Mutex<Rng>,
    pub session: OnceLock<Weak<Session>>,
    pub traffic: Arc<Traffic>,
    pub model: Arc<Model>,
    pub reenters: bool,
    /// Whether it may change the graph.
    pub changes: bool,
    /// Whether it may end the session, or take what others wait for.
    pub spoils: bool,
}

impl Hearer {
    pub fn hear(&self, event: Event) {
        if self.traffic.ends.load(SeqCst) > 0 {
            self.model.problem(format!("session {}: {event:?} was told after its end", self.tag));
        }
        if event == Event::Ended {
            self.traffic.ends.fetch_add(1, SeqCst);
        }
        let session = self.session.get().and_then(Weak::upgrade);
        let Some(session) = session.filter(|_| self.reenters) else { return };
        let choice = self.rng.lock().unwrap_or_else(PoisonError::into_inner).below(12);
        let now = Some(Instant::now());
        match choice {
            0..=2 => {
                let pulled = session.pull(now);
                pulled.iter().flatten().for_each(|packet| self.traffic.take(packet));
            }
            3 => drop(session.metrics().to_json()),
            4 => drop(session.report()),
            5 => drop(session.flush(now)),
            6 => drop(session.wait(now)),
            7 => drop(session.remove(if self.changes { "n0" } else { "nobody" }, now)),
            8 if self.spoils => session.cancel(),
            9 if self.spoils => session.end(),
            10 if session.push(number(-1), now).is_ok() => drop(self.traffic.pushed.fetch_add(1, SeqCst)),
            _ => {}
        }
    }
}
