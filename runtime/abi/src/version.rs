//! Versions.

use crate::guard::guard;
use crate::status::rm_status;
use crate::text::write_text;

/// The version of the ABI that this header describes: major in the upper 16 bits, minor in the lower.
pub const RM_ABI_VERSION: u32 = 0x0000_0001;

/// The version of the ABI that the library has. A binding asks this first and refuses another major version.
///
/// Ownership: none.
/// Threads: any.
/// Errors: none.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_abi_version() -> u32 {
    RM_ABI_VERSION
}

/// Copies the version of the library, such as "0.1.0", as `rm_last_error` does its message.
///
/// Ownership: the caller's buffer.
/// Threads: any.
/// Errors: RM_ERR_NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_version(buffer: *mut std::ffi::c_char, capacity: usize, length: *mut usize) -> rm_status {
    // SAFETY: the caller vouches for `buffer` and `length`, as the header says.
    guard(|| unsafe { write_text(env!("CARGO_PKG_VERSION"), buffer, capacity, length) })
}
