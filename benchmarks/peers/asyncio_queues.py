"""A task for each node, and bounded asyncio queues between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from ..harness.chain import TABLES, Work, measure
from ..harness.table import Probe, ours

CAPACITY = 16


def probes() -> list[Probe]:
    """It can be measured everywhere."""
    return [Probe("asyncio queues", ours("peers.asyncio_queues"), TABLES, is_peer=True)]


async def stage(process: Callable[[Any], Any], source: asyncio.Queue[Any], sink: asyncio.Queue[Any]) -> None:
    """A node, until it is cancelled."""
    while True:
        await sink.put(process(await source.get()))


async def run(work: Work, nodes: int, items: list[Any]) -> float:
    queues: list[asyncio.Queue[Any]] = [asyncio.Queue(CAPACITY) for _ in range(nodes + 1)]

    async def feed() -> None:
        for item in items:
            await queues[0].put(item)

    start = time.perf_counter()
    tasks = [asyncio.create_task(stage(work().process, *queues[at : at + 2])) for at in range(nodes)]
    tasks.append(asyncio.create_task(feed()))
    for _ in items:
        await queues[-1].get()
    taken = time.perf_counter() - start
    for task in tasks:
        task.cancel()
    return taken


def through(work: Work, nodes: int, items: list[Any]) -> float:
    """Seconds for all items."""
    return asyncio.run(run(work, nodes, items))


if __name__ == "__main__":
    measure(through, 10_000)
