"""Objects that go from one process to another: taken apart here, put together there.

The first byte of the first part says what it is: a pickle, with the buffers that it leaves out behind it, a NumPy
array, a frame of audio, or bytes, behind it or in a part of their own. Memory is copied once, and not at all where it
is shared.

Unpickling runs code. What is unpickled here comes from a worker process that this one has started, or from the process
that has started this one, over memory and sockets that no other process can open.
"""

from __future__ import annotations

import copyreg
import ctypes
import io
import pickle
import sys
import traceback
from collections.abc import Callable
from pickle import dumps, loads
from typing import Any

from ..core.exceptions import RemoteExecutionError
from . import arrays, frames
from .errors import describe
from .parts import Give, address_of, give, split

# What holds nothing else.
_PLAIN = frozenset((bytes, str, int, float, bool, type(None)))
_ROWS = frozenset((tuple, list))
_SMALL = 1024
_LARGE = 8192
_MOST = 500
_BYTES = b"b"
_PICKLE, _BYTE, _ARRAY, _FRAME = pickle.PROTO[0], _BYTES[0], arrays.TAG[0], frames.TAG[0]


def pack(value: Any, give: Give = give) -> bytes:
    """The first part of an object, in a callback that takes it apart; the others are given to the library.

    Raises:
        TypeError: It cannot be pickled.
    """
    kind = type(value)
    if kind is bytes:
        if len(value) <= _LARGE:
            data: bytes = _BYTES + value
            return data
        give(value, value, len(value))
        return _BYTES
    if kind in _PLAIN:
        return dumps(value, 5)
    if kind in _ROWS:
        if _PLAIN.issuperset(map(type, value)):
            return dumps(value, 5)
    elif kind is dict and _PLAIN.issuperset(map(type, value)) and _PLAIN.issuperset(map(type, value.values())):
        return dumps(value, 5)
    return arrays.write(value, give) or frames.write(value, give) or _pickle(value, give)


def _pickle(value: Any, give: Give) -> bytes:
    # By its true type: `isinstance` would ask the object, which may say anything.
    if issubclass(type(value), BaseException):
        value = _Failure(value)
    buffers: list[memoryview] = []

    def stays(buffer: pickle.PickleBuffer) -> bool:
        try:
            view = buffer.raw()
        except BufferError:  # not in one piece
            return True
        if view.nbytes < _SMALL or len(buffers) == _MOST:
            return True
        buffers.append(view)
        return False

    try:
        data = _dump(pickle.Pickler, copyreg.dispatch_table, value, stays)
        # A class of the main module means something else there.
        by_value = b"__main__" in data
    except Exception:
        by_value = True
    if by_value:
        import cloudpickle

        del buffers[:]
        try:
            data = _dump(cloudpickle.Pickler, cloudpickle.Pickler.dispatch_table, value, stays)
        except Exception as error:
            raise TypeError(f"a {type(value).__name__} cannot be sent to another process: {error}") from error
    for view in buffers:
        give(view, address_of(view), view.nbytes)
    return data


def _dump(kind: Any, table: Any, value: Any, stays: Callable[[pickle.PickleBuffer], bool]) -> bytes:
    file = io.BytesIO()
    pickler = kind(file, 5, buffer_callback=stays)
    numpy: Any = sys.modules.get("numpy")
    # What imports NumPy at this moment has no arrays yet.
    if hasattr(numpy, "ndarray"):
        pickler.dispatch_table = {**table, numpy.ndarray: arrays.reduce}
    pickler.dump(value)
    return file.getvalue()


def unpack(data: bytes) -> Any:
    """The object of the only part that `pack` has given in another process.

    Raises:
        ValueError: It is none. And whatever unpickling raises.
    """
    kind = data[0]
    if kind == _PICKLE:
        return loads(data)
    if kind == _BYTE:
        return data[1:]
    if kind == _ARRAY:
        return arrays.read(data)
    if kind == _FRAME:
        return frames.read(data)
    raise ValueError("what has come is no object")


def unpack_parts(data: bytes) -> Any:
    """The object of several parts, of bytes that have an `rm_part` for each, and then the first.

    Raises:
        ValueError: It is none. And whatever unpickling raises.
    """
    first, parts = split(data)
    kind = first[0]
    if kind == _PICKLE:
        return loads(first, buffers=[part.view() for part in parts])
    (part,) = parts
    if kind == _ARRAY:
        return arrays.read_part(first, part)
    if kind == _FRAME:
        return frames.read_part(first, part)
    if first == _BYTES:
        return ctypes.string_at(part.address, part.size)
    raise ValueError("what has come is no object")


class _Failure:
    """An exception with what pickling leaves out: where it happened."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __reduce__(self) -> tuple[Any, ...]:
        text = "".join(traceback.format_exception(self.error))
        return _fail, (_pickled(self.error), describe(self.error), text)


def _pickled(error: BaseException) -> bytes | None:
    import cloudpickle

    try:
        data: bytes = cloudpickle.dumps(error)
        # Some come out of it, and cannot be made again.
        pickle.loads(data)
        return data
    except Exception:
        return None


def _fail(data: bytes | None, message: str, text: str) -> BaseException:
    cause = RemoteExecutionError("raised in a worker process; its traceback there:\n" + text, text)
    if data is not None:
        try:
            error: BaseException = pickle.loads(data)
            error.__cause__ = cause
            return error
        except Exception:
            pass  # it needs what is not here
    return RemoteExecutionError(message, text)
