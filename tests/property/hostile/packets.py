"""Packets, right and wrong."""

from __future__ import annotations

import ctypes
from random import Random
from typing import Any

from remotemedia._engine import _abi

from .arguments import BAD_HANDLE, LARGEST, NULL, UNSUPPORTED, UTF8, WRONG, Argument, Struct, pick, seldom, struct

AUDIO, TEXT, JSON, BYTES, OBJECT = (
    _abi.RM_KIND_AUDIO,
    _abi.RM_KIND_TEXT,
    _abi.RM_KIND_JSON,
    _abi.RM_KIND_BYTES,
    _abi.RM_KIND_OBJECT,
)


class Memory:
    """Some bytes that stay where they are: text, JSON and samples at once."""

    TEXTS = [b"hello", b'{"a": [1, 2.5, null]}', b"[]", b"\0" * 64, b"\xff\xfe\xfd\xfc"]

    def __init__(self) -> None:
        self.bytes = ctypes.create_string_buffer(b"".join(self.TEXTS) + b"x" * 4096)
        self.address = ctypes.addressof(self.bytes)
        self._other = ctypes.create_string_buffer(8)
        self.elsewhere = ctypes.addressof(self._other)
        """Memory that no buffer has."""

    def at(self, text: bytes) -> int:
        return self.address + self.bytes.raw.index(text)


def packet(world: Any, r: Random, inside: Any = None, right: bool = False, homeless: bool = True) -> Argument:
    """A packet to be pushed or emitted; a reference that it has is counted as given if the library takes it over.

    `homeless` says that an object that names no host is nobody's; inside a callback it may be the node's.
    """
    value = _abi.rm_packet(pts=pick(r, _abi.RM_TIME_NONE, 0, -1, 2**63 - 1), duration=_abi.RM_TIME_NONE)
    value.kind = pick(r, AUDIO, TEXT, JSON, BYTES, BYTES, OBJECT)
    host = (inside.host if inside else world.live_host(r)) if value.kind == OBJECT else None
    if host:
        value.object, value.host = host.new_object(), 0 if inside else host.handle
    elif value.kind == OBJECT:
        value.kind = BYTES
    fill(world, r, value, right)
    faults = set() if right else spoil(world, r, value, homeless and not (inside and inside.host))
    made = whole(value) if right else struct(r, value)
    if host and (made.faults or BAD_HANDLE in faults):
        # Nobody looked as far as the object, or knew whose it is.
        host.release(value.object)
    made.faults = made.faults | faults
    return made


def whole(value: ctypes.Structure) -> Struct:
    value.struct_size = ctypes.sizeof(value)
    return Struct((ctypes.pointer(value),), keep=value)


def fill(world: Any, r: Random, value: Any, right: bool) -> None:
    """What is in a packet that is as it should be."""
    memory = world.memory
    match value.kind:
        case _abi.RM_KIND_AUDIO:
            value.channels, value.sample_rate = pick(r, 1, 2, 8), pick(r, 1, 16_000, 192_000)
            value.data, value.size = memory.at(b"\0" * 64), 4 * value.channels * pick(r, 1, 2)
        case _abi.RM_KIND_TEXT:
            value.data, value.size = memory.at(b"hello"), pick(r, 0, 1, 5)
        case _abi.RM_KIND_JSON:
            text = pick(r, *Memory.TEXTS[1:3])
            value.data, value.size = memory.at(text), len(text)
        case _abi.RM_KIND_BYTES:
            value.data, value.size = memory.address, pick(r, 0, 1, 4096)
    buffer = world.live_buffer(r) if value.kind == BYTES and not right and seldom(r, 3) else None
    if buffer:
        buffer.ours = False
        value.buffer, value.data, value.size = buffer.handle, buffer.address, min(buffer.size, 100)
    if seldom(r, 4):
        value.metadata, value.metadata_size = memory.at(Memory.TEXTS[1]), len(Memory.TEXTS[1])
    if not value.size and seldom(r, 2):
        value.data = None


def spoil(world: Any, r: Random, value: Any, homeless: bool) -> set[int]:
    """One thing that is not as it should be, or nothing; what it may be refused for."""
    memory, texts = world.memory, Memory.TEXTS
    match r.randrange(64):
        case 0:
            value.kind = pick(r, 0, 6, 7, 4711, 2**32 - 1)
            return {WRONG}
        case 1:
            value.reserved = pick(r, 1, 2**31)
            return {UNSUPPORTED}
        case 2 if value.kind != OBJECT:
            value.data, value.size, value.buffer = None, pick(r, 1, 4096), 0
            return {NULL}
        case 3 if value.kind != OBJECT:
            value.data, value.size = memory.address, pick(r, LARGEST + 1, 2**64 - 1)
            return {WRONG}
        case 4:
            value.metadata, value.metadata_size = memory.at(texts[2]), 2
            return {WRONG}
        case 5:
            value.metadata, value.metadata_size = memory.at(texts[4]), 4
            return {UTF8}
        case 6:
            value.metadata, value.metadata_size = None, 9
            return {NULL}
        case 7:
            value.host = world.wrong_handle(r)
            return {BAD_HANDLE}
        case 8 if value.kind == BYTES and value.size:
            value.buffer = world.wrong_handle(r)
            return {BAD_HANDLE}
        case 9 if value.kind == AUDIO:
            value.channels, value.sample_rate = pick(r, (0, 1), (3, 1), (1, 0), (2**32 - 1, 1))
            return {WRONG}
        case 10 if value.kind == AUDIO:
            value.size = pick(r, 1, 3, 5)
            return {WRONG}
        case 11 if value.kind in (TEXT, JSON):
            value.data, value.size = memory.at(texts[4]), 4
            return {UTF8}
        case 12 if value.kind == JSON:
            value.data, value.size = memory.at(b"hello"), pick(r, 0, 5)
            return {WRONG}
        case 13 if value.kind == BYTES:
            buffer = world.live_buffer(r)
            if buffer and buffer.size:
                value.buffer, value.data, value.size = buffer.handle, memory.elsewhere, 5
                return {WRONG}
        case 14 if value.kind != OBJECT and homeless:
            # Nobody knows whose it is, so nobody takes it over.
            value.object, value.host = 0x10, 0
            return {WRONG}
        case 15:
            value.port = pick(r, 1, 2**32 - 1)
    return set()
