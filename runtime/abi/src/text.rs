//! Text across the border: pointer and length, UTF-8, not terminated.

use std::ffi::c_char;

use crate::error::{Failure, Outcome};
use crate::status::*;

/// Borrows text of the caller.
///
/// # Safety
/// `data` points to `size` readable bytes that do not change for as long as the result is used.
pub(crate) unsafe fn read_text<'a>(data: *const c_char, size: usize, name: &str) -> Outcome<&'a str> {
    // SAFETY: the same promise.
    let bytes = unsafe { read_bytes(data.cast(), size, name) }?;
    std::str::from_utf8(bytes).map_err(|error| Failure::new(RM_ERR_UTF8, format!("'{name}' is not UTF-8: {error}")))
}

/// Borrows bytes of the caller. Null is an empty slice if the size is 0.
///
/// # Safety
/// As for [`read_text`].
pub(crate) unsafe fn read_bytes<'a>(data: *const u8, size: usize, name: &str) -> Outcome<&'a [u8]> {
    if size == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Failure::new(RM_ERR_NULL, format!("'{name}' is null, but its size is {size}")));
    }
    if isize::try_from(size).is_err() {
        return Err(Failure::new(
            RM_ERR_ARGUMENT,
            format!("the size of '{name}' is {size}, more than memory can hold"),
        ));
    }
    // SAFETY: not null, not larger than memory, and the caller vouches for the rest.
    Ok(unsafe { std::slice::from_raw_parts(data, size) })
}

/// Copies text into the caller's buffer and says how long it is.
///
/// # Safety
/// `buffer` is null or points to `capacity` writable bytes; `length` is null or points to a `size_t`.
pub(crate) unsafe fn write_text(text: &str, buffer: *mut c_char, capacity: usize, length: *mut usize) -> Outcome {
    if buffer.is_null() && capacity > 0 {
        return Err(Failure::new(RM_ERR_NULL, "'buffer' is null, but its capacity is not 0"));
    }
    // SAFETY: the same promise.
    unsafe { write_out(length, text.len(), "length") }?;
    if capacity > 0 {
        // SAFETY: at most `capacity` bytes, which the caller says are there; the two cannot overlap, `text` is ours.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), text.len().min(capacity)) };
    }
    Ok(())
}

/// Refuses a null pointer before there is something to write through it.
pub(crate) fn check_out<T>(out: *mut T, name: &str) -> Outcome {
    if out.is_null() { Err(Failure::new(RM_ERR_NULL, format!("'{name}' is null"))) } else { Ok(()) }
}

/// Writes a result through a pointer of the caller.
///
/// # Safety
/// `out` is null or points to room for a `T`.
pub(crate) unsafe fn write_out<T>(out: *mut T, value: T, name: &str) -> Outcome {
    check_out(out, name)?;
    // SAFETY: not null, and the caller vouches for the rest; unaligned, because that is not worth a crash.
    unsafe { out.write_unaligned(value) };
    Ok(())
}
