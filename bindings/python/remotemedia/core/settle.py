"""Lifecycle steps brought to their end, whether they are plain methods or `async def`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .done import Done


async def settle(result: Any) -> None:
    """Awaits what a lifecycle step returned, if there is something to await."""
    if hasattr(type(result), "__await__"):
        await result


def settle_now(step: Callable[[], Any]) -> None:
    """Calls a lifecycle step and returns when it has ended, also one that is `async def`.

    What the step leaves to await runs on an event loop of its own: in this thread, or in a short-lived one where this
    thread's loop is running. So it may not wait for anything that belongs to the caller's loop.
    """
    result = step()
    if isinstance(result, Done) or not hasattr(type(result), "__await__"):
        return
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _run(result)
    else:
        from concurrent.futures import ThreadPoolExecutor
        from contextvars import copy_context

        with ThreadPoolExecutor(1, "remotemedia-settle") as thread:
            thread.submit(copy_context().run, _run, result).result()


def _run(awaitable: Any) -> None:
    import asyncio

    # Not `asyncio.run`, which takes the thread's event loop away from those that set one.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(settle(awaitable))
