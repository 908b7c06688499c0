//! Status codes.

use remotemedia_core::ErrorKind;

/// The result of a call: `RM_OK`, a positive code that is not an error, or a negative one that is. Values are never reused.
pub type rm_status = i32;

/// It worked. From a callback: finished.
pub const RM_OK: rm_status = 0;
/// From a callback: there is more to come; call `resume`.
pub const RM_MORE: rm_status = 1;
/// From a callback: the outcome comes through the completion taken with `rm_call_defer`.
pub const RM_PENDING: rm_status = 2;
/// From `rm_session_pull`: the session has ended and every output has been taken.
pub const RM_END: rm_status = 3;

/// An argument that can never be right; the message says which and why.
pub const RM_ERR_ARGUMENT: rm_status = -1;
/// A pointer that must not be null is.
pub const RM_ERR_NULL: rm_status = -2;
/// A handle that is stale, freed, forged, zero, or of another kind.
pub const RM_ERR_BAD_HANDLE: rm_status = -3;
/// Text that is not UTF-8.
pub const RM_ERR_UTF8: rm_status = -4;
/// A struct from a newer header asks for something that this library lacks.
pub const RM_ERR_UNSUPPORTED: rm_status = -5;
/// The caller was compiled for an incompatible version of the ABI.
pub const RM_ERR_VERSION: rm_status = -6;
/// A manifest that cannot be read.
pub const RM_ERR_MANIFEST: rm_status = -20;
/// A graph that cannot run: duplicate or unknown node, cycle, no node at all.
pub const RM_ERR_GRAPH: rm_status = -21;
/// Parameters of a node that its schema refuses.
pub const RM_ERR_PARAMETERS: rm_status = -22;
/// A node type that nobody registered.
pub const RM_ERR_UNKNOWN_TYPE: rm_status = -23;
/// A plugin that cannot be used; the message says why.
pub const RM_ERR_PLUGIN: rm_status = -24;

/// Too late or too early: the session takes no input, has ended, or runs on.
pub const RM_ERR_STATE: rm_status = -100;
/// Not within the time that the caller gave: it is worth trying again.
pub const RM_ERR_TIMEOUT: rm_status = -101;
/// The session was cancelled.
pub const RM_ERR_CANCELLED: rm_status = -102;
/// The call cannot work inside this callback, because it would wait for it, or only inside one.
pub const RM_ERR_REENTRANT: rm_status = -103;
/// A panic has broken this object; only freeing it works.
pub const RM_ERR_POISONED: rm_status = -104;
/// The process is a fork of the one that made the object. Start anew with another process instead of forking.
pub const RM_ERR_FORKED: rm_status = -105;

/// A node failed at its work.
pub const RM_ERR_NODE: rm_status = -200;
/// Input that a node cannot take.
pub const RM_ERR_INPUT: rm_status = -201;
/// A call of a node has not returned within its deadline.
pub const RM_ERR_DEADLINE: rm_status = -202;

/// The library panicked: a defect of ours. The message says where.
pub const RM_ERR_PANIC: rm_status = -300;
/// Not enough memory for a size that the caller chose.
pub const RM_ERR_MEMORY: rm_status = -301;

pub(crate) fn status_of(kind: ErrorKind) -> rm_status {
    match kind {
        ErrorKind::Argument => RM_ERR_ARGUMENT,
        ErrorKind::Manifest => RM_ERR_MANIFEST,
        ErrorKind::Graph => RM_ERR_GRAPH,
        ErrorKind::Parameters => RM_ERR_PARAMETERS,
        ErrorKind::UnknownType => RM_ERR_UNKNOWN_TYPE,
        ErrorKind::Input => RM_ERR_INPUT,
        ErrorKind::Node => RM_ERR_NODE,
        ErrorKind::Panic => RM_ERR_PANIC,
        ErrorKind::State => RM_ERR_STATE,
        ErrorKind::Cancelled => RM_ERR_CANCELLED,
        ErrorKind::Reentrant => RM_ERR_REENTRANT,
        ErrorKind::Timeout => RM_ERR_TIMEOUT,
        ErrorKind::Deadline => RM_ERR_DEADLINE,
        ErrorKind::Memory => RM_ERR_MEMORY,
    }
}

/// The kind of failure that a callback's status stands for.
pub(crate) fn kind_of(status: rm_status) -> ErrorKind {
    match status {
        RM_ERR_INPUT => ErrorKind::Input,
        RM_ERR_ARGUMENT => ErrorKind::Argument,
        RM_ERR_STATE => ErrorKind::State,
        RM_ERR_TIMEOUT | RM_ERR_DEADLINE => ErrorKind::Deadline,
        RM_ERR_CANCELLED => ErrorKind::Cancelled,
        RM_ERR_MEMORY => ErrorKind::Memory,
        RM_ERR_PARAMETERS => ErrorKind::Parameters,
        _ => ErrorKind::Node,
    }
}
