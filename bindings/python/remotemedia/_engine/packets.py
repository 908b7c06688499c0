"""Packets of the library from Python objects, and back. Used only where an object meets a native node."""

from __future__ import annotations

import ctypes
import json
from typing import Any, cast

from ..core.audio import AudioFrame
from . import _abi
from .errors import exception
from .library import library
from .objects import Objects

_KINDS = {
    "audio": _abi.RM_KIND_AUDIO,
    "text": _abi.RM_KIND_TEXT,
    "json": _abi.RM_KIND_JSON,
    "bytes": _abi.RM_KIND_BYTES,
}


class Memory:
    """Samples in memory of the library, as NumPy's array interface: an array over it keeps it alive."""

    __slots__ = ("__array_interface__", "_buffer")

    def __init__(self, address: int, shape: tuple[int, ...], buffer: int) -> None:
        self.__array_interface__ = {"version": 3, "data": (address, True), "shape": shape, "typestr": "<f4"}
        self._buffer = buffer

    # The function is bound early: at exit the module's names go before the last arrays do.
    def __del__(self, free: Any = library.rm_buffer_free) -> None:
        free(self._buffer)


def _template(kind: int) -> bytes:
    none = _abi.RM_TIME_NONE
    return bytes(_abi.rm_packet(struct_size=ctypes.sizeof(_abi.rm_packet), kind=kind, pts=none, duration=none))


# Copied, because each field takes as long to set as all of them do so.
_EMPTY, _OBJECT = _template(_abi.RM_KIND_NONE), _template(_abi.RM_KIND_OBJECT)


def new_packet() -> _abi.rm_packet:
    """A packet without anything in it."""
    return _abi.rm_packet.from_buffer_copy(_EMPTY)


def object_packet(objects: Objects, host: int, value: object) -> _abi.rm_packet:
    """A packet with an object, and its time if it has one; the library takes the reference over."""
    packet = _abi.rm_packet.from_buffer_copy(_OBJECT)
    packet.object = objects.new(value)
    packet.host = host
    if issubclass(type(value), AudioFrame):
        pts = cast(AudioFrame, value).pts
        packet.pts = _abi.RM_TIME_NONE if pts is None else pts
    return packet


def export(objects: Objects, value: Any, kinds: int, packet: _abi.rm_packet) -> None:
    """Fills a packet with the data of an object, as one of the kinds.

    Raises:
        TypeError: The object is of none of them; the message says what was expected and what came.
        ValueError: It is of one, but cannot be given as that.
    """

    def wanted(kind: int) -> bool:
        return bool(kinds >> kind & 1)

    if wanted(_abi.RM_KIND_AUDIO) and (frame := AudioFrame.of(value)) is not None:
        return _fill_audio(objects, frame, packet)
    if wanted(_abi.RM_KIND_TEXT) and isinstance(value, str):
        return _fill_bytes(objects, value.encode(), _abi.RM_KIND_TEXT, packet)
    if wanted(_abi.RM_KIND_BYTES) and isinstance(value, (bytes, bytearray, memoryview)):
        return _fill_bytes(objects, bytes(value), _abi.RM_KIND_BYTES, packet)
    if wanted(_abi.RM_KIND_JSON):
        try:
            text = json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(f"expected json, got {type(value).__name__}: {error}") from error
        return _fill_bytes(objects, text.encode(), _abi.RM_KIND_JSON, packet)
    names = " or ".join(name for name, kind in _KINDS.items() if wanted(kind))
    hint = "; audio is an AudioFrame or a tuple (samples, sample_rate)" if wanted(_abi.RM_KIND_AUDIO) else ""
    if isinstance(value, list):
        hint += "; to give several outputs, yield them instead of returning a list"
    raise TypeError(f"expected {names}, got {type(value).__name__}{hint}")


def _fill_bytes(objects: Objects, data: bytes, kind: int, packet: _abi.rm_packet) -> None:
    packet.kind = kind
    packet.data = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
    packet.size = len(data)
    # The bytes live for as long as the library holds this reference to them.
    packet.object = objects.new(data)


def _fill_audio(objects: Objects, frame: AudioFrame, packet: _abi.rm_packet) -> None:
    import numpy as np

    samples = np.ascontiguousarray(frame.as_float32())
    packet.kind = _abi.RM_KIND_AUDIO
    packet.channels, _ = samples.shape
    packet.data = samples.ctypes.data
    packet.size = samples.nbytes
    packet.sample_rate = frame.sample_rate
    if frame.pts is not None:
        packet.pts = frame.pts
    # Last, because the reference would leak if anything failed after it.
    packet.object = objects.new(samples)


def import_(objects: Objects, packet: _abi.rm_packet) -> Any:
    """The object that stands for a packet. Takes over the packet's buffer, and an error object's reference."""
    if packet.kind == _abi.RM_KIND_AUDIO:
        return _audio(packet)
    try:
        data = ctypes.string_at(packet.data, packet.size) if packet.size else b""
        if packet.kind == _abi.RM_KIND_TEXT:
            return data.decode()
        if packet.kind == _abi.RM_KIND_JSON:
            return json.loads(data)
        if packet.kind == _abi.RM_KIND_FAILURE:
            return failure(objects, packet, data.decode())
        return data
    finally:
        library.rm_buffer_free(packet.buffer)


def _audio(packet: _abi.rm_packet) -> AudioFrame:
    frames = packet.size // 4 // packet.channels
    memory = Memory(packet.data or 0, (packet.channels, frames), packet.buffer)
    if not packet.size:
        memory.__array_interface__["data"] = (1, True)  # NumPy refuses null, also for no samples
    import numpy as np

    samples = np.asarray(memory)
    pts = None if packet.pts == _abi.RM_TIME_NONE else packet.pts
    duration = None if packet.duration == _abi.RM_TIME_NONE else packet.duration
    return AudioFrame(samples, packet.sample_rate, pts=pts, duration=duration)


def failure(objects: Objects, packet: _abi.rm_packet, message: str) -> BaseException:
    """The exception of a failed item: the node's own, with a note of where it happened."""
    details = json.loads(ctypes.string_at(packet.metadata, packet.metadata_size))
    index = None if packet.index == _abi.RM_INDEX_NONE else packet.index
    if packet.object:
        error: BaseException = objects.take(packet.object)
    elif details["status"] == _abi.RM_ERR_INPUT:
        error = exception(details["status"], f"Invalid input for node '{details['node']}': {message}")
    else:
        error = exception(details["status"], f"Node '{details['node']}' failed: {message}")
    return locate(error, details["node"], index)


def locate(error: BaseException, node_id: str, index: int | None) -> BaseException:
    """Notes on an exception where it happened, unless that is there already."""
    if getattr(error, "node_id", None) is None:
        where = f"in node '{node_id}'" + ("" if index is None else f", at input {index}")
        error.add_note(where)
        try:
            error.node_id, error.input_index = node_id, index  # type: ignore[attr-defined]
        except AttributeError:
            pass  # an exception with __slots__ has the note at least
    return error
