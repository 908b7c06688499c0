//! Calls: what a callback of the host may do while it runs.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use remotemedia_core::{Caller, Completion, Context, Fault, HostObject, Parcel, Session};

use crate::bridge::Bridge;
use crate::buffer::{Named, rm_buffer};
use crate::completion::Deferred;
use crate::error::{Failure, Outcome};
use crate::given::Given;
use crate::guard::{guard, guard_on};
use crate::host::give;
use crate::packet::{Reader, rm_packet};
use crate::status::*;
use crate::text::{read_bytes, read_text, write_out};
use crate::told::Told;
use crate::versioned::borrow_struct;

/// The call that this thread is in.
pub(crate) struct Call {
    pub bridge: *const Bridge,
    /// The engine's context; null in calls that cannot emit.
    pub context: *mut Context<'static>,
    /// The packet that the callback was given, whose memory an output may share.
    pub given: *const Given,
    pub told: Told,
    /// What takes the parts of an object.
    pub parcel: Option<NonNull<dyn Parcel>>,
}

thread_local! {
    static CURRENT: Cell<*mut Call> = const { Cell::new(ptr::null_mut()) };
}

impl Call {
    /// Makes `body` the call that this thread is in.
    pub fn run<T>(&mut self, body: impl FnOnce() -> T) -> T {
        struct Restore<'a>(&'a Cell<*mut Call>, *mut Call);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.set(self.1);
            }
        }
        CURRENT.with(|current| {
            let _restore = Restore(current, current.replace(self));
            body()
        })
    }

    /// The call that this thread is in.
    fn current() -> Option<NonNull<Call>> {
        NonNull::new(CURRENT.get())
    }

    /// Gives the thread's call to `body`.
    fn with<T>(body: impl FnOnce(&mut Call) -> Outcome<T>) -> Outcome<T> {
        // SAFETY: `run` keeps the call alive and on this thread while it is current, and nothing else refers to it then.
        Call::current().ok_or_else(outside).and_then(|mut call| body(unsafe { call.as_mut() }))
    }

    /// Sends a packet on.
    ///
    /// # Safety
    /// As for [`Reader::read`].
    unsafe fn emit(&mut self, packet: *const rm_packet) -> Outcome {
        let mut room = MaybeUninit::uninit();
        // SAFETY: the same promise.
        let raw = unsafe { borrow_struct(packet, &mut room) }?;
        // SAFETY: set by the node for the length of the callback; null where there is none.
        let (given, context) = unsafe { (self.given.as_ref(), self.context.as_mut()) };
        let packet = if let (Some(given), Some(context)) = (given, context) {
            if given.pass(raw, context) {
                return Ok(());
            }
            // SAFETY: the same promise.
            unsafe { given.read(self.bridge(), raw, context) }
        } else {
            // SAFETY: the same promise.
            unsafe { Reader { bridge: self.bridge(), given: None }.read_known(raw) }
        }?;
        let context = self.context()?;
        if !context.can_emit() {
            let message = "packets are emitted in 'process', 'resume' and 'flush', not in this callback";
            return Err(Failure::new(RM_ERR_REENTRANT, message));
        }
        context.emit(packet);
        Ok(())
    }

    fn context(&mut self) -> Outcome<&mut Context<'static>> {
        // SAFETY: set by the node for the length of the callback; null where there is none.
        let context = unsafe { self.context.as_mut() };
        context.ok_or_else(|| Failure::new(RM_ERR_REENTRANT, "this callback has no session to emit into"))
    }
}

fn outside() -> Failure {
    Failure::new(RM_ERR_REENTRANT, "this works only inside a callback of a node, on the thread of that callback")
}

/// Runs what takes an object apart: its answer, and what is known of why it fails.
pub(crate) fn collect<T>(bridge: Option<&Bridge>, parcel: &mut dyn Parcel, body: impl FnOnce() -> T) -> (T, Told) {
    // SAFETY: the lifetime is forgotten here and kept by `Call::run`, which ends before the borrow does.
    let parcel = unsafe { std::mem::transmute::<NonNull<dyn Parcel + '_>, NonNull<dyn Parcel>>(NonNull::from(parcel)) };
    let bridge = bridge.map_or(ptr::null(), ptr::from_ref);
    let (context, given) = (ptr::null_mut(), ptr::null());
    let mut call = Call { bridge, context, given, told: Told::default(), parcel: Some(parcel) };
    let answer = call.run(body);
    (answer, call.told)
}

/// Runs a callback that belongs to no node: its answer, and what is known of why it fails.
pub(crate) fn blame<T>(bridge: Option<&Bridge>, body: impl FnOnce() -> T) -> (T, Told) {
    let bridge = bridge.map_or(ptr::null(), ptr::from_ref);
    let mut call = Call { bridge, context: ptr::null_mut(), given: ptr::null(), told: Told::default(), parcel: None };
    let answer = call.run(body);
    (answer, call.told)
}

/// Sends a packet on from the callback that this thread is in.
///
/// Ownership: `packet` is borrowed; its bytes are copied, unless they lie in the packet that the callback was given or in
/// `packet->buffer`, where they are shared. A reference in `packet->object` is taken over, also on failure, if the host
/// that it belongs to is known: by `packet->host`, or because it is the callback's.
/// Threads: that of the callback, during `process`, `resume` or `flush`.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UTF8, RM_ERR_BAD_HANDLE, RM_ERR_MEMORY, RM_ERR_REENTRANT.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_call_emit(packet: *const rm_packet) -> rm_status {
    guard(|| {
        let Some(mut call) = Call::current() else {
            // SAFETY: the caller vouches for `packet`, whose object is taken over all the same.
            return unsafe { Reader::default().read(packet) }.and(Err(outside()));
        };
        // SAFETY: as in `Call::with`; the caller vouches for `packet`.
        unsafe { call.as_mut().emit(packet) }
    })
}

/// Takes a reference to the payload of the packet that the callback was given, to read it after the callback has returned. Bytes,
/// samples and text are not copied: they stay where `packet->data` says. JSON, which is written out for the call, and the message
/// of a failure are copied; `rm_buffer_read` says where to. The rest of the packet is there for the call only. Once the packet is
/// gone, and if nobody else has the memory, `rm_buffer_write` works too, but for text.
///
/// Ownership: `*buffer` receives a handle that `rm_buffer_free` ends.
/// Threads: that of the callback, during `process`.
/// Errors: RM_ERR_NULL, RM_ERR_REENTRANT (the callback was given no packet), RM_ERR_UNSUPPORTED (an object, which its host
/// retains), RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_call_keep(buffer: *mut rm_buffer) -> rm_status {
    guard_on(0, || {
        Call::with(|call| {
            // SAFETY: the packet of the callback that is running.
            let given = unsafe { call.given.as_ref() };
            let given = given.ok_or_else(|| {
                Failure::new(RM_ERR_REENTRANT, "a packet can be kept in 'process' only: this callback was given none")
            })?;
            let kept = given.keep(call.context()?)?;
            // SAFETY: the caller vouches for `buffer`.
            unsafe { give(Arc::new(Named(kept)), buffer, "buffer") }
        })
    })
}

/// Gives one more part of the object that the callback is taking apart. Bytes that lie in memory which other processes can
/// be given are not copied, all others once.
///
/// Ownership: the bytes are borrowed.
/// Threads: that of the callback, during `pack_object`, or that of the call of the object table's `pack`.
/// Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_REENTRANT.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_call_part(data: *const c_void, size: usize) -> rm_status {
    guard(|| {
        with_parcel(|parcel| {
            // SAFETY: the caller vouches for `data` and `size`.
            parcel.add(unsafe { read_bytes(data.cast(), size, "data") }?);
            Ok(())
        })
    })
}

/// Gives what takes the parts of the object that this thread takes apart to `body`.
pub(crate) fn with_parcel(body: impl FnOnce(&mut dyn Parcel) -> Outcome) -> Outcome {
    Call::with(|call| {
        let parcel = call.parcel.as_mut();
        let parcel = parcel.ok_or_else(|| Failure::new(RM_ERR_REENTRANT, "this callback takes no object apart"))?;
        // SAFETY: `collect` keeps it alive while the call is current, and nothing else refers to it then.
        body(unsafe { parcel.as_mut() })
    })
}

/// Says why the callback that this thread is in fails. The callback then answers a negative status, or the object table's
/// `failed`.
///
/// Ownership: the text is copied. A reference in `object` (the host's own error object, may be null) is taken over, also
/// on failure.
/// Threads: that of the callback.
/// Errors: RM_ERR_NULL, RM_ERR_UTF8, RM_ERR_REENTRANT.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_call_fail(message: *const c_char, size: usize, object: *mut c_void) -> rm_status {
    guard(|| {
        let object = Call::with(|call| Ok(call.adopt(object)))?;
        // SAFETY: the caller vouches for `message` and `size`.
        let message = unsafe { read_text(message, size, "message") }?;
        let fault = Fault { object, ..Fault::new(message) };
        let before = Call::with(|call| Ok(call.told.fault.replace(fault)))?;
        // Not while the call is referred to: the host, which is given its object back, may say something else.
        drop(before);
        Ok(())
    })
}

/// Takes the completion of the callback that this thread is in, which must then answer `RM_PENDING`.
///
/// Ownership: `*completion` receives a handle that ends with `rm_completion_finish`, `rm_completion_fail` or
/// `rm_completion_free`; the last of these fails the node.
/// Threads: that of the callback.
/// Errors: RM_ERR_NULL, RM_ERR_REENTRANT, RM_ERR_MEMORY.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_call_defer(completion: *mut u64) -> rm_status {
    guard_on(0, || {
        Call::with(|call| {
            let bridge = call.bridge().and_then(Bridge::shared);
            let token: Completion = call.context()?.defer();
            // SAFETY: the caller vouches for `completion`.
            unsafe { give(Deferred::new(token, bridge), completion, "completion") }
        })
    })
}

/// Asks for the number that the session of the callback was opened with (`rm_session_config.tag`).
///
/// Ownership: none.
/// Threads: that of the callback.
/// Errors: RM_ERR_NULL, RM_ERR_REENTRANT.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_call_tag(tag: *mut u64) -> rm_status {
    guard(|| {
        Call::with(|call| {
            let number = call.context()?.session().tag();
            // SAFETY: the caller vouches for `tag`.
            unsafe { write_out(tag, number, "tag") }
        })
    })
}

/// Asks whether nobody waits for the outcome of the callback any more, because its session was cancelled, its runtime shut
/// down, or its deadline missed: then `*cancelled` receives 1, and a long call had better return; else 0.
///
/// Ownership: none.
/// Threads: that of the callback.
/// Errors: RM_ERR_NULL, RM_ERR_REENTRANT.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_call_cancelled(cancelled: *mut u32) -> rm_status {
    guard(|| {
        Call::with(|call| {
            let session = call.context()?.session();
            let is_cancelled = session.is_cancelled() || session.has_ended();
            // SAFETY: the caller vouches for `cancelled`.
            unsafe { write_out(cancelled, is_cancelled.into(), "cancelled") }
        })
    })
}

impl Call {
    fn adopt(&self, object: *mut c_void) -> Option<HostObject> {
        if object.is_null() { None } else { self.bridge().and_then(|bridge| bridge.adopt(object)) }
    }
}

/// Notes that a call of the library has failed, if this thread is inside a callback: it may hand the status on.
pub(crate) fn note_refusal(name: fn() -> &'static str, failure: &Failure) {
    if let Some(mut call) = Call::current() {
        // SAFETY: as in `Call::with`, which this thread is in no more.
        unsafe { call.as_mut() }.told.note_refusal(name(), failure);
    }
}

/// The call that this thread is in.
pub(crate) fn caller() -> Option<Arc<Caller>> {
    Call::with(|call| Ok(call.context()?.caller())).ok()
}

/// Whether this thread is in a call that a session waits for, and so must not wait for the session.
pub(crate) fn is_awaited_by(session: &Session) -> bool {
    is_inside() && Call::with(|call| Ok(call.context()?.is_awaited_by(session))).unwrap_or(false)
}

/// Whether this thread is inside a callback.
pub(crate) fn is_inside() -> bool {
    Call::current().is_some()
}
