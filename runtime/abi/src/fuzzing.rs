//! What a program that fuzzes the library needs beyond the header: in libraries that are built for it only, and in no header.

#![cfg(feature = "fuzzing")]

use crate::guard::guard;
use crate::status::rm_status;
use crate::text::read_bytes;

/// Takes what another process could have sent to this one, see `runtime/process/src/channel/fuzzing.rs`.
///
/// Ownership: the bytes are borrowed.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_fuzzing_receive(data: *const u8, size: usize) -> rm_status {
    guard(|| {
        // SAFETY: the caller vouches for `data` and `size`.
        remotemedia_process::fuzzing::receive(unsafe { read_bytes(data, size, "data") }?);
        Ok(())
    })
}
