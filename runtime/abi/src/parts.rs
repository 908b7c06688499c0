//! Parts: an object that has come from another process, as its host sees it before it is put together.

use std::mem;
use std::slice;
use std::sync::Arc;

use remotemedia_core::Piece;

use crate::buffer::Named;
use crate::error::Outcome;
use crate::handle;
use crate::host::{RM_PART_SHARED, rm_part};

/// The parts of an object. Their buffers have names, which are the host's once it was given them.
pub(crate) struct Parts<'a> {
    pieces: &'a [Piece],
    table: Vec<rm_part>,
    is_given: bool,
}

impl<'a> Parts<'a> {
    /// Names the buffers of all parts but the first, which the host reads at once.
    pub fn new(pieces: &'a [Piece]) -> Outcome<Parts<'a>> {
        let mut parts = Parts { pieces, table: Vec::with_capacity(pieces.len()), is_given: false };
        for piece in pieces {
            let bytes = piece.buffer.bytes();
            let is_first = parts.table.is_empty();
            let buffer = if is_first { 0 } else { handle::insert(Arc::new(Named(piece.buffer.clone())))? };
            let flags = if piece.shared { RM_PART_SHARED } else { 0 };
            let struct_size = size_of::<rm_part>() as u32;
            parts.table.push(rm_part { struct_size, flags, data: bytes.as_ptr().cast(), size: bytes.len(), buffer });
        }
        Ok(parts)
    }

    /// The table of them, and behind it the bytes of the first.
    pub fn bytes(&self) -> Vec<u8> {
        let size = mem::size_of_val(&*self.table);
        // SAFETY: numbers and pointers without room between them, which are there for as long as the table.
        let table = unsafe { slice::from_raw_parts(self.table.as_ptr().cast::<u8>(), size) };
        [table, self.pieces.first().map_or(&[], |first| first.buffer.bytes())].concat()
    }

    /// The table of them, for the host, which frees the buffers from now on.
    pub fn give(&mut self) -> (*const rm_part, usize) {
        self.is_given = true;
        (self.table.as_ptr(), self.table.len())
    }
}

impl Drop for Parts<'_> {
    fn drop(&mut self) {
        if !self.is_given {
            for part in &self.table {
                // 0 names nothing.
                let _ = handle::remove::<Named>(part.buffer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use remotemedia_core::Buffer;

    use super::*;

    fn pieces() -> [Piece; 3] {
        let piece = |bytes: &[u8], shared| Piece { buffer: Buffer::new(bytes.to_vec()), shared };
        [piece(b"first", false), piece(b"second", true), piece(b"", false)]
    }

    #[test]
    fn names_go_with_the_parts_that_nobody_was_given() {
        let pieces = pieces();
        let names = |parts: &Parts<'_>| [parts.table[1].buffer, parts.table[2].buffer];
        let parts = Parts::new(&pieces).ok().expect("room");
        let kept = names(&parts);
        assert_eq!(kept.map(|name| handle::get::<Named>(name).is_ok()), [true, true]);
        drop(parts);
        assert_eq!(kept.map(|name| handle::get::<Named>(name).is_ok()), [false, false]);

        let mut parts = Parts::new(&pieces).ok().expect("room");
        let given = names(&parts);
        parts.give();
        drop(parts);
        assert_eq!(given.map(|name| handle::remove::<Named>(name).is_ok()), [true, true]);
    }

    #[test]
    fn the_first_part_follows_the_table() {
        let pieces = pieces();
        let parts = Parts::new(&pieces).ok().expect("room");
        let bytes = parts.bytes();
        let (table, first) = bytes.split_at(3 * size_of::<rm_part>());
        assert_eq!(first, b"first");
        let field = |at: usize| u32::from_ne_bytes(*table[at..].first_chunk().expect("a number"));
        assert_eq!([field(0), field(4)], [size_of::<rm_part>() as u32, 0]);
        assert_eq!([field(size_of::<rm_part>()), field(size_of::<rm_part>() + 4)], [size_of::<rm_part>() as u32, 1]);
        assert_eq!(parts.table[0].buffer, 0, "it is read at once");
    }
}
