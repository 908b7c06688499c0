"""Files that refuse what is too much, before they take it."""

from __future__ import annotations

from pickle import PickleBuffer
from typing import Any


class TooLarge(Exception):
    """More was written than there may be.

    Args:
        size: Bytes that there would have been, at least.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes")
        self.size = size


class BoundedCounter:
    """A file that counts what is written, and keeps nothing.

    Args:
        limit: The most bytes that it takes.
    """

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._limit = limit

    def reserve(self, size: int) -> None:
        """Checks that there is room for so many bytes more.

        Raises:
            TooLarge: There is not.
        """
        if size > self._room:
            raise TooLarge(self._limit - self._room + size)

    def write(self, data: Any) -> int:
        """Takes bytes, and returns how many they are; raises `TooLarge` as `reserve` does."""
        size = memoryview(data).nbytes
        self.reserve(size)
        self._room -= size
        return size


class BoundedChunks(BoundedCounter):
    """A file that keeps what is written as the very objects that were given: large ones are not copied."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.chunks: list[Any] = []

    def write(self, data: Any) -> int:
        size = super().write(data)
        self.chunks.append(data.raw() if isinstance(data, PickleBuffer) else data)
        return size
