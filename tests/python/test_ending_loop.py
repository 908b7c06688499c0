"""An event loop that ends while nodes have calls to make on it: each has an outcome, and each node is cleaned up."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from doubles import Held, Recorder

from remotemedia import Node, Session, open_session


class Waits(Recorder):
    async def process(self, data: Any) -> Any:
        self.events.append("proc")
        await asyncio.sleep(60)


class Yields(Recorder):
    async def process(self, data: Any) -> AsyncIterator[Any]:
        self.events.append("proc")
        await asyncio.sleep(60)
        yield data


class Streams(Recorder):
    is_streaming = True

    async def process(self, data: Any) -> AsyncIterator[Any]:
        async for item in data:
            self.events.append("proc")
            await asyncio.sleep(60)
            yield item


async def held_up(seconds: float) -> AsyncIterator[None]:
    """A generator that holds up the end of its loop."""
    try:
        yield
    finally:
        await asyncio.sleep(seconds)


def ends_amid(before: Held, node: Node, moment: str) -> Session:
    """A session whose loop has ended while a call of the second node was under way; the first one lets it begin."""
    closing = held_up(0.4)

    async def main() -> Session:
        session = open_session([before, node])
        await session.send(1)
        if moment == "at the tasks":
            before.go.set()
            # The loop is given the call now, and its end right after that: the task is cancelled before its first step.
            time.sleep(0.3)
            return session
        # The generators are closed after the tasks were cancelled, and after those the threads are waited for.
        await anext(closing)
        asyncio.get_running_loop().run_in_executor(None, time.sleep, 1.0)
        threading.Timer({"at the generators": 0.2, "at the threads": 0.7}[moment], before.go.set).start()
        return session

    return asyncio.run(main())


def is_cleaned_up(node: Recorder) -> bool:
    until = time.monotonic() + 5
    while "clean" not in node.events and time.monotonic() < until:
        time.sleep(0.01)
    return node.events.count("clean") == 1


@pytest.mark.parametrize("kind", [Waits, Yields, Streams])
@pytest.mark.parametrize("moment", ["at the tasks", "at the generators", "at the threads"])
def test_a_call_that_comes_too_late_has_an_outcome(kind, moment):
    before, node = Held(), kind()
    session = ends_amid(before, node, moment)
    assert is_cleaned_up(node)
    session.cancel()
    # What was dropped unawaited would be told of here, and be an error.
    del session
    gc.collect()
