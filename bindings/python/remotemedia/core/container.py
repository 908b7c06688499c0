"""`Container`: a described payload as one run of bytes, which is checked before anything in it is used."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Any, TypeAlias
from zlib import crc32

Bytes: TypeAlias = bytes | bytearray | memoryview

# Magic, version of the format, size and checksum of the header, size and checksum of the payload; little-endian.
_PREFIX = struct.Struct("<4sHIIQI")
_ALIGNMENT = 16


class Damaged(ValueError):
    """Bytes that are not the container they should be.

    Args:
        message: What is wrong with them.
        header: The container's header, if that at least is whole.
    """

    def __init__(self, message: str, header: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.header = header


class Container:
    """A format of bytes: a fixed prefix, a header in JSON, and a payload of any kind.

    The checksums find damage, not malice: whoever makes bytes can make them fit.

    Args:
        magic: The four bytes that it begins with.
        version: Version of the format, 0 to 65535; no other one is read.
        what: What such bytes are, for messages.
    """

    def __init__(self, magic: bytes, version: int, what: str) -> None:
        self._magic = magic
        self._version = version
        self._what = what

    def write(self, header: dict[str, Any], payload: Iterable[Bytes]) -> bytes:
        """The bytes of a container.

        Args:
            header: What JSON can hold.
            payload: Pieces, one behind the other; they are copied once.
        """
        text = json.dumps(header).encode()
        # Blanks behind the header align the payload, and with it arrays that are views of it.
        text += b" " * (-(_PREFIX.size + len(text)) % _ALIGNMENT)
        pieces = list(payload)
        size = sum_ = 0
        for piece in pieces:
            size += memoryview(piece).nbytes
            sum_ = crc32(piece, sum_)
        prefix = _PREFIX.pack(self._magic, self._version, len(text), crc32(text), size, sum_)
        return b"".join((prefix, text, *pieces))

    def read(self, data: Bytes) -> tuple[dict[str, Any], memoryview]:
        """Takes a container apart.

        Returns:
            The header, and the payload as a view of `data`.

        Raises:
            Damaged: The bytes are foreign, of another version, cut off or damaged.
        """
        view = memoryview(data).cast("B")
        if bytes(view[: len(self._magic)]) != self._magic[: len(view)] or not view:
            raise Damaged(f"these {len(view)} bytes are not {self._what}")
        if len(view) < _PREFIX.size:
            raise Damaged(f"the bytes are cut off: {len(view)} are fewer than the {_PREFIX.size} that come first")
        _, version, header_size, header_sum, size, sum_ = _PREFIX.unpack_from(view)
        if version != self._version:
            raise Damaged(f"the bytes are of version {version} of the format, this program reads {self._version}")
        text = view[_PREFIX.size :][:header_size]
        header = _parse(text) if len(text) == header_size and crc32(text) == header_sum else None
        whole = _PREFIX.size + header_size + size
        if len(view) != whole:
            what = "cut off" if len(view) < whole else "followed by others"
            raise Damaged(f"the bytes are {what}: there are {len(view)} of {whole}", header)
        payload = view[_PREFIX.size + header_size :]
        if header is None or crc32(payload) != sum_:
            raise Damaged("the bytes are damaged: their checksum does not fit", header)
        return header, payload


def _parse(text: memoryview) -> dict[str, Any] | None:
    # Forged bytes may have a checksum that fits and still be no JSON, or be nested without end.
    try:
        header = json.loads(bytes(text))
    except (ValueError, RecursionError):
        return None
    return header if isinstance(header, dict) else None
