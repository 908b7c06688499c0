//! Packets across the border: one plain struct in every direction.

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;

use remotemedia_core::{Audio, Buffer, Data, NodeError, Packet, Time};
use serde_json::{Map, Value, json};

use crate::bridge::Bridge;
use crate::buffer::{Named, copy_of, of_object, part_of};
use crate::error::{Failure, Outcome};
use crate::handle;
use crate::status::*;
use crate::text::{read_bytes, read_text};
use crate::versioned::{Versioned, borrow_struct, check_zero};

/// A time that is not known.
pub const RM_TIME_NONE: i64 = i64::MIN;
/// The index of a packet that no input caused.
pub const RM_INDEX_NONE: u64 = u64::MAX;

/// Nothing.
pub const RM_KIND_NONE: u32 = 0;
/// 32-bit float samples, `channels` planes one after the other.
pub const RM_KIND_AUDIO: u32 = 1;
/// Text in UTF-8.
pub const RM_KIND_TEXT: u32 = 2;
/// A JSON document in UTF-8.
pub const RM_KIND_JSON: u32 = 3;
/// Bytes.
pub const RM_KIND_BYTES: u32 = 4;
/// An object of the host.
pub const RM_KIND_OBJECT: u32 = 5;
/// An item that failed: `data` is the message, `metadata` has "node" and "status", `object` the host's error object or null.
pub const RM_KIND_FAILURE: u32 = 6;

/// A packet. In packets from the library, `data`, `metadata` and `object` are borrowed for the call, unless the function
/// says that they are given.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_packet {
    /// `sizeof(rm_packet)`.
    pub struct_size: u32,
    /// One of RM_KIND_….
    pub kind: u32,
    /// When it is to be presented, in nanoseconds, or RM_TIME_NONE.
    pub pts: i64,
    /// How long it lasts, in nanoseconds, or RM_TIME_NONE.
    pub duration: i64,
    /// The number of the input that caused it, or RM_INDEX_NONE. Set by the library.
    pub index: u64,
    /// The payload.
    pub data: *const c_void,
    /// Its size in bytes.
    pub size: usize,
    /// What keeps `data` alive: a buffer, or 0. To the library: 0 has the bytes copied.
    pub buffer: u64,
    /// RM_KIND_OBJECT: the object. To the library with another kind: the object that keeps `data` alive, or null. A
    /// reference is taken over by the library in any case.
    pub object: *mut c_void,
    /// The host that `object` belongs to; in a callback of a node, 0 stands for the node's own.
    pub host: u64,
    /// RM_KIND_AUDIO: samples a second.
    pub sample_rate: u32,
    /// RM_KIND_AUDIO: the number of planes.
    pub channels: u32,
    /// A JSON object in UTF-8, or null.
    pub metadata: *const c_char,
    /// Its size in bytes.
    pub metadata_size: usize,
    /// The number of the port: of the node that is given the packet, or of the node that emits it.
    pub port: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: integers and pointers may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_packet {
    const NAME: &'static str = "rm_packet";
    const FIRST_SIZE: usize = size_of::<rm_packet>();
}

impl rm_packet {
    pub(crate) fn empty() -> rm_packet {
        rm_packet {
            struct_size: size_of::<rm_packet>() as u32,
            kind: RM_KIND_NONE,
            pts: RM_TIME_NONE,
            duration: RM_TIME_NONE,
            index: RM_INDEX_NONE,
            data: ptr::null(),
            size: 0,
            buffer: 0,
            object: ptr::null_mut(),
            host: 0,
            sample_rate: 0,
            channels: 0,
            metadata: ptr::null(),
            metadata_size: 0,
            port: 0,
            reserved: 0,
        }
    }
}

/// Reads packets of a host.
#[derive(Default)]
pub(crate) struct Reader<'a> {
    /// The host whose objects they may refer to when they name none.
    pub bridge: Option<&'a Bridge>,
    /// The packet that the callback was given, whose memory they may share.
    pub given: Option<(&'a PacketView, &'a Packet)>,
}

impl Reader<'_> {
    /// # Safety
    /// `packet` is null or points to a packet as the header describes it.
    pub unsafe fn read(&self, packet: *const rm_packet) -> Outcome<Packet> {
        // SAFETY: the same promise.
        unsafe { self.read_known(borrow_struct(packet, &mut MaybeUninit::uninit())?) }
    }

    /// # Safety
    /// The packet is as the header describes it.
    pub unsafe fn read_known(&self, raw: &rm_packet) -> Outcome<Packet> {
        let reserved = check_zero(raw.reserved, "packet.reserved");
        let named = handle::get_optional::<Bridge>(raw.host)?;
        let object = if raw.object.is_null() {
            None
        } else {
            let bridge = named.as_deref().or(self.bridge);
            let bridge = bridge.ok_or_else(|| {
                Failure::new(RM_ERR_ARGUMENT, "the packet has an object, but no host that it belongs to")
            })?;
            bridge.adopt(raw.object)
        };
        reserved?;
        // SAFETY: the same promise.
        let bytes = unsafe { read_bytes(raw.data.cast(), raw.size, "packet.data") }?;
        let metadata = match self.given {
            Some((view, packet)) if view.has_metadata_of(raw) => packet.metadata.clone(),
            // SAFETY: the same promise.
            _ => parse_metadata(unsafe { read_text(raw.metadata, raw.metadata_size, "packet.metadata") }?)?,
        };
        let same = self.given.filter(|(view, _)| object.is_none() && view.has_data_of(raw));
        if let Some(data) = same.and_then(|(_, packet)| share(&packet.data)) {
            return Ok(Packet { metadata, ..placed(raw, data) });
        }
        let utf8 = || {
            std::str::from_utf8(bytes)
                .map_err(|error| Failure::new(RM_ERR_UTF8, format!("'packet.data' is not UTF-8: {error}")))
        };
        let data = match raw.kind {
            RM_KIND_OBJECT => Data::Object(object.ok_or_else(|| Failure::new(RM_ERR_NULL, "'packet.object' is null"))?),
            RM_KIND_TEXT => Data::Text(utf8()?.into()),
            RM_KIND_JSON => Data::Json(Arc::new(parse_json(utf8()?, "packet.data")?)),
            RM_KIND_BYTES => Data::Bytes(self.buffer(bytes, raw.buffer, object)?),
            RM_KIND_AUDIO => {
                let buffer = self.buffer(bytes, raw.buffer, object)?;
                let audio = Audio::new(buffer, raw.sample_rate, raw.channels);
                Data::Audio(audio.map_err(|message| Failure::new(RM_ERR_ARGUMENT, message))?)
            }
            kind => {
                let message = format!("packet.kind is {kind}; use RM_KIND_AUDIO, _TEXT, _JSON, _BYTES or _OBJECT");
                return Err(Failure::new(RM_ERR_ARGUMENT, message));
            }
        };
        Ok(Packet { metadata, ..placed(raw, data) })
    }

    fn buffer(&self, bytes: &[u8], named: u64, object: Option<remotemedia_core::HostObject>) -> Outcome<Buffer> {
        if let Some(named) = handle::get_optional::<Named>(named)? {
            if bytes.is_empty() {
                return copy_of(bytes);
            }
            return part_of(bytes, &named.0)
                .ok_or_else(|| Failure::new(RM_ERR_ARGUMENT, "'packet.data' does not lie in 'packet.buffer'"));
        }
        if let Some(object) = object {
            // SAFETY: the host says that the object keeps the bytes alive and as they are.
            return Ok(unsafe { of_object(bytes, object) });
        }
        let shared = match self.given.map(|(_, packet)| &packet.data) {
            Some(Data::Audio(audio)) => part_of(bytes, audio.buffer()),
            Some(Data::Bytes(buffer)) => part_of(bytes, buffer),
            _ => None,
        };
        shared.map_or_else(|| copy_of(bytes), Ok)
    }
}

/// The packet that a host has described, with its data.
fn placed(raw: &rm_packet, data: Data) -> Packet {
    let duration = Time::from_nanos(raw.duration).or(data.duration());
    Packet { pts: Time::from_nanos(raw.pts), duration, port: raw.port, ..Packet::new(data) }
}

fn parse_json(text: &str, name: &str) -> Outcome<Value> {
    serde_json::from_str(text).map_err(|error| Failure::new(RM_ERR_ARGUMENT, format!("'{name}' is not JSON: {error}")))
}

fn parse_metadata(text: &str) -> Outcome<Option<Arc<Map<String, Value>>>> {
    if text.is_empty() {
        return Ok(None);
    }
    match parse_json(text, "packet.metadata")? {
        Value::Object(map) => Ok(Some(Arc::new(map))),
        _ => Err(Failure::new(RM_ERR_ARGUMENT, "'packet.metadata' is not a JSON object")),
    }
}

/// The data of a packet that a host gives on as it is: nothing is copied or parsed again.
fn share(data: &Data) -> Option<Data> {
    match data {
        Data::Audio(audio) => Some(Data::Audio(audio.clone())),
        Data::Text(text) => Some(Data::Text(Arc::clone(text))),
        Data::Json(value) => Some(Data::Json(Arc::clone(value))),
        Data::Bytes(buffer) => Some(Data::Bytes(buffer.clone())),
        Data::Object(_) | Data::Failure(_) | Data::Flush | Data::Mark => None,
    }
}

/// A packet as a host sees it, with the texts that it points to. The rest of what it points to lives as long as the data of
/// the packet.
pub(crate) struct PacketView {
    raw: rm_packet,
    _texts: Option<Box<Texts>>,
}

impl PacketView {
    /// A view for a callback: everything is borrowed from `packet`.
    #[inline]
    pub fn of(packet: &Packet) -> PacketView {
        let texts = Texts::of(packet);
        let (text, metadata) = texts.as_deref().map_or(("", ""), |texts| (&texts.data, &texts.metadata));
        let (mut object, mut host, mut sample_rate, mut channels) = (ptr::null_mut(), 0, 0, 0);
        let (kind, bytes) = match &packet.data {
            Data::Audio(audio) => {
                (sample_rate, channels) = (audio.sample_rate(), audio.channels());
                (RM_KIND_AUDIO, Some(audio.buffer().bytes()))
            }
            Data::Text(shared) => (RM_KIND_TEXT, Some(shared.as_bytes())),
            Data::Json(_) => (RM_KIND_JSON, Some(text.as_bytes())),
            Data::Bytes(buffer) => (RM_KIND_BYTES, Some(buffer.bytes())),
            Data::Object(known) => {
                (object, host) = (known.object() as *mut c_void, known.host().id());
                (RM_KIND_OBJECT, None)
            }
            Data::Failure(_) => (RM_KIND_FAILURE, Some(text.as_bytes()).filter(|text| !text.is_empty())),
            // Swallowed by the engine.
            Data::Flush | Data::Mark => (RM_KIND_NONE, None),
        };
        let (data, size) = bytes.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr().cast(), bytes.len()));
        PacketView {
            // As one, where it stays: to move it right after it was written costs more than to write it.
            raw: rm_packet {
                struct_size: size_of::<rm_packet>() as u32,
                kind,
                pts: packet.pts.raw(),
                duration: packet.duration.raw(),
                index: packet.index,
                data,
                size,
                buffer: 0,
                object,
                host,
                sample_rate,
                channels,
                metadata: if metadata.is_empty() { ptr::null() } else { metadata.as_ptr().cast() },
                metadata_size: metadata.len(),
                port: packet.port,
                reserved: 0,
            },
            _texts: texts,
        }
    }

    /// Whether a host gives the packet on as it is, but for its times and its port.
    pub fn is_whole(&self, raw: &rm_packet) -> bool {
        let is_data = matches!(raw.kind, RM_KIND_AUDIO | RM_KIND_TEXT | RM_KIND_JSON | RM_KIND_BYTES);
        let is_plain = raw.object.is_null() && raw.host == 0 && raw.reserved == 0;
        is_data && is_plain && self.has_data_of(raw) && self.has_metadata_of(raw)
    }

    fn has_data_of(&self, raw: &rm_packet) -> bool {
        let format = |raw: &rm_packet| (raw.kind, raw.data, raw.size, raw.buffer, raw.sample_rate, raw.channels);
        format(raw) == format(&self.raw)
    }

    fn has_metadata_of(&self, raw: &rm_packet) -> bool {
        (raw.metadata, raw.metadata_size) == (self.raw.metadata, self.raw.metadata_size)
    }

    /// Another packet with the same content.
    pub fn again(&self, packet: &Packet) -> Option<Packet> {
        Some(Packet { metadata: packet.metadata.clone(), ..Packet::new(share(&packet.data)?) })
    }

    /// A view of data that the host may keep: `buffer` and `object` are given to it.
    pub fn owned(packet: &Packet, bridge: &Bridge) -> Outcome<PacketView> {
        let mut view = PacketView::of(packet);
        match &packet.data {
            Data::Audio(audio) => view.raw.buffer = handle::insert(Arc::new(Named(audio.buffer().clone())))?,
            Data::Bytes(buffer) => view.raw.buffer = handle::insert(Arc::new(Named(buffer.clone())))?,
            Data::Failure(error) => {
                let object = error.object().filter(|object| bridge.owns(object));
                view.raw.object = object.map_or(ptr::null_mut(), |object| object.into_raw() as *mut c_void);
            }
            Data::Text(_) | Data::Json(_) | Data::Object(_) | Data::Flush | Data::Mark => {}
        }
        Ok(view)
    }

    /// The payload of the packet, to outlive the view.
    pub fn keep(&self, packet: &Packet) -> Outcome<Buffer> {
        match &packet.data {
            Data::Audio(audio) => Ok(audio.buffer().clone()),
            Data::Bytes(buffer) => Ok(buffer.clone()),
            Data::Text(text) => Ok(Buffer::new(Arc::clone(text))),
            Data::Object(_) => {
                Err(Failure::new(RM_ERR_UNSUPPORTED, "the packet has an object, which has no bytes to keep; retain it"))
            }
            Data::Json(_) | Data::Failure(_) | Data::Flush | Data::Mark => {
                // SAFETY: the view's own text.
                copy_of(unsafe { read_bytes(self.raw.data.cast(), self.raw.size, "packet") }?)
            }
        }
    }

    pub fn as_ptr(&self) -> *const rm_packet {
        &raw const self.raw
    }
}

/// What is written out for a host.
struct Texts {
    data: String,
    metadata: String,
}

impl Texts {
    /// Those of a packet, if it needs any. Most do not.
    fn of(packet: &Packet) -> Option<Box<Texts>> {
        let data = match &packet.data {
            Data::Json(value) => value.to_string(),
            Data::Failure(error) => error.message.clone(),
            _ if packet.metadata.is_none() => return None,
            _ => String::new(),
        };
        let metadata = match (&packet.metadata, &packet.data) {
            (Some(map), _) => serde_json::to_string(map.as_ref()).unwrap_or_default(),
            (None, Data::Failure(error)) => describe(error),
            _ => String::new(),
        };
        Some(Box::new(Texts { data, metadata }))
    }
}

fn describe(error: &NodeError) -> String {
    json!({"node": error.node, "status": status_of(error.kind)}).to_string()
}

/// Gives a packet to the host for good: what it points to lives in `buffer`, a reference to `object` is counted.
pub(crate) fn give_packet(packet: Packet) -> Outcome<rm_packet> {
    let view = PacketView::of(&packet);
    let mut raw = view.raw;
    let texts = [(raw.data.cast::<u8>(), raw.size), (raw.metadata.cast::<u8>(), raw.metadata_size)];
    let buffer = match &packet.data {
        Data::Audio(audio) if raw.metadata_size == 0 => audio.buffer().clone(),
        Data::Bytes(buffer) if raw.metadata_size == 0 => buffer.clone(),
        _ => {
            // One buffer for both texts, one after the other.
            let mut bytes = Vec::new();
            for (data, size) in texts {
                // SAFETY: the view and the packet, which the pointers point into, are alive.
                bytes.extend_from_slice(unsafe { read_bytes(data, size, "packet") }?);
            }
            copy_of(&bytes)?
        }
    };
    let bytes = buffer.bytes();
    raw.data = if raw.size == 0 { ptr::null() } else { bytes.as_ptr().cast() };
    raw.metadata = if raw.metadata_size == 0 { ptr::null() } else { bytes[raw.size..].as_ptr().cast() };
    raw.buffer = if bytes.is_empty() { 0 } else { handle::insert(Arc::new(Named(buffer)))? };
    drop(view);
    raw.object = match packet.data {
        Data::Object(object) => object.into_raw() as *mut c_void,
        Data::Failure(error) => error.object().map_or(ptr::null_mut(), |object| {
            raw.host = object.host().id();
            object.into_raw() as *mut c_void
        }),
        _ => ptr::null_mut(),
    };
    Ok(raw)
}
