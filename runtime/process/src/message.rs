//! Messages: what parent and worker tell each other. A header, a table of parts, and the bytes of those parts that are small.

use bytemuck::{Pod, Zeroable};
use remotemedia_core::Piece;

/// What a message says. From the parent: a call. From the worker: what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Process a packet.
    Process = 1,
    /// Give what is left.
    Flush,
    /// Clean up and end.
    Close,
    /// A block will not be referred to any more; `index` is its number.
    Forget,
    /// The node has been initialised.
    Ready,
    /// An output of the call.
    Output,
    /// The call has failed at a packet.
    Failed,
    /// The call is over.
    Done,
    /// The node cannot start or go on: the worker ends.
    Fatal,
    /// Something for the log: level in `first`, then the name of the logger and the text.
    Log,
    /// What the worker has measured, as JSON: at its end.
    Metrics,
}

impl Kind {
    /// Those that a parent or a worker may send.
    const ALL: [Kind; 11] = [
        Kind::Process,
        Kind::Flush,
        Kind::Close,
        Kind::Forget,
        Kind::Ready,
        Kind::Output,
        Kind::Failed,
        Kind::Done,
        Kind::Fatal,
        Kind::Log,
        Kind::Metrics,
    ];

    /// Whether it is what comes of a call, or the end of it; all else is told beside.
    pub fn is_result(self) -> bool {
        matches!(self, Kind::Output | Kind::Failed | Kind::Done | Kind::Fatal)
    }

    /// The kind of a number that came from outside.
    pub fn of(number: u32) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u32 == number)
    }
}

/// The beginning of a message.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Header {
    /// A [`Kind`].
    pub kind: u32,
    /// What the parts are: the bits of a `Kinds`, or 0 where that is clear.
    pub data: u32,
    /// The port of the packet.
    pub port: u32,
    /// How many parts follow.
    pub parts: u32,
    /// The times of the packet, and the number of the input that caused it.
    pub pts: i64,
    pub duration: i64,
    pub index: u64,
    /// Numbers that the kind of data needs: sample rate and channels; the kind of an error; whether there is metadata.
    pub first: u32,
    pub second: u32,
}

/// Where the bytes of a part are.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Part {
    pub size: u64,
    /// From the start of the block, or of the bytes in the message.
    pub offset: u64,
    /// The number of a block, or 0 for bytes in the message.
    pub block: u64,
    /// The loan that ends when nobody reads the block any more.
    pub loan: u32,
    /// 1 if the sender has the memory too, 0 if it was made for this message, from [`OWN`] on if it is the receiver's.
    pub shared: u32,
}

/// Added to the number of the loan by which the sender has the memory from the receiver.
pub const OWN: u32 = 2;

/// The most parts of a message.
pub const MOST_PARTS: usize = 512;

/// The longest text that is taken of the log, of an error and the like; the rest is cut off.
const LONGEST_TEXT: usize = 16 * 1024 * 1024;

/// A message that has come.
#[derive(Debug)]
pub struct Message {
    pub kind: Kind,
    pub header: Header,
    pub parts: Vec<Piece>,
}

impl Message {
    /// A part as text; empty where there is none.
    pub fn text(&self, part: usize) -> String {
        let bytes = self.parts.get(part).map_or(&[][..], |part| part.buffer.bytes());
        // A copy is looked at: what lies in shared memory may change between the look and the copy.
        let copy = bytes[..bytes.len().min(LONGEST_TEXT)].to_vec();
        String::from_utf8(copy).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// The header and the parts of a message as they lie in its bytes, checked.
pub fn split(bytes: &[u8]) -> Option<(Kind, Header, Vec<Part>, &[u8])> {
    let (head, rest) = bytes.split_at_checked(size_of::<Header>())?;
    let header: Header = bytemuck::pod_read_unaligned(head);
    let kind = Kind::of(header.kind)?;
    let count = header.parts as usize;
    if count > MOST_PARTS {
        return None;
    }
    let (table, inline) = rest.split_at_checked(count * size_of::<Part>())?;
    let parts: Vec<Part> = table.chunks_exact(size_of::<Part>()).map(bytemuck::pod_read_unaligned).collect();
    Some((kind, header, parts, inline))
}

/// The bytes of a part that lies in the message.
pub fn inline_part(part: &Part, inline: &[u8]) -> Option<Vec<u8>> {
    let start = usize::try_from(part.offset).ok()?;
    let end = start.checked_add(usize::try_from(part.size).ok()?)?;
    inline.get(start..end).map(<[u8]>::to_vec)
}
