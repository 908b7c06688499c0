"""Status codes become exceptions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from ..core.exceptions import NodeError, PipelineError
from . import _abi
from .library import library

_TYPES: dict[int, type[Exception]] = {
    _abi.RM_ERR_ARGUMENT: ValueError,
    _abi.RM_ERR_MANIFEST: ValueError,
    _abi.RM_ERR_GRAPH: ValueError,
    _abi.RM_ERR_PARAMETERS: ValueError,
    _abi.RM_ERR_INPUT: ValueError,
    _abi.RM_ERR_UNKNOWN_TYPE: RuntimeError,
    _abi.RM_ERR_PLUGIN: ImportError,
    _abi.RM_ERR_VERSION: ImportError,
    _abi.RM_ERR_STATE: PipelineError,
    _abi.RM_ERR_CANCELLED: PipelineError,
    _abi.RM_ERR_REENTRANT: PipelineError,
    _abi.RM_ERR_TIMEOUT: TimeoutError,
    _abi.RM_ERR_DEADLINE: TimeoutError,
    _abi.RM_ERR_NODE: NodeError,
    _abi.RM_ERR_MEMORY: MemoryError,
}


class LoopStopped(RuntimeError):
    """The event loop that was to wait for something does not run any more."""


def read_text(function: Callable[..., int], *arguments: Any) -> str:
    """The text that a function of the library copies out."""
    length = ctypes.c_size_t()
    capacity = 1024
    while True:
        buffer = ctypes.create_string_buffer(capacity)
        check(function(*arguments, buffer, capacity, length))
        if length.value <= capacity:
            return buffer.raw[: length.value].decode()
        capacity = length.value


def describe(error: BaseException) -> str:
    """An exception in one line, whatever its own `__str__` does."""
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be shown)"
    return f"{type(error).__name__}: {text}"


def encoded(error: BaseException) -> bytes:
    """The same for the library, which takes UTF-8."""
    return describe(error).encode("utf-8", "replace")


def exception(status: int, message: str) -> Exception:
    """The exception that stands for a failure."""
    if status == _abi.RM_ERR_UNKNOWN_TYPE:
        message = f"Execution failed: {message}"
    return _TYPES.get(status, RuntimeError)(message)


def check(status: int) -> int:
    """Raises what a negative status stands for; returns any other."""
    if status >= 0:
        return status
    raise exception(status, read_text(library.rm_last_error))
