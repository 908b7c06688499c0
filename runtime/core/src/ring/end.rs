//! The end of a ring that a real-time thread has. Nothing here allocates, locks, waits, or makes a system call.

use std::fmt;
use std::sync::Arc;

use super::{Getter, Giver, Label, Shared};
use crate::ErrorKind;
use crate::sync::atomic::Ordering;

/// The end of a ring that a real-time thread has.
#[derive(Debug)]
pub enum RingEnd {
    /// It puts packets in.
    Writer(RingWriter),
    /// It takes packets out.
    Reader(RingReader),
}

/// Where packets are put into a ring.
pub struct RingWriter {
    blocks: Giver,
    shared: Arc<Shared>,
}

/// Where packets are taken out of a ring.
pub struct RingReader {
    blocks: Getter,
    shared: Arc<Shared>,
}

impl RingWriter {
    pub(super) fn new(blocks: Giver, shared: Arc<Shared>) -> RingWriter {
        RingWriter { blocks, shared }
    }

    /// Copies a packet in; what does not fit its label will be dropped. [`ErrorKind::Timeout`]: the ring is full, which is
    /// counted; [`ErrorKind::Argument`]: the bytes are too many; else the session takes no more.
    pub fn push(&mut self, label: Label, bytes: &[u8]) -> Result<(), ErrorKind> {
        if bytes.len() > self.shared.config.size {
            return Err(ErrorKind::Argument);
        }
        if let Some(over) = self.shared.over.get() {
            return Err(over.unwrap_or(ErrorKind::State));
        }
        if self.shared.ended.load(Ordering::Acquire) {
            return Err(ErrorKind::State);
        }
        let Ok(mut block) = self.blocks.empty.pop() else {
            self.shared.misses.fetch_add(1, Ordering::Relaxed);
            return Err(ErrorKind::Timeout);
        };
        block.fill(label, bytes);
        // Before the mover can count it out again.
        self.shared.entered.fetch_add(1, Ordering::Release);
        // There is a place for every block.
        let _ = self.blocks.full.push(block);
        Ok(())
    }
}

impl RingReader {
    pub(super) fn new(blocks: Getter, shared: Arc<Shared>) -> RingReader {
        RingReader { blocks, shared }
    }

    /// Has the bytes of the next packet copied, and gives its label and their number; nothing once the session has ended well
    /// and all is taken. There is `room` for the largest. [`ErrorKind::Timeout`]: the ring is empty, which is counted;
    /// [`ErrorKind::Argument`]: there is less room; else the failure that ended the session.
    pub fn pull(&mut self, room: usize, copy: impl FnOnce(&[u8])) -> Result<Option<(Label, usize)>, ErrorKind> {
        if room < self.shared.config.size {
            return Err(ErrorKind::Argument);
        }
        // Before the look into the ring: what came before the end is in there.
        let over = self.shared.over.get().copied();
        let Ok(block) = self.blocks.full.pop() else {
            return match over {
                Some(None) => Ok(None),
                Some(Some(kind)) => Err(kind),
                None => {
                    self.shared.misses.fetch_add(1, Ordering::Relaxed);
                    Err(ErrorKind::Timeout)
                }
            };
        };
        let (label, size) = (block.label, block.bytes().len());
        copy(block.bytes());
        self.shared.left.fetch_add(1, Ordering::Release);
        // There is a place for every block.
        let _ = self.blocks.empty.push(block);
        Ok(Some((label, size)))
    }
}

impl fmt::Debug for RingWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RingWriter")
    }
}

impl fmt::Debug for RingReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RingReader")
    }
}
