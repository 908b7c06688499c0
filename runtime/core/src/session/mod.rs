//! Sessions: running pipelines.

mod batch;
mod change;
mod config;
mod effect;
mod ending;
mod flow;
mod matcher;
mod plan;
mod release;
mod report;
mod reshape;
mod run;
mod state;
mod stirred;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use config::{Event, Listener, OnError, SessionConfig};
use plan::Plan;
pub(crate) use state::Cause;
use state::{Activity, Phase, Settled, State, Want};

use crate::lane::Lane;
use crate::log::{Category, Level, log};
use crate::packet::PUSHED;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Condvar, Instant, Mutex, MutexGuard, lock, spin, wait_until};
use crate::{Caller, Data, Error, ErrorKind, Fault, Flow, Graph, NodeError, Packet, Result, Runtime};

/// How long a thread that pumps sleeps at a time when it waits.
const PUMPING: Duration = Duration::from_millis(1);

/// How long is lingered at most.
const LINGER: Duration = Duration::from_millis(1);

/// One run of a graph. It starts when it is opened, and ends when every node has been cleaned up.
pub struct Session {
    number: u64,
    tag: u64,
    runtime: Arc<Runtime>,
    stall: Option<Duration>,
    caller: Option<Arc<Caller>>,
    caller_runs: bool,
    links: Vec<Link>,
    state: Mutex<State>,
    /// What waiting callers sleep at, by what they want.
    wakers: [Condvar; Want::COUNT],
    tokens: AtomicU64,
    cancelled: AtomicBool,
    /// Whether it has ended and the listener has been told so.
    over: AtomicBool,
    opened: Instant,
}

/// A lane that has nodes of the session.
struct Link {
    lane: Arc<Lane>,
    /// Whether it has no worker for the session any more: then the thread at hand does what can be done without one, and
    /// the nodes whose calls only that lane may make fail.
    lost: AtomicBool,
}

impl Link {
    fn new(lane: Arc<Lane>) -> Link {
        Link { lane, lost: AtomicBool::new(false) }
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

impl Session {
    /// Opens a graph and starts it.
    pub fn open(runtime: &Arc<Runtime>, graph: &Graph, config: SessionConfig) -> Result<Arc<Session>> {
        let plan = Plan::new(graph, &config)?;
        if let Some(caller) = &config.caller {
            plan.nodes.iter().try_for_each(|node| caller.check(&node.id, &node.slot))?;
        }
        // Those of the runtime's other hosts too: a node of theirs may join later.
        let mut lanes = runtime.lanes();
        let mut links = Vec::new();
        for node in &plan.nodes {
            links.push(node.slot.info().lane.as_ref().map(|own| {
                lanes.iter().position(|lane| Arc::ptr_eq(lane, own)).unwrap_or_else(|| {
                    lanes.push(Arc::clone(own));
                    lanes.len() - 1
                })
            }));
        }
        let mut state = State::new(plan, links, lanes.len());
        state.listener = config.listener;
        state.trace.most = config.trace;
        state.keeps_time = config.stall.is_some() || state.keeps_time;
        let slots: Vec<_> = state.plan.slots().cloned().collect();
        let session = Arc::new(Session {
            number: runtime.next_session(),
            tag: config.tag,
            runtime: Arc::clone(runtime),
            stall: config.stall,
            caller: config.caller,
            caller_runs: config.caller_runs,
            links: lanes.into_iter().map(Link::new).collect(),
            state: Mutex::new(state),
            wakers: Default::default(),
            tokens: AtomicU64::new(1),
            cancelled: AtomicBool::new(false),
            over: AtomicBool::new(false),
            opened: Instant::now(),
        });
        if !runtime.enter(session.number, &session) {
            return Err(Error::new(ErrorKind::State, "the runtime has been shut down"));
        }
        slots.iter().for_each(|slot| slot.attach());
        let mut state = session.lock();
        log(Category::Session, Level::Debug, || format!("session {} opens: {}", session.number, state.plan.describe()));
        session.advance(&mut state);
        session.watch(&mut state);
        session.release(state);
        Ok(session)
    }

    /// Waits until every node is initialised, or until `deadline`.
    pub fn ready(&self, deadline: Option<Instant>) -> Result<()> {
        let state = self.lock();
        let is_ready = |state: &mut State| state.cancelled || !matches!(state.phase, Phase::Starting(_));
        let (mut state, ready) = self.wait_until(Want::Turn, state, deadline, is_ready);
        if !ready {
            state.wanted |= Event::Ready.bit();
            return Err(Error::new(ErrorKind::Timeout, "the nodes are not ready within the time given"));
        }
        if state.error.is_some() || state.cancelled { Err(self.refusal(&state, "")) } else { Ok(()) }
    }

    /// Gives a packet to every node that takes input and has no edge leading to it. Waits for room until `deadline`.
    ///
    /// Where the caller runs, it makes the calls of this packet before it returns, as far as workers of the same lane are
    /// neither at work nor have anything else to do, and the nodes are known to be quick.
    pub fn push(self: &Arc<Self>, packet: Packet, deadline: Option<Instant>) -> Result<()> {
        let mut state = self.wait_for_room(deadline, true)?;
        self.accept(&mut state, packet);
        let loan = if self.caller_runs && state.is_quick() { self.links[state.home].lane.lend() } else { None };
        if loan.is_some() {
            let link = state.home;
            // The packet may be an output already.
            self.wake(&mut state);
            self.run_on(state, link);
        } else {
            self.let_go(state);
        }
        Ok(())
    }

    /// The same for one of the engine's own threads: the packet is taken only if there is room, and the owner is not told
    /// of room later.
    pub(crate) fn offer(self: &Arc<Self>, packet: &mut Option<Packet>, deadline: Option<Instant>) -> Result<()> {
        let mut state = self.wait_for_room(deadline, false)?;
        if let Some(packet) = packet.take() {
            self.accept(&mut state, packet);
            self.let_go(state);
        }
        Ok(())
    }

    fn accept(&self, state: &mut State, mut packet: Packet) {
        packet.index = state.next_input;
        packet.born = self.opened.elapsed().as_nanos() as u64;
        packet.origin = PUSHED;
        state.next_input += 1;
        state.moves += 1;
        let plan = Arc::clone(&state.plan);
        for &edge in &plan.inputs[1..] {
            let shared = packet.share();
            state.deliver(edge, shared);
        }
        state.deliver(plan.inputs[0], packet);
    }

    /// Has every node give what it holds back, after the packets that were pushed before; the stream goes on. Waits for
    /// room until `deadline`.
    pub fn flush(self: &Arc<Self>, deadline: Option<Instant>) -> Result<()> {
        let mut state = self.wait_for_room(deadline, true)?;
        let plan = Arc::clone(&state.plan);
        plan.inputs.iter().for_each(|&edge| state.deliver(edge, Packet::new(Data::Flush)));
        self.release(state);
        Ok(())
    }

    fn wait_for_room(&self, deadline: Option<Instant>, tell: bool) -> Result<MutexGuard<'_, State>> {
        let state = self.lock();
        if state.plan.inputs.is_empty() {
            let source = state.plan.nodes.first().map_or("", |node| &*node.id);
            return Err(Error::new(ErrorKind::State, format!("the pipeline takes no input: '{source}' is its source")));
        }
        let (mut state, ready) =
            self.wait_until(Want::Room, state, deadline, |state| !state.takes_input() || state.has_input_room());
        if !ready {
            state.wanted |= if tell { Event::Room.bit() } else { 0 };
            return Err(Error::new(ErrorKind::Timeout, "no room for the packet within the time given"));
        }
        if !state.takes_input() {
            return Err(self.refusal(&state, "the session takes no more input"));
        }
        Ok(state)
    }

    /// Says that no more packets will be pushed. What is inside comes out through the nodes' `flush`.
    pub fn end(self: &Arc<Self>) {
        let mut state = self.lock();
        state.end_input();
        self.advance(&mut state);
        self.release(state);
    }

    /// Takes the next output, waiting for it until `deadline`; nothing once the session has ended well and all is taken.
    pub fn pull(self: &Arc<Self>, deadline: Option<Instant>) -> Result<Option<Packet>> {
        self.next_output(deadline, true)
    }

    /// The same for one of the engine's own threads: the owner is not told of an output later.
    pub(crate) fn take(self: &Arc<Self>, deadline: Option<Instant>) -> Result<Option<Packet>> {
        self.next_output(deadline, false)
    }

    fn next_output(self: &Arc<Self>, deadline: Option<Instant>, tell: bool) -> Result<Option<Packet>> {
        let (mut state, ready) = self.wait_until(Want::Output, self.lock(), deadline, |state| {
            !state.outputs.is_empty() || matches!(state.phase, Phase::Ended)
        });
        if let Some((edge, packet)) = state.outputs.pop_front() {
            state.unload(edge, 1);
            state.moves += 1;
            self.let_go(state);
            return Ok(Some(*packet));
        }
        if !ready {
            state.wanted |= if tell { Event::Output.bit() } else { 0 };
            return Err(Error::new(ErrorKind::Timeout, "no output within the time given"));
        }
        match (&state.error, self.is_cancelled()) {
            (Some(error), _) => Err(error.to_error()),
            (None, true) => Err(self.refusal(&state, "")),
            (None, false) => Ok(None),
        }
    }

    /// Gives the session up: what is queued is dropped, no further packet is processed, every node is cleaned up.
    pub fn cancel(self: &Arc<Self>) {
        let mut state = self.lock();
        state.cancel();
        // Not if it was over already: then it has ended as it has.
        self.cancelled.store(state.cancelled, Ordering::Release);
        self.advance(&mut state);
        state.turned = true;
        self.release(state);
    }

    /// Waits until the session has ended or until `deadline`; whether it has ended.
    pub fn wait(&self, deadline: Option<Instant>) -> bool {
        self.wait_until(Want::Turn, self.lock(), deadline, |state| matches!(state.phase, Phase::Ended)).1
    }

    /// Waits until `ready` or until `deadline`; a thread that pumps lanes goes on with that meanwhile.
    fn wait_until<'a>(
        &'a self,
        want: Want,
        mut state: MutexGuard<'a, State>,
        deadline: Option<Instant>,
        mut ready: impl FnMut(&mut State) -> bool,
    ) -> (MutexGuard<'a, State>, bool) {
        state.waiters[want as usize] += 1;
        let pumps = Lane::is_pumped_here();
        let mut until = if pumps { Some(Instant::now()) } else { deadline };
        let (mut state, is_ready) = loop {
            let (guard, is_ready) = wait_until(&self.wakers[want as usize], state, until, &mut ready);
            if is_ready || !pumps || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                break (guard, is_ready);
            }
            drop(guard);
            Lane::pump_own();
            until = Some(Instant::now() + PUMPING).into_iter().chain(deadline).min();
            state = self.lock();
        };
        state.waiters[want as usize] -= 1;
        (state, is_ready)
    }

    /// Looks out for the end of a session that may be short, without going to sleep: that would take longer.
    pub fn linger(&self, most: Duration) {
        if !most.is_zero() {
            spin(most.min(LINGER), || self.over.load(Ordering::Acquire));
        }
    }

    /// Whether the session has ended: every node has been cleaned up.
    pub fn has_ended(&self) -> bool {
        matches!(self.lock().phase, Phase::Ended)
    }

    /// Whether the session was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Whether packets can be pushed, as far as the pipeline goes.
    pub(crate) fn takes_packets(&self) -> bool {
        !self.lock().plan.inputs.is_empty()
    }

    /// Why no more packets can be pushed, if so.
    pub(crate) fn verdict(&self) -> Option<ErrorKind> {
        let state = self.lock();
        (!state.takes_input()).then(|| self.refusal(&state, "").kind)
    }

    /// The failure that ended the session, if one did.
    pub fn error(&self) -> Option<Arc<NodeError>> {
        self.lock().error.clone()
    }

    /// The same as a packet.
    pub fn failure(&self) -> Option<Packet> {
        let error = self.error()?;
        Some(Packet { pts: error.pts, index: error.index, ..Packet::new(Data::Failure(error)) })
    }

    /// What it runs on.
    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// The call that waits for the session.
    pub(crate) fn caller(&self) -> Option<&Arc<Caller>> {
        self.caller.as_ref()
    }

    /// The number that the session was opened with.
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// The token by which an outcome of the call that is going on at `node` may come.
    pub(crate) fn new_token(&self, node: usize) -> u64 {
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        state.nodes[node].token = Some(token);
        let stale = state.nodes[node].settled.take();
        drop(state);
        drop(stale);
        token
    }

    /// The call that a completion is for; nothing once it was given up.
    pub(crate) fn pending_call(self: &Arc<Self>, node: usize, token: u64) -> Option<Arc<Caller>> {
        let state = self.lock();
        state.nodes[node].awaits(token).then(|| Caller::new(self, &state.plan.nodes[node].slot))
    }

    /// Takes the outcome of a pending call.
    pub(crate) fn complete(
        self: &Arc<Self>,
        node: usize,
        token: u64,
        packet: Option<Box<Packet>>,
        outcome: std::result::Result<Flow, Fault>,
    ) -> Result<()> {
        let mut state = self.lock();
        if !state.nodes[node].awaits(token) {
            let refusal = self.refusal(&state, "the call of this completion was given up");
            drop(state);
            return Err(refusal);
        }
        state.nodes[node].settled = Some(Settled { packet, outcome });
        state.stir(node);
        state.moves += 1;
        self.let_go(state);
        Ok(())
    }

    /// Another session has put back a node that this one waits for.
    pub(crate) fn slot_is_free(self: &Arc<Self>, node: usize) {
        let mut state = self.lock();
        if matches!(state.nodes[node].activity, Activity::Waiting) {
            state.nodes[node].activity = Activity::Idle;
            self.advance(&mut state);
            self.keep(&mut state);
        }
        self.release(state);
    }

    /// Another session waits for a node that this one has.
    pub(crate) fn poke(self: &Arc<Self>) {
        self.release(self.lock());
    }

    fn refusal(&self, state: &State, otherwise: &str) -> Error {
        match &state.error {
            Some(error) => error.to_error(),
            None if self.is_cancelled() => Error::new(ErrorKind::Cancelled, "the session was cancelled"),
            None => Error::new(ErrorKind::State, otherwise),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.number)
    }
}
