//! How packets and errors become messages, and messages packets and errors.

use std::mem;
use std::sync::Arc;

use remotemedia_core::{
    Audio, Buffer, Data, ErrorKind, Fault, Host, HostObject, Kinds, NO_INDEX, NodeError, Packet, Parcel, Piece, Time,
};
use serde_json::Value;

use crate::channel::copied;
use crate::message::{Header, Kind, Message};

/// The bit of `Header::data` that says that the first part is metadata.
const METADATA: u32 = 1 << 31;

/// Errors by the number that stands for them in a message.
const ERRORS: [ErrorKind; 8] = [
    ErrorKind::Node,
    ErrorKind::Input,
    ErrorKind::Argument,
    ErrorKind::State,
    ErrorKind::Deadline,
    ErrorKind::Cancelled,
    ErrorKind::Memory,
    ErrorKind::Panic,
];

/// The header of a message with a packet.
pub fn packet_header(kind: Kind, packet: &Packet) -> Header {
    let (first, second) = match &packet.data {
        Data::Audio(audio) => (audio.sample_rate(), audio.channels()),
        _ => (0, 0),
    };
    let metadata = if packet.metadata.is_some() { METADATA } else { 0 };
    Header {
        kind: kind as u32,
        data: packet.data.kind().bits() | metadata,
        port: packet.port,
        parts: 0,
        pts: packet.pts.raw(),
        duration: packet.duration.raw(),
        index: packet.index,
        first,
        second,
    }
}

/// Adds what a packet carries. An object is taken apart by its host, which then has it back: let go of here, it would cost
/// another visit there.
pub fn add_packet(packet: &mut Packet, parcel: &mut dyn Parcel) -> Result<(), Fault> {
    match mem::replace(&mut packet.data, Data::Flush) {
        Data::Audio(audio) => parcel.add(audio.buffer().bytes()),
        Data::Text(text) => parcel.add(text.as_bytes()),
        Data::Json(value) => parcel.add(&serde_json::to_vec(value.as_ref()).unwrap_or_default()),
        Data::Bytes(buffer) => parcel.add(buffer.bytes()),
        Data::Object(object) => Arc::clone(object.host()).pack(object, parcel)?,
        Data::Failure(_) | Data::Flush | Data::Mark => {}
    }
    // Last, because a host may give the first part of an object last: this one is before all of them.
    if let Some(metadata) = &packet.metadata {
        parcel.add_first(&serde_json::to_vec(metadata.as_ref()).unwrap_or_default());
    }
    Ok(())
}

/// The packet of a message; objects are put together by `host`.
pub fn read_packet(message: Message, host: Option<&Arc<dyn Host>>) -> Result<Packet, Fault> {
    let Message { header, mut parts, .. } = message;
    let metadata = if header.data & METADATA == 0 || parts.is_empty() {
        None
    } else {
        match serde_json::from_slice(&own(&parts.remove(0).buffer)?) {
            Ok(Value::Object(map)) => Some(Arc::new(map)),
            _ => return Err(nonsense("metadata")),
        }
    };
    let kinds = Kinds::from_bits(header.data & !METADATA);
    let data = if kinds == Kinds::OBJECT {
        let host = host.ok_or_else(|| Fault::input("there is no host here that could put an object together"))?;
        Data::Object(host.unpack(&parts)?)
    } else {
        let [part] = <[Piece; 1]>::try_from(parts).map_err(|_| nonsense("number of parts"))?;
        let part = part.buffer;
        match kinds {
            Kinds::AUDIO => Data::Audio(Audio::new(part, header.first, header.second).map_err(Fault::input)?),
            Kinds::TEXT => Data::Text(String::from_utf8(own(&part)?).map_err(|_| nonsense("text"))?.into()),
            Kinds::JSON => Data::Json(Arc::new(serde_json::from_slice(&own(&part)?).map_err(|_| nonsense("JSON"))?)),
            Kinds::BYTES => Data::Bytes(part),
            _ => return Err(nonsense("kind of data")),
        }
    };
    Ok(Packet {
        pts: Time::from_nanos(header.pts),
        duration: Time::from_nanos(header.duration),
        index: header.index,
        port: header.port,
        metadata,
        ..Packet::new(data)
    })
}

/// The header of a message with an error.
pub fn error_header(kind: Kind, error: ErrorKind, has_object: bool) -> Header {
    let number = ERRORS.iter().position(|&known| known == error).unwrap_or(0);
    let data = if has_object { Kinds::OBJECT.bits() } else { 0 };
    Header { kind: kind as u32, data, first: number as u32, index: NO_INDEX, ..Header::default() }
}

/// Adds an error: its message, and the host's own object if it has one and that can be taken apart.
pub fn add_error(error: &NodeError, parcel: &mut dyn Parcel) -> bool {
    parcel.add(error.message.as_bytes());
    error.object().is_some_and(|object| add_object(object, parcel))
}

/// Adds an object that goes along with something else, as a whole or not at all; whether it did.
pub fn add_object(object: HostObject, parcel: &mut dyn Parcel) -> bool {
    let mut parts = Collected::default();
    let packed = Arc::clone(object.host()).pack(object, &mut parts).is_ok();
    if packed {
        parts.0.iter().for_each(|part| parcel.add(part));
    }
    packed
}

#[derive(Default)]
struct Collected(Vec<Vec<u8>>);

impl Parcel for Collected {
    fn add(&mut self, bytes: &[u8]) {
        self.0.push(bytes.to_vec());
    }

    fn add_first(&mut self, bytes: &[u8]) {
        self.0.insert(0, bytes.to_vec());
    }
}

/// The error of a message.
pub fn read_error(message: &Message, host: Option<&Arc<dyn Host>>) -> Fault {
    let kind = ERRORS.get(message.header.first as usize).copied().unwrap_or(ErrorKind::Node);
    let object = match (host, message.parts.get(1..)) {
        (Some(host), Some(parts)) if !parts.is_empty() => host.unpack(parts).ok(),
        _ => None,
    };
    Fault { kind, object, ..Fault::new(message.text(0)) }
}

/// The bytes of a part that is about to be checked. The process that has sent it may write to it all the while: what was
/// checked there would not be what is used.
fn own(part: &Buffer) -> Result<Vec<u8>, Fault> {
    copied(part.bytes()).map_err(Fault::new)
}

fn nonsense(what: &str) -> Fault {
    Fault::new(format!("the other process has sent a packet whose {what} cannot be"))
}

#[cfg(test)]
mod tests;
