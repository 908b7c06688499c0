//! The object table: a host's own entry points to its objects, called without any translation between.

use std::ffi::c_void;

use crate::versioned::Versioned;

/// Functions of a host over references to its objects: for CPython, entry points of the interpreter itself.
///
/// With it a node may name an object to call instead of a function (`process_object`). The call happens between `enter`
/// and `leave`, with the packet's object as the one argument, and answers a new reference: one of the five objects below,
/// or the output. It must not raise: whatever it wraps, it catches.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_object_table {
    /// `sizeof(rm_object_table)`.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Enters the host on this thread; the result is passed to `leave`. May be nested.
    pub enter: Option<unsafe extern "C-unwind" fn() -> i32>,
    /// Leaves the host.
    pub leave: Option<unsafe extern "C-unwind" fn(state: i32)>,
    /// Counts a reference.
    pub retain: Option<unsafe extern "C-unwind" fn(object: *mut c_void)>,
    /// Ends a reference.
    pub release: Option<unsafe extern "C-unwind" fn(object: *mut c_void)>,
    /// Calls `callable` with one argument; a new reference, or null on failure.
    pub call: Option<unsafe extern "C-unwind" fn(callable: *mut c_void, argument: *mut c_void) -> *mut c_void>,
    /// Forgets the error that a call which answered null has left behind.
    pub clear: Option<unsafe extern "C-unwind" fn()>,
    /// The result that stands for no output.
    pub none: *mut c_void,
    /// The result that stands for RM_MORE without an output.
    pub more: *mut c_void,
    /// The result that ends what RM_MORE began.
    pub done: *mut c_void,
    /// The result that stands for RM_PENDING.
    pub pending: *mut c_void,
    /// The result that stands for a failure, told by `rm_call_fail`.
    pub failed: *mut c_void,
}

// SAFETY: integers, pointers and optional functions may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_object_table {
    const NAME: &'static str = "rm_object_table";
    const FIRST_SIZE: usize = size_of::<rm_object_table>();
}

/// A table in which every function is there.
#[derive(Clone, Copy)]
pub(crate) struct Objects {
    pub enter: unsafe extern "C-unwind" fn() -> i32,
    pub leave: unsafe extern "C-unwind" fn(i32),
    pub retain: unsafe extern "C-unwind" fn(*mut c_void),
    pub release: unsafe extern "C-unwind" fn(*mut c_void),
    pub call: unsafe extern "C-unwind" fn(*mut c_void, *mut c_void) -> *mut c_void,
    pub clear: unsafe extern "C-unwind" fn(),
    pub none: *mut c_void,
    pub more: *mut c_void,
    pub done: *mut c_void,
    pub pending: *mut c_void,
    pub failed: *mut c_void,
}

impl Objects {
    /// The table, if nothing is missing from it.
    pub fn new(table: &rm_object_table) -> Option<Objects> {
        let marks = [table.none, table.more, table.done, table.pending, table.failed];
        if marks.iter().any(|mark| mark.is_null()) {
            return None;
        }
        Some(Objects {
            enter: table.enter?,
            leave: table.leave?,
            retain: table.retain?,
            release: table.release?,
            call: table.call?,
            clear: table.clear?,
            none: table.none,
            more: table.more,
            done: table.done,
            pending: table.pending,
            failed: table.failed,
        })
    }
}
