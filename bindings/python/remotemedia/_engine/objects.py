"""References to Python objects, as the library holds them.

`AddressObjects` names an object by its address and gives the library CPython's own entry points; calls then cost what
they cost a compiled extension. `SlotObjects` names an object by a number and needs nothing of the interpreter but
ctypes. Which of the two is used, `REMOTEMEDIA_OBJECTS` says: `table` or `trampolines`.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
import threading
from typing import Any, Final, Protocol, cast

from . import _abi


class Mark:
    """A result of a call that is not an output."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


MORE: Final = Mark("more")
DONE: Final = Mark("done")
PENDING: Final = Mark("pending")
FAILED: Final = Mark("failed")


class Objects(Protocol):
    """How the library holds Python objects."""

    @property
    def table(self) -> _abi.rm_object_table | None:
        """CPython's entry points, or None to have ctypes callbacks."""

    def new(self, value: object) -> int:
        """One more reference to an object, for the library."""

    def get(self, reference: int) -> Any:
        """The object of a reference that somebody else keeps."""

    def take(self, reference: int) -> Any:
        """The object of a reference that this ends."""

    def retain(self, reference: int) -> None:
        """Counts one more reference."""

    def release(self, reference: int) -> None:
        """Ends a reference."""


class AddressObjects:
    """Objects by address."""

    def __init__(self) -> None:
        api = ctypes.pythonapi
        # Its result is a reference that ctypes takes over. `ctypes.cast` would take five times as long.
        self.get = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p)(("Py_NewRef", api))
        self._retain = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(("Py_IncRef", api))
        self._release = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(("Py_DecRef", api))
        self.table = _entry_points(api)

    def new(self, value: object) -> int:
        address = id(value)
        self._retain(address)
        return address

    def take(self, reference: int) -> Any:
        value = self.get(reference)
        self._release(reference)
        return value

    def retain(self, reference: int) -> None:
        self._retain(reference)

    def release(self, reference: int) -> None:
        self._release(reference)


def _entry_points(api: ctypes.PyDLL) -> _abi.rm_object_table:
    def address(name: str) -> int:
        return cast(int, ctypes.cast(getattr(api, name), ctypes.c_void_p).value)

    table = _abi.rm_object_table()
    table.struct_size = ctypes.sizeof(table)
    table.enter = _abi.rm_object_table_enter(address("PyGILState_Ensure"))
    table.leave = _abi.rm_object_table_leave(address("PyGILState_Release"))
    table.retain = _abi.rm_object_table_retain(address("Py_IncRef"))
    table.release = _abi.rm_object_table_release(address("Py_DecRef"))
    table.call = _abi.rm_object_table_call(address("PyObject_CallOneArg"))
    table.clear = _abi.rm_object_table_clear(address("PyErr_Clear"))
    table.read_bytes = _abi.rm_object_table_read_bytes(address("PyBytes_AsStringAndSize"))
    table.new_bytes = _abi.rm_object_table_new_bytes(address("PyBytes_FromStringAndSize"))
    table.fetch = _abi.rm_object_table_fetch(address("PyErr_Fetch"))
    table.normalize = _abi.rm_object_table_normalize(address("PyErr_NormalizeException"))
    table.set_trace = _abi.rm_object_table_set_trace(address("PyException_SetTraceback"))
    table.type_of = _abi.rm_object_table_type_of(address("PyObject_Type"))
    table.none = id(None)
    table.more, table.done, table.pending, table.failed = id(MORE), id(DONE), id(PENDING), id(FAILED)
    return table


class SlotObjects:
    """Objects by number."""

    table = None

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._slots: dict[int, list[Any]] = {}
        self._lock = threading.Lock()

    def new(self, value: object) -> int:
        number = next(self._numbers)
        self._slots[number] = [value, 1]
        return number

    def get(self, reference: int) -> Any:
        return self._slots[reference][0]

    def take(self, reference: int) -> Any:
        value = self.get(reference)
        self.release(reference)
        return value

    def retain(self, reference: int) -> None:
        with self._lock:
            self._slots[reference][1] += 1

    def release(self, reference: int) -> None:
        with self._lock:
            slot = self._slots[reference]
            slot[1] -= 1
            if slot[1] == 0:
                del self._slots[reference]
        # The object goes here, outside the lock: its finaliser may release another one.
        del slot


def choose() -> Objects:
    """The best way that the interpreter offers, or the one that the environment asks for."""
    wanted = os.environ.get("REMOTEMEDIA_OBJECTS", "")
    if wanted not in ("", "table", "trampolines"):
        raise ValueError(f"REMOTEMEDIA_OBJECTS is {wanted!r}; use 'table' or 'trampolines'")
    has_table = sys.implementation.name == "cpython" and hasattr(ctypes, "pythonapi")
    if wanted == "table" and not has_table:
        raise ValueError("REMOTEMEDIA_OBJECTS is 'table', but this interpreter has no ctypes.pythonapi")
    return AddressObjects() if has_table and wanted != "trampolines" else SlotObjects()
