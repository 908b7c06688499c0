"""Parts of objects that go from one process to another: memory that is given to the library, and what comes of it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from itertools import starmap
from struct import Struct
from typing import Any

from . import _abi
from .errors import check
from .library import quick

Give = Callable[[Any, "int | bytes | None", int], None]
"""Takes one more part: an object that keeps memory, the address, and the number of bytes."""

_FIELDS = Struct("@IIPNQ")
"""An `rm_part`."""


def give(_: Any, address: int | bytes | None, size: int) -> None:
    """Gives a part to the library, in a callback that takes an object apart. The object is kept by the caller."""
    status = _call_part(address, size)
    if status < 0:
        check(status)


_call_part = quick.rm_call_part


class Part(ctypes.Array[ctypes.c_char]):
    """A part that has come: memory of the library, given back when nobody uses it any more.

    One type stands for memory of any size, because to make a type takes long; `view` has what is there.
    """

    _type_ = ctypes.c_char
    _length_ = sys.maxsize
    __slots__ = ("address", "buffer", "shared", "size")

    address: int
    size: int
    shared: bool
    buffer: int

    # The function is bound early: at exit the module's names go before the last arrays do.
    def __del__(self, free: Any = quick.rm_buffer_free) -> None:
        free(self.buffer)

    def view(self, writable: bool = True) -> memoryview:
        """The memory, read-only if somebody else has it."""
        view = memoryview(self)[: self.size]
        return view if writable and not self.shared else view.toreadonly()


def part_of(_: int, flags: int, address: int, size: int, buffer: int) -> Part:
    """The part that the fields of an `rm_part` tell of; it takes the buffer over."""
    part: Part = _part_at(address)
    part.address = address
    part.size = size
    part.shared = flags & _abi.RM_PART_SHARED != 0
    part.buffer = buffer
    return part


_part_at = Part.from_address


def split(data: bytes) -> tuple[bytes, list[Part]]:
    """The first part of an object and the others, of bytes that have an `rm_part` for each and then the first."""
    table = len(data) - _FIELDS.unpack_from(data)[3]
    return data[table:], list(starmap(part_of, _FIELDS.iter_unpack(data[_FIELDS.size : table])))


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
