//! Sessions: running pipelines.

use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::sync::Arc;
use std::time::{Duration, Instant};

use remotemedia_core::{Caller, Error, ErrorKind, Event, Listener, OnError, SessionConfig};

use crate::bridge::Bridge;
use crate::call;
use crate::completion::Deferred;
use crate::error::{Failure, Outcome};
use crate::guard::{guard, guard_on};
use crate::handle::{self, Handled};
use crate::host::give;
use crate::node::Node;
use crate::packet::{Reader, give_packet, rm_packet};
use crate::pipeline::{Pipeline, policy_of};
use crate::status::*;
use crate::text::{check_out, read_text, write_text};
use crate::versioned::{Versioned, check_zero, read_struct, size_of_struct, write_struct};

/// A running pipeline. 0 is never valid.
pub type rm_session = u64;

/// A node's failure ends the session, after the packets before it have come out.
pub const RM_ON_ERROR_RAISE: u32 = 0;
/// A packet at which a node fails is left out.
pub const RM_ON_ERROR_SKIP: u32 = 1;
/// A packet at which a node fails becomes an output of RM_KIND_FAILURE.
pub const RM_ON_ERROR_COLLECT: u32 = 2;

/// An `input` that no node of the pipeline takes is left out instead of refused.
pub const RM_SESSION_INPUT_OPTIONAL: u32 = 1;
/// A thread that pushes a packet makes the calls of the nodes itself before it returns, instead of waking a worker: for
/// packets that come alone, and are to be through soon. Only while all nodes are known to be quick (20 us a call, by
/// experience), the thread is inside no callback, and the host has nothing else to do; else a worker comes, as without the flag.
/// A call that takes long all the same holds up the pusher, and `on_event` may come inside the push: neither may wait for
/// something that the pusher holds, such as a lock.
pub const RM_SESSION_CALLER_RUNS: u32 = 2;

/// Told once after a pull that answered RM_ERR_TIMEOUT: it is worth trying again.
pub const RM_EVENT_OUTPUT: u32 = 1;
/// Told once after a push that answered RM_ERR_TIMEOUT: it is worth trying again.
pub const RM_EVENT_ROOM: u32 = 2;
/// The session has ended: every node has been cleaned up.
pub const RM_EVENT_ENDED: u32 = 3;
/// Nothing has moved for `rm_session_config.stall`, though there is work: `rm_session_report` tells where it stands, and a
/// warning in the metrics says so in words. Told again when something has moved since.
pub const RM_EVENT_STALLED: u32 = 4;
/// Told once after an `rm_session_ready` that answered RM_ERR_TIMEOUT: it is worth trying again.
pub const RM_EVENT_READY: u32 = 5;

/// How a session is to run. All zero but `struct_size` is a good start.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rm_session_config {
    /// `sizeof(rm_session_config)`.
    pub struct_size: u32,
    /// One of RM_ON_ERROR_….
    pub on_error: u32,
    /// How many packets an edge holds before its producer waits; 0 stands for 16.
    pub capacity: u32,
    /// RM_SESSION_….
    pub flags: u32,
    /// A number that `rm_call_tag` gives to the nodes.
    pub tag: u64,
    /// A source that supplies the input, or 0 if `rm_session_push` does.
    pub input: u64,
    /// A node that takes the outputs, or 0 if `rm_session_pull` does.
    pub output: u64,
    /// The host whose worker calls `on_event`, or 0 for any thread.
    pub host: u64,
    /// Passed to `on_event`.
    pub user_data: *mut c_void,
    /// Told of each RM_EVENT_…, for instance to write to a descriptor that an event loop watches. RM_EVENT_ENDED comes
    /// once, last. Not called after `host` or the runtime was let go, if `host` lends threads.
    /// [worker of `host`, else any; no lock held]
    pub on_event: Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, event: u32)>,
    /// After how many nanoseconds without any movement RM_EVENT_STALLED is told; 0 stands for never.
    pub stall: i64,
    /// What happens when an edge is full that does not say so itself, pushed packets and outputs included: one of
    /// RM_EDGE_…; 0 stands for RM_EDGE_BLOCK.
    pub policy: u32,
    /// How many calls are kept for `rm_session_trace`: the newest. 0 keeps none.
    pub trace: u32,
    /// The completion of a pending call that is to wait for the session, or 0; for what a callback opens itself, the
    /// callback is known. A completion that has been used counts as none.
    pub caller: u64,
    /// For how many nanoseconds `rm_session_open` looks out for the end before it returns, without going to sleep: for runs
    /// that are over sooner than a sleeping thread wakes up. At most a millisecond; needs `on_event`.
    pub linger: i64,
}

// SAFETY: integers, pointers and optional functions may all be zero; `struct_size` is first.
unsafe impl Versioned for rm_session_config {
    const NAME: &'static str = "rm_session_config";
    const FIRST_SIZE: usize = offset_of!(rm_session_config, caller);
}

pub(crate) struct Session(Arc<remotemedia_core::Session>);

impl Handled for Session {
    const KIND: u8 = 5;
    const NAME: &'static str = "session";
}

impl Session {
    pub fn core(&self) -> &Arc<remotemedia_core::Session> {
        &self.0
    }
}

/// A callback and its pointer.
struct Callback(unsafe extern "C-unwind" fn(*mut c_void, u32), *mut c_void);

// SAFETY: the header says that the function may be called with the pointer on any thread, or on a worker of the host.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

impl Callback {
    fn call(&self, event: Event) {
        let event = match event {
            Event::Output => RM_EVENT_OUTPUT,
            Event::Room => RM_EVENT_ROOM,
            Event::Ready => RM_EVENT_READY,
            Event::Stalled => RM_EVENT_STALLED,
            Event::Ended => RM_EVENT_ENDED,
        };
        // SAFETY: the host's function with the host's pointer.
        unsafe { (self.0)(self.1, event) };
    }
}

/// Opens a pipeline: makes its nodes, starts, and returns at once.
///
/// Ownership: `*session` receives a handle that `rm_session_free` ends. The session does not need the pipeline.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (empty, a cycle, formats that cannot meet), RM_ERR_ARGUMENT (`input`
/// for a pipeline that takes none), RM_ERR_REENTRANT (a node is in the very call that is to wait for the session), the failure of a node that cannot be made, RM_ERR_NULL, RM_ERR_STATE (the runtime
/// has been shut down), RM_ERR_UNSUPPORTED.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_open(
    pipeline: u64,
    config: *const rm_session_config,
    session: *mut rm_session,
) -> rm_status {
    guard_on(pipeline, || {
        check_out(session, "session")?;
        // SAFETY: the caller vouches for `config`.
        let raw = unsafe { read_struct(config) }?;
        let pipeline = handle::get::<Pipeline>(pipeline)?;
        let bridge = handle::get_optional::<Bridge>(raw.host)?;
        let slot = |node| Ok::<_, Failure>(handle::get_optional::<Node>(node)?.map(|node| Arc::clone(node.slot())));
        let on_error = match raw.on_error {
            RM_ON_ERROR_RAISE => OnError::Raise,
            RM_ON_ERROR_SKIP => OnError::Skip,
            RM_ON_ERROR_COLLECT => OnError::Collect,
            other => {
                return Err(Failure::new(RM_ERR_ARGUMENT, format!("on_error is {other}; use one of RM_ON_ERROR_…")));
            }
        };
        check_zero(raw.flags & !(RM_SESSION_INPUT_OPTIONAL | RM_SESSION_CALLER_RUNS), "flags")?;
        let listener = raw.on_event.map(|on_event| {
            let callback = Callback(on_event, raw.user_data);
            let lane = bridge.and_then(|bridge| bridge.lane().cloned());
            Listener { lane, call: Arc::new(move |event| callback.call(event)) }
        });
        let defaults = SessionConfig::default();
        let config = SessionConfig {
            tag: raw.tag,
            capacity: if raw.capacity == 0 { defaults.capacity } else { raw.capacity as usize },
            policy: policy_of(raw.policy)?.unwrap_or(defaults.policy),
            on_error,
            stall: nanos(raw.stall).filter(|stall| !stall.is_zero()),
            trace: raw.trace as usize,
            input: slot(raw.input)?,
            input_optional: raw.flags & RM_SESSION_INPUT_OPTIONAL != 0,
            output: slot(raw.output)?,
            listener,
            caller_runs: raw.flags & RM_SESSION_CALLER_RUNS != 0,
            caller: call::caller().or_else(|| pending_call(raw.caller)),
        };
        // A copy, because making the nodes may call the host, and no lock is held then.
        let graph = pipeline.graph().clone();
        let opened = remotemedia_core::Session::open(&pipeline.runtime, &graph, config)?;
        // SAFETY: the caller vouches for `session`.
        let given = unsafe { give(Arc::new(Session(Arc::clone(&opened))), session, "session") };
        match given {
            Ok(_) => opened.linger(nanos(raw.linger).unwrap_or_default()),
            Err(_) => opened.cancel(),
        }
        given
    })
}

/// Waits until every node of a session has been initialised, for up to `timeout` nanoseconds (as in `rm_session_push`).
/// Nothing needs this to be called: packets that are pushed earlier wait.
///
/// Ownership: none.
/// Threads: any. Inside a callback that the session waits for it does not wait.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_TIMEOUT (they are not ready yet), RM_ERR_REENTRANT (as for `rm_session_push`),
/// RM_ERR_CANCELLED, and the failure that ends the session.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_session_ready(session: rm_session, timeout: i64) -> rm_status {
    guard_on(session, || waiting(session, timeout, |session, deadline| session.ready(deadline)).map(|()| RM_OK))
}

/// Gives a packet to every node that takes input and has no edge leading to it, waiting for room for up to `timeout`
/// nanoseconds: 0 does not wait, a negative one waits without end.
///
/// Ownership: `packet` as in `rm_call_emit`.
/// Threads: any. Inside a callback that the session waits for it does not wait.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_TIMEOUT (no room), RM_ERR_REENTRANT (no room, inside a callback that the session waits
/// for), RM_ERR_STATE (the session takes no more input, or never did), RM_ERR_CANCELLED, the failure that ended the session, and those of `rm_call_emit`.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_push(session: rm_session, packet: *const rm_packet, timeout: i64) -> rm_status {
    guard_on(session, || {
        // SAFETY: the caller vouches for `packet`.
        let packet = unsafe { Reader::default().read(packet) }?;
        waiting(session, timeout, |session, deadline| session.push(packet, deadline)).map(|()| RM_OK)
    })
}

/// Has every node give what it holds back, after the packets that were pushed before; the stream goes on. Waits for room
/// as `rm_session_push` does.
///
/// Ownership: none.
/// Threads: as for `rm_session_push`.
/// Errors: those of `rm_session_push`.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_session_flush(session: rm_session, timeout: i64) -> rm_status {
    guard_on(session, || waiting(session, timeout, |session, deadline| session.flush(deadline)).map(|()| RM_OK))
}

/// Takes the next output, waiting for it for up to `timeout` nanoseconds (as in `rm_session_push`). RM_END says that the
/// session has ended well and that every output has been taken. `packet->struct_size` is the caller's to set.
///
/// Ownership: `packet->buffer` is given to the caller, who ends it with `rm_buffer_free`; `data` and `metadata` lie in it.
/// A reference in `packet->object` is given too.
/// Threads: any. Inside a callback that the session waits for it does not wait.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT (`struct_size`), RM_ERR_TIMEOUT (no output), RM_ERR_REENTRANT
/// (as for `rm_session_push`), RM_ERR_CANCELLED, and, after the outputs before it, the failure that ended the session.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_pull(session: rm_session, packet: *mut rm_packet, timeout: i64) -> rm_status {
    guard_on(session, || {
        // SAFETY: the caller vouches for `packet`; looked at before there is something to lose.
        unsafe { size_of_struct(packet) }?;
        let pulled = waiting(session, timeout, |session, deadline| session.pull(deadline))?;
        let Some(pulled) = pulled else { return Ok(RM_END) };
        // SAFETY: the caller vouches for `packet`.
        unsafe { write_struct(packet, give_packet(pulled)?) }?;
        Ok(RM_OK)
    })
}

/// Says that no more packets will be pushed: what is inside comes out, then the session ends.
///
/// Ownership: none.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_session_end(session: rm_session) -> rm_status {
    guard_on(session, || {
        handle::get::<Session>(session)?.0.end();
        Ok(RM_OK)
    })
}

/// Gives a session up: what is inside is dropped, completions die, every node is cleaned up. Returns at once; a callback
/// that is running is not interrupted.
///
/// Ownership: none.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_session_cancel(session: rm_session) -> rm_status {
    guard_on(session, || {
        handle::get::<Session>(session)?.0.cancel();
        Ok(RM_OK)
    })
}

/// Waits until the session has ended, for up to `timeout` nanoseconds (as in `rm_session_push`). A session whose outputs
/// nobody pulls does not end.
///
/// Ownership: none.
/// Threads: any. Inside a callback that the session waits for it does not wait.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_TIMEOUT (it runs on), RM_ERR_REENTRANT (as for `rm_session_push`),
/// RM_ERR_CANCELLED, the failure that ended it.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_session_wait(session: rm_session, timeout: i64) -> rm_status {
    guard_on(session, || waiting(session, timeout, wait_for_end).map(|()| RM_OK))
}

/// Gives the failure that ended a session, as a packet of RM_KIND_FAILURE. RM_END says that there is none.
/// `packet->struct_size` is the caller's to set.
///
/// Ownership: as in `rm_session_pull`.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT (`struct_size`).
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_error(session: rm_session, packet: *mut rm_packet) -> rm_status {
    guard_on(session, || {
        let session = handle::get::<Session>(session)?;
        // SAFETY: the caller vouches for `packet`.
        unsafe { size_of_struct(packet) }?;
        let Some(failure) = session.0.failure() else { return Ok(RM_END) };
        // SAFETY: the caller vouches for `packet`.
        unsafe { write_struct(packet, give_packet(failure)?) }?;
        Ok(RM_OK)
    })
}

/// Copies what the session has measured so far as a JSON object, as `rm_last_error` does its message. Times are in
/// microseconds.
///
/// Ownership: the caller's buffer.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_metrics(
    session: rm_session,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> rm_status {
    // SAFETY: the caller vouches for `buffer` and `length`.
    unsafe { write_json(session, buffer, capacity, length, |session| session.metrics().to_json()) }
}

/// Copies where the session stands as a JSON object, as `rm_last_error` does its message: what each node is doing, since
/// when, on which thread (as the operating system numbers it), at which input; and what is on each edge.
///
/// Ownership: the caller's buffer.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_report(
    session: rm_session,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> rm_status {
    // SAFETY: the caller vouches for `buffer` and `length`.
    unsafe { write_json(session, buffer, capacity, length, |session| session.report()) }
}

/// Copies the calls that the session has kept (`rm_session_config.trace`) as `rm_last_error` does its message: a document in
/// the trace event format, which Perfetto opens. While the session runs, its length changes from call to call.
///
/// Ownership: the caller's buffer.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_trace(
    session: rm_session,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> rm_status {
    // SAFETY: the caller vouches for `buffer` and `length`.
    unsafe { write_json(session, buffer, capacity, length, |session| session.trace()) }
}

/// Puts a node onto the edge between two others of a running session; no id (size 0) stands for the input before, or the
/// output behind. It is initialised first. No packet is lost. Returns when packets flow through it, or after `timeout`
/// nanoseconds (as in `rm_session_push`): then it comes about later.
///
/// Ownership: the session keeps the node alive; the caller's handle stays the caller's.
/// Threads: any. Inside a callback that the session waits for it does not wait.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (no such edge; the id or the node is in the session already; formats that cannot
/// meet), RM_ERR_STATE (the session has ended, or was not ready in time, see `rm_session_ready`: it stays as it is), RM_ERR_TIMEOUT,
/// RM_ERR_REENTRANT (it comes about later), RM_ERR_CANCELLED, and the failure of its `initialize`; the session then runs on as
/// it was.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_insert(
    session: rm_session,
    id: *const c_char,
    id_size: usize,
    node: u64,
    after: *const c_char,
    after_size: usize,
    before: *const c_char,
    before_size: usize,
    timeout: i64,
) -> rm_status {
    guard_on(session, || {
        let node = handle::get::<Node>(node)?;
        // SAFETY: the caller vouches for the three texts and their sizes.
        let (id, after, before) = unsafe {
            let id = read_text(id, id_size, "id")?;
            (id, read_text(after, after_size, "after")?, read_text(before, before_size, "before")?)
        };
        waiting(session, timeout, |session, deadline| session.insert(id, node.slot(), after, before, deadline))
            .map(|()| RM_OK)
    })
}

/// Lets a node between two edges of a running session go: it is given what came before, is flushed and cleaned up; what comes
/// after goes past it. No packet is lost. Returns when it is gone, or after `timeout` nanoseconds (as in `rm_session_push`):
/// then it comes about later.
///
/// Ownership: none.
/// Threads: any. Inside a callback that the session waits for it does not wait.
/// Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (no such node; a source; not between two edges), RM_ERR_STATE (as for
/// `rm_session_insert`), RM_ERR_TIMEOUT, RM_ERR_REENTRANT, RM_ERR_CANCELLED, and the failure that ended the session.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_remove(
    session: rm_session,
    id: *const c_char,
    id_size: usize,
    timeout: i64,
) -> rm_status {
    guard_on(session, || {
        // SAFETY: the caller vouches for `id` and `id_size`.
        let id = unsafe { read_text(id, id_size, "id") }?;
        waiting(session, timeout, |session, deadline| session.remove(id, deadline)).map(|()| RM_OK)
    })
}

/// Has another node take the place of one in a running session. The new one is initialised first; the old one is given what
/// came before, is flushed and cleaned up. No packet is lost. Returns when the old one is gone, or after `timeout`
/// nanoseconds (as in `rm_session_push`): then it comes about later.
///
/// Ownership: the session keeps the node alive; the caller's handle stays the caller's.
/// Threads: any. Inside a callback that the session waits for it does not wait.
/// Errors: as for `rm_session_insert` and `rm_session_remove`; RM_ERR_GRAPH also for other ports.
/// Since: 0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rm_session_replace(
    session: rm_session,
    id: *const c_char,
    id_size: usize,
    node: u64,
    timeout: i64,
) -> rm_status {
    guard_on(session, || {
        let node = handle::get::<Node>(node)?;
        // SAFETY: the caller vouches for `id` and `id_size`.
        let id = unsafe { read_text(id, id_size, "id") }?;
        waiting(session, timeout, |session, deadline| session.replace(id, node.slot(), deadline)).map(|()| RM_OK)
    })
}

/// Lets a session go. One that has not ended is cancelled; its nodes are cleaned up all the same, and RM_EVENT_ENDED is told.
///
/// Ownership: the handle is dead afterwards.
/// Threads: any.
/// Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
/// Since: 0.1
#[unsafe(no_mangle)]
pub extern "C" fn rm_session_free(session: rm_session) -> rm_status {
    guard(|| {
        if let Some(session) = handle::remove::<Session>(session)? {
            if !session.0.has_ended() {
                session.0.cancel();
            }
        }
        Ok(())
    })
}

/// Copies something that a session says about itself.
///
/// # Safety
/// As for [`write_text`].
unsafe fn write_json(
    session: rm_session,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    ask: impl FnOnce(&remotemedia_core::Session) -> serde_json::Value,
) -> rm_status {
    guard(|| {
        let text = ask(&handle::get::<Session>(session)?.0).to_string();
        // SAFETY: the same promise.
        unsafe { write_text(&text, buffer, capacity, length) }
    })
}

/// Makes a call on a session that may wait for it, but not where the session waits for this very thread.
fn waiting<T>(
    session: rm_session,
    timeout: i64,
    call: impl FnOnce(&Arc<remotemedia_core::Session>, Option<Instant>) -> Result<T, Error>,
) -> Outcome<T> {
    let session = handle::get::<Session>(session)?;
    let awaited = timeout != 0 && call::is_awaited_by(&session.0);
    let outcome = call(&session.0, if awaited { Some(Instant::now()) } else { deadline(timeout) });
    outcome.map_err(|error| match error.kind {
        ErrorKind::Timeout if awaited => {
            let message = format!("{}, inside a callback that the session waits for", error.message);
            Failure::new(RM_ERR_REENTRANT, message)
        }
        _ => error.into(),
    })
}

fn wait_for_end(session: &Arc<remotemedia_core::Session>, deadline: Option<Instant>) -> Result<(), Error> {
    if !session.wait(deadline) {
        return Err(Error::new(ErrorKind::Timeout, "the session has not ended within the time given"));
    }
    match session.error() {
        Some(error) => Err(error.to_error()),
        None if session.is_cancelled() => Err(Error::new(ErrorKind::Cancelled, "the session was cancelled")),
        None => Ok(()),
    }
}

/// The pending call of a completion that is still of use.
fn pending_call(completion: u64) -> Option<Arc<Caller>> {
    handle::get_optional::<Deferred>(completion).ok().flatten()?.caller()
}

fn nanos(count: i64) -> Option<Duration> {
    u64::try_from(count).ok().map(Duration::from_nanos)
}

/// When a wait of `timeout` nanoseconds ends; nothing for a negative one, which does not.
pub(crate) fn deadline(timeout: i64) -> Option<Instant> {
    Instant::now().checked_add(nanos(timeout)?)
}
