"""Parts of objects that go from one process to another: memory that is given to the library, and what comes of it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Any

from . import _abi
from .errors import check
from .library import quick

Give = Callable[[Any, "int | bytes | None", int], None]
"""Takes one more part: an object that keeps memory, the address, and the number of bytes."""

_FIELDS = Struct("@IIPNQ")
"""An `rm_part`."""
_SIZES = 64
"""How many sizes of memory are remembered: a stream has few."""


def give(_: Any, address: int | bytes | None, size: int) -> None:
    """Gives a part to the library, in a callback that takes an object apart. The object is kept by the caller."""
    check(quick.rm_call_part(address, size))


class Part:
    """A part that has come: memory of the library, given back when nobody uses it any more."""

    __slots__ = ("__array_interface__", "_buffer", "address", "shared", "size")

    __array_interface__: dict[str, Any]

    def __init__(self, flags: int, address: int, size: int, buffer: int) -> None:
        self.address = address
        self.size = size
        self.shared = bool(flags & _abi.RM_PART_SHARED)
        self._buffer = buffer

    # The function is bound early: at exit the module's names go before the last arrays do.
    def __del__(self, free: Any = quick.rm_buffer_free) -> None:
        free(self._buffer)

    def view(self) -> memoryview:
        """The memory, read-only if somebody else has it."""
        memory: Any = _memory(self.size).from_address(self.address)
        memory.part = self
        view = memoryview(memory)
        return view.toreadonly() if self.shared else view


def split(data: bytes) -> tuple[bytes, list[Part]]:
    """The first part of an object and the others, of bytes that have an `rm_part` for each and then the first."""
    table = len(data) - _FIELDS.unpack_from(data)[3]
    parts = [Part(*fields[1:]) for fields in _FIELDS.iter_unpack(data[_FIELDS.size : table])]
    return data[table:], parts


@lru_cache(_SIZES)
def _memory(size: int) -> Any:
    return ctypes.c_char * size


def address_of(view: memoryview) -> int | None:
    """Where the memory of a view is, which stays there for as long as the view."""
    buffer = _PyBuffer()
    _get_buffer(view, buffer, 0)
    address: int | None = buffer.buf
    _release_buffer(buffer)
    return address


class _PyBuffer(ctypes.Structure):
    # CPython's Py_buffer.
    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


_get_buffer = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(_PyBuffer), ctypes.c_int)(
    ("PyObject_GetBuffer", ctypes.pythonapi)
)
_release_buffer = ctypes.PYFUNCTYPE(None, ctypes.POINTER(_PyBuffer))(("PyBuffer_Release", ctypes.pythonapi))
