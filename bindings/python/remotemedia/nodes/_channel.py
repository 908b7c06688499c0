"""A bounded queue between event loops."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


class Channel:
    """A bounded first-in, first-out queue that any number of event loops and threads may share.

    `asyncio.Queue` belongs to the loop that first waits on it, but the two ends of a `DataSourceNode` need not be on
    one: its user pushes from the program's loop, while the runtime may drive the node on a loop of its own.

    Iterating takes the items, and ends when the channel is closed and empty. Pickling gives an empty, open channel of
    the same capacity.

    Args:
        capacity: The most items held.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: deque[Any] = deque()
        self._closed = False
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def __reduce__(self) -> tuple[type[Channel], tuple[int]]:
        return Channel, (self._capacity,)

    async def put(self, item: Any) -> bool:
        """Wait for room and append `item`; False if the channel is, or meanwhile gets, closed."""
        while True:
            with self._lock:
                if self._closed:
                    return False
                if len(self._items) < self._capacity:
                    self._items.append(item)
                    self._wake()
                    return True
                change = self._next_change()
            await change

    def __aiter__(self) -> Channel:
        return self

    async def __anext__(self) -> Any:
        while True:
            with self._lock:
                if self._items:
                    item = self._items.popleft()
                    self._wake()
                    return item
                if self._closed:
                    raise StopAsyncIteration
                change = self._next_change()
            await change

    def close(self) -> None:
        """Refuse further items; those inside can still be taken."""
        with self._lock:
            self._closed = True
            self._wake()

    def _next_change(self) -> asyncio.Future[None]:
        import asyncio

        loop = asyncio.get_running_loop()
        change = loop.create_future()
        self._waiting.append((loop, change))
        return change

    def _wake(self) -> None:
        # Everyone, and each looks for itself: few wait at a time, and one whose task was cancelled takes nobody's turn.
        waiting, self._waiting = self._waiting, []
        for loop, change in waiting:
            try:
                loop.call_soon_threadsafe(_finish, change)
            except RuntimeError:
                # That loop is closed, and with it whoever waited.
                continue


def _finish(change: asyncio.Future[None]) -> None:
    if not change.done():
        change.set_result(None)
