//! Packets: what flows along the edges of a graph.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Audio, Buffer, HostObject, NodeError, Time};

/// What a packet carries.
#[derive(Debug)]
pub enum Data {
    /// A block of audio.
    Audio(Audio),
    /// Text in UTF-8.
    Text(Arc<str>),
    /// A JSON value.
    Json(Arc<Value>),
    /// Bytes without a meaning that the engine knows.
    Bytes(Buffer),
    /// An object of the host, which only that host can look inside.
    Object(HostObject),
    /// The error of an item that failed, in the item's place. No node sees it: it goes straight to the outputs.
    Failure(Arc<NodeError>),
    /// Has the nodes that it passes give what they hold back. No node sees it, and no output.
    Flush,
    /// The end of what came of one packet, for whoever put it behind that. Nodes that are not `raw` do not see it.
    Mark,
}

/// A set of kinds of data: what a node takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    /// Audio.
    pub const AUDIO: Kinds = Kinds(1 << 1);
    /// Text.
    pub const TEXT: Kinds = Kinds(1 << 2);
    /// JSON.
    pub const JSON: Kinds = Kinds(1 << 3);
    /// Bytes.
    pub const BYTES: Kinds = Kinds(1 << 4);
    /// Objects of a host, as they are.
    pub const OBJECT: Kinds = Kinds(1 << 5);
    /// Everything that a node can be given.
    pub const ANY: Kinds = Kinds(0b11_1110);
    /// Everything but objects.
    pub const DATA: Kinds = Kinds(0b01_1110);
    /// Nothing: what a source takes.
    pub const NONE: Kinds = Kinds(0);

    const NAMES: [(Kinds, &str); 5] = [
        (Kinds::AUDIO, "audio"),
        (Kinds::TEXT, "text"),
        (Kinds::JSON, "json"),
        (Kinds::BYTES, "bytes"),
        (Kinds::OBJECT, "object"),
    ];

    /// The kinds of either set.
    pub const fn with(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Whether the two sets have a kind in common.
    pub const fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    /// The set of those bits that stand for a kind.
    pub const fn from_bits(bits: u32) -> Kinds {
        Kinds(bits & Kinds::ANY.0)
    }

    /// The set as bits, one a kind: bit `n` stands for the kind numbered `n` in the C ABI.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (kind, name) in Kinds::NAMES {
            if self.meets(kind) {
                write!(f, "{separator}{name}")?;
                separator = " or ";
            }
        }
        if separator.is_empty() { f.write_str("nothing") } else { Ok(()) }
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kinds({self})")
    }
}

impl Data {
    /// The kind of this data; a failure, a flush and a mark have none.
    pub fn kind(&self) -> Kinds {
        match self {
            Data::Audio(_) => Kinds::AUDIO,
            Data::Text(_) => Kinds::TEXT,
            Data::Json(_) => Kinds::JSON,
            Data::Bytes(_) => Kinds::BYTES,
            Data::Object(_) => Kinds::OBJECT,
            Data::Failure(_) | Data::Flush | Data::Mark => Kinds::NONE,
        }
    }

    /// How long this data lasts, if it says so itself.
    #[inline]
    pub fn duration(&self) -> Time {
        if let Data::Audio(audio) = self { audio.duration() } else { Time::NONE }
    }

    fn share(&mut self) -> Data {
        match self {
            Data::Audio(audio) => Data::Audio(audio.clone()),
            Data::Text(text) => Data::Text(Arc::clone(text)),
            Data::Json(value) => Data::Json(Arc::clone(value)),
            Data::Bytes(buffer) => Data::Bytes(buffer.clone()),
            Data::Object(object) => Data::Object(object.share()),
            Data::Failure(error) => Data::Failure(Arc::clone(error)),
            Data::Flush => Data::Flush,
            Data::Mark => Data::Mark,
        }
    }
}

/// The index of a packet that no input caused.
pub const NO_INDEX: u64 = u64::MAX;

/// One unit of data with its place in time.
#[derive(Debug)]
pub struct Packet {
    /// When it is to be presented.
    pub pts: Time,
    /// How long it lasts.
    pub duration: Time,
    /// The number of the input that caused it, counted from 0, or [`NO_INDEX`].
    pub index: u64,
    /// The port that it is at, by number: of the node that is given it, or of the node that emits it.
    pub port: u32,
    /// Whatever else is known about it.
    pub metadata: Option<Arc<Map<String, Value>>>,
    /// What it carries.
    pub data: Data,
    /// When it, or what it was made of, entered the session, in nanoseconds since that was opened. Set by the engine.
    pub born: u64,
    /// At which source, by number. Set by the engine.
    pub origin: u32,
}

/// The origin of packets that were pushed.
pub(crate) const PUSHED: u32 = u32::MAX;

impl Packet {
    /// A packet without a time.
    pub fn new(data: Data) -> Packet {
        Packet {
            pts: Time::NONE,
            duration: Time::NONE,
            index: NO_INDEX,
            port: 0,
            metadata: None,
            data,
            born: 0,
            origin: PUSHED,
        }
    }

    /// A packet of text.
    pub fn text(text: &str) -> Packet {
        Packet::new(Data::Text(text.into()))
    }

    /// A packet of JSON.
    pub fn json(value: Value) -> Packet {
        Packet::new(Data::Json(Arc::new(value)))
    }

    /// A packet of audio that lasts as long as its samples.
    pub fn audio(audio: Audio, pts: Time) -> Packet {
        Packet { pts, duration: audio.duration(), ..Packet::new(Data::Audio(audio)) }
    }

    /// Another packet with the same content, by reference.
    pub fn share(&mut self) -> Box<Packet> {
        Box::new(Packet {
            pts: self.pts,
            duration: self.duration,
            index: self.index,
            port: self.port,
            metadata: self.metadata.clone(),
            data: self.data.share(),
            born: self.born,
            origin: self.origin,
        })
    }
}
