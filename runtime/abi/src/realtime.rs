//! What a real-time thread may call. Nothing here allocates, locks, waits, or makes a system call, on success or failure.

use std::ffi::c_void;
use std::slice;

use remotemedia_core::{Form, Label, RingEnd, Time};

use crate::guard::guard_realtime;
use crate::packet::*;
use crate::ring::{rm_ring, seat};
use crate::status::*;
use crate::versioned::{Misfit, check_size, read_quietly, write_quietly};

/// Copies a packet of audio, text or bytes into an input ring. Never waits, allocates, locks or makes a system call, nor does
/// it set the message of `rm_last_error`: the status says all. `pts`, `duration` and the format go along; `metadata` and
/// `object` must be null.
///
/// Ownership: everything is copied.
/// Threads: any, one at a time; made for one that must never wait.
/// Errors: RM_ERR_TIMEOUT (it is full: an overrun, which is counted), RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT (larger
/// than `rm_ring_config.size`, samples that do not divide into channels, or an output ring), RM_ERR_UTF8, RM_ERR_UNSUPPORTED
/// (another kind, metadata, or an object, which is not taken over), RM_ERR_STATE (the session or the ring takes no more, or
/// another thread is in a call of the ring), RM_ERR_CANCELLED, and the failure that ended the session.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_ring_try_push(ring: rm_ring, packet: *const rm_packet) -> rm_status {
    guard_realtime(|| {
        // SAFETY: the caller vouches for `packet`.
        let raw = unsafe { read_quietly(packet) }.map_err(Misfit::status)?;
        let form = form_of(&raw)?;
        let bytes = if raw.size == 0 {
            &[]
        } else {
            check_memory(raw.data, raw.size)?;
            // SAFETY: not null, not larger than memory, and the caller vouches for the rest.
            unsafe { slice::from_raw_parts(raw.data.cast::<u8>(), raw.size) }
        };
        if !form.fits(bytes) {
            return Err(if form == Form::Text { RM_ERR_UTF8 } else { RM_ERR_ARGUMENT });
        }
        let (pts, duration) = (Time::from_nanos(raw.pts), Time::from_nanos(raw.duration));
        let label = Label { form, pts, duration, index: RM_INDEX_NONE, port: 0 };
        seat(ring)?.with(ring, |end| match end {
            RingEnd::Writer(writer) => writer.push(label, bytes).map(|()| RM_OK).map_err(status_of),
            RingEnd::Reader(_) => Err(RM_ERR_ARGUMENT),
        })
    })
}

fn form_of(raw: &rm_packet) -> Result<Form, rm_status> {
    if !raw.object.is_null() || !raw.metadata.is_null() || raw.reserved != 0 {
        return Err(RM_ERR_UNSUPPORTED);
    }
    match raw.kind {
        RM_KIND_AUDIO => Ok(Form::Audio { sample_rate: raw.sample_rate, channels: raw.channels }),
        RM_KIND_TEXT => Ok(Form::Text),
        RM_KIND_BYTES => Ok(Form::Bytes),
        _ => Err(RM_ERR_UNSUPPORTED),
    }
}

/// Copies the next packet out of an output ring into `data`, which has room for `capacity` bytes, at least
/// `rm_ring_config.size`; `packet->data` points there then. `packet->struct_size` is the caller's to set. As careful as
/// `rm_ring_try_push`. RM_END says that the session has ended well and that every packet has been taken.
///
/// Ownership: the caller's memory; `packet->buffer`, `metadata` and `object` are 0. JSON comes as its text, an item that failed
/// as its message (RM_KIND_FAILURE), an object as what its host makes of it.
/// Threads: any, one at a time; made for one that must never wait.
/// Errors: RM_ERR_TIMEOUT (it is empty: an underrun, which is counted), RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT
/// (`struct_size`, too small a `capacity`, or an input ring), RM_ERR_STATE (another thread is in a call of the ring),
/// RM_ERR_CANCELLED, and, after the packets before it, the failure that ended the session.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_ring_try_pull(
    ring: rm_ring,
    packet: *mut rm_packet,
    data: *mut c_void,
    capacity: usize,
) -> rm_status {
    guard_realtime(|| {
        // SAFETY: the caller vouches for `packet`; looked at before there is something to lose.
        unsafe { check_size(packet.cast_const()) }.map_err(Misfit::status)?;
        check_memory(data, capacity)?;
        // Not through a slice: the caller's memory need not hold anything yet.
        let copy = |bytes: &[u8]| {
            // SAFETY: the caller vouches for `capacity` bytes, and a packet has no more; the two are not the same memory.
            unsafe { data.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        };
        let pulled = seat(ring)?.with(ring, |end| match end {
            RingEnd::Reader(reader) => reader.pull(capacity, copy).map_err(status_of),
            RingEnd::Writer(_) => Err(RM_ERR_ARGUMENT),
        })?;
        let Some((label, size)) = pulled else { return Ok(RM_END) };
        let raw = rm_packet { data: data.cast_const(), size, ..labelled(label) };
        // SAFETY: the caller vouches for `packet`.
        unsafe { write_quietly(packet, raw) }.map_err(Misfit::status)?;
        Ok(RM_OK)
    })
}

fn labelled(label: Label) -> rm_packet {
    let (kind, sample_rate, channels) = match label.form {
        Form::Audio { sample_rate, channels } => (RM_KIND_AUDIO, sample_rate, channels),
        Form::Text => (RM_KIND_TEXT, 0, 0),
        Form::Json => (RM_KIND_JSON, 0, 0),
        Form::Bytes => (RM_KIND_BYTES, 0, 0),
        Form::Failure => (RM_KIND_FAILURE, 0, 0),
    };
    let (pts, duration) = (label.pts.raw(), label.duration.raw());
    let (index, port) = (label.index, label.port);
    rm_packet { kind, pts, duration, index, port, sample_rate, channels, ..rm_packet::empty() }
}

/// Refuses memory that cannot be.
fn check_memory(data: *const c_void, size: usize) -> Result<(), rm_status> {
    match (data.is_null(), isize::try_from(size)) {
        (true, _) => Err(RM_ERR_NULL),
        (false, Err(_)) => Err(RM_ERR_ARGUMENT),
        (false, Ok(_)) => Ok(()),
    }
}
