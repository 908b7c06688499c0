//! Loans: the blocks that the other process reads, until it says that it does so no more.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::blocks::Hold;
use crate::shm::Segment;
use crate::sync::Ordering;

/// How many blocks can be lent at once.
pub const MOST: usize = 1024;
/// What a table of loans takes in shared memory.
pub const SIZE: usize = MOST * 4;

/// What one side has lent. The other side marks in shared memory what it gives back.
pub struct Loans {
    memory: Arc<Segment>,
    start: usize,
    lent: Vec<Option<Hold>>,
    /// The numbers of those that are lent, and of the others.
    used: Vec<u32>,
    free: Vec<u32>,
}

impl Loans {
    /// The table that begins at `start`.
    pub fn new(memory: &Arc<Segment>, start: usize) -> Loans {
        let mut lent = Vec::new();
        lent.resize_with(MOST, || None);
        Loans { memory: Arc::clone(memory), start, lent, used: Vec::new(), free: (0..MOST as u32).rev().collect() }
    }

    /// Keeps something as long as the other side reads it; nothing if too much is lent already.
    pub fn lend(&mut self, what: Hold) -> Option<u32> {
        let loan = self.free.pop()?;
        self.lent[loan as usize] = Some(what);
        self.used.push(loan);
        Some(loan)
    }

    /// What a loan keeps.
    pub fn hold(&self, loan: u32) -> Option<Hold> {
        self.lent.get(loan as usize)?.clone()
    }

    /// Lets go of what the other side has given back.
    pub fn take_back(&mut self) {
        self.used.retain(|&loan| {
            let at = loan as usize;
            let mark = self.memory.atomic(self.start + 4 * at);
            let returned = mark.load(Ordering::Acquire) != 0;
            if returned {
                mark.store(0, Ordering::Relaxed);
                self.lent[at] = None;
                self.free.push(loan);
            }
            !returned
        });
    }

    /// The same; whether so many more can be lent now.
    pub fn has_room(&mut self, count: usize) -> bool {
        self.take_back();
        self.free.len() >= count
    }
}

impl fmt::Debug for Loans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loans({} lent)", self.used.len())
    }
}

/// What the other side has lent: given back when this goes.
#[derive(Debug)]
pub struct Lease {
    memory: Arc<Segment>,
    offset: usize,
    held: Arc<AtomicUsize>,
}

impl Lease {
    /// A loan by its number in the table that begins at `start`, counted in `held`; nothing if there is no such number.
    pub fn new(memory: &Arc<Segment>, start: usize, loan: u32, held: &Arc<AtomicUsize>) -> Option<Lease> {
        if loan as usize >= MOST {
            return None;
        }
        held.fetch_add(1, Ordering::Relaxed);
        Some(Lease { memory: Arc::clone(memory), offset: start + 4 * loan as usize, held: Arc::clone(held) })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.held.fetch_sub(1, Ordering::Relaxed);
        self.memory.atomic(self.offset).store(1, Ordering::Release);
    }
}
