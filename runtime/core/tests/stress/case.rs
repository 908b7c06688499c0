//! One session of a round, and what its owner does with it.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use remotemedia_core::{Event, Graph, Listener, OnError, Policy, Runtime, Session, SessionConfig};

use crate::callers::{Change, Changer, Hearer, Patience, Puller, Pusher, Traffic};
use crate::common::number;
use crate::model::Model;
use crate::plan::{POLICIES, Plan};
use crate::pool::{Pool, Temper};
use crate::rng::Rng;

/// The sessions of a round, for those who look why it does not end.
pub type Watched = Mutex<Vec<(u64, Weak<Session>)>>;

pub struct Case {
    pub tag: u64,
    temper: Temper,
    runtime: Arc<Runtime>,
    plan: Plan,
    graph: Graph,
    config: SessionConfig,
    hearer: Arc<Hearer>,
    traffic: Arc<Traffic>,
    model: Arc<Model>,
    open_after: Duration,
    /// When the owner gives up, or does so on a whim.
    cancel_after: Option<Duration>,
    pushers: Vec<Pusher>,
    pullers: Vec<Puller>,
    changers: Vec<Changer>,
    /// Whether the input is left open when all is pushed.
    forgets_end: bool,
    /// Whether nobody stays to see the end; and whether it is cancelled before.
    leaves: Option<bool>,
}

/// A session that is over, but for what is checked when all are.
pub struct Finished {
    pub session: Arc<Session>,
    pub story: Story,
}

/// What is known about it.
pub struct Story {
    pub tag: u64,
    pub temper: Temper,
    pub plan: Plan,
    pub traffic: Arc<Traffic>,
    /// Whether its owner stayed, so that it has ended and all its outputs are taken.
    pub awaited: bool,
    pub inputs: u64,
    pub has_sink: bool,
    pub has_source: bool,
    pub was_changed: bool,
    /// Whether somebody may not hear of the end, because the lane of the listener was closed.
    pub is_deaf: bool,
}

impl Case {
    pub fn random(tag: u64, pool: &mut Pool, runtime: &Arc<Runtime>, mut rng: Rng) -> Case {
        let rng = &mut rng;
        let temper = pool.temper;
        let (plan, graph) = Plan::random(pool, rng);
        plan.order(tag, &pool.model);
        let inputs = rng.below(120);
        let takes_input = plan.takes_input();
        let input = (takes_input && rng.chance(250)).then(|| pool.source(inputs).slot);
        let pushes = takes_input && input.is_none();
        let output = rng.chance(150).then(|| pool.steady().slot);
        let changers: Vec<_> = (0..rng.pick(&[0, 0, 1, 2])).map(|_| changer(&plan, pool, rng)).collect();
        let traffic = Arc::new(Traffic::default());
        let hearer = Arc::new(Hearer {
            tag,
            rng: Mutex::new(rng.fork()),
            session: OnceLock::new(),
            traffic: Arc::clone(&traffic),
            model: Arc::clone(&pool.model),
            reenters: rng.chance(500),
            changes: !changers.is_empty(),
            spoils: !temper.calm,
        });
        let hears = Arc::clone(&hearer);
        let lane = rng.chance(400).then(|| Arc::clone(&pool.lanes[rng.index(pool.lanes.len())].0));
        let config = SessionConfig {
            tag,
            capacity: 1 + rng.index(8),
            policy: if !temper.strict && rng.chance(200) { rng.pick(&POLICIES) } else { Policy::Block },
            on_error: if temper.calm {
                OnError::Raise
            } else {
                rng.pick(&[OnError::Raise, OnError::Skip, OnError::Collect])
            },
            stall: rng.chance(300).then(|| Duration::from_millis(3 + rng.below(30))),
            trace: rng.pick(&[0, 0, 10]),
            caller_runs: rng.chance(300),
            input,
            output,
            listener: Some(Listener { lane, call: Arc::new(move |event: Event| hears.hear(event)) }),
            ..SessionConfig::default()
        };
        let cancel_after = match () {
            () if !temper.calm => Some(rng.micros(80_000)),
            () if plan.may_stall() => Some(Duration::from_millis(200)),
            () => None,
        };
        Case {
            tag,
            temper,
            runtime: Arc::clone(runtime),
            config,
            hearer,
            traffic,
            model: Arc::clone(&pool.model),
            open_after: rng.micros(2000),
            cancel_after,
            pushers: if pushes { pushers(inputs, rng) } else { Vec::new() },
            pullers: (0..1 + rng.index(2))
                .map(|_| Puller { patience: Patience::any(rng), slow: rng.chance(300) })
                .collect(),
            changers,
            forgets_end: !temper.calm && rng.chance(100),
            leaves: (!temper.calm && rng.chance(120)).then(|| rng.chance(500)),
            plan,
            graph,
        }
    }

    /// Runs the session; nothing if it could not be opened.
    pub fn run(mut self, watched: &Watched) -> Option<Finished> {
        thread::sleep(self.open_after);
        let config = std::mem::take(&mut self.config);
        let (has_sink, has_source) = (config.output.is_some(), config.input.is_some());
        let is_deaf = self.temper.shutdown || config.listener.as_ref().is_some_and(|listener| listener.lane.is_some());
        let session = match Session::open(&self.runtime, &self.graph, config) {
            Ok(session) => session,
            Err(error) => {
                if !self.temper.shutdown {
                    self.model.problem(format!("session {} does not open: {error}", self.tag));
                }
                return None;
            }
        };
        let _ = self.hearer.session.set(Arc::downgrade(&session));
        watched.lock().expect("nothing panics here").push((self.tag, Arc::downgrade(&session)));
        let inputs = self.pushers.iter().map(|pusher| pusher.values.len() as u64).sum();
        let was_changed = !self.changers.is_empty();
        let leaves = self.leaves;
        let awaited = leaves.is_none();
        match leaves {
            None => self.attend(&session),
            Some(cancels) => {
                for _ in 0..self.pushers.len() {
                    // As far as there is room at once.
                    let pushed = session.push(number(0), Some(Instant::now())).is_ok();
                    self.traffic.pushed.fetch_add(u64::from(pushed), SeqCst);
                }
                if cancels {
                    session.cancel();
                }
            }
        }
        let Case { tag, temper, plan, traffic, .. } = self;
        let story = Story { tag, temper, plan, traffic, awaited, inputs, has_sink, has_source, was_changed, is_deaf };
        Some(Finished { session, story })
    }

    /// Stays with the session until it has ended.
    fn attend(&mut self, session: &Arc<Session>) {
        let traffic = &self.traffic;
        let pullers = std::mem::take(&mut self.pullers);
        let changers = std::mem::take(&mut self.changers);
        let pushers = std::mem::take(&mut self.pushers);
        let cancel_at = self.cancel_after.map(|after| Instant::now() + after);
        thread::scope(|scope| {
            pullers.into_iter().for_each(|puller| drop(scope.spawn(move || puller.run(session, traffic))));
            changers.into_iter().for_each(|changer| drop(scope.spawn(move || changer.run(session))));
            if let Some(at) = cancel_at {
                scope.spawn(move || {
                    if !session.wait(Some(at)) {
                        session.cancel();
                    }
                });
            }
            let pushing: Vec<_> =
                pushers.into_iter().map(|pusher| scope.spawn(move || pusher.run(session, traffic))).collect();
            pushing.into_iter().for_each(|pusher| drop(pusher.join()));
            if !self.forgets_end {
                session.end();
            }
        });
        session.wait(None);
    }
}

impl Finished {
    /// Whether it has ended by itself, without any failure.
    pub fn went_well(&self) -> bool {
        self.story.awaited && self.session.error().is_none() && !self.session.is_cancelled()
    }

    pub fn ends(&self) -> usize {
        self.story.traffic.ends.load(SeqCst)
    }
}

fn pushers(inputs: u64, rng: &mut Rng) -> Vec<Pusher> {
    let count = rng.pick(&[1, 1, 2, 3]);
    let (flushes, jitter) = (rng.pick(&[0, 0, 20, 100]), rng.pick(&[0, 0, 8]));
    let share = |first: u64| (first..inputs).step_by(count as usize).collect();
    (0..count)
        .map(|first| Pusher { rng: rng.fork(), patience: Patience::any(rng), values: share(first), flushes, jitter })
        .collect()
}

/// Changes to nodes of a plan, possible or not.
fn changer(plan: &Plan, pool: &mut Pool, rng: &mut Rng) -> Changer {
    let mut ids: Vec<String> = plan.stands.iter().map(|stand| stand.id.clone()).collect();
    let known = ids.len();
    let mut changes = std::collections::VecDeque::new();
    for number in 0..1 + rng.below(5) {
        let id = ids[rng.index(ids.len())].clone();
        let change = match rng.below(3) {
            0 => {
                let new = format!("c{number}");
                let end =
                    |rng: &mut Rng| if rng.chance(200) { String::new() } else { ids[rng.index(ids.len())].clone() };
                let (after, before) = (end(rng), end(rng));
                // Whoever joins has no other attempt.
                let shared = pool.shared.iter().rfind(|member| !member.shape.unsteady).cloned();
                let member = shared.filter(|_| rng.chance(200)).unwrap_or_else(|| pool.steady());
                ids.push(new.clone());
                Change::Insert(if rng.chance(50) { id } else { new }, member.slot, after, before)
            }
            1 => Change::Remove(if rng.chance(50) { "nobody".into() } else { id }),
            _ => {
                let stand = &plan.stands[rng.index(known)];
                let member = if rng.chance(900) { pool.like(stand.shape) } else { pool.steady() };
                Change::Replace(stand.id.clone(), member.slot)
            }
        };
        changes.push_back((rng.micros(4000), change, Patience::any(rng)));
    }
    Changer { changes }
}
