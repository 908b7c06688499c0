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


def ends_with(*nodes: Node, seconds: float) -> Session:
    """A session in whose nodes a call is under way at the end of its loop; that takes some seconds."""

    async def main() -> Session:
        session = open_session(list(nodes))
        await session.send(1)
        main.generator = held_up(seconds)  # type: ignore[attr-defined]
        await anext(main.generator)  # type: ignore[attr-defined]
        # Its thread is waited for after the tasks were cancelled and the generators closed.
        asyncio.get_running_loop().run_in_executor(None, time.sleep, 2 * seconds)
        return session

    return asyncio.run(main())


def is_cleaned_up(node: Recorder) -> bool:
    until = time.monotonic() + 5
    while "clean" not in node.events and time.monotonic() < until:
        time.sleep(0.01)
    return node.events.count("clean") == 1


@pytest.mark.parametrize("kind", [Waits, Yields, Streams])
@pytest.mark.parametrize("moment", ["before", "at the generators", "at the threads"])
def test_what_was_begun_or_comes_too_late_has_an_outcome(kind, moment):
    before, node = Held(), kind()
    seconds = 0.3
    asked = time.monotonic()
    loop_ends = {"before": 0, "at the generators": seconds / 2, "at the threads": 1.5 * seconds}[moment]
    threading.Timer(loop_ends, before.go.set).start()
    session = ends_with(before, node, seconds=seconds)
    assert is_cleaned_up(node)
    assert time.monotonic() - asked < 5
    # What was dropped unawaited would be told of here, and be an error.
    del session
    gc.collect()
