"""What the tasks of an event loop wait for."""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import ref

from .belongings import belonging


class Doorbell:
    """Wakes a loop for everything that has come about since it last looked: waking it once costs more than an event."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Weak: the loop keeps this, and is to go as soon as nobody else keeps it.
        self._loop = ref(loop)
        self._told: deque[tuple[Signals, int]] = deque()
        self._rung = False

    def ring(self, signals: Signals, event: int) -> None:
        """Notes an event; a RuntimeError says that the loop is closed. [any thread]"""
        self._told.append((signals, event))
        if not self._rung:
            self._rung = True
            try:
                loop = self._loop()
                if loop is None:
                    raise RuntimeError("the event loop is gone")
                if asyncio._get_running_loop() is loop:  # whoever sends makes the calls
                    self._answer()
                else:
                    loop.call_soon_threadsafe(self._answer)
            except RuntimeError:
                self._rung = False
                raise

    def _answer(self) -> None:
        # In this order: whoever finds the bell still rung has noted his event before it is looked for.
        self._rung = False
        while self._told:
            signals, event = self._told.popleft()
            signals.wake(event)


class Signals:
    """Events that come from any thread, and the tasks of one loop that wait for them. Made on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._doorbell = belonging(loop, Doorbell)

    def tell(self, event: int) -> None:
        """Wakes every task that waits for an event. [any thread]

        Raises:
            RuntimeError: The loop is closed.
        """
        self._doorbell.ring(self, event)

    def wake(self, event: int) -> None:
        """The same, on the loop."""
        for future in self._waiting.pop(event, ()):
            if not future.done():
                future.set_result(None)

    async def wait(self, event: int) -> None:
        """Waits for the next time that an event is told."""
        future = self.loop.create_future()
        self._waiting.setdefault(event, []).append(future)
        await future
