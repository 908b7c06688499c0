//! Bells: how a thread sleeps until another process, or another thread, has news for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use remotemedia_core::Lane;

use crate::shm::Segment;
use crate::sync::{Ordering, fence, sleep, spin, wake};

/// How long is looked out for news before sleeping: to be woken takes about as long.
const LOOKOUT: Duration = Duration::from_micros(50);

/// A place in shared memory that one side sleeps at and everybody may ring: two numbers, how often it was rung, and
/// whether somebody sleeps.
#[derive(Clone, Debug)]
pub struct Bell {
    memory: Arc<Segment>,
    offset: usize,
}

impl Bell {
    /// The bell at a place in shared memory.
    pub fn new(memory: &Arc<Segment>, offset: usize) -> Bell {
        Bell { memory: Arc::clone(memory), offset }
    }

    /// Wakes whoever sleeps; cheap if nobody does. To be called after the news is in its place.
    pub fn ring(&self) {
        // The sleeper says that it sleeps before it looks for the last time: one of the two sees the other.
        fence(Ordering::SeqCst);
        if self.memory.atomic(self.offset + 4).load(Ordering::Relaxed) != 0 {
            self.ring_loud();
        }
    }

    /// Wakes whoever sleeps, or is about to.
    pub fn ring_loud(&self) {
        let count = self.memory.atomic(self.offset);
        count.fetch_add(1, Ordering::Release);
        wake(count);
    }

    /// Sleeps until there is news, or until `deadline`; whether there is. A worker of a lane does not keep others from its
    /// work meanwhile.
    pub fn wait(&self, deadline: Option<Instant>, mut news: impl FnMut() -> bool) -> bool {
        news() || spin(LOOKOUT, &mut news) || Lane::while_waiting(|| self.sleep(deadline, news))
    }

    fn sleep(&self, deadline: Option<Instant>, mut news: impl FnMut() -> bool) -> bool {
        let (count, sleeps) = (self.memory.atomic(self.offset), self.memory.atomic(self.offset + 4));
        loop {
            let seen = count.load(Ordering::Acquire);
            sleeps.store(1, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let over = news();
            if over || left == Some(Duration::ZERO) {
                sleeps.store(0, Ordering::Relaxed);
                return over;
            }
            sleep(count, seen, left);
        }
    }
}
