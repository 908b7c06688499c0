//! Structs that cross the border and may grow: the caller says how much of one it knows.

use std::ffi::c_void;
use std::mem::MaybeUninit;

use crate::error::{Failure, Outcome};
use crate::status::*;

/// A struct that begins with `uint32_t struct_size`.
///
/// # Safety
/// All bits zero is a valid value, and the first field is a `u32`.
pub(crate) unsafe trait Versioned: Copy {
    /// Its name in the header.
    const NAME: &'static str;
    /// Its size in the first version of the ABI: once fields have been appended, the offset of the first of them. It never
    /// grows, or the programs of that time are refused.
    const FIRST_SIZE: usize;
}

/// Copies a struct of the caller. What an older caller does not know is zero; what a newer one asks for beyond what we
/// know is refused.
///
/// # Safety
/// `source` is null or points to a struct of as many readable bytes as its first field says.
pub(crate) unsafe fn read_struct<T: Versioned>(source: *const T) -> Outcome<T> {
    // SAFETY: the same promise.
    unsafe { read_quietly(source) }.map_err(Misfit::explain::<T>)
}

/// As [`read_struct`], but a struct as we know it is read where it is, which is quicker than to move it; any other is copied into
/// `room`.
///
/// # Safety
/// As for [`read_struct`], and nobody changes the struct for as long as the result is used.
#[inline]
pub(crate) unsafe fn borrow_struct<T: Versioned>(source: *const T, room: &mut MaybeUninit<T>) -> Outcome<&T> {
    // SAFETY: the same promise.
    let size = unsafe { size_of_struct(source) }?;
    if size == size_of::<T>() && source.is_aligned() {
        // SAFETY: not null, aligned, of the size that it says, and all bits of it may be anything.
        return Ok(unsafe { &*source });
    }
    // SAFETY: the same promise.
    Ok(room.write(unsafe { read_struct(source) }?))
}

/// As [`read_struct`] for a table of callbacks: its `destroy` is called once when the second result goes, and also when
/// the table asks for more than we know.
///
/// # Safety
/// As for [`read_struct`], and `destroy` may be called with the table's `user_data`.
pub(crate) unsafe fn read_table<T: Table>(source: *const T) -> Outcome<(T, Destroy)> {
    // SAFETY: the same promise.
    let (table, knows_all) = unsafe { read_known(source) }.map_err(Misfit::explain::<T>)?;
    let destroy = table.destroy();
    if knows_all { Ok((table, destroy)) } else { Err(Misfit::Newer.explain::<T>()) }
}

/// A table of callbacks that owns its `user_data`.
pub(crate) trait Table: Versioned {
    /// What to call when nobody uses the table any more.
    fn destroy(&self) -> Destroy;
}

/// The end of a table of callbacks: calls the host's `destroy` when it goes, wherever that is.
pub(crate) struct Destroy {
    pub destroy: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>,
    pub user_data: *mut c_void,
}

// SAFETY: the header says on which threads `destroy` is called.
unsafe impl Send for Destroy {}
// SAFETY: as above; there is nothing to do with a shared reference.
unsafe impl Sync for Destroy {}

impl Drop for Destroy {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the host's function with the host's pointer, once, last.
            unsafe { destroy(self.user_data) };
        }
    }
}

/// Why a struct of the caller cannot be used; to be explained where memory may be allocated for that.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misfit {
    /// It is null.
    Null,
    /// It says that it has this size.
    Size(usize),
    /// It asks for more than we know.
    Newer,
}

impl Misfit {
    pub fn status(self) -> rm_status {
        match self {
            Misfit::Null => RM_ERR_NULL,
            Misfit::Size(_) => RM_ERR_ARGUMENT,
            Misfit::Newer => RM_ERR_UNSUPPORTED,
        }
    }

    fn explain<T: Versioned>(self) -> Failure {
        let message = match self {
            Misfit::Null => format!("the {} is null", T::NAME),
            Misfit::Size(size) => {
                format!("struct_size of the {} is {size}; set it to sizeof({}) = {}", T::NAME, T::NAME, size_of::<T>())
            }
            Misfit::Newer => {
                format!("the {} has fields that this library does not know; use a newer library", T::NAME)
            }
        };
        Failure::new(self.status(), message)
    }
}

/// Refuses a reserved field that is not 0, and bits that are not known.
pub(crate) fn check_zero(bits: u32, name: &str) -> Outcome {
    if bits == 0 {
        return Ok(());
    }
    let message = format!("'{name}' has bits that this library does not know: {bits:#x}; leave them 0");
    Err(Failure::new(RM_ERR_UNSUPPORTED, message))
}

/// Writes a struct to a caller who may know less of it than we do, and says how much was written.
///
/// # Safety
/// `target` is null or points to a struct of as many writable bytes as its first field says.
pub(crate) unsafe fn write_struct<T: Versioned>(target: *mut T, value: T) -> Outcome {
    // SAFETY: the same promise.
    unsafe { write_quietly(target, value) }.map_err(Misfit::explain::<T>)
}

/// The size that a struct of the caller says it has, if that can be.
///
/// # Safety
/// `source` is null or points to a `u32`.
pub(crate) unsafe fn size_of_struct<T: Versioned>(source: *const T) -> Outcome<usize> {
    // SAFETY: the same promise.
    unsafe { check_size(source) }.map_err(Misfit::explain::<T>)
}

/// As [`read_struct`] for a thread that must not allocate, not even for a message.
///
/// # Safety
/// As for [`read_struct`].
pub(crate) unsafe fn read_quietly<T: Versioned>(source: *const T) -> Result<T, Misfit> {
    // SAFETY: the same promise.
    let (value, knows_all) = unsafe { read_known(source) }?;
    if knows_all { Ok(value) } else { Err(Misfit::Newer) }
}

/// As [`write_struct`] for a thread that must not allocate.
///
/// # Safety
/// As for [`write_struct`].
pub(crate) unsafe fn write_quietly<T: Versioned>(target: *mut T, value: T) -> Result<(), Misfit> {
    // SAFETY: the same promise.
    let size = unsafe { check_size(target) }?;
    let written = size.min(size_of::<T>());
    // SAFETY: the caller says that `size` bytes are there; the first of them are the size, which stays the caller's.
    unsafe {
        let target = target.cast::<u8>();
        std::ptr::copy_nonoverlapping((&raw const value).cast::<u8>().add(4), target.add(4), written - 4);
        target.add(written).write_bytes(0, size - written);
    }
    Ok(())
}

/// As [`size_of_struct`] for a thread that must not allocate.
///
/// # Safety
/// As for [`size_of_struct`].
pub(crate) unsafe fn check_size<T: Versioned>(source: *const T) -> Result<usize, Misfit> {
    if source.is_null() {
        return Err(Misfit::Null);
    }
    // SAFETY: not null, and the first field is there whatever the rest is.
    let size = unsafe { source.cast::<u32>().read_unaligned() } as usize;
    // No size of a struct cuts a field in two.
    if size < T::FIRST_SIZE || size > 4096 || !size.is_multiple_of(align_of::<T>()) {
        return Err(Misfit::Size(size));
    }
    Ok(size)
}

/// What we know of a struct, and whether that is all that it asks for.
///
/// # Safety
/// As for [`read_struct`].
unsafe fn read_known<T: Versioned>(source: *const T) -> Result<(T, bool), Misfit> {
    // SAFETY: the same promise.
    let size = unsafe { check_size(source) }?;
    // SAFETY: the caller says that `size` bytes are there; zero is a valid value of a `Versioned`.
    let (value, rest) = unsafe {
        let mut value: T = std::mem::zeroed();
        let known = size.min(size_of::<T>());
        std::ptr::copy_nonoverlapping(source.cast::<u8>(), (&raw mut value).cast::<u8>(), known);
        (value, std::slice::from_raw_parts(source.cast::<u8>().add(known), size - known))
    };
    Ok((value, rest.iter().all(|&byte| byte == 0)))
}
