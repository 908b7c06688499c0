//! The timer: has sessions look at the clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::sync::{Arc, PoisonError, Weak};

use crate::runtime::{ThreadHooks, spawn};
use crate::session::Session;
use crate::sync::{Condvar, Instant, Mutex, lock};

/// How many alarms are few enough to keep all.
const LEAST_SWEPT: usize = 64;

/// One thread, started at the first need, that wakes sessions when their time has come.
#[derive(Default)]
pub(crate) struct Timer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    alarms: BinaryHeap<Reverse<Alarm>>,
    /// At how many alarms those of sessions that are gone are looked for the next time.
    most: usize,
    running: bool,
    closed: bool,
}

struct Alarm {
    at: Instant,
    session: Weak<Session>,
}

impl Timer {
    /// Has a session look at the clock at some time; whether it will.
    pub fn set(self: &Arc<Timer>, at: Instant, session: &Arc<Session>, hooks: &Arc<dyn ThreadHooks>) -> bool {
        let mut state = lock(&self.state);
        if !state.running && !state.closed {
            let timer = Arc::clone(self);
            state.running = spawn("remotemedia-timer", hooks, move || timer.run());
        }
        let first = state.alarms.peek().is_none_or(|Reverse(alarm)| at < alarm.at);
        let works = state.running && !state.closed;
        if works {
            state.alarms.push(Reverse(Alarm { at, session: Arc::downgrade(session) }));
            state.sweep();
        }
        if first {
            self.changed.notify_all();
        }
        works
    }

    /// Ends the thread.
    pub fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }

    fn run(&self) {
        let mut state = lock(&self.state);
        while !state.closed {
            let now = Instant::now();
            let Some(Reverse(alarm)) = state.alarms.peek() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let wait = alarm.at.saturating_duration_since(now);
            if !wait.is_zero() {
                state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let due = state.alarms.pop();
            drop(state);
            if let Some(session) = due.and_then(|Reverse(alarm)| alarm.session.upgrade()) {
                session.tick();
            }
            state = lock(&self.state);
        }
    }
}

impl State {
    /// Lets go of alarms that nobody is left to hear, however late they are.
    fn sweep(&mut self) {
        if self.alarms.len() > self.most.max(LEAST_SWEPT) {
            self.alarms.retain(|Reverse(alarm)| alarm.session.strong_count() > 0);
            self.most = 2 * self.alarms.len();
        }
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Alarm) -> bool {
        self.at == other.at
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Alarm) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Alarm) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timer({} alarms)", lock(&self.state).alarms.len())
    }
}
