//! Random sessions over random graphs of random nodes, which they share, change and end in any way.
//!
//! Runs for `STRESS_SECONDS` (2), in rounds of which each has a seed; the first is `STRESS_SEED` (1). What goes wrong is
//! printed with the seed of its round; `STRESS_ROUNDS` says how many rounds there are, to repeat one of them.

#[path = "../common/mod.rs"]
mod common;

mod books;
mod callers;
mod case;
mod lanes;
mod late;
mod model;
mod nodes;
mod plan;
mod pool;
mod record;
mod rng;
mod round;

use std::env;
use std::panic;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use case::Watched;
use round::Round;

/// How long a round may take. Some wait for thousands of late outcomes, which takes 20 s, and longer where the processors are busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// How many problems are enough to stop.
const ENOUGH: usize = 6;

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

/// Runs a round, and says where its sessions stand if it does not end.
fn watch(seed: u64) -> round::Outcome {
    let watched = Arc::new(Watched::default());
    let (tell, told) = mpsc::channel();
    let seen = Arc::clone(&watched);
    let running = thread::spawn(move || {
        let outcome = Round::new(seed).run(&seen);
        let _ = tell.send(());
        outcome
    });
    if told.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
        for (tag, session) in watched.lock().expect("nothing panics here").iter() {
            if let Some(session) = session.upgrade() {
                eprintln!("session {tag}, cancelled {}: {:#}", session.is_cancelled(), session.report());
            }
        }
        panic!("STRESS_SEED={seed}: hangs");
    }
    running.join().unwrap_or_else(|_| panic!("STRESS_SEED={seed}: panicked"))
}

#[test]
fn random_sessions_end_once_and_lose_nothing() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&nodes::PANIC) {
            report(info);
        }
    }));
    let (seconds, first) = (setting("STRESS_SECONDS", 2), setting("STRESS_SEED", 1));
    let rounds = setting("STRESS_ROUNDS", u64::MAX);
    eprintln!("STRESS_SEED={first}, for {seconds} s");
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut seed, mut total) = (first, round::Outcome::default());
    let mut problems = 0;
    while Instant::now() < until && problems < ENOUGH && seed - first < rounds {
        let outcome = watch(seed);
        outcome.problems.iter().for_each(|problem| eprintln!("STRESS_SEED={seed}: {problem}"));
        problems += outcome.problems.len();
        total.sessions += outcome.sessions;
        total.well += outcome.well;
        total.packets += outcome.packets;
        seed += 1;
    }
    let round::Outcome { sessions, well, packets, .. } = total;
    eprintln!(
        "{} rounds, {sessions} sessions ({well} ended well), {packets} packets, {problems} problems",
        seed - first
    );
    assert_eq!(problems, 0, "see the seeds above");
}
