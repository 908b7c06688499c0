//! Lanes: queues of work and the workers that serve them.
//!
//! The engine has a lane of its own threads for native nodes. A host whose calls must be made on its own threads has a
//! lane too, served by threads that it lends. See `docs/scheduling.md`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use crate::log::{Category, Level, log};
use crate::session::Session;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(feature = "loom")]
use crate::sync::{CellKey, RefKey};
use crate::sync::{Condvar, Instant, Mutex, lock, spin, thread, thread_local, wait_until};

/// How long every worker may be inside one call before another one takes over what is queued.
const STALL: Duration = Duration::from_millis(2);

/// How long a worker that has run out of work looks out for more before it sleeps: to wake it takes about as long.
const LOOKOUT: Duration = Duration::from_micros(100);

/// How long a chore waits at most for a worker that has nothing else to do.
const LEISURE: Duration = Duration::from_millis(1);

/// How long to wait between the attempts to get the first worker of a lane.
const HIRING_PAUSES: [Duration; 4] =
    [Duration::from_millis(1), Duration::from_millis(5), Duration::from_millis(20), Duration::from_millis(80)];

/// A piece of work.
pub(crate) enum Job {
    /// Run what is ready in a session; the number is the session's own for this lane.
    Session(Arc<Session>, usize),
    /// Make a call.
    Call(Box<dyn FnOnce() + Send>),
}

/// A queue of work and the workers that serve it.
pub struct Lane {
    parallel: usize,
    most: usize,
    hire: Box<dyn Fn(Arc<Lane>) -> bool + Send + Sync>,
    state: Mutex<State>,
    work: Condvar,
    /// What the closing waits at for those inside; they tell it only once it has begun.
    quiet: Condvar,
    /// Whether one more worker is to be asked for.
    wanted: AtomicBool,
    /// The same as in the state, for those who must not wait for that.
    is_closed: AtomicBool,
    /// How many jobs have been queued so far.
    pushed: AtomicU64,
    this: Weak<Lane>,
}

struct State {
    queue: VecDeque<(Job, bool)>,
    /// Calls that are made when there is nothing else to do, or when the oldest of them has waited for long enough.
    chores: VecDeque<Job>,
    chores_since: Option<Instant>,
    /// Queued jobs that are worth a thread of their own.
    urgent: usize,
    /// Workers in `serve`, and workers asked for that have not come yet.
    workers: usize,
    expected: usize,
    /// Workers at a job, and workers that wait for one.
    active: usize,
    idle: usize,
    /// Threads that are no workers, in a call.
    guests: usize,
    /// Jobs taken so far: when it stands still, every active worker is stuck.
    taken: u64,
    /// Whether an idle worker looks out for that.
    watched: bool,
    /// Whether an idle worker is awake, and need not be woken.
    awake: bool,
    closed: bool,
}

thread_local! {
    static CURRENT: RefCell<Weak<Lane>> = const { RefCell::new(Weak::new()) };
    /// Whether this worker waits, and has made room for others.
    static ASIDE: Cell<bool> = const { Cell::new(false) };
    /// The lanes that this thread pumps.
    static PUMPED: RefCell<Vec<Weak<Lane>>> = const { RefCell::new(Vec::new()) };
}

impl Lane {
    /// A lane on which `parallel` workers are kept busy, and up to `most` exist so that others can take over from those
    /// that are stuck in a call. `hire` is called, without any lock, to ask for one more thread that calls [`Lane::serve`];
    /// it answers whether one will come.
    pub fn new(parallel: usize, most: usize, hire: impl Fn(Arc<Lane>) -> bool + Send + Sync + 'static) -> Arc<Lane> {
        Arc::new_cyclic(|this| Lane {
            parallel: parallel.max(1),
            most: most.max(parallel).max(1),
            hire: Box::new(hire),
            state: Mutex::new(State {
                queue: VecDeque::new(),
                chores: VecDeque::new(),
                chores_since: None,
                urgent: 0,
                workers: 0,
                expected: 0,
                active: 0,
                idle: 0,
                guests: 0,
                taken: 0,
                watched: false,
                awake: false,
                closed: false,
            }),
            work: Condvar::new(),
            quiet: Condvar::new(),
            wanted: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            pushed: AtomicU64::new(0),
            this: this.clone(),
        })
    }

    /// Works until the lane is closed. The thread is the lane's for that long.
    pub fn serve(&self) {
        {
            let mut state = lock(&self.state);
            state.workers += 1;
            state.expected = state.expected.saturating_sub(1);
        }
        let before = CURRENT.replace(self.this.clone());
        while let Some(job) = self.take() {
            self.work_at(job);
        }
        CURRENT.replace(before);
        lock(&self.state).workers -= 1;
    }

    /// Does what is due on this thread, without waiting for more, until `deadline` has passed; at least one job, if there is
    /// any. Whether something is left. From now on the thread does so too while it waits for a session.
    pub fn pump(&self, deadline: Instant) -> bool {
        PUMPED.with_borrow_mut(|lanes| {
            lanes.retain(|lane| lane.strong_count() > 0);
            if !lanes.iter().any(|lane| lane.ptr_eq(&self.this)) {
                lanes.push(self.this.clone());
            }
        });
        {
            let mut state = lock(&self.state);
            state.workers += 1;
            state.expected = state.expected.saturating_sub(1);
        }
        let before = CURRENT.replace(self.this.clone());
        let left = loop {
            match self.take_due() {
                Ok(job) => self.work_at(job),
                Err(left) => break left,
            }
            if Instant::now() >= deadline {
                break self.rest(&mut lock(&self.state));
            }
        };
        CURRENT.replace(before);
        left
    }

    /// The next job that is due; without any, the worker leaves, and says whether something is left for others.
    fn take_due(&self) -> Result<Job, bool> {
        let mut state = lock(&self.state);
        if self.has_room(&state) {
            let chore = state.next_chore(true);
            if let Some(job) = chore.or_else(|| state.next_job()) {
                state.active += 1;
                state.taken += 1;
                return Ok(job);
            }
        }
        Err(self.rest(&mut state))
    }

    /// A worker leaves; whether something is left for others.
    fn rest(&self, state: &mut State) -> bool {
        state.workers -= 1;
        if state.closed {
            self.quiet.notify_all();
        }
        !state.queue.is_empty() || !state.chores.is_empty()
    }

    /// Whether this thread pumps lanes, and is inside no call of one.
    pub(crate) fn is_pumped_here() -> bool {
        PUMPED.with_borrow(|lanes| !lanes.is_empty()) && CURRENT.with_borrow(|current| current.strong_count() == 0)
    }

    /// Does what is due on the lanes that this thread pumps.
    pub(crate) fn pump_own() {
        let lanes: Vec<Arc<Lane>> = PUMPED.with_borrow(|lanes| lanes.iter().filter_map(Weak::upgrade).collect());
        for lane in lanes.iter().filter(|lane| !lane.is_closed()) {
            lane.pump(Instant::now());
        }
    }

    /// Whether this thread is one of the lane's workers.
    pub fn is_current(&self) -> bool {
        CURRENT.with_borrow(|current| std::ptr::eq(current.as_ptr(), self))
    }

    /// Has a worker make a call, at the latest the thread that closes the lane; dropped, on this thread, if it is closed.
    pub fn post(&self, call: impl FnOnce() + Send + 'static) {
        self.push(Job::Call(Box::new(call)), true);
        self.hire();
    }

    /// Has a worker make a call that nobody waits for, once it has nothing else to do; may be called from under a lock. If
    /// no worker is there, one is asked for only when other work comes. Whether the call will be made.
    pub fn note(&self, call: impl FnOnce() + Send + 'static) -> bool {
        let mut state = lock(&self.state);
        if state.closed {
            return false;
        }
        state.chores.push_back(Job::Call(Box::new(call)));
        state.chores_since.get_or_insert_with(Instant::now);
        if state.idle > 0 && !state.awake && (state.active == 0 || !state.watched) {
            self.work.notify_one();
        }
        true
    }

    /// Makes this thread a worker until the loan ends, if that keeps nobody waiting: it is none, and the lane has room and
    /// nothing else to do.
    pub fn lend(&self) -> Option<Loan<'_>> {
        if CURRENT.with_borrow(|current| current.strong_count() > 0) {
            return None;
        }
        let mut state = lock(&self.state);
        if state.closed || state.active >= self.parallel || !state.queue.is_empty() {
            return None;
        }
        state.workers += 1;
        state.active += 1;
        state.taken += 1;
        drop(state);
        CURRENT.replace(self.this.clone());
        Some(Loan(self))
    }

    /// Whether the lane takes no more work.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Lets a thread that is no worker make calls of the lane for as long as the guest lives; nothing once it is closed.
    pub fn guest(&self) -> Option<Guest<'_>> {
        let mut state = lock(&self.state);
        if state.closed {
            return None;
        }
        state.guests += 1;
        Some(Guest(self))
    }

    /// Waits in `wait` without keeping others from the work of the lane whose worker this thread is, if it is one.
    pub fn while_waiting<T>(wait: impl FnOnce() -> T) -> T {
        let lane = CURRENT.with_borrow(Weak::upgrade);
        match lane {
            Some(lane) if !ASIDE.replace(true) => {
                lane.step_aside();
                let result = wait();
                ASIDE.set(false);
                lock(&lane.state).active += 1;
                result
            }
            _ => wait(),
        }
    }

    fn step_aside(&self) {
        self.forget_done();
        let mut state = lock(&self.state);
        state.active -= 1;
        state.taken += 1;
        if !state.queue.is_empty() && !state.awake {
            if state.idle > 0 {
                self.work.notify_one();
            } else {
                self.want_worker(&mut state);
            }
        }
        drop(state);
        self.hire();
    }

    /// Takes a session off the queue that was put there in case its worker gets stuck, if that has done all there was to do:
    /// nobody need be woken for it.
    fn forget_done(&self) {
        let mut state = lock(&self.state);
        let Some((Job::Session(..), false)) = state.queue.front() else { return };
        let Some((Job::Session(session, link), urgent)) = state.queue.pop_front() else { return };
        drop(state);
        if !session.has_more(link) {
            return;
        }
        let mut state = lock(&self.state);
        if state.closed {
            drop(state);
            session.lose(link);
        } else {
            state.queue.push_front((Job::Session(session, link), urgent));
        }
    }

    /// Queues work. `urgent` says that it is worth waking a thread: else it waits for a worker that is awake, or for the
    /// watch to find that all of those are stuck. `false` if the lane is closed, and the work dropped.
    pub(crate) fn push(&self, job: Job, urgent: bool) -> bool {
        let mut state = lock(&self.state);
        if state.closed {
            drop(state);
            drop(job);
            return false;
        }
        state.queue.push_back((job, urgent));
        state.urgent += usize::from(urgent);
        self.pushed.fetch_add(1, Ordering::Release);
        if state.idle > 0 {
            if !state.awake && (self.has_room(&state) || !state.watched) {
                self.work.notify_one();
            }
            return true;
        }
        if self.has_room(&state) {
            self.want_worker(&mut state);
        }
        true
    }

    fn take(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        let mut stuck = false;
        let mut looked = false;
        let job = loop {
            if stuck || self.has_room(&state) {
                if let Some(chore) = state.next_chore(looked || stuck) {
                    break chore;
                }
                if let Some(job) = state.next_job() {
                    break job;
                }
            }
            if state.closed {
                return None;
            }
            stuck = false;
            state.idle += 1;
            if !looked && !state.awake {
                looked = true;
                state.awake = true;
                let pushed = self.pushed.load(Ordering::Acquire);
                drop(state);
                spin(LOOKOUT, || self.pushed.load(Ordering::Acquire) != pushed || self.is_closed());
                state = lock(&self.state);
                state.awake = false;
            } else if (state.queue.is_empty() && state.chores.is_empty()) || state.watched {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else {
                state.watched = true;
                let taken = state.taken;
                let wait = self.work.wait_timeout(state, STALL).unwrap_or_else(PoisonError::into_inner);
                state = wait.0;
                state.watched = false;
                stuck = wait.1.timed_out() && state.taken == taken;
            }
            state.idle -= 1;
        };
        state.active += 1;
        state.taken += 1;
        // A worker goes to work only when another is there to take over from it.
        if state.idle == 0 {
            self.want_worker(&mut state);
        }
        // Whoever else is idle keeps watch over what is left.
        if state.idle > 0 && !state.watched && !state.queue.is_empty() {
            self.work.notify_one();
        }
        drop(state);
        self.hire();
        Some(job)
    }

    /// Whether a worker may go to work beside those that are at it.
    fn has_room(&self, state: &State) -> bool {
        state.active == 0 || (state.urgent > 0 && state.active < self.parallel)
    }

    fn want_worker(&self, state: &mut State) {
        if state.expected == 0 && state.workers < self.most && !state.closed {
            state.expected = 1;
            self.wanted.store(true, Ordering::Release);
        }
    }

    /// Asks for the worker that is wanted, if one is. The host is called: no lock may be held.
    pub(crate) fn hire(&self) {
        if !(self.wanted.load(Ordering::Relaxed) && self.wanted.swap(false, Ordering::AcqRel)) {
            return;
        }
        let mut pauses = HIRING_PAUSES.iter();
        log(Category::Worker, Level::Debug, || "one more worker is asked for".into());
        while !self.this.upgrade().is_some_and(&self.hire) {
            let mut state = lock(&self.state);
            if state.workers > 0 || state.closed {
                // Those that are there do the work, and ask again with the next.
                state.expected = 0;
                return;
            }
            let Some(&pause) = pauses.next() else {
                state.expected = 0;
                let (lost, kept) = state.queue.drain(..).partition(|(job, _)| matches!(job, Job::Session(..)));
                state.queue = kept;
                state.urgent = state.queue.iter().filter(|(_, urgent)| *urgent).count();
                drop(state);
                log(Category::Worker, Level::Warning, || {
                    format!("no worker is to be had; {} session(s) that wait for one go on without", lost.len())
                });
                return give_up(lost);
            };
            drop(state);
            thread::sleep(pause);
        }
    }

    fn work_at(&self, job: Job) {
        match job {
            Job::Session(session, link) => session.run(link),
            Job::Call(call) => call(),
        }
        let mut state = lock(&self.state);
        state.active -= 1;
        if state.closed {
            self.quiet.notify_all();
        }
    }

    /// Lets the workers go: those that wait at once, the others after the call they are in. Waits for the latter until
    /// `deadline`; returns how many are still inside. Calls that are queued are made on this thread; sessions that wait
    /// for a worker fail.
    pub fn close(&self, deadline: Instant) -> usize {
        let mut state = lock(&self.state);
        state.closed = true;
        self.is_closed.store(true, Ordering::Release);
        let mut left = std::mem::take(&mut state.queue);
        left.extend(std::mem::take(&mut state.chores).into_iter().map(|chore| (chore, false)));
        state.urgent = 0;
        self.work.notify_all();
        let (state, _) = wait_until(&self.quiet, state, Some(deadline), |state| state.active + state.guests == 0);
        let inside = state.active + state.guests;
        drop(state);
        give_up(left);
        inside
    }

    /// The number of workers that serve the lane.
    pub fn workers(&self) -> usize {
        lock(&self.state).workers
    }
}

impl State {
    fn next_job(&mut self) -> Option<Job> {
        let (job, urgent) = self.queue.pop_front()?;
        self.urgent -= usize::from(urgent);
        Some(job)
    }

    /// A chore whose time has come.
    fn next_chore(&mut self, at_leisure: bool) -> Option<Job> {
        let due =
            at_leisure && self.queue.is_empty() || self.chores_since.is_some_and(|since| since.elapsed() > LEISURE);
        let chore = if due { self.chores.pop_front() } else { None };
        if self.chores.is_empty() {
            self.chores_since = None;
        }
        chore
    }
}

/// Does without a worker what can be done so.
fn give_up(jobs: VecDeque<(Job, bool)>) {
    for (job, _) in jobs {
        match job {
            Job::Session(session, link) => session.lose(link),
            Job::Call(call) => call(),
        }
    }
}

/// The right of a thread that is no worker to make calls of a lane, which waits for it when it closes.
#[derive(Debug)]
pub struct Guest<'a>(&'a Lane);

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.guests -= 1;
        if state.closed {
            self.0.quiet.notify_all();
        }
    }
}

/// A thread that is a worker of a lane for a while.
#[derive(Debug)]
pub struct Loan<'a>(&'a Lane);

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        CURRENT.replace(Weak::new());
        let mut state = lock(&self.0.state);
        state.active -= 1;
        if self.0.rest(&mut state) {
            if state.idle > 0 {
                self.0.work.notify_one();
            } else {
                self.0.want_worker(&mut state);
            }
        }
        drop(state);
        self.0.hire();
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lane({} workers)", self.workers())
    }
}
