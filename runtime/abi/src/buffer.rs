//! Buffers: payload memory with a count of references.

use std::ffi::c_void;
use std::sync::Arc;

use remotemedia_core::{Buffer, HostObject, Memory};

use crate::error::{Failure, Outcome};
use crate::guard::{guard, guard_on};
use crate::handle::{self, Handled};
use crate::host::give;
use crate::memory::Block;
use crate::status::*;
use crate::text::{check_out, read_bytes, write_out};

/// A reference to payload memory. 0 stands for none.
pub type rm_buffer = u64;

/// A buffer with a name.
pub(crate) struct Named(pub Buffer);

impl Handled for Named {
    const KIND: u8 = 6;
    const NAME: &'static str = "buffer";
}

/// Memory of the host, released when nobody reads it any more.
struct Foreign {
    data: *const u8,
    size: usize,
    owner: Owner,
}

enum Owner {
    /// An object of the host.
    Object { _object: HostObject },
    /// Another buffer that the memory is part of.
    Buffer { _buffer: Buffer },
    /// A function to call.
    Release(Option<unsafe extern "C-unwind" fn(*mut c_void)>, *mut c_void),
}

// SAFETY: the memory is read only, and its owner promised that it stays as it is until it is released, on any thread.
unsafe impl Send for Foreign {}
// SAFETY: as above.
unsafe impl Sync for Foreign {}

impl Memory for Foreign {
    fn bytes(&self) -> &[u8] {
        // SAFETY: checked when the buffer was made; the owner keeps the memory until it is dropped with us.
        unsafe { std::slice::from_raw_parts(self.data, self.size) }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        if let Owner::Release(Some(release), user_data) = self.owner {
            // SAFETY: the host's function with the host's pointer, once.
            unsafe { release(user_data) };
        }
    }
}

impl Foreign {
    fn buffer(bytes: &[u8], owner: Owner) -> Buffer {
        Buffer::new(Foreign { data: bytes.as_ptr(), size: bytes.len(), owner })
    }
}

/// A buffer over `bytes`, which belong to `object`.
///
/// # Safety
/// The bytes stay as they are for as long as the object lives.
pub(crate) unsafe fn of_object(bytes: &[u8], object: HostObject) -> Buffer {
    Foreign::buffer(bytes, Owner::Object { _object: object })
}

/// A buffer over `bytes` if they lie in `buffer`.
pub(crate) fn part_of(bytes: &[u8], buffer: &Buffer) -> Option<Buffer> {
    let whole = buffer.bytes().as_ptr_range();
    let part = bytes.as_ptr_range();
    if part == whole && !bytes.is_empty() {
        return Some(buffer.clone());
    }
    let inside = whole.start <= part.start && part.end <= whole.end && !bytes.is_empty();
    inside.then(|| Foreign::buffer(bytes, Owner::Buffer { _buffer: buffer.clone() }))
}

/// A buffer with a copy of `bytes`, aligned for whatever they are.
pub(crate) fn copy_of(bytes: &[u8]) -> Outcome<Buffer> {
    // SAFETY: the block has as many bytes, which nobody else knows of, and all of which are written here.
    let block = unsafe {
        let block = Block::new(bytes.len())?;
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), block.start(), bytes.len());
        block
    };
    Ok(Buffer::new(block))
}

/// Makes a buffer over memory of the caller, without copying it.
///
/// Ownership: the memory must stay as it is until `release(user_data)`, which is called once, when nobody reads it any
/// more, also if this call fails. `*buffer` receives a handle that `rm_buffer_free` ends.
/// Threads: any; `release` is called on any thread, and must not call the library.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_buffer_wrap(
    data: *const c_void,
    size: usize,
    release: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,
    user_data: *mut c_void,
    buffer: *mut rm_buffer,
) -> rm_status {
    guard_on(0, || {
        let mut foreign = Foreign { data: std::ptr::dangling(), size: 0, owner: Owner::Release(release, user_data) };
        // SAFETY: the caller vouches for `data` and `size` until `release`.
        let bytes = unsafe { read_bytes(data.cast(), size, "data") }?;
        (foreign.data, foreign.size) = (bytes.as_ptr(), bytes.len());
        // SAFETY: the caller vouches for `buffer`.
        unsafe { give(Arc::new(Named(Buffer::new(foreign))), buffer, "buffer") }
    })
}

/// Makes a buffer of memory of the library's: what a node writes its output into. It begins at an address that every vector
/// unit takes, a multiple of 64. What is in it before it is written may be anything, as with malloc.
///
/// Ownership: `*buffer` receives a handle that `rm_buffer_free` ends; `*data` points to `size` bytes that are the caller's to
/// write until the buffer goes into a packet, and stay where they are until the last reference goes.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_buffer_new(size: usize, data: *mut *mut c_void, buffer: *mut rm_buffer) -> rm_status {
    guard_on(0, || {
        check_out(data, "data")?;
        check_out(buffer, "buffer")?;
        // SAFETY: the caller writes the memory, as the header says, and vouches for both places.
        unsafe {
            let block = Block::new(size)?;
            let address = block.start();
            give_memory(Buffer::new(block), address, data, buffer)
        }
    })
}

/// Gives a buffer to the host, and says where it is to be written.
///
/// # Safety
/// As for `write_out`; neither place is null.
unsafe fn give_memory(
    made: Buffer,
    address: *mut u8,
    data: *mut *mut c_void,
    buffer: *mut rm_buffer,
) -> Outcome<rm_status> {
    // SAFETY: the same promise.
    unsafe {
        let status = give(Arc::new(Named(made)), buffer, "buffer")?;
        write_out(data, address.cast(), "data")?;
        Ok(status)
    }
}

/// Makes a buffer of memory that other processes can be given without a copy: what lies in it costs a node in a process of
/// its own as much as a small payload. The memory is zero at first, or holds what an older buffer left behind.
///
/// Ownership: `*buffer` receives a handle that `rm_buffer_free` ends; `*data` points to `size` bytes that are the caller's to
/// write until the buffer goes into a packet, and stay where they are until the last reference goes.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_buffer_share(size: usize, data: *mut *mut c_void, buffer: *mut rm_buffer) -> rm_status {
    guard_on(0, || {
        check_out(data, "data")?;
        check_out(buffer, "buffer")?;
        let made = remotemedia_process::new_buffer(size).map_err(|error| {
            Failure::new(RM_ERR_MEMORY, format!("{size} bytes of shared memory are not to be had: {error}"))
        })?;
        let address = made.bytes().as_ptr().cast_mut();
        // SAFETY: the caller vouches for both places.
        unsafe { give_memory(made, address, data, buffer) }
    })
}

/// Says where the bytes of a buffer are.
///
/// Ownership: `*data` points to `*size` bytes that are there for as long as the handle, or a packet that has the buffer.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_buffer_read(buffer: rm_buffer, data: *mut *const c_void, size: *mut usize) -> rm_status {
    guard(|| {
        let named = handle::get::<Named>(buffer)?;
        check_out(data, "data")?;
        check_out(size, "size")?;
        let bytes = named.0.bytes();
        // SAFETY: the caller vouches for both places.
        unsafe {
            write_out(data, bytes.as_ptr().cast(), "data")?;
            write_out(size, bytes.len(), "size")
        }
    })
}

/// The same to write in place, for whoever is alone in having the buffer, such as one that was pulled: no packet, and no other
/// buffer, has a part of it.
///
/// Ownership: `*data` points to `*size` bytes that are the caller's to write until the buffer goes into a packet.
/// Threads: any, but no other call may have the buffer meanwhile.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_STATE (somebody else has it, or the memory is not the library's: copy it).
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_buffer_write(buffer: rm_buffer, data: *mut *mut c_void, size: *mut usize) -> rm_status {
    guard(|| {
        check_out(data, "data")?;
        check_out(size, "size")?;
        let place = |named: &mut Named| named.0.bytes_mut().map(|bytes| (bytes.as_mut_ptr(), bytes.len()));
        let (start, length) = handle::with_sole(buffer, place)?.flatten().ok_or_else(|| {
            Failure::new(
                RM_ERR_STATE,
                "the buffer is not yours alone, or its memory is not the library's; write to a copy",
            )
        })?;
        // SAFETY: the caller vouches for both places.
        unsafe {
            write_out(data, start.cast(), "data")?;
            write_out(size, length, "size")
        }
    })
}

/// Ends a reference to a buffer.
///
/// Ownership: the handle is dead afterwards; the memory lives on while packets refer to it.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_buffer_free(buffer: rm_buffer) -> rm_status {
    guard(|| handle::remove::<Named>(buffer).map(drop))
}
