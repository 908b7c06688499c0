//! Shared memory: a file without a name, mapped by the processes that were handed it. It is gone when the last of them is.

#![allow(unsafe_code, reason = "memory that another process writes too is mapped here, and nowhere else")]

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use remotemedia_core::fault::{Point, check};
use rustix::fs::{MemfdFlags, Mode, SealFlags};

use crate::sync::AtomicU32;

#[cfg(feature = "loom")]
mod model;

// SAFETY: the cells in it hold nothing; loom reports it if two threads use one at once.
#[cfg(feature = "loom")]
unsafe impl Sync for model::Model {}

/// A piece of shared memory.
///
/// Its size is fixed before anybody else sees it, so that no process can cut it off under another one. What is in it may
/// be changed by every process that has it, at any time: whoever reads it must believe nothing.
pub struct Segment {
    map: MmapRaw,
    file: OwnedFd,
    id: u64,
    #[cfg(feature = "loom")]
    model: model::Model,
}

const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

impl Segment {
    /// A new piece of `size` bytes, all zero.
    pub fn new(size: usize) -> io::Result<Segment> {
        check(Point::Shared)?;
        let file = rustix::fs::memfd_create("remotemedia", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        check(Point::Shared)?;
        // Nobody can find it; whoever does, through `/proc`, is to be this user.
        rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR)?;
        rustix::fs::ftruncate(&file, size as u64)?;
        rustix::fs::fcntl_add_seals(&file, SEALS | SealFlags::SEAL)?;
        Segment::map(file)
    }

    /// A piece that another process has made.
    pub fn open(file: OwnedFd) -> io::Result<Segment> {
        if !rustix::fs::fcntl_get_seals(&file)?.contains(SEALS) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "shared memory whose size can change"));
        }
        Segment::map(file)
    }

    fn map(file: OwnedFd) -> io::Result<Segment> {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        check(Point::Shared)?;
        let map = MmapOptions::new().map_raw(&file)?;
        Ok(Segment {
            #[cfg(feature = "loom")]
            model: model::Model::new(map.len()),
            map,
            file,
            id: COUNT.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// The number by which this process knows it; nobody else can say that another piece is this one.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.map.len()
    }

    /// The file behind it.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// The address of its first byte in this process.
    pub fn address(&self) -> usize {
        self.map.as_ptr() as usize
    }

    /// A number in it that several threads and processes use.
    ///
    /// # Panics
    /// If it would lie outside.
    pub fn atomic(&self, offset: usize) -> &AtomicU32 {
        self.check(offset, size_of::<u32>());
        assert!(offset.is_multiple_of(align_of::<u32>()), "an atomic lies across a boundary");
        #[cfg(feature = "loom")]
        return self.model.atomic(offset);
        #[cfg(not(feature = "loom"))]
        // SAFETY: inside the mapping and aligned, which is aligned to a page; it lives as long as `self`, and everybody who
        // changes it does so as a whole.
        unsafe {
            AtomicU32::from_ptr(self.map.as_mut_ptr().add(offset).cast())
        }
    }

    /// Copies bytes out of it.
    ///
    /// # Panics
    /// If they would lie outside.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) {
        self.check(offset, bytes.len());
        #[cfg(feature = "loom")]
        self.model.read(offset, bytes.len());
        // SAFETY: both ranges are valid and do not overlap: the one is ours alone, the other in the mapping. What another
        // process writes meanwhile makes the copy meaningless, not invalid.
        unsafe { std::ptr::copy_nonoverlapping(self.map.as_ptr().add(offset), bytes.as_mut_ptr(), bytes.len()) };
    }

    /// Copies bytes into it.
    ///
    /// # Panics
    /// If they would lie outside.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        self.check(offset, bytes.len());
        #[cfg(feature = "loom")]
        self.model.write(offset, bytes.len());
        // SAFETY: as for `read`, the other way round.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.map.as_mut_ptr().add(offset), bytes.len()) };
    }

    /// Its bytes from `offset` on, for whoever has been given them and whom nobody is to disturb until he gives them back.
    ///
    /// # Panics
    /// If they would lie outside.
    pub fn bytes(&self, offset: usize, size: usize) -> &[u8] {
        self.check(offset, size);
        // SAFETY: inside the mapping, and alive as long as `self`. A process that breaks its word and writes here changes
        // what is read; bytes have no invalid values.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(offset), size) }
    }

    fn check(&self, offset: usize, size: usize) {
        let inside = offset.checked_add(size).is_some_and(|end| end <= self.map.len());
        assert!(inside, "{size} bytes at {offset} lie outside of shared memory of {} bytes", self.map.len());
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment({:x}, {} bytes)", self.id, self.size())
    }
}
