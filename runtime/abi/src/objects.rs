//! The object table: a host's own entry points to its objects, called without any translation between.

use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::ptr;

use crate::versioned::Versioned;

/// Functions of a host over references to its objects: for CPython, entry points of the interpreter itself.
///
/// With it a node may name an object to call instead of a function (`process_object`). The call happens between `enter`
/// and `leave`, with the packet's object as the one argument, and answers a new reference: one of the five objects below,
/// or the output; or null, if it has failed.
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
    /// Forgets the error that a call which answered null has left behind; there may be none.
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
    /// An object to call for what goes to another process, before `pack_object`: it answers an object of bytes, which are the
    /// first part; what it gives to `rm_call_part` comes behind them. It answers `none` if it leaves all to `pack_object`, as
    /// it does if the call fails; if it has given anything by then, the object cannot be sent. Null, like the next three, if
    /// there is none.
    pub pack: *mut c_void,
    /// An object to call with the bytes of the only part that `pack` has made in another process: it answers the object.
    pub unpack: *mut c_void,
    /// The bytes that an object has, for as long as it lives; 0, or another number if it has none.
    pub read_bytes:
        Option<unsafe extern "C-unwind" fn(object: *mut c_void, data: *mut *mut c_char, size: *mut isize) -> i32>,
    /// Makes an object of a copy of bytes; a new reference, or null on failure.
    pub new_bytes: Option<unsafe extern "C-unwind" fn(data: *const c_char, size: isize) -> *mut c_void>,
    /// An object to call with short audio, before `import_packet`: bytes that have the sample rate and the number of channels
    /// (`uint32_t`), the time and the duration (`int64_t`), and then the samples. It answers the object; if the call fails,
    /// `import_packet` is called. Null, like the next one, if there is none.
    pub read_audio: *mut c_void,
    /// An object to call for what is to become audio, before `export_object`: it answers such bytes, or `none` if it leaves
    /// that to `export_object`, as it does if the call fails.
    pub write_audio: *mut c_void,
    /// Takes the error that a call which answered null has left behind: its type, the error itself, and where it was raised.
    /// Each is a new reference or null; what is written is null before. Null, like the next three, if errors are only
    /// forgotten.
    pub fetch:
        Option<unsafe extern "C-unwind" fn(kind: *mut *mut c_void, error: *mut *mut c_void, trace: *mut *mut c_void)>,
    /// Makes of what was fetched an error that is an object of its type, in place.
    pub normalize:
        Option<unsafe extern "C-unwind" fn(kind: *mut *mut c_void, error: *mut *mut c_void, trace: *mut *mut c_void)>,
    /// Has an error know where it was raised; 0, or another number on failure. Not called if that is null.
    pub set_trace: Option<unsafe extern "C-unwind" fn(error: *mut c_void, trace: *mut c_void) -> i32>,
    /// An object to call with such an error, inside the callback that has failed: it calls `rm_call_fail`. What it answers is
    /// let go.
    pub fail: *mut c_void,
    /// The type of an object; a new reference. Null if no node has a `sort_object`.
    pub type_of: Option<unsafe extern "C-unwind" fn(object: *mut c_void) -> *mut c_void>,
    /// An object to call for what has come from another process in several parts, in the place of `unpack_object`: with bytes
    /// that have an `rm_part` for each of them, as `unpack_object` would be given, and behind these the bytes of the first.
    /// It answers the object, or `failed`. Null if there is none.
    pub unpack_parts: *mut c_void,
}

// SAFETY: integers, pointers and optional functions may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_object_table {
    const NAME: &'static str = "rm_object_table";
    const FIRST_SIZE: usize = offset_of!(rm_object_table, pack);
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
    /// Objects of bytes, if the host has them, for what goes to another process, in one part and in several, and for short
    /// audio.
    pub packing: Option<Through>,
    pub parting: Option<Through>,
    pub clips: Option<Through>,
    pub errors: Option<Errors>,
    pub type_of: Option<unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void>,
}

/// Two objects of a host to call: one makes bytes of an object, the other an object of bytes.
#[derive(Clone, Copy)]
pub(crate) struct Through {
    write: *mut c_void,
    read: *mut c_void,
    read_bytes: unsafe extern "C-unwind" fn(*mut c_void, *mut *mut c_char, *mut isize) -> i32,
    new_bytes: unsafe extern "C-unwind" fn(*const c_char, isize) -> *mut c_void,
}

/// What a host has for the errors of calls that answered null.
#[derive(Clone, Copy)]
pub(crate) struct Errors {
    fetch: unsafe extern "C-unwind" fn(*mut *mut c_void, *mut *mut c_void, *mut *mut c_void),
    normalize: unsafe extern "C-unwind" fn(*mut *mut c_void, *mut *mut c_void, *mut *mut c_void),
    set_trace: unsafe extern "C-unwind" fn(*mut c_void, *mut c_void) -> i32,
    fail: *mut c_void,
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
            packing: Through::new(table, table.pack, table.unpack),
            parting: Through::new(table, table.pack, table.unpack_parts),
            clips: Through::new(table, table.write_audio, table.read_audio),
            errors: Errors::new(table),
            type_of: table.type_of,
        })
    }

    /// Has the host tell why a call has answered null, if it can, and forgets the error.
    ///
    /// # Safety
    /// The thread has entered the host, and is in the callback that has failed.
    #[cold]
    pub unsafe fn tell(&self) {
        // SAFETY: the same promise; each reference that is fetched or answered is given back once.
        unsafe {
            if let Some(errors) = &self.errors {
                let (mut kind, mut error, mut trace) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
                (errors.fetch)(&raw mut kind, &raw mut error, &raw mut trace);
                (errors.normalize)(&raw mut kind, &raw mut error, &raw mut trace);
                if !error.is_null() && !trace.is_null() && (errors.set_trace)(error, trace) != 0 {
                    (self.clear)();
                }
                let told = if error.is_null() { error } else { (self.call)(errors.fail, error) };
                self.release_all([kind, error, trace, told]);
            }
            (self.clear)();
        }
    }

    /// Gives back references, of which some may be null.
    ///
    /// # Safety
    /// The thread has entered the host, and has each reference.
    pub unsafe fn release_all<const N: usize>(&self, objects: [*mut c_void; N]) {
        // SAFETY: the same promise.
        objects.into_iter().filter(|object| !object.is_null()).for_each(|object| unsafe { (self.release)(object) });
    }

    /// Whether an answer is one of the five that stand for something.
    pub fn is_mark(&self, answer: *mut c_void) -> bool {
        [self.none, self.more, self.done, self.pending, self.failed].contains(&answer)
    }

    /// Has `take` read the bytes that `through` makes of an object; nothing if it makes none.
    ///
    /// # Safety
    /// The thread has entered the host, and the object is one of it.
    pub unsafe fn write<T>(&self, through: &Through, object: *mut c_void, take: impl FnOnce(&[u8]) -> T) -> Option<T> {
        // SAFETY: the same promise; what the call answers is given back once, after its bytes have been read.
        unsafe {
            let packed = (self.call)(through.write, object);
            if packed.is_null() {
                (self.clear)();
                return None;
            }
            let (mut data, mut size) = (ptr::null_mut(), 0);
            let has_bytes = packed != self.none && (through.read_bytes)(packed, &raw mut data, &raw mut size) == 0;
            if !has_bytes && packed != self.none {
                (self.clear)();
            }
            let taken = has_bytes.then(|| take(std::slice::from_raw_parts(data.cast(), size.unsigned_abs())));
            (self.release)(packed);
            taken
        }
    }

    /// The object that `through` makes of bytes; nothing if that fails. `given` is called once the host has the bytes.
    ///
    /// # Safety
    /// The thread has entered the host.
    pub unsafe fn read(&self, through: &Through, bytes: &[u8], given: impl FnOnce()) -> Option<*mut c_void> {
        // SAFETY: the same promise; the object of bytes is given back once.
        unsafe {
            let packed = (through.new_bytes)(bytes.as_ptr().cast(), bytes.len().cast_signed());
            if packed.is_null() {
                (self.clear)();
                return None;
            }
            given();
            let object = (self.call)(through.read, packed);
            (self.release)(packed);
            if object.is_null() {
                (self.clear)();
                return None;
            }
            Some(object)
        }
    }
}

impl Through {
    fn new(table: &rm_object_table, write: *mut c_void, read: *mut c_void) -> Option<Through> {
        if write.is_null() || read.is_null() {
            return None;
        }
        Some(Through { write, read, read_bytes: table.read_bytes?, new_bytes: table.new_bytes? })
    }
}

impl Errors {
    fn new(table: &rm_object_table) -> Option<Errors> {
        let (fetch, normalize, set_trace) = (table.fetch?, table.normalize?, table.set_trace?);
        (!table.fail.is_null()).then_some(Errors { fetch, normalize, set_trace, fail: table.fail })
    }
}
