//! What has to hold of the nodes of a round, wherever they stand: what comes to them, what they send on.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use remotemedia_core::{Context, Data, NO_INDEX, Packet};

/// Where a node stands: the tag of the session and the id in its graph.
pub type Place = (u64, String);

pub fn place(context: &Context<'_>) -> Place {
    (context.session().tag(), context.node_id().to_string())
}

/// What has happened at a place.
#[derive(Default)]
pub struct Tally {
    /// Calls of `process`.
    pub attempts: u64,
    /// Packets that were sent on, by port.
    pub sent: HashMap<u32, u64>,
    /// The input at which it last failed on purpose.
    pub failed: Option<u64>,
    /// The index of the last packet.
    last: Option<u64>,
    /// The last packet of a set that was given, and whether its call failed.
    member: Option<Member>,
}

struct Member {
    port: u32,
    index: u64,
    pts: i64,
    first_pts: i64,
    failed: bool,
}

#[derive(Default)]
pub struct Model {
    problems: Mutex<Vec<String>>,
    tallies: Mutex<HashMap<Place, Tally>>,
    /// The places to which packets come in the order in which they were pushed.
    ordered: Mutex<HashSet<Place>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Model {
    pub fn problem(&self, what: String) {
        lock(&self.problems).push(what);
    }

    pub fn problems(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.problems))
    }

    pub fn order(&self, place: Place) {
        lock(&self.ordered).insert(place);
    }

    pub fn at<T>(&self, place: &Place, look: impl FnOnce(&mut Tally) -> T) -> T {
        let mut tallies = lock(&self.tallies);
        if !tallies.contains_key(place) {
            tallies.insert(place.clone(), Tally::default());
        }
        look(tallies.get_mut(place).expect("it was just put there"))
    }

    pub fn sends(&self, place: &Place, port: u32) {
        self.at(place, |tally| *tally.sent.entry(port).or_default() += 1);
    }

    /// A node is given a packet.
    pub fn receives(&self, place: &Place, packet: &Packet) {
        let index = packet.index;
        // A failure overtakes what its node holds back.
        let is_failure = matches!(packet.data, Data::Failure(_));
        let last = self.at(place, |tally| {
            tally.attempts += 1;
            if index == NO_INDEX || is_failure { None } else { tally.last.replace(index) }
        });
        if last.is_some_and(|last| last > index) && lock(&self.ordered).contains(place) {
            self.problem(format!("{place:?} was given input {index} after {}", last.unwrap_or(0)));
        }
    }

    /// A node that matches `ports` inputs is given a packet: the next one of a set, or the same one again.
    pub fn receives_of_set(&self, place: &Place, packet: &Packet, ports: u32, tolerance: Duration) {
        let tolerance = tolerance.as_nanos() as i64;
        let (port, index, pts) = (packet.port, packet.index, packet.pts.raw());
        let wrong = self.at(place, |tally| {
            let again =
                tally.member.as_ref().is_some_and(|last| last.failed && (last.port, last.index) == (port, index));
            let (expected, first_pts) = match &tally.member {
                Some(last) if again => (last.port, last.first_pts),
                // One whose first call has failed may be dropped while it waits to be tried again.
                Some(last) if last.failed && (last.port, port) == (0, 0) => (0, pts),
                Some(last) if last.port + 1 < ports => (last.port + 1, last.first_pts),
                _ => (0, pts),
            };
            let before = tally.member.as_ref().map(|last| (last.port, last.index, last.pts));
            tally.member = Some(Member { port, index, pts, first_pts, failed: false });
            let fits = port == expected && first_pts.saturating_sub(pts).abs() <= tolerance;
            (!fits).then(|| format!("{place:?} was given {:?} after {before:?}", (port, index, pts)))
        });
        wrong.into_iter().for_each(|wrong| self.problem(wrong));
    }

    /// The call at the last packet of a place has failed: it may come again.
    pub fn fails(&self, place: &Place) {
        self.at(place, |tally| tally.member.iter_mut().for_each(|member| member.failed = true));
    }
}
