//! Rings: messages of bytes from one process to another, in order.
//!
//! A message is a length and that many bytes, in one piece: what would not fit before the end of the ring begins at its
//! start. The reader believes nothing that it finds: a length that cannot be is the end of the conversation.

use std::sync::Arc;
use std::time::Instant;

use crate::bell::Bell;
use crate::shm::Segment;
use crate::sync::{AtomicU32, Ordering};

/// The longest message.
pub const LONGEST: usize = 32 * 1024;
/// The bytes that messages have room in: two of the longest, wherever the first begins. A power of two; in models so few that
/// a writer has to wait.
const ROOM: usize = if cfg!(feature = "loom") { 32 } else { 4 * LONGEST };
/// What stands in the place of a length where the ring goes on at its start.
const WRAP: u32 = u32::MAX;
const ALIGN: usize = 8;

// Where things are, from the start of the ring. What one side writes is on a cache line of its own.
const WRITTEN: usize = 0;
const NEWS: usize = 8;
const READ: usize = 64;
const SPACE: usize = 72;
const BYTES: usize = 128;
/// The size of a ring in shared memory.
pub const SIZE: usize = BYTES + ROOM;

/// What the other side has written cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonsense;

/// Where a ring is.
#[derive(Debug)]
struct Place {
    memory: Arc<Segment>,
    start: usize,
}

impl Place {
    fn counter(&self, offset: usize) -> &AtomicU32 {
        self.memory.atomic(self.start + offset)
    }

    fn bytes_at(&self, position: u32) -> usize {
        self.start + BYTES + position as usize % ROOM
    }

    fn bell(&self, offset: usize) -> Bell {
        Bell::new(&self.memory, self.start + offset)
    }
}

/// The end that messages are written to.
#[derive(Debug)]
pub struct Writer {
    place: Place,
    news: Bell,
    space: Bell,
    written: u32,
    /// Whether the reader has not been told of what is written.
    silent: bool,
}

impl Writer {
    /// The writing end of the ring that begins at `start`.
    pub fn new(memory: &Arc<Segment>, start: usize) -> Writer {
        let place = Place { memory: Arc::clone(memory), start };
        let (news, space) = (place.bell(NEWS), place.bell(SPACE));
        Writer { place, news, space, written: 0, silent: false }
    }

    /// The bell that the writer sleeps at.
    pub fn bell(&self) -> Bell {
        self.space.clone()
    }

    /// Writes a message made of two parts, once there is room for it; `false` if there was none before `deadline`, or
    /// `given_up` says so. The reader does not know before [`Writer::tell`].
    ///
    /// # Panics
    /// If it is longer than [`LONGEST`].
    pub fn write(&mut self, head: &[u8], body: &[u8], deadline: Option<Instant>, given_up: impl Fn() -> bool) -> bool {
        let length = head.len() + body.len();
        assert!(length <= LONGEST, "a message of {length} bytes is longer than {LONGEST}");
        let size = (4 + length).next_multiple_of(ALIGN);
        let left = ROOM - self.written as usize % ROOM;
        let skip = if left < size { left } else { 0 };
        if !self.has_room(skip + size) {
            self.tell();
            self.space.wait(deadline, || self.has_room(skip + size) || given_up());
            if !self.has_room(skip + size) {
                return false;
            }
        }
        let memory = &self.place.memory;
        if skip > 0 {
            memory.write(self.place.bytes_at(self.written), &WRAP.to_ne_bytes());
            self.written = self.written.wrapping_add(skip as u32);
        }
        let at = self.place.bytes_at(self.written);
        memory.write(at, &(length as u32).to_ne_bytes());
        memory.write(at + 4, head);
        memory.write(at + 4 + head.len(), body);
        self.written = self.written.wrapping_add(size as u32);
        self.place.counter(WRITTEN).store(self.written, Ordering::Release);
        self.silent = true;
        true
    }

    fn has_room(&self, size: usize) -> bool {
        let unread = self.written.wrapping_sub(self.place.counter(READ).load(Ordering::Acquire)) as usize;
        // A reader that counts wrong gets nothing more.
        ROOM.checked_sub(unread).is_some_and(|room| room >= size)
    }

    /// Tells the reader of what was written.
    pub fn tell(&mut self) {
        if std::mem::take(&mut self.silent) {
            self.news.ring();
        }
    }
}

/// The end that messages are read from.
#[derive(Debug)]
pub struct Reader {
    place: Place,
    news: Bell,
    space: Bell,
    read: u32,
}

impl Reader {
    /// The reading end of the ring that begins at `start`.
    pub fn new(memory: &Arc<Segment>, start: usize) -> Reader {
        let place = Place { memory: Arc::clone(memory), start };
        let (news, space) = (place.bell(NEWS), place.bell(SPACE));
        Reader { place, news, space, read: 0 }
    }

    /// The bell that the reader sleeps at.
    pub fn bell(&self) -> Bell {
        self.news.clone()
    }

    /// Sleeps until there is a message, until `deadline`, or until `given_up` says so; whether there is one.
    pub fn wait(&self, deadline: Option<Instant>, given_up: impl Fn() -> bool) -> bool {
        self.news.wait(deadline, || self.has_message() || given_up());
        self.has_message()
    }

    /// Whether there is a message.
    pub fn has_message(&self) -> bool {
        self.place.counter(WRITTEN).load(Ordering::Acquire) != self.read
    }

    /// Takes the next message into `bytes`, whose content is replaced; `false` if there is none.
    pub fn read(&mut self, bytes: &mut Vec<u8>) -> Result<bool, Nonsense> {
        let written = self.place.counter(WRITTEN).load(Ordering::Acquire);
        let mut length = self.length(written)?;
        if length == Some(WRAP as usize) {
            self.skip(ROOM - self.read as usize % ROOM);
            length = self.length(written)?;
        }
        let Some(length) = length else { return Ok(false) };
        let size = (4 + length).next_multiple_of(ALIGN);
        let (unread, left) = (written.wrapping_sub(self.read) as usize, ROOM - self.read as usize % ROOM);
        if length > LONGEST || size > unread || size > left {
            return Err(Nonsense);
        }
        bytes.resize(length, 0);
        self.place.memory.read(self.place.bytes_at(self.read) + 4, bytes);
        self.skip(size);
        Ok(true)
    }

    /// The length of the next message, or [`WRAP`].
    fn length(&self, written: u32) -> Result<Option<usize>, Nonsense> {
        let unread = written.wrapping_sub(self.read) as usize;
        if unread == 0 {
            return Ok(None);
        }
        if unread > ROOM || !unread.is_multiple_of(ALIGN) {
            return Err(Nonsense);
        }
        let mut length = [0; 4];
        self.place.memory.read(self.place.bytes_at(self.read), &mut length);
        Ok(Some(u32::from_ne_bytes(length) as usize))
    }

    fn skip(&mut self, size: usize) {
        self.read = self.read.wrapping_add(size as u32);
        self.place.counter(READ).store(self.read, Ordering::Release);
        self.space.ring();
    }
}

#[cfg(test)]
mod tests;
