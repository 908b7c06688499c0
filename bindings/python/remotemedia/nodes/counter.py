"""A node that counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from ..core.node import Node


class StatefulCounter(Node):
    """Yields `(n,)` for every item of the stream, n counting up from `initial_value + 1`.

    `value` is the count so far. It goes on over the runs of one instance.

    Args:
        initial_value: The count before the first item.
        name: Name of the instance.
        **kwargs: As for `Node`.
    """

    is_streaming = True

    def __init__(self, initial_value: int = 0, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.initial_value = initial_value
        self.value = initial_value

    async def process(self, stream: AsyncIterator[Any]) -> AsyncIterator[tuple[int]]:
        async for _ in stream:
            self.value += 1
            yield (self.value,)
