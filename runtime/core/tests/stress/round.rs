//! A few nodes, and sessions over graphs of them, all at once.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use remotemedia_core::{Flow, Lane, Runtime, Session};

use crate::books::Books;
use crate::case::{Case, Finished, Watched};
use crate::lanes::Manner;
use crate::late::Payers;
use crate::model::Model;
use crate::pool::{Pool, Temper};
use crate::rng::Rng;

/// How long things may take that take no time.
const SOON: Duration = Duration::from_secs(5);

pub struct Round {
    rng: Rng,
    pool: Pool,
    payers: Payers,
    runtime: Arc<Runtime>,
    cases: Vec<Case>,
    threads: usize,
}

/// What became of a round.
#[derive(Default)]
pub struct Outcome {
    pub sessions: usize,
    pub well: usize,
    pub packets: u64,
    pub problems: Vec<String>,
}

impl Round {
    pub fn new(seed: u64) -> Round {
        let threads = threads();
        let mut rng = Rng::new(seed);
        let calm = rng.chance(400);
        let temper = Temper {
            calm,
            strict: calm && rng.chance(500),
            twice: rng.chance(300),
            shutdown: !calm && rng.chance(150),
        };
        let runtime = Runtime::new(1 + rng.index(3));
        let lanes = lanes(calm, &mut rng);
        lanes.iter().for_each(|(lane, _)| runtime.adopt(lane));
        let model = Arc::new(Model::default());
        let payers = Payers::new(2, &model);
        let debts = payers.sender();
        let mut pool = Pool {
            rng: rng.fork(),
            temper,
            model,
            lanes,
            debts,
            shared: Vec::new(),
            records: Vec::new(),
            slots: Vec::new(),
        };
        for _ in 0..rng.below(5) {
            let member = pool.any();
            pool.shared.push(member);
        }
        let count = 1 + rng.below(4);
        let cases = (1..=count).map(|tag| Case::random(tag, &mut pool, &runtime, rng.fork())).collect();
        Round { rng, pool, payers, runtime, cases, threads }
    }

    pub fn run(mut self, watched: &Watched) -> Outcome {
        let cases = std::mem::take(&mut self.cases);
        let mut outcome = Outcome { sessions: cases.len(), ..Outcome::default() };
        let forlorn: Vec<Arc<Lane>> =
            self.pool.lanes.iter().filter(|(_, forlorn)| *forlorn).map(|(lane, _)| Arc::clone(lane)).collect();
        let (close_after, shut_after) = (self.rng.micros(60_000), self.rng.micros(60_000));
        let (runtime, temper) = (&self.runtime, self.pool.temper);
        let finished: Vec<Finished> = thread::scope(|scope| {
            let running: Vec<_> = cases.into_iter().map(|case| scope.spawn(move || case.run(watched))).collect();
            // Whatever waits for a thread of such a host waits for this.
            scope.spawn(move || {
                thread::sleep(close_after);
                forlorn.iter().for_each(|lane| {
                    lane.close(Instant::now());
                });
            });
            if temper.shutdown {
                scope.spawn(move || {
                    thread::sleep(shut_after);
                    runtime.shutdown(Instant::now() + close_after);
                });
            }
            running.into_iter().filter_map(|case| case.join().expect("nothing panics here")).collect()
        });
        self.close(&finished);
        outcome.well = finished.iter().filter(|finished| finished.went_well()).count();
        outcome.packets = finished.iter().map(|finished| self.packets(finished)).sum();
        let temper = self.pool.temper;
        outcome.problems = self.settle(finished, watched);
        outcome.problems.iter_mut().for_each(|problem| *problem += &format!(" ({temper:?})"));
        outcome
    }

    fn packets(&self, finished: &Finished) -> u64 {
        let ids = finished.story.plan.stands.iter().map(|stand| (finished.story.tag, stand.id.clone()));
        ids.map(|place| self.pool.model.at(&place, |tally| tally.attempts)).sum()
    }

    /// Ends what is left to be ended, and waits for calls that were left behind.
    fn close(&self, finished: &[Finished]) {
        let model = &self.pool.model;
        let inside = self.runtime.shutdown(Instant::now() + SOON);
        if inside != 0 {
            model.problem(format!("{inside} workers are inside"));
        }
        let left = finished.iter().filter(|finished| !finished.session.has_ended());
        left.for_each(|left| {
            model.problem(format!("session {} has not ended: {}", left.story.tag, left.session.report()))
        });
        if self.runtime.sessions() != 0 {
            model.problem(format!("{} sessions are left", self.runtime.sessions()));
        }
        soon(|| self.pool.records.iter().all(|record| record.is_over()));
    }

    /// Lets go of everything, sees that it is gone, and checks the books.
    fn settle(self, finished: Vec<Finished>, watched: &Watched) -> Vec<String> {
        let Round { pool, payers, runtime, threads: before, .. } = self;
        let Pool { model, lanes, debts, shared, records, slots, .. } = pool;
        // A listener may still be at its last event.
        soon(|| finished.iter().all(|finished| finished.story.is_deaf || finished.ends() > 0));
        drop((debts, shared));
        let lanes: Vec<Weak<Lane>> = lanes.into_iter().map(|(lane, _)| Arc::downgrade(&lane)).collect();
        let runtime = {
            let weak = Arc::downgrade(&runtime);
            drop(runtime);
            weak
        };
        let sessions: Vec<(u64, Weak<Session>)> = watched.lock().expect("nothing panics here").drain(..).collect();
        let books: Vec<Books> = finished.into_iter().map(|finished| Books::new(finished, &model)).collect();
        let gone = |what: &str, gone: &dyn Fn() -> bool| {
            if !soon(gone) {
                model.problem(format!("{what} are left behind"));
            }
        };
        gone("sessions", &|| sessions.iter().all(|(_, session)| session.strong_count() == 0));
        gone("slots", &|| slots.iter().all(|slot| slot.strong_count() == 0));
        gone("lanes", &|| lanes.iter().all(|lane| lane.strong_count() == 0));
        gone("runtimes", &|| runtime.strong_count() == 0);
        records.iter().for_each(|record| record.check());
        // What was owed is paid when no node is left.
        if slots.iter().all(|slot| slot.strong_count() == 0) {
            for debt in payers.finish() {
                if debt.completion.complete(None, Ok(Flow::Done)).is_ok() {
                    model.problem(format!("a completion counts after the end of {:?}", debt.place));
                }
            }
            books.iter().for_each(Books::check);
        }
        gone("threads", &|| self::threads() <= before);
        model.problems()
    }
}

/// Hosts of all manners; of those that do not lend threads, nodes cannot be expected to be cleaned up.
fn lanes(calm: bool, rng: &mut Rng) -> Vec<(Arc<Lane>, bool)> {
    let mut manners = vec![Manner::Lends(0), Manner::Lends(rng.below(20_000)), Manner::Hesitates(rng.below(4))];
    if !calm && rng.chance(150) {
        manners.push(rng.pick(&[Manner::Refuses, Manner::Lies]));
    }
    manners.into_iter().map(|manner| (manner.lane(), !manner.works())).collect()
}

/// The threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, |tasks| tasks.count())
}

/// Waits for something that is to be so at once; whether it is.
fn soon(mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + SOON;
    while !holds() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_micros(200));
    }
    true
}
