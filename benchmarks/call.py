"""Whole calls: one node and one item, in a row and each alone, and a thousand of them."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from remotemedia import Node, execute_pipeline

from .harness.answer import answer
from .harness.chain import Keep
from .harness.table import Probe, Table, ours

BLOCK, BLOCKS, WARM_UP = 30, 10, 1
"""Calls in a block, blocks of each way, and how many of them before are left out."""
QUIET = 0.002
"""What a call that comes alone comes after, in seconds: every thread has gone to sleep."""
MANIFEST = '{"version": "v1", "nodes": [{"id": "pass", "node_type": "PassThrough"}]}'
INSTANCE, NATIVE, POOL = "await execute_pipeline([node])", "await execute_pipeline(manifest)", "await run_in_executor"
TABLES = [
    Table("call", "one call after the other, each of one node and one item, p50", "µs"),
    Table("call-alone", f"the same for a call that comes {QUIET * 1e3:g} ms after the last one", "µs"),
    Table("thousand", "1,000 calls of a manifest, one after the other", "ms"),
]


class KeepNode(Keep, Node):
    """Passes on."""


def probes() -> list[Probe]:
    """All in one process, in blocks of each way in turn: they see the same machine, and not each other's threads."""
    return [Probe("", ours("call"), [table.key for table in TABLES])]


async def calls(pause: float = 0) -> dict[str, float]:
    """Microseconds for each way, with a pause before each call."""
    loop, node = asyncio.get_running_loop(), KeepNode()
    ways: dict[str, Callable[[], Awaitable[Any]]] = {
        INSTANCE: lambda: execute_pipeline([node]),
        NATIVE: lambda: execute_pipeline(MANIFEST),
        POOL: lambda: loop.run_in_executor(None, node.process, ""),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(WARM_UP + BLOCKS):
        for name, call in ways.items():
            for _ in range(BLOCK):
                if pause:
                    await asyncio.sleep(pause)
                start = time.perf_counter()
                await call()
                taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[WARM_UP * BLOCK :]) * 1e6 for name, times in taken.items()}


async def thousand() -> float:
    """Milliseconds for all calls."""
    start = time.perf_counter()
    for _ in range(1000):
        await execute_pipeline(MANIFEST)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    figures = {"call": asyncio.run(calls()), "call-alone": asyncio.run(calls(QUIET))}
    answer({**figures, "thousand": {NATIVE: asyncio.run(thousand())}})


if __name__ == "__main__":
    main()
