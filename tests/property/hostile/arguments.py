"""Arguments as those pass them who get everything wrong, each with what it may be refused for."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from remotemedia._engine import _abi

T = TypeVar("T")

OK, NULL, WRONG, UTF8 = _abi.RM_OK, _abi.RM_ERR_NULL, _abi.RM_ERR_ARGUMENT, _abi.RM_ERR_UTF8
UNSUPPORTED, BAD_HANDLE = _abi.RM_ERR_UNSUPPORTED, _abi.RM_ERR_BAD_HANDLE

LARGEST = 2**63 - 1
"""The most bytes that memory can have."""

SIZES = [0, 1, 2, 7, 8, 63, 64, 4095, 4096, LARGEST, LARGEST + 1, 2**64 - 1]


@dataclass(eq=False)
class Argument:
    """What is passed, which may be several values that belong together."""

    values: tuple[Any, ...]
    faults: frozenset[int] = frozenset()
    """The statuses that it may be refused with; none if it is right."""
    words: str = ""
    """What is special about it."""
    keep: Any = field(default=None, repr=False)
    """What must live until the call has returned."""


def wrong(values: tuple[Any, ...], words: str, *faults: int) -> Argument:
    return Argument(values, frozenset(faults), words)


def seldom(r: Random, most: int = 16) -> bool:
    """One time in so many."""
    return r.randrange(most) == 0


def pick(r: Random, *choices: T) -> T:
    return r.choice(choices)


@dataclass(eq=False)
class Text(Argument):
    """Text: a pointer and a size."""

    text: str = ""


def text(r: Random, *candidates: str, null_is_empty: bool = True) -> Text:
    """One of the candidates, or what is none."""
    if seldom(r):
        return pick(
            r,
            Text((None, 5), frozenset({NULL}), "null with a size"),
            Text((b"\xff\xfeab", 4), frozenset({UTF8}), "not UTF-8"),
            Text((b"\xed\xa0\x80", 3), frozenset({UTF8}), "a surrogate"),
            Text((b"x", LARGEST + 1), frozenset({WRONG}), "larger than memory"),
            Text((b"x", 2**64 - 1), frozenset({WRONG}), "as large as can be"),
        )
    if seldom(r):
        return pick(
            r,
            Text((None, 0) if null_is_empty else (b"", 0), words="nothing", text=""),
            Text((b"", 0), words="empty", text=""),
            Text((b"a\0b", 3), words="with a zero", text="a\0b"),
            Text((b"n" * 70_000, 70_000), words="huge", text="n" * 70_000),
            Text(("Ω✓𝄞".encode(), 9), words="outside of ASCII", text="Ω✓𝄞"),
        )
    chosen = r.choice(candidates)
    data = chosen.encode()
    return Text((data, len(data)), text=chosen)


@dataclass(eq=False)
class Room(Argument):
    """Room for a text that the library writes: a buffer, its capacity, and where the length goes."""

    length: Any = None


def room(r: Random) -> Room:
    length = ctypes.c_size_t(0xDEAD)
    memory = ctypes.create_string_buffer(64)
    if seldom(r):
        return pick(
            r,
            Room((None, 8, ctypes.byref(length)), frozenset({NULL}), "no buffer", length=length),
            Room((memory, 64, None), frozenset({NULL}), "no length", length=None, keep=memory),
        )
    capacity = pick(r, 0, 1, 3, 64)
    if capacity == 0:
        return Room((None, 0, ctypes.byref(length)), words="no room", length=length)
    return Room((memory, capacity, ctypes.byref(length)), words="room", length=length, keep=memory)


@dataclass(eq=False)
class Out(Argument):
    """Where a result is to go, which only a call that works may touch."""

    place: Any = None
    before: int = 0

    @property
    def result(self) -> int:
        return self.place.value

    def check(self) -> bool:
        """Whether a call that failed has left it alone."""
        return self.place is None or self.place.value == self.before


def out(r: Random, kind: Callable[[int], Any] = ctypes.c_uint64, before: int = 0xA5A5, optional: bool = False) -> Out:
    if seldom(r, 24):
        return Out((None,), frozenset() if optional else frozenset({NULL}), "no place for the result")
    place = kind(before)
    return Out((ctypes.byref(place),), place=place, before=before)


@dataclass(eq=False)
class Struct(Argument):
    """A struct that the library reads, with more memory behind it than any size of it that is not refused."""

    readable: bool = True
    """Whether the library gets as far as its fields, `destroy` among them."""


ROOM_FOR_STRUCT = 4096 + 64


def struct(r: Random, value: ctypes.Structure, first: int = 0, align: int = 8, written: bool = False) -> Struct:
    """A struct by its address, with a size that may be wrong.

    `first` is its size in the first version of the ABI, if it has grown since; `written` is said of those that the
    library fills in.
    """
    size = ctypes.sizeof(value)
    first = first or size
    memory = ctypes.create_string_buffer(ROOM_FOR_STRUCT)
    ctypes.memmove(memory, ctypes.byref(value), size)
    pointer = ctypes.cast(memory, ctypes.POINTER(type(value)))
    chosen, faults, words, readable = size, frozenset[int](), "", True
    if seldom(r, 24):
        return Struct((None,), frozenset({NULL}), "no struct", readable=False)
    if seldom(r, 24):
        chosen = pick(r, 0, 1, first - align, size + 1, size - 1, 4096 + align, 2**31, 2**32 - 1)
        faults, words, readable = frozenset({WRONG}), "a size that cannot be", False
    elif seldom(r, 24):
        chosen, words = pick(r, size + align, 4096), "a later struct"
        if not written and r.randrange(2):
            memory[pick(r, size, chosen - 1)] = 1
            faults, words = frozenset({UNSUPPORTED}), "a later struct that asks for more"
    elif first < size and seldom(r, 8):
        chosen, words = first, "an older struct"
        ctypes.memset(ctypes.addressof(memory) + first, 0x5A, size - first)
    pointer.contents.struct_size = chosen
    return Struct((pointer,), faults, words, keep=(memory, value), readable=readable)


def numbers(r: Random, right: Sequence[int], *others: tuple[int, int]) -> tuple[int, frozenset[int]]:
    """A number that is right, or one of the others, each with the status that it is refused with."""
    if others and seldom(r, 24):
        value, fault = r.choice(others)
        return value, frozenset({fault})
    return r.choice(right), frozenset()


def timeout(r: Random) -> int:
    """Nanoseconds to wait: little, because nothing may hang. What does not wait at all may have any timeout."""
    return pick(r, 0, 1, 1000, 200_000)
