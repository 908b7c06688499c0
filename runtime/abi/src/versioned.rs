//! Structs that cross the border and may grow: the caller says how much of one it knows.

use crate::error::{Failure, Outcome};
use crate::status::*;

/// A struct that begins with `uint32_t struct_size`.
///
/// # Safety
/// All bits zero is a valid value, and the first field is a `u32`.
pub(crate) unsafe trait Versioned: Copy {
    /// Its name in the header.
    const NAME: &'static str;
    /// Its size in the first version of the ABI.
    const FIRST_SIZE: usize;
}

/// Copies a struct of the caller. What an older caller does not know is zero; what a newer one asks for beyond what we
/// know is refused.
///
/// # Safety
/// `source` is null or points to a struct of as many readable bytes as its first field says.
pub(crate) unsafe fn read_struct<T: Versioned>(source: *const T) -> Outcome<T> {
    if source.is_null() {
        return Err(Failure::new(RM_ERR_NULL, format!("the {} is null", T::NAME)));
    }
    // SAFETY: not null, and the first field is there whatever the rest is.
    let size = unsafe { source.cast::<u32>().read_unaligned() } as usize;
    if size < T::FIRST_SIZE || size > 4096 {
        let message =
            format!("struct_size of the {} is {size}; set it to sizeof({}) = {}", T::NAME, T::NAME, size_of::<T>());
        return Err(Failure::new(RM_ERR_ARGUMENT, message));
    }
    // SAFETY: the caller says that `size` bytes are there; zero is a valid value of a `Versioned`.
    let (value, rest) = unsafe {
        let mut value: T = std::mem::zeroed();
        let known = size.min(size_of::<T>());
        std::ptr::copy_nonoverlapping(source.cast::<u8>(), (&raw mut value).cast::<u8>(), known);
        (value, std::slice::from_raw_parts(source.cast::<u8>().add(known), size - known))
    };
    if rest.iter().any(|&byte| byte != 0) {
        let message = format!("the {} has fields that this library does not know; use a newer library", T::NAME);
        return Err(Failure::new(RM_ERR_UNSUPPORTED, message));
    }
    Ok(value)
}
