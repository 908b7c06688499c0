"""A Python node hop: a further node in a chain of Python nodes, and a chain of three as a whole."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from remotemedia import Node, execute_pipeline_with_input

from .harness.chain import Work, measure
from .harness.table import Probe, Table, ours
from .peers import asyncio_queues, bare_loop, c_loop, gstreamer_python, pipecat, remotemedia_ffi, thread_queues

TABLES = [
    Table("hop", "a further Python node, an object by reference", "µs an item", note="metrics are always on"),
    Table("chain", "a chain of three Python nodes with its source and sink, a third of it", "µs an item"),
    Table("audio", "the same for nodes that scale a NumPy array of 480 samples", "µs an item"),
]
PEERS = bare_loop, c_loop, asyncio_queues, thread_queues, gstreamer_python, pipecat, remotemedia_ffi


def probes() -> list[Probe]:
    """Ours, and everybody's who runs Python nodes."""
    return [
        Probe("remotemedia", ours("hop"), [table.key for table in TABLES]),
        *(probe for peer in PEERS for probe in peer.probes()),
    ]


def through_engine(work: Work, nodes: int, items: list[Any]) -> float:
    """Seconds that the engine takes for all items."""
    kind = type(work.__name__, (work, Node), {})
    chain = [kind() for _ in range(nodes)]

    async def timed() -> float:
        start = time.perf_counter()
        await execute_pipeline_with_input(chain, items)
        return time.perf_counter() - start

    return asyncio.run(timed())


if __name__ == "__main__":
    measure(through_engine, 20_000)
