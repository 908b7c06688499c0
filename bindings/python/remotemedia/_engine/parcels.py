"""Objects that go from one process to another: taken apart here, put together there.

The first part is a pickle, the others are the buffers that it leaves out: of NumPy arrays and of whatever else gives
its memory to pickle's protocol 5. They are not copied where they lie in shared memory already, and else once.

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
from collections import ChainMap
from collections.abc import Callable
from typing import Any

from ..core.exceptions import RemoteExecutionError
from . import _abi
from .errors import check, describe
from .library import library, quick

# What holds nothing else.
_PLAIN = frozenset((bytes, str, int, float, bool, type(None)))
_ROWS = frozenset((tuple, list))
_SMALL = 1024
_LARGE = 8192
_MOST = 500


def pack_plain(value: Any) -> bytes | None:
    """The pickle of an object that is plain, or holds nothing but such; None for others, which `pack` takes apart."""
    kind = type(value)
    if kind in _PLAIN:
        return None if kind is bytes and len(value) > _LARGE else pickle.dumps(value, 5)
    if kind in _ROWS:
        return pickle.dumps(value, 5) if _PLAIN.issuperset(map(type, value)) else None
    if kind is dict and _PLAIN.issuperset(map(type, value)) and _PLAIN.issuperset(map(type, value.values())):
        return pickle.dumps(value, 5)
    return None


def pack(value: Any) -> None:
    """Gives the parts of an object to the library, in a callback that takes it apart.

    Raises:
        TypeError: It cannot be pickled.
    """
    # By its true type: `isinstance` would ask the object, which may say anything.
    if issubclass(type(value), BaseException):
        value = _Failure(value)
    elif type(value) is bytes:
        value = _Bytes(value)
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
    check(quick.rm_call_part(data, len(data)))
    for view in buffers:
        with _Address(view) as address:
            check(quick.rm_call_part(address, view.nbytes))


def _dump(kind: Any, table: Any, value: Any, stays: Callable[[pickle.PickleBuffer], bool]) -> bytes:
    file = io.BytesIO()
    pickler = kind(file, 5, buffer_callback=stays)
    numpy: Any = sys.modules.get("numpy")
    # What imports NumPy at this moment has no arrays yet.
    if hasattr(numpy, "ndarray"):
        pickler.dispatch_table = ChainMap({numpy.ndarray: _reduce_array}, table)
    pickler.dump(value)
    return file.getvalue()


def _reduce_array(array: Any) -> Any:
    # NumPy gives its memory only if that is in one piece, and else forgets the byte order on the way.
    if not array.flags.forc and not array.dtype.hasobject:
        array = array.copy()
    if array.dtype.isbuiltin != 1 or array.dtype.hasobject:
        return array.__reduce_ex__(5)
    # NumPy would pickle the type as an object with a state, which takes longer than all the rest.
    rows, order = (array, "C") if array.flags.c_contiguous else (array.T, "F")
    return _make_array, (pickle.PickleBuffer(rows), array.dtype.str, array.shape, order)


def _make_array(buffer: Any, dtype: str, shape: tuple[int, ...], order: Any) -> Any:
    import numpy

    return numpy.frombuffer(buffer, dtype).reshape(shape, order=order)


def unpack(parts: Any, count: int) -> Any:
    """The object of parts that `pack` has given in another process."""
    data = ctypes.string_at(parts[0].data, parts[0].size)
    return pickle.loads(data, buffers=[_view(parts[at]) for at in range(1, count)])


class _Address:
    """The address of a buffer, which stays where it is for as long as this is entered."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._buffer = _PyBuffer()

    def __enter__(self) -> int | None:
        _get_buffer(self._view, self._buffer, 0)
        address: int | None = self._buffer.buf
        return address

    def __exit__(self, *_: object) -> None:
        _release_buffer(self._buffer)


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


class _Lease:
    """Memory of the library, given back when nobody uses it any more."""

    __slots__ = ("_buffer",)

    def __init__(self, buffer: int) -> None:
        self._buffer = buffer

    # The function is bound early: at exit the module's names go before the last arrays do.
    def __del__(self, free: Any = library.rm_buffer_free) -> None:
        free(self._buffer)


def _view(part: _abi.rm_part) -> memoryview:
    memory: Any = (ctypes.c_char * part.size).from_address(part.data)
    memory.lease = _Lease(part.buffer)
    view = memoryview(memory)
    return view.toreadonly() if part.flags & _abi.RM_PART_SHARED else view


class _Bytes:
    """Bytes whose memory stays out of the pickle."""

    def __init__(self, value: bytes) -> None:
        self.value = value

    def __reduce__(self) -> tuple[Any, ...]:
        return bytes, (pickle.PickleBuffer(self.value),)


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
