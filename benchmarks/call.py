"""Whole calls: one node and one item, and a thousand of them."""

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

CALLS, WARM_UP = 300, 30
MANIFEST = '{"version": "v1", "nodes": [{"id": "pass", "node_type": "PassThrough"}]}'
INSTANCE, NATIVE, POOL = "await execute_pipeline([node])", "await execute_pipeline(manifest)", "await run_in_executor"
TABLES = [
    Table("call", "one call, one node, one item, p50", "µs"),
    Table("thousand", "1,000 calls of a manifest, one after the other", "ms"),
]


class KeepNode(Keep, Node):
    """Passes on."""


def probes() -> list[Probe]:
    """All in one process: calls in turn see the same machine."""
    return [Probe("", ours("call"), [table.key for table in TABLES])]


async def calls() -> dict[str, float]:
    """Microseconds for each way."""
    loop, node = asyncio.get_running_loop(), KeepNode()
    ways: dict[str, Callable[[], Awaitable[Any]]] = {
        INSTANCE: lambda: execute_pipeline([node]),
        NATIVE: lambda: execute_pipeline(MANIFEST),
        POOL: lambda: loop.run_in_executor(None, node.process, ""),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(CALLS + WARM_UP):
        for name, call in ways.items():
            start = time.perf_counter()
            await call()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[WARM_UP:]) * 1e6 for name, times in taken.items()}


async def thousand() -> float:
    """Milliseconds for all calls."""
    start = time.perf_counter()
    for _ in range(1000):
        await execute_pipeline(MANIFEST)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    answer({"call": asyncio.run(calls()), "thousand": {NATIVE: asyncio.run(thousand())}})


if __name__ == "__main__":
    main()
