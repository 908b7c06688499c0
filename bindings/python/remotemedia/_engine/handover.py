"""How calls come onto an event loop that somebody else runs and ends."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar
from weakref import ref

from .belongings import belonging
from .errors import LoopStopped

_T = TypeVar("_T")

_PATIENCE = 0.1
"""How long the end of a loop is held up for what it has taken on, in seconds, before that is cancelled."""
_STOPPED = "the event loop of the run has stopped, so nothing can be awaited any more"


class Handover:
    """Hands calls over to one event loop, and sees to it that each has an outcome before the loop is closed.

    A loop that ends cancels its tasks first. What is handed over after that would begin and never be heard of again, so
    its last step counts as the end: it closes the asynchronous generators that were begun on it, and one is begun here.
    Made on the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Weak: the loop keeps this, and is to go as soon as nobody else keeps it.
        self._loop = ref(loop)
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False
        self._generator = self._until_end()
        finalizer = sys.get_asyncgen_hooks().finalizer
        # It would keep the loop, too.
        sys.set_asyncgen_hooks(finalizer=None)
        try:
            with contextlib.suppress(StopIteration):
                self._generator.__anext__().send(None)
        finally:
            sys.set_asyncgen_hooks(finalizer=finalizer)

    def give(
        self, call: Callable[..., object], *arguments: object, prepare: Callable[[], _T], undo: Callable[[_T], object]
    ) -> None:
        """Has the loop make a call, with what `prepare` answers and the arguments; that is asked for last. [any thread]

        Raises:
            LoopStopped: The loop does not run any more, or is about to be closed. What was prepared is undone.
        """
        with self._lock:
            loop = self._loop()
            if self._ended or loop is None or not loop.is_running():
                raise LoopStopped(_STOPPED)
            prepared = prepare()
            try:
                loop.call_soon_threadsafe(call, prepared, *arguments)
            except RuntimeError:  # closed since
                undo(prepared)
                raise LoopStopped(_STOPPED) from None

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task of ours on the loop. On the loop."""
        task = asyncio.get_running_loop().create_task(coroutine)
        # Where a loop is closed without its last step, the session has given the call up; that a pending task was
        # destroyed would tell the caller of something that he cannot mend.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _until_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            with self._lock:
                self._ended = True
            loop = self._loop()
            # It may go with a loop that nobody has closed: then nothing can be waited for.
            if loop is not None and asyncio._get_running_loop() is loop:
                await self._finish()

    async def _finish(self) -> None:
        # What was handed over before begins.
        await asyncio.sleep(0)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PATIENCE)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PATIENCE)


def handover(loop: asyncio.AbstractEventLoop) -> Handover:
    """The one way onto a loop. On the loop."""
    return belonging(loop, Handover)
