//! The mover of a ring: does for the real-time thread what that must not do.

use std::sync::Arc;
use std::time::Duration;

use super::{Getter, Giver, Shared};
use crate::log::{Category, Level, log};
use crate::sync::atomic::Ordering;
use crate::sync::{Instant, thread};
use crate::{ErrorKind, Packet, Session};

/// How long it waits for a session at a time: the ring may have gone meanwhile.
const SLICE: Duration = Duration::from_millis(10);

/// Says how the ring is over, also if the mover panics.
struct Verdict<'a> {
    shared: &'a Shared,
    over: Option<ErrorKind>,
}

impl Drop for Verdict<'_> {
    fn drop(&mut self) {
        let _ = self.shared.over.set(self.over);
    }
}

/// Moves what comes into the ring on into the session, until that is over or the ring is gone.
pub(super) fn feed(session: &Arc<Session>, mut blocks: Getter, shared: &Shared) {
    let _ = shared.mover.set(thread::current());
    let mut verdict = Verdict { shared, over: Some(ErrorKind::Panic) };
    verdict.over = loop {
        // Before the look into the ring: what came before the end is in there.
        let ended = shared.ended.load(Ordering::Acquire);
        if shared.is_stopped() {
            break Some(ErrorKind::State);
        }
        if let Ok(block) = blocks.full.pop() {
            let packet = block.to_packet();
            let _ = blocks.empty.push(block);
            shared.left.fetch_add(1, Ordering::Release);
            if let Some(kind) = give(session, packet, shared) {
                break Some(kind);
            }
        } else if ended {
            session.end();
            break None;
        } else if let Some(kind) = session.verdict() {
            break Some(kind);
        } else {
            thread::park_timeout(shared.config.period);
        }
    };
    while blocks.full.pop().is_ok() {
        shared.left.fetch_add(1, Ordering::Release);
        shared.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Pushes a packet when there is room for it; what makes that impossible, if something does.
fn give(session: &Arc<Session>, mut packet: Option<Packet>, shared: &Shared) -> Option<ErrorKind> {
    while packet.is_some() && !shared.is_stopped() {
        match session.offer(&mut packet, Some(Instant::now() + SLICE)) {
            Ok(()) => return None,
            Err(error) if error.kind == ErrorKind::Timeout => {}
            Err(error) => {
                shared.dropped.fetch_add(1, Ordering::Relaxed);
                return Some(error.kind);
            }
        }
    }
    shared.dropped.fetch_add(1, Ordering::Relaxed);
    None
}

/// Moves the outputs of the session into the ring, until there are no more or the ring is gone.
pub(super) fn drain(session: &Arc<Session>, mut blocks: Giver, shared: &Shared) {
    let _ = shared.mover.set(thread::current());
    let mut verdict = Verdict { shared, over: Some(ErrorKind::Panic) };
    let mut spare = None;
    verdict.over = loop {
        if shared.is_stopped() {
            break Some(ErrorKind::State);
        }
        // A block first, so that nothing is taken out of the session which cannot be kept.
        let Some(mut block) = spare.take().or_else(|| blocks.empty.pop().ok()) else {
            if session.is_cancelled() {
                break Some(ErrorKind::Cancelled);
            }
            thread::park_timeout(shared.config.period);
            continue;
        };
        match session.take(Some(Instant::now() + SLICE)) {
            Ok(Some(packet)) if block.fill_with(&packet) => {
                // Before the real-time thread can count it out again.
                shared.entered.fetch_add(1, Ordering::Release);
                let _ = blocks.full.push(block);
            }
            Ok(Some(packet)) => {
                shared.dropped.fetch_add(1, Ordering::Relaxed);
                let most = shared.config.size;
                log(Category::Packet, Level::Warning, || {
                    format!("a ring of {most} bytes a packet left out {:?}: too large, or no data", packet.data.kind())
                });
                spare = Some(block);
            }
            Ok(None) => break None,
            Err(error) if error.kind == ErrorKind::Timeout => spare = Some(block),
            Err(error) => break Some(error.kind),
        }
    };
}
