//! Runtimes: the engine's own threads, the node types, and the sessions that are running.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::thread::available_parallelism;
use std::time::Duration;

use crate::fault::{Point, fails};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Instant, Mutex, lock, thread};
use crate::timer::Timer;
use crate::{Lane, Registry, Session};

/// How long workers of a lane get to return after their sessions were given up.
const GRACE: Duration = Duration::from_millis(100);

/// How many threads of our own there may be when calls block.
const MOST_THREADS: usize = 64;

/// What sessions run on.
pub struct Runtime {
    registry: Registry,
    native: Arc<Lane>,
    lanes: Mutex<Vec<Weak<Lane>>>,
    /// Those that have not ended. What runs is kept alive by it, whoever else lets go.
    sessions: Mutex<HashMap<u64, Arc<Session>>>,
    closed: AtomicBool,
    next_session: AtomicU64,
    timer: Arc<Timer>,
    hooks: Arc<dyn ThreadHooks>,
}

/// What the threads of a runtime do first, and last.
pub trait ThreadHooks: Send + Sync {
    /// A thread has started, and has made no call yet.
    fn start(&self) {}
    /// A thread is about to end.
    fn stop(&self) {}
}

struct NoHooks;

impl ThreadHooks for NoHooks {}

impl Runtime {
    /// A runtime with up to `threads` threads of its own, started as they are needed; 0 stands for one a processor.
    pub fn new(threads: usize) -> Arc<Runtime> {
        Runtime::with_hooks(threads, Arc::new(NoHooks))
    }

    /// The same, with hooks for its threads.
    pub fn with_hooks(threads: usize, hooks: Arc<dyn ThreadHooks>) -> Arc<Runtime> {
        let threads = match threads {
            0 => available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        // Without a thread the work stays queued for the workers that are there.
        let lane_hooks = Arc::clone(&hooks);
        let native =
            Lane::new(threads, MOST_THREADS, move |lane| spawn("remotemedia", &lane_hooks, move || lane.serve()));
        Arc::new(Runtime {
            registry: Registry::default(),
            lanes: Mutex::new(vec![Arc::downgrade(&native)]),
            native,
            sessions: Mutex::default(),
            closed: AtomicBool::new(false),
            next_session: AtomicU64::new(0),
            timer: Arc::default(),
            hooks,
        })
    }

    /// The node types.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The lane of the runtime's own threads, and those of its hosts.
    pub(crate) fn lanes(&self) -> Vec<Arc<Lane>> {
        lock(&self.lanes).iter().filter_map(Weak::upgrade).collect()
    }

    /// Has a session look at the clock at some time; whether it will.
    pub(crate) fn set_alarm(&self, at: Instant, session: &Arc<Session>) -> bool {
        self.timer.set(at, session, &self.hooks)
    }

    /// Starts a thread beside the workers; whether there is one.
    pub(crate) fn spawn(&self, name: &str, body: impl FnOnce() + Send + 'static) -> bool {
        spawn(name, &self.hooks, body)
    }

    /// Whether this thread is a worker of the runtime or of one of its hosts, and so inside a call.
    pub fn is_worker(&self) -> bool {
        self.lanes().iter().any(|lane| lane.is_current())
    }

    /// Has [`Runtime::shutdown`] close a host's lane too.
    pub fn adopt(&self, lane: &Arc<Lane>) {
        let mut lanes = lock(&self.lanes);
        lanes.retain(|lane| lane.strong_count() > 0);
        lanes.push(Arc::downgrade(lane));
    }

    pub(crate) fn next_session(&self) -> u64 {
        self.next_session.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a session that starts; `false` refuses it, because the runtime has been shut down.
    pub(crate) fn enter(&self, number: u64, session: &Arc<Session>) -> bool {
        let mut sessions = lock(&self.sessions);
        let open = !self.closed.load(Ordering::Acquire);
        if open {
            sessions.insert(number, Arc::clone(session));
        }
        open
    }

    pub(crate) fn leave(&self, number: u64) {
        lock(&self.sessions).remove(&number);
    }

    /// The number of sessions that have not ended.
    pub fn sessions(&self) -> usize {
        lock(&self.sessions).len()
    }

    /// Cancels every session, waits until `deadline` for their nodes to be cleaned up, and lets the workers go. Returns
    /// how many workers are still inside a call of a host or a node.
    pub fn shutdown(&self, deadline: Instant) -> usize {
        let sessions: Vec<Arc<Session>> = {
            let sessions = lock(&self.sessions);
            self.closed.store(true, Ordering::Release);
            sessions.values().cloned().collect()
        };
        for session in &sessions {
            session.cancel();
        }
        for session in &sessions {
            session.wait(Some(deadline));
        }
        let lanes = self.lanes();
        let deadline = deadline.max(Instant::now() + GRACE);
        lanes.iter().map(|lane| lane.close(deadline)).sum()
    }
}

/// Starts a thread of a runtime; whether there is one.
pub(crate) fn spawn(name: &str, hooks: &Arc<dyn ThreadHooks>, body: impl FnOnce() + Send + 'static) -> bool {
    let hooks = Arc::clone(hooks);
    let run = move || {
        hooks.start();
        body();
        hooks.stop();
    };
    !fails(Point::Thread) && thread::Builder::new().name(name.into()).spawn(run).is_ok()
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.timer.close();
        self.native.close(Instant::now());
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runtime({} sessions)", self.sessions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Context, Fault, Flow, Graph, Kinds, Node, NodeInfo, NodeOptions, Outcome, Packet, SessionConfig, Slot,
    };

    /// Fails at each packet, the first time.
    struct Unsteady(bool);

    impl Node for Unsteady {
        fn info(&self) -> NodeInfo {
            NodeInfo::filter(Kinds::ANY, Kinds::ANY)
        }

        fn process(&mut self, packet: Box<Packet>, context: &mut Context<'_>) -> Outcome {
            self.0 = !self.0;
            if self.0 {
                return Err(Fault::new("not yet"));
            }
            context.emit(packet);
            Ok(Flow::Done)
        }
    }

    fn open(runtime: &Arc<Runtime>) -> Arc<Session> {
        let mut graph = Graph::new();
        graph.add_instance("node", Slot::new(Unsteady(false))).unwrap();
        let options = r#"{"deadline_ms": 60000, "retries": 1, "retry_delay_ms": 0.5}"#;
        graph.configure("node", NodeOptions::parse(options).unwrap()).unwrap();
        Session::open(runtime, &graph, SessionConfig::default()).unwrap()
    }

    fn alarms(runtime: &Runtime) -> usize {
        let words = format!("{:?}", runtime.timer);
        words.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
    }

    fn soon() -> Option<Instant> {
        Some(Instant::now() + Duration::from_secs(4))
    }

    #[test]
    fn attempts_leave_no_alarms_behind() {
        let runtime = Runtime::new(1);
        let session = open(&runtime);
        for _ in 0..50 {
            session.push(Packet::text(""), soon()).unwrap();
            assert!(session.pull(soon()).unwrap().is_some());
        }
        assert!(alarms(&runtime) < 10, "{:?}", runtime.timer);
    }

    #[test]
    fn sessions_that_are_gone_leave_few_alarms_behind() {
        let runtime = Runtime::new(1);
        for _ in 0..300 {
            let session = open(&runtime);
            session.push(Packet::text(""), soon()).unwrap();
            session.cancel();
            assert!(session.wait(soon()));
        }
        assert!(alarms(&runtime) < 150, "{:?}", runtime.timer);
    }
}
