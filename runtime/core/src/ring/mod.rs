//! Rings: between a session and a thread that must never wait, such as the callback of a sound card.
//!
//! The memory of a ring is allocated when it is made. Its blocks go to and fro between two queues, the full ones and the
//! empty ones, each with one thread at either end. One of those is the real-time thread, which copies bytes and does nothing
//! else; the other is the mover, a thread of the runtime that waits in its stead. Since the real-time thread makes no system
//! call, it cannot wake the mover, which looks every `period` for what has come.

mod block;
mod end;
mod mover;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use block::Block;
pub use block::{Form, Label};
pub use end::{RingEnd, RingReader, RingWriter};

use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::thread::{self, Thread};
use crate::sync::{Consumer, Instant, OnceLock, Producer, RingBuffer};
use crate::{Error, ErrorKind, Result, Session};

/// How many blocks a ring may have.
const MOST_BLOCKS: usize = 1 << 16;

/// How long the end of a mover is waited for, and how long at a time.
const GRACE: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_micros(200);

/// How a ring is to be.
#[derive(Clone, Copy, Debug)]
pub struct RingConfig {
    /// Whether packets go from the real-time thread into the session, or the other way.
    pub input: bool,
    /// How many packets it holds.
    pub capacity: usize,
    /// How many bytes the largest of them has.
    pub size: usize,
    /// How often the mover looks for what no one can tell it.
    pub period: Duration,
}

/// What has become of the packets of a ring.
#[derive(Clone, Copy, Debug, Default)]
pub struct RingStats {
    /// How many have been pushed into it or pulled out of it by the real-time thread.
    pub packets: u64,
    /// How often the real-time thread found it full or empty.
    pub misses: u64,
    /// How many were left out: too large for a block, without data, or of no use to the session any more.
    pub dropped: u64,
    /// How many lie in it.
    pub queued: u64,
}

/// A ring, as its owner has it: it lives until it is dropped.
pub struct Ring(Arc<Shared>);

/// What both ends of a ring and its owner see.
struct Shared {
    config: RingConfig,
    /// Packets that came into the ring, and that went out of it.
    entered: AtomicU64,
    left: AtomicU64,
    misses: AtomicU64,
    dropped: AtomicU64,
    /// Whether no more packets come in.
    ended: AtomicBool,
    /// Whether the ring is gone.
    stopped: AtomicBool,
    /// How it is over, once nothing more will be moved: well, or with a failure of this kind.
    over: OnceLock<Option<ErrorKind>>,
    mover: OnceLock<Thread>,
}

/// The blocks at one end of a ring: those with a packet and those without.
struct Blocks<Full, Empty> {
    full: Full,
    empty: Empty,
}

type Giver = Blocks<Producer<Block>, Consumer<Block>>;
type Getter = Blocks<Consumer<Block>, Producer<Block>>;

impl Ring {
    /// Makes a ring and the end of it that the real-time thread has.
    pub fn new(session: &Arc<Session>, config: RingConfig) -> Result<(Ring, RingEnd)> {
        if config.input && !session.takes_packets() {
            return Err(Error::new(ErrorKind::State, "the pipeline takes no input: it has a source of its own"));
        }
        let (giver, getter) = allocate(config.capacity, config.size)?;
        let shared = Arc::new(Shared {
            config,
            entered: AtomicU64::new(0),
            left: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            over: OnceLock::new(),
            mover: OnceLock::new(),
        });
        let (moving, here) = (Arc::clone(session), Arc::clone(&shared));
        let (end, started) = if config.input {
            let end = RingEnd::Writer(RingWriter::new(giver, Arc::clone(&shared)));
            (end, session.runtime().spawn("remotemedia-ring", move || mover::feed(&moving, getter, &here)))
        } else {
            let end = RingEnd::Reader(RingReader::new(getter, Arc::clone(&shared)));
            (end, session.runtime().spawn("remotemedia-ring", move || mover::drain(&moving, giver, &here)))
        };
        if started {
            Ok((Ring(shared), end))
        } else {
            Err(Error::new(ErrorKind::Memory, "no thread is to be had for the ring"))
        }
    }

    /// Says that no more packets come in: the session's input ends after those that are in the ring.
    pub fn end(&self) -> Result<()> {
        if !self.0.config.input {
            return Err(Error::new(ErrorKind::State, "this ring takes outputs; it ends when the session does"));
        }
        self.0.ended.store(true, Ordering::Release);
        self.0.wake_mover();
        Ok(())
    }

    /// Whether packets go into the session.
    pub fn is_input(&self) -> bool {
        self.0.config.input
    }

    /// What has become of its packets.
    pub fn stats(&self) -> RingStats {
        let shared = &self.0;
        // In this order, so that no more have left than have entered.
        let left = shared.left.load(Ordering::Acquire);
        let entered = shared.entered.load(Ordering::Acquire);
        RingStats {
            packets: if shared.config.input { entered } else { left },
            misses: shared.misses.load(Ordering::Relaxed),
            dropped: shared.dropped.load(Ordering::Relaxed),
            queued: entered - left,
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.0.stopped.store(true, Ordering::Release);
        self.0.wake_mover();
        // The mover takes nothing more out of the session once the ring is gone. It may be in the hands of a host.
        let deadline = Instant::now() + GRACE;
        while self.0.over.get().is_none() && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ring({:?})", self.stats())
    }
}

impl Shared {
    fn wake_mover(&self) {
        if let Some(mover) = self.mover.get() {
            mover.unpark();
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

/// Makes the blocks of a ring, all empty, and touches their memory, so that the real-time thread need not be given it page by
/// page.
fn allocate(capacity: usize, size: usize) -> Result<(Giver, Getter)> {
    if capacity == 0 || capacity > MOST_BLOCKS {
        let message = format!("a ring holds 1 to {MOST_BLOCKS} packets, not {capacity}");
        return Err(Error::new(ErrorKind::Argument, message));
    }
    let (full, filled) = RingBuffer::new(capacity);
    let (mut emptied, empty) = RingBuffer::new(capacity);
    for _ in 0..capacity {
        let block = Block::new(size).ok_or_else(|| {
            Error::new(
                ErrorKind::Memory,
                format!("{capacity} packets of {size} bytes are more than there is memory for"),
            )
        })?;
        // There is room for each of them.
        let _ = emptied.push(block);
    }
    Ok((Blocks { full, empty }, Blocks { full: filled, empty: emptied }))
}
