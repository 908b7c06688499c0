"""How long an event loop stands still while 10 MB go to a node."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np

from remotemedia import Node, execute_pipeline_with_input

from .harness.answer import answer
from .harness.chain import Keep
from .harness.table import Probe, Table, ours

REPEATS = 3
TABLES = [Table("stall", "the longest stall of the event loop while 10 MB go to", "ms")]


class KeepNode(Keep, Node):
    """Passes on."""


def probes() -> list[Probe]:
    """All ways in one process."""
    return [Probe("", ours("stall"), ["stall"], most_rounds=5)]


async def beat(late: list[float]) -> None:
    """Notes by how much each of its sleeps was too long."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append(time.perf_counter() - start - 0.001)


async def stalls() -> dict[str, float]:
    """Milliseconds that the heartbeat was late at most, for each way."""
    samples = np.zeros((1, 2_500_000), np.float32)
    resample: dict[str, Any] = {"node_type": "FastResampleNode", "params": {"target_rate": 16000}}
    ways: dict[str, list[Any]] = {
        "nobody": [],
        "a Python node": [KeepNode()],
        "a native node, converted": [resample],
        "a node in a process": [KeepNode().in_process()],
    }
    longest = {}
    for name, nodes in ways.items():
        late = [0.0]
        for _ in range(REPEATS):
            beating = asyncio.create_task(beat(late))
            await asyncio.sleep(0.01)
            if nodes:
                await execute_pipeline_with_input(nodes, [(samples, 48000)])
            await asyncio.sleep(0.01)
            beating.cancel()
        longest[name] = max(late) * 1e3
    return longest


def main() -> None:
    answer({"stall": asyncio.run(stalls())})


if __name__ == "__main__":
    main()
