"""The event loop for callers that have none."""

from __future__ import annotations

import asyncio
import ctypes
import threading

from .handover import Handover, handover


class LoopThread:
    """An event loop that runs in a daemon thread until it is closed."""

    handover: Handover

    def __init__(self) -> None:
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), name="remotemedia-loop", daemon=True)
        self._thread.start()
        # Whoever gets the loop may rely on it to run.
        started.wait()

    def _serve(self, started: threading.Event) -> None:
        async def until_closed() -> None:
            self._loop = asyncio.get_running_loop()
            self.handover = handover(self._loop)
            self._closed = asyncio.Event()
            started.set()
            await self._closed.wait()

        asyncio.run(until_closed())

    def close(self, patience: float) -> None:
        """Stops the loop and waits for its thread; tasks that are left are cancelled.

        Args:
            patience: Seconds to wait before a task that keeps the loop busy is interrupted, and again after that.
        """
        self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join(patience)
        if interrupt(self._thread):
            self._thread.join(patience)


def interrupt(thread: threading.Thread) -> bool:
    """Ends a thread that loops in Python; one that blocks in C sleeps on. Whether it was alive."""
    if thread.is_alive() and hasattr(ctypes, "pythonapi"):
        identity = ctypes.c_ulong(thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(SystemExit))
    return thread.is_alive()
