//! The end of every change of a session's state: workers are called, and what may not be done under the lock is done.

use std::mem;
use std::sync::{Arc, Weak};

use super::state::{State, Want};
use super::{Event, Session};
use crate::lane::Job;
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;

impl Session {
    /// Ends a change that may concern any node.
    pub(super) fn release(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        state.stir_all();
        self.let_go(state);
    }

    /// Ends a change: has workers come for everything that has become ready, and lets go of the lock.
    pub(super) fn let_go(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let plan = Arc::clone(&state.plan);
        let mut rank = plan.order.len();
        while let Some(below) = state.stirred.below(rank) {
            rank = below;
            let at = plan.order[rank];
            if state.next_op_if_any(at).is_some() {
                let link = self.place(&state, at);
                let urgent = state.runners[link] == 0;
                self.request(&mut state, link, urgent);
            }
        }
        self.wake(&mut state);
        self.settle_outside(state);
    }

    /// Wakes the callers that have what they waited for.
    pub(super) fn wake(&self, state: &mut State) {
        let phase = mem::discriminant(&state.phase);
        state.turned |= mem::replace(&mut state.told_phase, phase) != phase;
        for want in Want::ALL {
            if state.waiters[want as usize] > 0 && state.has(want) {
                self.wakers[want as usize].notify_all();
            }
        }
        state.turned = false;
    }

    /// Lets go of the lock and does what could not be done under it: puts nodes back, drops packets, pokes the sessions that
    /// have a node which is wanted here, asks the hosts for the workers that their lanes want, works for lanes that are lost,
    /// and tells the owner what has come about.
    pub(super) fn settle_outside(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let plan = (!state.returned.is_empty()).then(|| Arc::clone(&state.plan));
        let returned = mem::take(&mut state.returned);
        let dropped = mem::take(&mut state.dropped);
        let pokes = mem::take(&mut state.pokes);
        let buried = mem::take(&mut state.buried);
        let orphaned = mem::take(&mut state.orphaned);
        let listener = if state.note_events() { state.listener.clone() } else { None };
        drop(state);
        if let Some(plan) = plan {
            returned.into_iter().for_each(|(at, node)| plan.nodes[at].slot.put_back(node));
        }
        drop((dropped, buried));
        pokes.iter().filter_map(Weak::upgrade).for_each(|session| session.poke());
        self.links.iter().for_each(|link| link.lane.hire());
        orphaned.into_iter().for_each(|link| self.run_here(link));
        if let Some(listener) = listener {
            let session = Arc::clone(self);
            listener.post(move || session.tell());
        }
    }

    /// Tells the owner what has come about: one event after the other, whichever threads they come from.
    fn tell(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            let events = mem::take(&mut state.untold);
            state.telling = events != 0;
            let listener = state.listener.clone();
            drop(state);
            match listener {
                Some(listener) if events != 0 => Event::of(events).for_each(|event| (listener.call)(event)),
                _ => return,
            }
            if events & Event::Ended.bit() != 0 {
                self.over.store(true, Ordering::Release);
            }
        }
    }

    /// Whether a worker of a lane will come anyway.
    pub(super) fn is_requested(&self, state: &State, link: usize) -> bool {
        state.queued[link] && !self.links[link].is_lost()
    }

    /// Has a worker of a lane come; whether one will. If the lane has none any more and nobody does its work, the thread
    /// at hand does, once it has let go of the lock.
    pub(super) fn request(self: &Arc<Self>, state: &mut State, link: usize, urgent: bool) -> bool {
        let entry = &self.links[link];
        if !entry.is_lost() {
            if mem::replace(&mut state.queued[link], true)
                || entry.lane.push(Job::Session(Arc::clone(self), link), urgent)
            {
                return true;
            }
            entry.lost.store(true, Ordering::Release);
        }
        if state.runners[link] == 0 && !state.orphaned.contains(&link) {
            state.orphaned.push(link);
        }
        false
    }
}
