//! The log, which the program takes record by record.

use std::ffi::c_char;

use remotemedia_core::log;

use crate::guard::{guard, guard_on};
use crate::status::*;
use crate::text::{read_text, write_text};
use crate::versioned::{Versioned, size_of_struct, write_struct};

/// What only somebody who looks for an error wants to know.
pub const RM_LOG_DEBUG: u32 = 10;
/// What happens in the normal course.
pub const RM_LOG_INFO: u32 = 20;
/// What nobody may have noticed.
pub const RM_LOG_WARNING: u32 = 30;
/// A defect.
pub const RM_LOG_ERROR: u32 = 40;

/// How many bytes the text of a record has at most; a longer one is cut.
pub const RM_LOG_TEXT_MAX: usize = 1024;

const _: () = assert!(RM_LOG_TEXT_MAX == log::MOST_TEXT);

/// A record of the log.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_log_record {
    /// `sizeof(rm_log_record)`.
    pub struct_size: u32,
    /// One of RM_LOG_….
    pub level: u32,
    /// When it was written, in nanoseconds since 1970.
    pub time: i64,
    /// How many records before it were lost, because nobody took them in time.
    pub dropped: u64,
    /// What it is about: "misuse", "session", "node", "worker", "process", "packet" or "plugin". Valid for ever.
    pub category: *const c_char,
    /// Its size in bytes.
    pub category_size: usize,
    /// The size of the text in bytes.
    pub text_size: usize,
}

// SAFETY: integers and pointers may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_log_record {
    const NAME: &'static str = "rm_log_record";
    const FIRST_SIZE: usize = size_of::<rm_log_record>();
}

/// Takes the oldest record of the log, which is that of the whole process. RM_END says that there is none. The text is copied
/// as by `rm_last_error`, except that there is no second call: RM_LOG_TEXT_MAX bytes are always enough.
/// `record->struct_size` is the caller's to set.
///
/// Ownership: the caller's struct and buffer.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT (`struct_size`).
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_log_drain(record: *mut rm_log_record, text: *mut c_char, capacity: usize) -> rm_status {
    guard_on(0, || {
        // SAFETY: the caller vouches for `record`; looked at before there is something to lose.
        unsafe { size_of_struct(record) }?;
        let mut length = 0;
        // SAFETY: nothing is copied; the caller vouches for `text` and `capacity`.
        unsafe { write_text("", text, capacity, &raw mut length) }?;
        let Some(taken) = log::take() else { return Ok(RM_END) };
        let category = taken.category.name();
        let value = rm_log_record {
            struct_size: size_of::<rm_log_record>() as u32,
            level: taken.level as u32,
            time: taken.time,
            dropped: taken.dropped,
            category: category.as_ptr().cast(),
            category_size: category.len(),
            text_size: taken.text.len(),
        };
        // SAFETY: as above.
        unsafe {
            write_text(&taken.text, text, capacity, &raw mut length)?;
            write_struct(record, value)?;
        }
        Ok(RM_OK)
    })
}

/// Sets which levels are written to the log from now on, in the whole process: `warn`, or `info,session=debug,misuse=off`. The
/// levels are `debug`, `info`, `warn`, `error` and `off`; one alone is that of every category, and what comes later counts.
/// At first it is what the environment has in REMOTEMEDIA_LOG, or else `warn`.
///
/// Ownership: the text is borrowed.
/// Threads: any.
/// Errors: RM_ERR_NULL, RM_ERR_UTF8, RM_ERR_ARGUMENT (no such level or category; then nothing has changed).
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_log_set_levels(levels: *const c_char, size: usize) -> rm_status {
    guard(|| {
        // Before, so that it does not undo later what is set here.
        log::read_environment();
        // SAFETY: the caller vouches for `levels` and `size`.
        let text = unsafe { read_text(levels, size, "levels") }?;
        Ok(log::set_levels(text)?)
    })
}
