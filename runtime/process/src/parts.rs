//! The parts of a message that is being made: collected first, because that calls the host, and lent afterwards.

use std::fmt;
use std::io;
use std::sync::Arc;

use remotemedia_core::Parcel;

use crate::blocks::{self, Hold, Shared};
use crate::message::{Header, MOST_PARTS, Part};
use crate::ring;
use crate::shm::Segment;

/// Larger parts are not copied into the message, but lie in a block.
const MOST_INLINE: usize = 8 * 1024;
/// The most bytes of parts in a message: what is left of the longest beside the longest table.
const MOST_INLINE_IN_ALL: usize = ring::LONGEST - size_of::<Header>() - MOST_PARTS * size_of::<Part>();
/// Parts from this size on are looked for in memory that is shared already.
const WORTH_LENDING: usize = 4 * 1024;
/// Where parts begin in a block that several of them lie in.
const ALIGN: usize = 64;

/// What a message is to carry.
#[derive(Default)]
pub struct Parts {
    /// Where the parts are.
    pub table: Vec<Placed>,
    /// The bytes of those that are in the message.
    pub inline: Vec<u8>,
    /// Why it cannot be sent.
    pub error: Option<String>,
    /// The last block that was taken, and how much of it is in use.
    block: Option<(Arc<Segment>, usize)>,
    /// The bytes in blocks so far.
    placed: usize,
}

/// A part, and if it is in a block, that block and what keeps it as it is.
pub struct Placed {
    pub part: Part,
    pub block: Option<(Arc<Segment>, Hold)>,
}

impl Parcel for Parts {
    fn add(&mut self, bytes: &[u8]) {
        self.insert(self.table.len(), bytes);
    }

    fn add_first(&mut self, bytes: &[u8]) {
        self.insert(0, bytes);
    }
}

impl Parts {
    fn insert(&mut self, at: usize, bytes: &[u8]) {
        if self.error.is_some() {
        } else if self.table.len() == MOST_PARTS {
            self.error = Some(format!("the object has more than {MOST_PARTS} parts"));
        } else {
            match self.place(bytes) {
                Ok(placed) => self.table.insert(at, placed),
                Err(error) => self.error = Some(error.to_string()),
            }
        }
    }

    fn place(&mut self, bytes: &[u8]) -> io::Result<Placed> {
        let size = bytes.len() as u64;
        if bytes.len() >= WORTH_LENDING {
            if let Some((shared, offset)) = Shared::find(bytes) {
                let segment = Arc::clone(shared.segment());
                let part = Part { size, offset: offset as u64, block: segment.id(), shared: 1, ..Part::default() };
                return Ok(Placed { part, block: Some((segment, Hold::Part(shared))) });
            }
        }
        if bytes.len() <= MOST_INLINE && self.inline.len() + bytes.len() <= MOST_INLINE_IN_ALL {
            let offset = self.inline.len() as u64;
            self.inline.extend_from_slice(bytes);
            return Ok(Placed { part: Part { size, offset, ..Part::default() }, block: None });
        }
        let (segment, offset) = self.room(bytes.len())?;
        segment.write(offset, bytes);
        let part = Part { size, offset: offset as u64, block: segment.id(), ..Part::default() };
        Ok(Placed { part, block: Some((Arc::clone(&segment), Hold::Block(segment))) })
    }

    /// Room for `size` bytes: behind the part before, or in a new block. Each is as large as all before it, so that
    /// there are few: every one costs both processes a file.
    fn room(&mut self, size: usize) -> io::Result<(Arc<Segment>, usize)> {
        self.placed = self.placed.saturating_add(size);
        if let Some((block, used)) = &mut self.block {
            let offset = used.next_multiple_of(ALIGN);
            if offset.checked_add(size).is_some_and(|end| end <= block.size()) {
                *used = offset + size;
                return Ok((Arc::clone(block), offset));
            }
        }
        let wanted = if self.block.is_none() { size } else { self.placed };
        let refused = |error| io::Error::other(format!("{wanted} bytes of shared memory are not to be had: {error}"));
        let block = blocks::take(wanted).map_err(refused)?;
        self.block = Some((Arc::clone(&block), size));
        Ok((block, 0))
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parts({})", self.table.len())
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Placed({:?})", self.part)
    }
}
