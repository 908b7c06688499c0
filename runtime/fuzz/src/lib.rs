//! What the fuzzing programs of `tests/fuzz` are linked with: the library, and entries to what it does not export.

// All of its functions, which are called from C alone.
extern crate remotemedia as _;

/// Takes what another process could have sent to this one, see [`remotemedia_process::fuzzing`].
///
/// # Safety
/// `data` points to `size` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fuzz_channel(data: *const u8, size: usize) {
    let bytes = match size {
        0 => &[],
        // SAFETY: the caller says that they are there.
        _ => unsafe { std::slice::from_raw_parts(data, size) },
    };
    remotemedia_process::fuzzing::receive(bytes);
}
