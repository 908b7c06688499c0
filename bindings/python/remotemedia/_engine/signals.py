"""What the tasks of an event loop wait for."""

from __future__ import annotations

import asyncio


class Signals:
    """Events that come from any thread, and the tasks of one loop that wait for them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}

    def tell(self, event: int) -> None:
        """Wakes every task that waits for an event. [any thread]

        Raises:
            RuntimeError: The loop is closed.
        """
        self.loop.call_soon_threadsafe(self._wake, event)

    def _wake(self, event: int) -> None:
        for future in self._waiting.pop(event, ()):
            if not future.done():
                future.set_result(None)

    async def wait(self, event: int) -> None:
        """Waits for the next time that an event is told."""
        future = self.loop.create_future()
        self._waiting.setdefault(event, []).append(future)
        await future
