"""The C ABI in ctypes. Generated from runtime/abi by `make header`; do not edit."""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_ssize_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)

VERSION = "0.1.0"
RM_PART_SHARED = 1
RM_LOG_DEBUG = 10
RM_LOG_INFO = 20
RM_LOG_WARNING = 30
RM_LOG_ERROR = 40
RM_LOG_TEXT_MAX = 1024
RM_NODE_SOURCE = 1
RM_NODE_NONE_IS_VALUE = 2
RM_NODE_MATCH = 4
RM_TIME_NONE = -(2**63)
RM_INDEX_NONE = 2**64 - 1
RM_KIND_NONE = 0
RM_KIND_AUDIO = 1
RM_KIND_TEXT = 2
RM_KIND_JSON = 3
RM_KIND_BYTES = 4
RM_KIND_OBJECT = 5
RM_KIND_FAILURE = 6
RM_EDGE_DEFAULT = 0
RM_EDGE_BLOCK = 1
RM_EDGE_DROP_OLDEST = 2
RM_EDGE_DROP_NEWEST = 3
RM_EDGE_LATEST = 4
RM_RING_INPUT = 1
RM_RING_OUTPUT = 2
RM_SERVICE_OBJECTS = 1
RM_ON_ERROR_RAISE = 0
RM_ON_ERROR_SKIP = 1
RM_ON_ERROR_COLLECT = 2
RM_SESSION_INPUT_OPTIONAL = 1
RM_SESSION_CALLER_RUNS = 2
RM_EVENT_OUTPUT = 1
RM_EVENT_ROOM = 2
RM_EVENT_ENDED = 3
RM_EVENT_STALLED = 4
RM_EVENT_READY = 5
RM_OK = 0
RM_MORE = 1
RM_PENDING = 2
RM_END = 3
RM_ERR_ARGUMENT = -1
RM_ERR_NULL = -2
RM_ERR_BAD_HANDLE = -3
RM_ERR_UTF8 = -4
RM_ERR_UNSUPPORTED = -5
RM_ERR_VERSION = -6
RM_ERR_MANIFEST = -20
RM_ERR_GRAPH = -21
RM_ERR_PARAMETERS = -22
RM_ERR_UNKNOWN_TYPE = -23
RM_ERR_PLUGIN = -24
RM_ERR_STATE = -100
RM_ERR_TIMEOUT = -101
RM_ERR_CANCELLED = -102
RM_ERR_REENTRANT = -103
RM_ERR_POISONED = -104
RM_ERR_FORKED = -105
RM_ERR_NODE = -200
RM_ERR_INPUT = -201
RM_ERR_DEADLINE = -202
RM_ERR_PANIC = -300
RM_ERR_MEMORY = -301
RM_ABI_VERSION = 0x0000_0001


class rm_host_callbacks(Structure):
    pass


class rm_part(Structure):
    pass


class rm_log_record(Structure):
    pass


class rm_node_callbacks(Structure):
    pass


class rm_object_table(Structure):
    pass


class rm_packet(Structure):
    pass


class rm_edge_config(Structure):
    pass


class rm_plugin(Structure):
    pass


class rm_process_config(Structure):
    pass


class rm_type_callbacks(Structure):
    pass


class rm_ring_config(Structure):
    pass


class rm_ring_stats(Structure):
    pass


class rm_runtime_config(Structure):
    pass


class rm_session_config(Structure):
    pass


class rm_thread_hooks(Structure):
    pass


rm_host_callbacks_destroy = CFUNCTYPE(None, c_void_p)

rm_host_callbacks_hire = CFUNCTYPE(c_int32, c_void_p)

rm_host_callbacks_retain = CFUNCTYPE(None, c_void_p, c_void_p)

rm_host_callbacks_release = CFUNCTYPE(None, c_void_p, c_void_p)

rm_host_callbacks_export_object = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_uint32, POINTER(rm_packet))

rm_host_callbacks_import_packet = CFUNCTYPE(c_int32, c_void_p, POINTER(rm_packet), POINTER(c_void_p))

rm_host_callbacks_pack_object = CFUNCTYPE(c_int32, c_void_p, c_void_p)

rm_host_callbacks_unpack_object = CFUNCTYPE(c_int32, c_void_p, POINTER(rm_part), c_size_t, POINTER(c_void_p))

rm_host_callbacks._fields_ = [
    ("struct_size", c_uint32),
    ("parallel", c_uint32),
    ("user_data", c_void_p),
    ("destroy", rm_host_callbacks_destroy),
    ("hire", rm_host_callbacks_hire),
    ("retain", rm_host_callbacks_retain),
    ("release", rm_host_callbacks_release),
    ("export_object", rm_host_callbacks_export_object),
    ("import_packet", rm_host_callbacks_import_packet),
    ("objects", POINTER(rm_object_table)),
    ("pack_object", rm_host_callbacks_pack_object),
    ("unpack_object", rm_host_callbacks_unpack_object),
]

rm_part._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("data", c_void_p),
    ("size", c_size_t),
    ("buffer", c_uint64),
]

rm_log_record._fields_ = [
    ("struct_size", c_uint32),
    ("level", c_uint32),
    ("time", c_int64),
    ("dropped", c_uint64),
    ("category", c_void_p),
    ("category_size", c_size_t),
    ("text_size", c_size_t),
]

rm_node_callbacks_destroy = CFUNCTYPE(None, c_void_p)

rm_node_callbacks_initialize = CFUNCTYPE(c_int32, c_void_p)

rm_node_callbacks_process = CFUNCTYPE(c_int32, c_void_p, POINTER(rm_packet))

rm_node_callbacks_resume = CFUNCTYPE(c_int32, c_void_p)

rm_node_callbacks_flush = CFUNCTYPE(c_int32, c_void_p)

rm_node_callbacks_cleanup = CFUNCTYPE(c_int32, c_void_p)

rm_node_callbacks._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("user_data", c_void_p),
    ("destroy", rm_node_callbacks_destroy),
    ("initialize", rm_node_callbacks_initialize),
    ("process", rm_node_callbacks_process),
    ("resume", rm_node_callbacks_resume),
    ("flush", rm_node_callbacks_flush),
    ("cleanup", rm_node_callbacks_cleanup),
    ("accepts", c_uint32),
    ("emits", c_uint32),
    ("process_object", c_void_p),
    ("resume_object", c_void_p),
    ("inputs", c_void_p),
    ("inputs_size", c_size_t),
    ("outputs", c_void_p),
    ("outputs_size", c_size_t),
    ("match_tolerance", c_int64),
    ("sort_object", c_void_p),
    ("initialize_object", c_void_p),
    ("flush_object", c_void_p),
    ("cleanup_object", c_void_p),
]

rm_object_table_enter = CFUNCTYPE(c_int32)

rm_object_table_leave = CFUNCTYPE(None, c_int32)

rm_object_table_retain = CFUNCTYPE(None, c_void_p)

rm_object_table_release = CFUNCTYPE(None, c_void_p)

rm_object_table_call = CFUNCTYPE(c_void_p, c_void_p, c_void_p)

rm_object_table_clear = CFUNCTYPE(None)

rm_object_table_read_bytes = CFUNCTYPE(c_int32, c_void_p, POINTER(c_void_p), POINTER(c_ssize_t))

rm_object_table_new_bytes = CFUNCTYPE(c_void_p, c_void_p, c_ssize_t)

rm_object_table_fetch = CFUNCTYPE(None, POINTER(c_void_p), POINTER(c_void_p), POINTER(c_void_p))

rm_object_table_normalize = CFUNCTYPE(None, POINTER(c_void_p), POINTER(c_void_p), POINTER(c_void_p))

rm_object_table_set_trace = CFUNCTYPE(c_int32, c_void_p, c_void_p)

rm_object_table_type_of = CFUNCTYPE(c_void_p, c_void_p)

rm_object_table._fields_ = [
    ("struct_size", c_uint32),
    ("reserved", c_uint32),
    ("enter", rm_object_table_enter),
    ("leave", rm_object_table_leave),
    ("retain", rm_object_table_retain),
    ("release", rm_object_table_release),
    ("call", rm_object_table_call),
    ("clear", rm_object_table_clear),
    ("none", c_void_p),
    ("more", c_void_p),
    ("done", c_void_p),
    ("pending", c_void_p),
    ("failed", c_void_p),
    ("pack", c_void_p),
    ("unpack", c_void_p),
    ("read_bytes", rm_object_table_read_bytes),
    ("new_bytes", rm_object_table_new_bytes),
    ("read_audio", c_void_p),
    ("write_audio", c_void_p),
    ("fetch", rm_object_table_fetch),
    ("normalize", rm_object_table_normalize),
    ("set_trace", rm_object_table_set_trace),
    ("fail", c_void_p),
    ("type_of", rm_object_table_type_of),
    ("unpack_parts", c_void_p),
]

rm_packet._fields_ = [
    ("struct_size", c_uint32),
    ("kind", c_uint32),
    ("pts", c_int64),
    ("duration", c_int64),
    ("index", c_uint64),
    ("data", c_void_p),
    ("size", c_size_t),
    ("buffer", c_uint64),
    ("object", c_void_p),
    ("host", c_uint64),
    ("sample_rate", c_uint32),
    ("channels", c_uint32),
    ("metadata", c_void_p),
    ("metadata_size", c_size_t),
    ("port", c_uint32),
    ("reserved", c_uint32),
]

rm_edge_config._fields_ = [
    ("struct_size", c_uint32),
    ("policy", c_uint32),
    ("capacity", c_uint32),
    ("reserved", c_uint32),
]

rm_plugin_init = CFUNCTYPE(c_int32, c_uint64)

rm_plugin._fields_ = [
    ("struct_size", c_uint32),
    ("abi_version", c_uint32),
    ("name", c_void_p),
    ("name_size", c_size_t),
    ("version", c_void_p),
    ("version_size", c_size_t),
    ("init", rm_plugin_init),
]

rm_process_config_destroy = CFUNCTYPE(None, c_void_p)

rm_process_config_on_log = CFUNCTYPE(None, c_void_p, c_uint32, c_void_p, c_size_t, c_void_p, c_size_t)

rm_process_config_pack = CFUNCTYPE(c_int32, c_void_p)

rm_process_config._fields_ = [
    ("struct_size", c_uint32),
    ("flags", c_uint32),
    ("user_data", c_void_p),
    ("destroy", rm_process_config_destroy),
    ("on_log", rm_process_config_on_log),
    ("command", c_void_p),
    ("command_size", c_size_t),
    ("pack", rm_process_config_pack),
    ("inputs", c_void_p),
    ("inputs_size", c_size_t),
    ("outputs", c_void_p),
    ("outputs_size", c_size_t),
    ("match_tolerance", c_int64),
    ("start_timeout", c_int64),
    ("stop_timeout", c_int64),
    ("restart_delay", c_int64),
    ("restarts", c_uint32),
    ("reserved", c_uint32),
]

rm_type_callbacks_destroy = CFUNCTYPE(None, c_void_p)

rm_type_callbacks_create = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, POINTER(c_uint64))

rm_type_callbacks_create_process = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p, c_size_t, POINTER(c_uint64))

rm_type_callbacks._fields_ = [
    ("struct_size", c_uint32),
    ("reserved", c_uint32),
    ("user_data", c_void_p),
    ("destroy", rm_type_callbacks_destroy),
    ("create", rm_type_callbacks_create),
    ("create_process", rm_type_callbacks_create_process),
]

rm_ring_config._fields_ = [
    ("struct_size", c_uint32),
    ("direction", c_uint32),
    ("capacity", c_uint32),
    ("reserved", c_uint32),
    ("size", c_size_t),
    ("period", c_int64),
]

rm_ring_stats._fields_ = [
    ("struct_size", c_uint32),
    ("queued", c_uint32),
    ("packets", c_uint64),
    ("overruns", c_uint64),
    ("underruns", c_uint64),
    ("dropped", c_uint64),
]

rm_runtime_config._fields_ = [
    ("struct_size", c_uint32),
    ("abi_version", c_uint32),
    ("threads", c_uint32),
    ("reserved", c_uint32),
    ("worker", c_void_p),
    ("worker_size", c_size_t),
    ("hooks", POINTER(rm_thread_hooks)),
]

rm_session_config_on_event = CFUNCTYPE(None, c_void_p, c_uint32)

rm_session_config._fields_ = [
    ("struct_size", c_uint32),
    ("on_error", c_uint32),
    ("capacity", c_uint32),
    ("flags", c_uint32),
    ("tag", c_uint64),
    ("input", c_uint64),
    ("output", c_uint64),
    ("host", c_uint64),
    ("user_data", c_void_p),
    ("on_event", rm_session_config_on_event),
    ("stall", c_int64),
    ("policy", c_uint32),
    ("trace", c_uint32),
    ("caller", c_uint64),
    ("linger", c_int64),
]

rm_thread_hooks_destroy = CFUNCTYPE(None, c_void_p)

rm_thread_hooks_on_start = CFUNCTYPE(None, c_void_p)

rm_thread_hooks_on_stop = CFUNCTYPE(None, c_void_p)

rm_thread_hooks._fields_ = [
    ("struct_size", c_uint32),
    ("reserved", c_uint32),
    ("user_data", c_void_p),
    ("destroy", rm_thread_hooks_destroy),
    ("on_start", rm_thread_hooks_on_start),
    ("on_stop", rm_thread_hooks_on_stop),
]


def declare(library: ctypes.CDLL) -> None:
    """Gives every function of the library its prototype."""
    library.rm_buffer_wrap.argtypes = [c_void_p, c_size_t, c_void_p, c_void_p, POINTER(c_uint64)]
    library.rm_buffer_wrap.restype = c_int32
    library.rm_buffer_new.argtypes = [c_size_t, POINTER(c_void_p), POINTER(c_uint64)]
    library.rm_buffer_new.restype = c_int32
    library.rm_buffer_share.argtypes = [c_size_t, POINTER(c_void_p), POINTER(c_uint64)]
    library.rm_buffer_share.restype = c_int32
    library.rm_buffer_read.argtypes = [c_uint64, POINTER(c_void_p), POINTER(c_size_t)]
    library.rm_buffer_read.restype = c_int32
    library.rm_buffer_write.argtypes = [c_uint64, POINTER(c_void_p), POINTER(c_size_t)]
    library.rm_buffer_write.restype = c_int32
    library.rm_buffer_free.argtypes = [c_uint64]
    library.rm_buffer_free.restype = c_int32
    library.rm_call_emit.argtypes = [POINTER(rm_packet)]
    library.rm_call_emit.restype = c_int32
    library.rm_call_keep.argtypes = [POINTER(c_uint64)]
    library.rm_call_keep.restype = c_int32
    library.rm_call_part.argtypes = [c_void_p, c_size_t]
    library.rm_call_part.restype = c_int32
    library.rm_call_fail.argtypes = [c_char_p, c_size_t, c_void_p]
    library.rm_call_fail.restype = c_int32
    library.rm_call_defer.argtypes = [POINTER(c_uint64)]
    library.rm_call_defer.restype = c_int32
    library.rm_call_tag.argtypes = [POINTER(c_uint64)]
    library.rm_call_tag.restype = c_int32
    library.rm_call_cancelled.argtypes = [POINTER(c_uint32)]
    library.rm_call_cancelled.restype = c_int32
    library.rm_completion_finish.argtypes = [c_uint64, c_int32, POINTER(rm_packet)]
    library.rm_completion_finish.restype = c_int32
    library.rm_completion_fail.argtypes = [c_uint64, c_char_p, c_size_t, c_void_p]
    library.rm_completion_fail.restype = c_int32
    library.rm_completion_free.argtypes = [c_uint64]
    library.rm_completion_free.restype = c_int32
    library.rm_debug_live.argtypes = [c_uint8, POINTER(c_uint64)]
    library.rm_debug_live.restype = c_int32
    library.rm_last_error.argtypes = [c_char_p, c_size_t, POINTER(c_size_t)]
    library.rm_last_error.restype = c_int32
    library.rm_host_new.argtypes = [c_uint64, POINTER(rm_host_callbacks), POINTER(c_uint64)]
    library.rm_host_new.restype = c_int32
    library.rm_host_free.argtypes = [c_uint64]
    library.rm_host_free.restype = c_int32
    library.rm_log_drain.argtypes = [POINTER(rm_log_record), c_char_p, c_size_t]
    library.rm_log_drain.restype = c_int32
    library.rm_log_set_levels.argtypes = [c_char_p, c_size_t]
    library.rm_log_set_levels.restype = c_int32
    library.rm_node_new.argtypes = [c_uint64, POINTER(rm_node_callbacks), POINTER(c_uint64)]
    library.rm_node_new.restype = c_int32
    library.rm_node_free.argtypes = [c_uint64]
    library.rm_node_free.restype = c_int32
    library.rm_pipeline_new.argtypes = [c_uint64, POINTER(c_uint64)]
    library.rm_pipeline_new.restype = c_int32
    library.rm_pipeline_add_node.argtypes = [c_uint64, c_char_p, c_size_t, c_uint64]
    library.rm_pipeline_add_node.restype = c_int32
    library.rm_pipeline_add_type.argtypes = [c_uint64, c_char_p, c_size_t, c_char_p, c_size_t, c_char_p, c_size_t]
    library.rm_pipeline_add_type.restype = c_int32
    library.rm_pipeline_connect.argtypes = [c_uint64, c_char_p, c_size_t, c_char_p, c_size_t, POINTER(rm_edge_config)]
    library.rm_pipeline_connect.restype = c_int32
    library.rm_pipeline_configure.argtypes = [c_uint64, c_char_p, c_size_t, c_char_p, c_size_t]
    library.rm_pipeline_configure.restype = c_int32
    library.rm_pipeline_load.argtypes = [c_uint64, c_char_p, c_size_t]
    library.rm_pipeline_load.restype = c_int32
    library.rm_pipeline_describe.argtypes = [c_uint64, c_char_p, c_size_t, POINTER(c_size_t)]
    library.rm_pipeline_describe.restype = c_int32
    library.rm_pipeline_free.argtypes = [c_uint64]
    library.rm_pipeline_free.restype = c_int32
    library.rm_runtime_load_plugin.argtypes = [c_uint64, c_char_p, c_size_t]
    library.rm_runtime_load_plugin.restype = c_int32
    library.rm_process_new.argtypes = [c_uint64, POINTER(rm_process_config), POINTER(c_uint64)]
    library.rm_process_new.restype = c_int32
    library.rm_ring_try_push.argtypes = [c_uint64, POINTER(rm_packet)]
    library.rm_ring_try_push.restype = c_int32
    library.rm_ring_try_pull.argtypes = [c_uint64, POINTER(rm_packet), c_void_p, c_size_t]
    library.rm_ring_try_pull.restype = c_int32
    library.rm_runtime_add_type.argtypes = [c_uint64, c_char_p, c_size_t, POINTER(rm_type_callbacks)]
    library.rm_runtime_add_type.restype = c_int32
    library.rm_ring_new.argtypes = [c_uint64, POINTER(rm_ring_config), POINTER(c_uint64)]
    library.rm_ring_new.restype = c_int32
    library.rm_ring_end.argtypes = [c_uint64]
    library.rm_ring_end.restype = c_int32
    library.rm_ring_get_stats.argtypes = [c_uint64, POINTER(rm_ring_stats)]
    library.rm_ring_get_stats.restype = c_int32
    library.rm_ring_free.argtypes = [c_uint64]
    library.rm_ring_free.restype = c_int32
    library.rm_runtime_new.argtypes = [POINTER(rm_runtime_config), POINTER(c_uint64)]
    library.rm_runtime_new.restype = c_int32
    library.rm_runtime_shutdown.argtypes = [c_uint64, c_int64, POINTER(c_uint32)]
    library.rm_runtime_shutdown.restype = c_int32
    library.rm_runtime_free.argtypes = [c_uint64]
    library.rm_runtime_free.restype = c_int32
    library.rm_runtime_types.argtypes = [c_uint64, c_char_p, c_size_t, POINTER(c_size_t)]
    library.rm_runtime_types.restype = c_int32
    library.rm_service_join.argtypes = [c_int32, POINTER(c_uint64), POINTER(rm_packet)]
    library.rm_service_join.restype = c_int32
    library.rm_service_nodes.argtypes = [c_uint64, c_uint64, c_uint32, c_char_p, c_size_t, c_char_p, c_size_t, POINTER(c_uint64), POINTER(c_uint64)]
    library.rm_service_nodes.restype = c_int32
    library.rm_service_log.argtypes = [c_uint64, c_uint32, c_char_p, c_size_t, c_char_p, c_size_t]
    library.rm_service_log.restype = c_int32
    library.rm_service_fail.argtypes = [c_uint64, c_char_p, c_size_t, c_uint64, c_void_p]
    library.rm_service_fail.restype = c_int32
    library.rm_service_free.argtypes = [c_uint64]
    library.rm_service_free.restype = c_int32
    library.rm_session_open.argtypes = [c_uint64, POINTER(rm_session_config), POINTER(c_uint64)]
    library.rm_session_open.restype = c_int32
    library.rm_session_ready.argtypes = [c_uint64, c_int64]
    library.rm_session_ready.restype = c_int32
    library.rm_session_push.argtypes = [c_uint64, POINTER(rm_packet), c_int64]
    library.rm_session_push.restype = c_int32
    library.rm_session_flush.argtypes = [c_uint64, c_int64]
    library.rm_session_flush.restype = c_int32
    library.rm_session_pull.argtypes = [c_uint64, POINTER(rm_packet), c_int64]
    library.rm_session_pull.restype = c_int32
    library.rm_session_end.argtypes = [c_uint64]
    library.rm_session_end.restype = c_int32
    library.rm_session_cancel.argtypes = [c_uint64]
    library.rm_session_cancel.restype = c_int32
    library.rm_session_wait.argtypes = [c_uint64, c_int64]
    library.rm_session_wait.restype = c_int32
    library.rm_session_error.argtypes = [c_uint64, POINTER(rm_packet)]
    library.rm_session_error.restype = c_int32
    library.rm_session_metrics.argtypes = [c_uint64, c_char_p, c_size_t, POINTER(c_size_t)]
    library.rm_session_metrics.restype = c_int32
    library.rm_session_report.argtypes = [c_uint64, c_char_p, c_size_t, POINTER(c_size_t)]
    library.rm_session_report.restype = c_int32
    library.rm_session_trace.argtypes = [c_uint64, c_char_p, c_size_t, POINTER(c_size_t)]
    library.rm_session_trace.restype = c_int32
    library.rm_session_insert.argtypes = [c_uint64, c_char_p, c_size_t, c_uint64, c_char_p, c_size_t, c_char_p, c_size_t, c_int64]
    library.rm_session_insert.restype = c_int32
    library.rm_session_remove.argtypes = [c_uint64, c_char_p, c_size_t, c_int64]
    library.rm_session_remove.restype = c_int32
    library.rm_session_replace.argtypes = [c_uint64, c_char_p, c_size_t, c_uint64, c_int64]
    library.rm_session_replace.restype = c_int32
    library.rm_session_free.argtypes = [c_uint64]
    library.rm_session_free.restype = c_int32
    library.rm_abi_version.argtypes = []
    library.rm_abi_version.restype = c_uint32
    library.rm_version.argtypes = [c_char_p, c_size_t, POINTER(c_size_t)]
    library.rm_version.restype = c_int32
    library.rm_pump.argtypes = [c_uint64, c_int64]
    library.rm_pump.restype = c_int32
    library.rm_worker_run.argtypes = [c_uint64]
    library.rm_worker_run.restype = c_int32
