//! How a worker runs a session: choose a node, make its calls without any lock, put what came of it into effect.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::Session;
use super::batch::{Batch, Scratch, Start};
use super::effect::Done;
use super::plan::Plan;
use super::state::{Activity, Cause, Life, Op, Phase, Settled, State};
use crate::sync::atomic::Ordering;
use crate::sync::{Instant, MutexGuard};
use crate::{Data, Flow, Node, Packet, thread};

/// How many packets a node is given in a row.
const BATCH: usize = 32;
/// How long a worker stays with a session before it looks after others.
const SLICE: Duration = Duration::from_millis(2);
/// What a call costs that is worth a thread of its own, in nanoseconds.
pub(super) const HEAVY: u64 = 20_000;

/// An operation that a worker has taken on.
struct Work {
    plan: Arc<Plan>,
    at: usize,
    op: Op,
    node: Box<dyn Node>,
    settled: Option<Settled>,
    start: Start,
}

impl Session {
    /// Runs what is ready and this lane's to run.
    pub(crate) fn run(self: &Arc<Self>, link: usize) {
        let mut state = self.lock();
        state.queued[link] = false;
        self.run_on(state, link);
    }

    /// The lane has no worker for the session, and will not have one.
    pub(crate) fn lose(self: &Arc<Self>, link: usize) {
        self.links[link].lost.store(true, Ordering::Release);
        self.run(link);
    }

    /// Does the work of a lane on the thread at hand.
    pub(super) fn run_here(self: &Arc<Self>, link: usize) {
        self.run_on(self.lock(), link);
    }

    pub(super) fn run_on<'a>(self: &'a Arc<Self>, mut state: MutexGuard<'a, State>, link: usize) {
        let mut scratch = Scratch::default();
        let mut now = Instant::now();
        let slice = now + SLICE;
        state.runners[link] += 1;
        while let Some(work) = self.pick(&mut state, link, now, &mut scratch) {
            self.settle_outside(state);
            let done = self.execute(work, &mut scratch);
            now = done.clock;
            state = self.lock();
            self.apply(&mut state, done, &mut scratch);
            if !state.returned.is_empty() {
                // This thread may be the last that can clean up.
                self.settle_outside(state);
                // A host may have taken its time, which is not that of the next call.
                now = Instant::now();
                state = self.lock();
            }
            // What is left to do after the end is done here: nobody waits for it, and the lane may be closed.
            let is_over = matches!(state.phase, Phase::Ended);
            if now > slice && !is_over && self.request(&mut state, link, true) {
                break;
            }
        }
        state.runners[link] -= 1;
        self.settle_outside(state);
    }

    /// Whether there is anything for a lane to do; if not, it has been taken off the lane's queue.
    pub(crate) fn has_more(&self, link: usize) -> bool {
        let mut state = self.lock();
        let ready = |at: usize| state.next_op(at).is_some() && self.may_run(&state, at, link);
        let more = state.plan.order.iter().any(|&at| ready(at));
        if !more {
            state.queued[link] = false;
        }
        more
    }

    /// Chooses the ready node nearest to the outputs, so that draining goes before filling.
    fn pick(self: &Arc<Self>, state: &mut State, link: usize, now: Instant, scratch: &mut Scratch) -> Option<Work> {
        let mut chosen: Option<Work> = None;
        let plan = Arc::clone(&state.plan);
        let mut rank = plan.order.len();
        while let Some(below) = state.stirred.below(rank) {
            rank = below;
            let at = plan.order[rank];
            // Of many nodes that are ready at once, each choice would look at all.
            if chosen.is_some() && state.is_lone && self.is_requested(state, link) {
                break;
            }
            let lane = if self.may_run(state, at, link) { link } else { self.place(state, at) };
            let is_mine = lane == link && chosen.is_none();
            if !is_mine && self.is_requested(state, lane) {
                continue;
            }
            let Some(op) = state.next_op_if_any(at) else { continue };
            match &chosen {
                _ if is_mine => chosen = self.take_on(state, &plan, (at, op), now, scratch),
                Some(work) if lane == link => {
                    let heavy = state.nodes[at].cost.max(state.nodes[work.at].cost) > HEAVY;
                    self.request(state, link, heavy);
                }
                _ => {
                    self.request(state, lane, true);
                }
            }
        }
        chosen
    }

    /// The lane whose workers should run a node.
    pub(super) fn place(&self, state: &State, at: usize) -> usize {
        let node = &state.nodes[at];
        let home = if self.links[state.home].is_lost() { 0 } else { state.home };
        node.link.unwrap_or(if node.cost > HEAVY { 0 } else { home })
    }

    /// Whether a worker of a lane may run a node: its own, and any native one unless that keeps it from its own.
    fn may_run(&self, state: &State, at: usize, link: usize) -> bool {
        let node = &state.nodes[at];
        node.link.map_or(link == 0 || node.cost <= HEAVY, |own| own == link)
    }

    fn take_on(
        self: &Arc<Self>,
        state: &mut State,
        plan: &Arc<Plan>,
        (at, op): (usize, Op),
        now: Instant,
        scratch: &mut Scratch,
    ) -> Option<Work> {
        let planned = &plan.nodes[at];
        let held = state.nodes[at].held.take();
        let node = match held.map_or_else(|| planned.slot.take(self, at), Ok) {
            Ok(node) => node,
            Err(holder) => {
                state.nodes[at].activity = Activity::Waiting;
                self.keep(state);
                state.pokes.push(holder);
                return None;
            }
        };
        if op == Op::Cleanup {
            // Once for all places: after a call that was left behind any of them may come to it first.
            plan.places(at).filter(|&place| place != at).for_each(|place| state.nodes[place].life = Life::Gone);
        }
        let room = state.room(at);
        let traced = state.trace.most > 0;
        let entry = &mut state.nodes[at];
        entry.activity = Activity::Running;
        entry.since = now;
        entry.thread = thread::number();
        entry.more = false;
        let settled = entry.settled.take();
        let continues = matches!(op, Op::Resume | Op::Settle);
        let (base, mut cause) = if continues { (entry.op, entry.cause) } else { (op, Cause::NONE) };
        let attempts = planned.retries.saturating_sub(entry.retry.attempts);
        scratch.spare = entry.retry.spare.take();
        match op {
            Op::Process => {
                entry.retry.not_before = None;
                // One by one where each must keep to a deadline.
                let most = if planned.deadline.is_some() { 1 } else { BATCH.min(room.max(1)) };
                let most = entry.leaving.map_or(most, |before| before.min(most));
                let raw = planned.slot.info().raw;
                let passes = |packet: &Packet| !raw && matches!(packet.data, Data::Mark);
                let due = |(edge, packet): &&(usize, Box<Packet>)| *edge != usize::MAX && !passes(packet);
                let count = entry.queue.iter().take(most).take_while(due).count();
                if count == entry.queue.len() {
                    mem::swap(&mut scratch.inbox, &mut entry.queue);
                } else {
                    scratch.inbox.extend(entry.queue.drain(..count));
                }
                entry.leaving = entry.leaving.map(|before| before - count);
                // Not by the edge that leads here now: that may be another since.
                let runs = scratch.inbox.make_contiguous().chunk_by(|(one, _), (next, _)| one == next);
                runs.for_each(|run| state.unload(run[0].0, run.len()));
                cause = scratch.inbox.front().map_or(cause, |(_, packet)| Cause::of(packet));
            }
            Op::Drain => {
                entry.queue.pop_front();
                entry.leaving = entry.leaving.map(|before| before - 1);
            }
            _ => {}
        }
        let entry = &mut state.nodes[at];
        entry.op = base;
        entry.cause = cause;
        let start = Start { base, cause, room, made: entry.made, attempts, traced, cost: entry.cost };
        self.watch(state);
        Some(Work { plan: Arc::clone(plan), at, op, node, settled, start })
    }

    /// Makes the calls. No lock is held.
    fn execute(self: &Arc<Self>, work: Work, scratch: &mut Scratch) -> Done {
        let Work { plan, at, op, mut node, settled, start } = work;
        // What a cancelled session has left here goes now, without the lock: it may be the host's.
        scratch.routed.clear();
        scratch.outputs.clear();
        let base = start.base;
        // A worker that returns to a lane which was closed meanwhile still cleans up, and is waited for.
        let lane = plan.nodes[at].slot.info().lane.as_ref();
        let returns = matches!(op, Op::Cleanup) && lane.is_some_and(|lane| lane.is_current());
        let entered = returns || !self.is_lost(&plan, at);
        let mut batch = Batch::new(self, &plan, at, start);
        if entered {
            batch.enter(node.as_mut());
            match op {
                Op::Process => batch.process(node.as_mut(), scratch),
                Op::Settle => batch.settle(settled, scratch),
                Op::Initialize | Op::Cleanup => batch.life(op, node.as_mut(), scratch),
                Op::Resume | Op::Flush | Op::Drain | Op::Leave => batch.go_on(op, node.as_mut(), scratch),
            }
        } else {
            batch.refuse(op, scratch);
        }
        batch.route(scratch);
        if entered {
            node.leave();
        }
        let Batch { flow, clock, cause, error, attempts, again, made, measured, .. } = batch;
        let goes_on = flow != Flow::Done && error.is_none() && !again;
        let held = if goes_on {
            Some(node)
        } else {
            plan.nodes[at].slot.put_back(node);
            None
        };
        Done { at, base, held, flow, cause, error, attempts, again, made, clock, measured }
    }

    /// Whether nobody is left to make the calls of a node.
    fn is_lost(&self, plan: &Plan, at: usize) -> bool {
        let lane = plan.nodes[at].slot.info().lane.as_ref();
        lane.is_some_and(|lane| {
            lane.is_closed() || self.links.iter().any(|link| link.is_lost() && Arc::ptr_eq(&link.lane, lane))
        })
    }
}
