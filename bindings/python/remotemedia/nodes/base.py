"""Nodes that move items without looking into them."""

from __future__ import annotations

from typing import Any

from ..core.node import Node


class PassThroughNode(Node):
    """Returns its input, the very object."""

    def process(self, data: Any) -> Any:
        return data


class BufferNode(Node):
    """Gathers items into lists of `buffer_size`; the rest comes out at the end of the input.

    Args:
        buffer_size: Items in a list.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ValueError: `buffer_size` is less than 1.
    """

    def __init__(self, buffer_size: int = 10, name: str | None = None, **kwargs: Any) -> None:
        if buffer_size < 1:
            raise ValueError(f"buffer_size must be at least 1, got {buffer_size!r}")
        super().__init__(name=name, **kwargs)
        self.buffer_size = buffer_size
        self._items: list[Any] = []

    def process(self, data: Any) -> list[Any] | None:
        """Return the list that `data` completes, or None."""
        self._items.append(data)
        return self.flush() if len(self._items) >= self.buffer_size else None

    def flush(self) -> list[Any] | None:
        """Return the items that no list has held yet, or None if there are none."""
        items, self._items = self._items, []
        return items or None

    def cleanup(self) -> Any:
        # What an interrupted run left must not come out of the next one.
        self._items = []
        return super().cleanup()
