"""Nodes at the ends of a pipeline: the program pushes items into one and takes them out of the other."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from ..core.node import Node
from ._channel import Channel


class DataSourceNode(Node):
    """A source fed by `push_data`, from any event loop.

    Items may be pushed before the pipeline starts. `close` ends the stream once all of them came out; so does
    `cleanup`, without waiting for that. After a `cleanup` the next `initialize` opens the source again.

    Args:
        buffer_size: The most items that wait inside.
        timeout_seconds: How long `push_data` waits for room, in seconds. The stream itself waits without limit.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ValueError: `buffer_size` is less than 1.
    """

    is_source = True
    is_streaming = True

    def __init__(
        self, buffer_size: int = 100, timeout_seconds: float = 30.0, name: str | None = None, **kwargs: Any
    ) -> None:
        if buffer_size < 1:
            raise ValueError(f"buffer_size must be at least 1, got {buffer_size!r}")
        super().__init__(name=name, **kwargs)
        self.buffer_size = buffer_size
        self.timeout_seconds = timeout_seconds
        self._channel = Channel(buffer_size)
        self._cleaned = False

    def initialize(self) -> Any:
        if self._cleaned:
            self._channel = Channel(self.buffer_size)
            self._cleaned = False
        return super().initialize()

    def cleanup(self) -> Any:
        self._cleaned = True
        self._channel.close()
        return super().cleanup()

    async def push_data(self, data: Any) -> bool:
        """Hand one item in; False if the source is closed or had no room for `timeout_seconds`."""
        import asyncio

        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._channel.put(data)
        except TimeoutError:
            return False

    async def close(self) -> None:
        """End the stream after the items already pushed."""
        self._channel.close()

    async def process(self, data: Any = None) -> AsyncIterator[Any]:
        """Yield the pushed items in order until the source is closed; `data` is not used."""
        async for item in self._channel:
            yield item


class DataSinkNode(Node):
    """Delivers every item to the program, and returns it.

    `item_count` is the number of items so far.

    Args:
        callback: Called with every item; may be `async def`. What it raises, the run raises.
        buffer_output: Keep the items for `get_buffered_output`.
        buffer_size: The most items kept; the oldest go first.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ValueError: `buffer_size` is less than 1.
    """

    is_sink = True

    def __init__(
        self,
        callback: Callable[[Any], Any] | None = None,
        buffer_output: bool = False,
        buffer_size: int = 100,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if buffer_size < 1:
            raise ValueError(f"buffer_size must be at least 1, got {buffer_size!r}")
        super().__init__(name=name, **kwargs)
        self.buffer_output = buffer_output
        self.buffer_size = buffer_size
        self.item_count = 0
        self._callback = callback
        self._queue: Any = None
        self._buffer: deque[Any] = deque(maxlen=buffer_size)

    def set_callback(self, callback: Callable[[Any], Any] | None) -> None:
        """Replace the callback; None takes it away."""
        self._callback = callback

    def set_output_queue(self, queue: Any) -> None:
        """Put every item into `queue` too: an `asyncio.Queue` of the running loop, or a `queue.Queue`; None stops it.

        A full queue holds the pipeline back.
        """
        self._queue = queue

    def get_buffered_output(self) -> list[Any]:
        """Return the items kept, oldest first."""
        return list(self._buffer)

    def clear_buffer(self) -> None:
        """Drop the items kept."""
        self._buffer.clear()

    async def process(self, data: Any) -> Any:
        self.item_count += 1
        if self.buffer_output:
            self._buffer.append(data)
        if self._queue is not None:
            await _put(self._queue, data)
        if self._callback is not None:
            outcome = self._callback(data)
            if hasattr(outcome, "__await__"):
                await outcome
        return data


async def _put(queue: Any, data: Any) -> None:
    from inspect import iscoroutinefunction

    if iscoroutinefunction(queue.put):
        await queue.put(data)
    else:
        import asyncio

        # `queue.Queue.put` may block, which the event loop must not.
        await asyncio.to_thread(queue.put, data)
