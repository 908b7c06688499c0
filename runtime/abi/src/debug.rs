//! Looking inside, for tests.

use crate::guard::guard;
use crate::handle;
use crate::ring;
use crate::status::rm_status;
use crate::text::write_out;

/// Counts the objects that have a handle: of one kind (the number in the upper 8 bits of a handle), or of all with 0.
///
/// Ownership: none.
/// Threads: any.
/// Errors: RM_ERR_NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_debug_live(kind: u8, count: *mut u64) -> rm_status {
    guard(|| {
        let rings = if matches!(kind, 0 | ring::KIND) { ring::count() } else { 0 };
        // SAFETY: the caller vouches for `count`, as the header says.
        unsafe { write_out(count, (handle::count(kind) + rings) as u64, "count") }
    })
}
