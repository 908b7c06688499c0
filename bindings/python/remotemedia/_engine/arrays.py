"""NumPy arrays on their way to another process: a few bytes that say what they are, and their memory as it is.

NumPy's own pickles take several times as long, most of it for the data type. Only what is plain goes this way: arrays
themselves, not what is derived from them, of types that their name says all of and that hold no objects. What comes is
checked: bytes that describe no such array, or not one of that size, are refused.
"""

from __future__ import annotations

import math
import pickle
import struct
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .parts import Part

if TYPE_CHECKING:
    from .parts import Give

TAG = b"a"
"""What such bytes begin with."""
_ALIGN = 16
"""The header is a multiple of so many bytes, so that the memory behind it is aligned for every type."""
_WHOLE = 4096
"""Up to so many bytes the memory comes with the header; memory from here on may be shared already."""
_KNOWN = 256
"""How many kinds of arrays are remembered: a stream has few."""
_FORTRAN, _WRITABLE = 1, 2
_TIMES = "mM"
"""Kinds of types that give no buffer."""


def write(value: Any, give: Give) -> bytes | None:
    """The first part of a plain array, and the memory as another one if that is large; None if it is no such array."""
    numpy: Any = sys.modules.get("numpy")
    # What imports NumPy at this moment has no arrays yet.
    if type(value) is not getattr(numpy, "ndarray", None):
        return None
    array, header = _describe(value)
    if header is None:
        return None
    size: int = array.nbytes
    if size <= _WHOLE:
        return _whole(header, array)
    give(array, _address(array, size), size)
    return header


def reduce(array: Any) -> Any:
    """The same for an array in something else, as `__reduce_ex__` says it: a function to call there, and for what."""
    array, header = _describe(array)
    if header is None:
        return array.__reduce_ex__(5)
    if array.nbytes <= _WHOLE:
        return read, (_whole(header, array),)
    rows = array if array.flags.c_contiguous else array.T
    return read_buffer, (header, pickle.PickleBuffer(rows.view("i8") if rows.dtype.kind in _TIMES else rows))


def read(data: bytes, at: int = 0) -> Any:
    """The array of bytes that have all of it, from `at` on.

    Raises:
        ValueError: They have not.
    """
    start = at + _ALIGN * data[at + 1]
    numpy, shape, dtype, order, writable, size = _layout(data[at:start])
    if len(data) - start != size:
        raise ValueError(f"an array of {size} bytes has come with {len(data) - start}")
    return numpy.ndarray(shape, dtype, bytearray(data) if writable else data, start, None, order)


def read_part(header: bytes, part: Part) -> Any:
    """The array over memory that came behind its header.

    Raises:
        ValueError: It is too small, or too large.
    """
    numpy, shape, dtype, order, writable, size = _layout(header)
    if part.size != size:
        raise ValueError(f"an array of {size} bytes has come with {part.size}")
    return _over(part.view(writable), numpy, shape, dtype, order)


def read_buffer(header: bytes, buffer: Any) -> Any:
    """The array over the memory of an object."""
    numpy, shape, dtype, order, *_ = _layout(header)
    return _over(buffer, numpy, shape, dtype, order)


def _over(buffer: Any, numpy: Any, shape: tuple[int, ...], dtype: Any, order: str) -> Any:
    # In two steps: an array that is made over a read-only view at once has what is behind the view for its base, and
    # could be made writable.
    flat = numpy.frombuffer(buffer, dtype)
    return flat.reshape(shape) if order == "C" else flat.reshape(shape, order=order)


def _describe(array: Any) -> tuple[Any, bytes | None]:
    """The array, or a copy if its memory is not in one piece, and its header, if it is plain."""
    flags = array.flags
    if not flags.forc and not array.dtype.hasobject:
        array = array.copy()
        flags = array.flags
    return array, _header(array.dtype, array.shape, not flags.c_contiguous, flags.writeable)


def _address(array: Any, size: int) -> int:
    """Where the memory of an array in one piece is. NumPy takes long to say so, and that of a part is known."""
    base = array.base
    while type(base) is type(array):
        base = base.base
    part = base.obj if type(base) is memoryview else base
    # As large as all of it, it begins where that begins.
    if type(part) is Part and part.size == size:
        return part.address
    address: int = array.__array_interface__["data"][0]
    return address


def _whole(header: bytes, array: Any) -> bytes:
    memory: bytes = array.tobytes("A")
    return header + memory


@lru_cache(_KNOWN)
def _header(dtype: Any, shape: tuple[int, ...], fortran: bool, writable: bool) -> bytes | None:
    """The tag, its own length, flags, the number of sides, the sides, and the name of the type; None if not plain."""
    import numpy

    try:
        is_plain = numpy.dtype(dtype.str) == dtype and not dtype.hasobject and dtype.itemsize > 0
    except TypeError:  # the name means nothing
        is_plain = False
    if not is_plain:
        return None
    name: bytes = dtype.str.encode()
    blocks = -(-(4 + 8 * len(shape) + len(name)) // _ALIGN)
    flags = fortran * _FORTRAN | writable * _WRITABLE
    header = struct.pack(f"=cBBB{len(shape)}q", TAG, blocks, flags, len(shape), *shape)
    return (header + name).ljust(blocks * _ALIGN, b"\0")


@lru_cache(_KNOWN)
def _layout(header: bytes) -> tuple[Any, ...]:
    """What a header says: NumPy, with the shape and so on for it; and the bytes of the memory."""
    import numpy

    try:
        _, _, flags, sides = struct.unpack_from("=cBBB", header)
        shape = struct.unpack_from(f"={sides}q", header, 4)
        dtype = numpy.dtype(header[4 + 8 * sides :].rstrip(b"\0").decode())
        fortran, writable = bool(flags & _FORTRAN), bool(flags & _WRITABLE)
        # An array of that kind has this header and no other one.
        is_known = min(shape, default=0) >= 0 and _header(dtype, shape, fortran, writable) == header
    except Exception:
        is_known = False
    if not is_known:
        raise ValueError("what has come describes no array")
    return numpy, shape, dtype, "F" if fortran else "C", writable, math.prod(shape) * dtype.itemsize
