"""The library itself, called as C calls it: a runtime for each thing that is tried, and nothing left of it."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from remotemedia._engine import _abi
from remotemedia._engine.library import library

PATIENCE = 20_000_000_000

Type = dict[str, Any]
"""A node by its type: `node_type`, and `params` if it has any."""


class Refused(Exception):
    """What the library answers: a status and a message."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"{message()} (status {status})")


def message() -> str:
    """The message of the last failure on this thread."""
    text, length = ctypes.create_string_buffer(4096), ctypes.c_size_t()
    library.rm_last_error(text, len(text), length)
    return text.raw[: length.value].decode()


def check(status: int) -> int:
    """Raises what a call has answered, if it failed."""
    if status < 0:
        raise Refused(status)
    return status


def made(function: Any, *arguments: Any) -> int:
    """The handle that a call makes."""
    handle = ctypes.c_uint64()
    check(function(*arguments, handle))
    return handle.value


def struct(type_: Any, **fields: Any) -> Any:
    """A struct of the ABI."""
    return type_(struct_size=ctypes.sizeof(type_), **fields)


def packet(kind: int, data: bytes, **fields: Any) -> Any:
    """A packet that refers to bytes."""
    none = {"pts": _abi.RM_TIME_NONE, "duration": _abi.RM_TIME_NONE, "index": _abi.RM_INDEX_NONE}
    address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p)
    return struct(_abi.rm_packet, kind=kind, data=address, size=len(data), **none | fields)


@contextmanager
def runtime() -> Iterator[int]:
    """A runtime with two threads, which are gone when it is."""
    config = struct(_abi.rm_runtime_config, abi_version=_abi.RM_ABI_VERSION, threads=2)
    handle = made(library.rm_runtime_new, config)
    try:
        yield handle
    finally:
        stuck = ctypes.c_uint32()
        library.rm_runtime_shutdown(handle, PATIENCE, stuck)
        check(library.rm_runtime_free(handle))


@contextmanager
def opened(runtime: int, nodes: Sequence[int | Type], deadline: int | None = None) -> Iterator[int]:
    """A session of a chain of nodes, freed at the end, whatever has become of it."""
    pipeline = made(library.rm_pipeline_new, runtime)
    try:
        for at, node in enumerate(nodes):
            name = f"n{at}".encode()
            if isinstance(node, int):
                check(library.rm_pipeline_add_node(pipeline, name, len(name), node))
            else:
                node_type, parameters = node["node_type"].encode(), json.dumps(node.get("params", {})).encode()
                add = library.rm_pipeline_add_type
                check(add(pipeline, name, len(name), node_type, len(node_type), parameters, len(parameters)))
            if deadline is not None:
                options = json.dumps({"deadline_ms": deadline}).encode()
                check(library.rm_pipeline_configure(pipeline, name, len(name), options, len(options)))
            if at > 0:
                before = f"n{at - 1}".encode()
                check(library.rm_pipeline_connect(pipeline, before, len(before), name, len(name), None))
        session = made(library.rm_session_open, pipeline, struct(_abi.rm_session_config))
    finally:
        check(library.rm_pipeline_free(pipeline))
    try:
        yield session
    finally:
        check(library.rm_session_free(session))


def push(session: int, packet: Any) -> None:
    check(library.rm_session_push(session, packet, PATIENCE))


def pull_all(session: int) -> list[bytes]:
    """The bytes of all outputs, up to the end of the session."""
    outputs: list[bytes] = []
    while True:
        output = struct(_abi.rm_packet)
        if check(library.rm_session_pull(session, output, PATIENCE)) == _abi.RM_END:
            return outputs
        outputs.append(ctypes.string_at(output.data, output.size))
        check(library.rm_buffer_free(output.buffer))


def live(kind: int = 0) -> int:
    """The objects that have handles."""
    count = ctypes.c_uint64()
    check(library.rm_debug_live(kind, count))
    return count.value
