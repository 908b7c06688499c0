//! Memory of ours for payloads.

use std::alloc::{Layout, alloc, dealloc};
use std::ptr::NonNull;

use remotemedia_core::Memory;
use remotemedia_core::fault::{Point, fails};

use crate::error::{Failure, Outcome};
use crate::status::*;

/// Enough for every sample format, for the widest vector unit, and for a line of the cache.
const ALIGNMENT: usize = 64;

/// Bytes that begin at such an address. The allocator is asked for less of an alignment and for some bytes more, which is quicker:
/// it keeps what has been freed for those who ask for no more than the usual.
pub(crate) struct Block {
    start: NonNull<u8>,
    size: usize,
    whole: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it alone has the memory, as a vector has its own.
unsafe impl Send for Block {}
// SAFETY: as above; shared, it is only read.
unsafe impl Sync for Block {}

impl Block {
    /// Memory that holds whatever was there before: to make it zero would cost as much as to write it.
    ///
    /// # Safety
    /// It is somebody's to write before it is read; what he leaves out may be anything.
    pub unsafe fn new(size: usize) -> Outcome<Block> {
        let none = || Failure::new(RM_ERR_MEMORY, format!("{size} bytes of memory are not to be had"));
        let wide = size.checked_add(ALIGNMENT).ok_or_else(none)?;
        let layout = Layout::from_size_align(wide, align_of::<u128>()).map_err(|_| none())?;
        if fails(Point::Memory) {
            return Err(none());
        }
        // SAFETY: the size is not 0.
        let whole = NonNull::new(unsafe { alloc(layout) }).ok_or_else(none)?;
        let before = whole.align_offset(ALIGNMENT);
        // SAFETY: less than `ALIGNMENT`, so that `size` bytes are left behind.
        let start = unsafe { whole.add(before) };
        Ok(Block { start, size, whole, layout })
    }

    /// Where it begins, for somebody who writes there as long as nobody reads.
    pub fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Memory for Block {
    fn bytes(&self) -> &[u8] {
        // SAFETY: so many bytes are there, and somebody has written them.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.size) }
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        // SAFETY: as above, and nobody else has the memory.
        Some(unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.size) })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: it was allocated so, and goes once.
        unsafe { dealloc(self.whole.as_ptr(), self.layout) };
    }
}
