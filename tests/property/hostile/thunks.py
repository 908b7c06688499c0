"""The C functions that the library is given: one for each callback, which finds whom it is for by its `user_data`.

What lives for ever cannot be called too late; whether it was meant to be called, the registrations know.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from remotemedia._engine import _abi

from .model import Wrong, numbers


class Raised(Exception):
    """What a callback raises on purpose; it ends in `sys.unraisablehook`."""


class Registration:
    """What the library was given a `user_data` for."""

    by_number: dict[int, Registration] = {}
    strays: list[str] = []
    """Calls for registrations that are gone."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.number = next(numbers)
        self.destroyed = 0
        Registration.by_number[self.number] = self

    def destroy(self) -> None:
        self.destroyed += 1
        if self.destroyed > 1:
            raise Wrong(f"{type(self).__name__} {self.number} was destroyed {self.destroyed} times")


def thunk(prototype: Any, method: str, otherwise: int | None = None) -> Any:
    """The C function that calls a method of the registration; what that raises is kept for whoever looks for it."""

    def call(user_data: int | None, *values: Any) -> int | None:
        registration = Registration.by_number.get(user_data or 0)
        if registration is None:
            Registration.strays.append(f"{method} of {user_data}")
            return otherwise
        if registration.destroyed and method != "destroy":
            registration.world.wrong.append(Wrong(f"{method} of {user_data} was called after its destroy"))
            return otherwise
        try:
            return getattr(registration, method)(*values)
        except Raised:
            raise
        except BaseException as error:
            registration.world.wrong.append(error)
            return otherwise

    return prototype(call)


NODE_FAILED = _abi.RM_ERR_NODE

node_destroy = thunk(_abi.rm_node_callbacks_destroy, "destroy")
node_initialize = thunk(_abi.rm_node_callbacks_initialize, "initialize", NODE_FAILED)
node_process = thunk(_abi.rm_node_callbacks_process, "process", NODE_FAILED)
node_resume = thunk(_abi.rm_node_callbacks_resume, "resume", NODE_FAILED)
node_flush = thunk(_abi.rm_node_callbacks_flush, "flush", NODE_FAILED)
node_cleanup = thunk(_abi.rm_node_callbacks_cleanup, "cleanup", NODE_FAILED)

host_destroy = thunk(_abi.rm_host_callbacks_destroy, "destroy")
host_hire = thunk(_abi.rm_host_callbacks_hire, "hire", NODE_FAILED)
host_retain = thunk(_abi.rm_host_callbacks_retain, "retain")
host_release = thunk(_abi.rm_host_callbacks_release, "release")
host_export = thunk(_abi.rm_host_callbacks_export_object, "export", NODE_FAILED)
host_import = thunk(_abi.rm_host_callbacks_import_packet, "take_in", NODE_FAILED)

type_destroy = thunk(_abi.rm_type_callbacks_destroy, "destroy")
type_create = thunk(_abi.rm_type_callbacks_create, "create", NODE_FAILED)

hooks_destroy = thunk(_abi.rm_thread_hooks_destroy, "destroy")
hooks_start = thunk(_abi.rm_thread_hooks_on_start, "start")
hooks_stop = thunk(_abi.rm_thread_hooks_on_stop, "stop")

process_destroy = thunk(_abi.rm_process_config_destroy, "destroy")
process_pack = thunk(_abi.rm_process_config_pack, "pack", NODE_FAILED)

session_event = thunk(_abi.rm_session_config_on_event, "event")

buffer_release = thunk(ctypes.CFUNCTYPE(None, ctypes.c_void_p), "destroy")
BUFFER_RELEASE = ctypes.cast(buffer_release, ctypes.c_void_p).value


class Objects:
    """The functions of an object table, which know no `user_data`: the object says whose it is."""

    hosts: dict[int, Any] = {}

    @classmethod
    def of(cls, name: str, otherwise: int | None) -> Callable[..., Any]:
        def call(this: int | None, *values: Any) -> Any:
            host = cls.hosts.get(this or 0)
            if host is None:
                Registration.strays.append(f"{name} of the object {this}")
                return otherwise
            try:
                return getattr(host, name)(this, *values)
            except BaseException as error:
                host.world.wrong.append(error)
                return otherwise

        return call


MARKS = {name: next(numbers) << 20 for name in ("none", "more", "done", "pending", "failed")}
"""The objects of every object table that stand for something."""
KIND, ERROR, TRACE, FAIL = (next(numbers) << 20 for _ in range(4))
"""The type of every object, every error, and where it was raised; and whom the library calls with it."""


def _fetch(kind: Any, error: Any, trace: Any) -> None:
    kind[0], error[0], trace[0] = KIND, ERROR, TRACE


table_enter = _abi.rm_object_table_enter(lambda: 7)
table_leave = _abi.rm_object_table_leave(lambda state: None if state == 7 else Registration.strays.append("leave"))
table_retain = _abi.rm_object_table_retain(Objects.of("retain", None))
table_release = _abi.rm_object_table_release(Objects.of("release", None))
table_call = _abi.rm_object_table_call(Objects.of("call", None))
table_clear = _abi.rm_object_table_clear(lambda: None)
table_fetch = _abi.rm_object_table_fetch(_fetch)
table_normalize = _abi.rm_object_table_normalize(lambda kind, error, trace: None)
table_set_trace = _abi.rm_object_table_set_trace(lambda error, trace: 0)
table_type_of = _abi.rm_object_table_type_of(lambda item: KIND)
