"""A paced stream: 100 packets a second through three Python nodes, from before it is sent to after it was received."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

from remotemedia import Node, Pipeline, open_session

from .harness.answer import answer
from .harness.chain import Keep
from .harness.table import Probe, Table, ours
from .peers.asyncio_queues import CAPACITY, stage

RATE, COUNT = 100, 150
TABLES = [Table("paced", f"{RATE} packets a second through three Python nodes, from sent to received, p50", "µs")]
ROWS = {
    "session": "remotemedia: a session on an event loop",
    "caller": "remotemedia: a session on an event loop, caller_runs",
    "sync": "remotemedia: a session without an event loop",
    "sync-caller": "remotemedia: a session without an event loop, caller_runs",
    "queues": "asyncio queues",
}


class KeepNode(Keep, Node):
    """Passes on."""


def probes() -> list[Probe]:
    """A probe for each way."""
    return [Probe(row, ours("paced", way), ["paced"], most_rounds=5) for way, row in ROWS.items()]


async def pace(send: Callable[[float], Awaitable[object]], receive: Callable[[], Awaitable[float]]) -> list[float]:
    """How long each packet took, in seconds; a packet is the time at which it was sent."""
    latencies = []

    async def listen() -> None:
        for _ in range(COUNT):
            sent_at = await receive()
            latencies.append(time.perf_counter() - sent_at)

    listening = asyncio.create_task(listen())
    start = time.perf_counter()
    for number in range(COUNT):
        await asyncio.sleep(start + number / RATE - time.perf_counter())
        await send(time.perf_counter())
    await listening
    return latencies


async def through_session(caller_runs: bool) -> list[float]:
    async with open_session([KeepNode(), KeepNode(), KeepNode()], caller_runs=caller_runs) as session:
        return await pace(session.send, session.receive)


async def through_queues() -> list[float]:
    queues: list[asyncio.Queue[float]] = [asyncio.Queue(CAPACITY) for _ in range(4)]
    tasks = [asyncio.create_task(stage(Keep().process, *queues[at : at + 2])) for at in range(3)]
    latencies = await pace(queues[0].put, queues[-1].get)
    for task in tasks:
        task.cancel()
    return latencies


def through_sync_session(caller_runs: bool) -> list[float]:
    latencies = []
    with Pipeline([KeepNode(), KeepNode(), KeepNode()]).sync_session(caller_runs=caller_runs) as session:
        start = time.perf_counter()
        for number in range(COUNT):
            time.sleep(max(start + number / RATE - time.perf_counter(), 0))
            sent_at = time.perf_counter()
            session.send(sent_at)
            session.receive()
            latencies.append(time.perf_counter() - sent_at)
    return latencies


def main(way: str) -> None:
    caller_runs = way.endswith("caller")
    if way.startswith("sync"):
        latencies = through_sync_session(caller_runs)
    else:
        latencies = asyncio.run(through_queues() if way == "queues" else through_session(caller_runs))
    answer({"paced": statistics.median(latencies) * 1e6})


if __name__ == "__main__":
    main(sys.argv[1])
