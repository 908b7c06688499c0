//! The blocks that a ring is made of: memory for one packet, and what is written on it.

use crate::fault::{Point, fails};
use crate::{Audio, Buffer, Data, HostObject, Kinds, Packet, Time};

/// What the bytes of a block are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 32-bit float samples, plane after plane.
    Audio {
        /// Samples a second, in hertz.
        sample_rate: u32,
        /// The number of planes.
        channels: u32,
    },
    /// Text in UTF-8.
    Text,
    /// A JSON document in UTF-8.
    Json,
    /// Bytes.
    Bytes,
    /// The message of an item that failed.
    Failure,
}

impl Form {
    /// Whether bytes can be of this form, without a look at more than a real-time thread may.
    pub fn fits(self, bytes: &[u8]) -> bool {
        match self {
            Form::Audio { sample_rate, channels } => {
                let frame = (channels as usize).saturating_mul(size_of::<f32>());
                sample_rate > 0 && channels > 0 && bytes.len().is_multiple_of(frame)
            }
            Form::Text | Form::Json | Form::Failure => std::str::from_utf8(bytes).is_ok(),
            Form::Bytes => true,
        }
    }
}

/// What is written on a block: all of a packet but its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// What the bytes are.
    pub form: Form,
    /// When it is to be presented.
    pub pts: Time,
    /// How long it lasts.
    pub duration: Time,
    /// The number of the input that caused it.
    pub index: u64,
    /// The port that it came out of.
    pub port: u32,
}

/// Memory for one packet.
pub(super) struct Block {
    pub label: Label,
    size: usize,
    memory: Box<[u8]>,
}

impl Block {
    /// An empty block whose memory has been touched; nothing if there is none.
    pub fn new(size: usize) -> Option<Block> {
        if fails(Point::Memory) {
            return None;
        }
        let mut memory = Vec::new();
        memory.try_reserve_exact(size).ok()?;
        memory.resize(size, 0);
        let label = Label { form: Form::Bytes, pts: Time::NONE, duration: Time::NONE, index: 0, port: 0 };
        Some(Block { label, size: 0, memory: memory.into_boxed_slice() })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.memory[..self.size]
    }

    /// Copies a packet's bytes in; `false` if they are too many.
    pub fn fill(&mut self, label: Label, bytes: &[u8]) -> bool {
        let Some(room) = self.memory.get_mut(..bytes.len()) else { return false };
        room.copy_from_slice(bytes);
        self.size = bytes.len();
        self.label = label;
        true
    }

    /// Copies an output in; `false` if it has no data, or too much.
    pub fn fill_with(&mut self, packet: &Packet) -> bool {
        let label =
            |form| Label { form, pts: packet.pts, duration: packet.duration, index: packet.index, port: packet.port };
        match &packet.data {
            Data::Audio(audio) => {
                let form = Form::Audio { sample_rate: audio.sample_rate(), channels: audio.channels() };
                self.fill(label(form), audio.buffer().bytes())
            }
            Data::Text(text) => self.fill(label(Form::Text), text.as_bytes()),
            Data::Json(value) => self.fill(label(Form::Json), value.to_string().as_bytes()),
            Data::Bytes(buffer) => self.fill(label(Form::Bytes), buffer.bytes()),
            Data::Failure(error) => self.fill(label(Form::Failure), error.message.as_bytes()),
            Data::Object(object) => self.fill_with_object(packet, object),
            Data::Flush | Data::Mark => false,
        }
    }

    /// The same for an object, which its host turns into data.
    fn fill_with_object(&mut self, packet: &Packet, object: &HostObject) -> bool {
        let Ok(mut exported) = object.host().export(object.object(), Kinds::DATA) else { return false };
        exported.pts = packet.pts.or(exported.pts);
        exported.duration = packet.duration.or(exported.duration);
        (exported.index, exported.port) = (packet.index, packet.port);
        !matches!(exported.data, Data::Object(_)) && self.fill_with(&exported)
    }

    /// A copy of it as a packet for a session; nothing if the bytes are not what the label says.
    pub fn to_packet(&self) -> Option<Packet> {
        let bytes = self.bytes();
        let data = match self.label.form {
            Form::Audio { sample_rate, channels } => {
                let samples = bytes.chunks_exact(size_of::<f32>()).map(bytemuck::pod_read_unaligned).collect();
                Data::Audio(Audio::from_planes(samples, sample_rate, channels).ok()?)
            }
            Form::Text => Data::Text(std::str::from_utf8(bytes).ok()?.into()),
            Form::Bytes => Data::Bytes(Buffer::new(bytes.to_vec())),
            Form::Json | Form::Failure => return None,
        };
        let known = if let Data::Audio(audio) = &data { audio.duration() } else { Time::NONE };
        Some(Packet { pts: self.label.pts, duration: self.label.duration.or(known), ..Packet::new(data) })
    }
}
