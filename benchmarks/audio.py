"""10 ms of audio from a native node into Python and back.

Python gets a NumPy view of the native node's memory, which stays for as long as the view does; the native node gets
the memory of an array. A chain alternates Python nodes and native ones that leave audio as it is; a further pair is
there and back. Consumers beside each other that return nothing are there only; the difference is the way back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from remotemedia import AudioFrame, Node, execute_pipeline_with_input, register_node_class

from .harness.answer import answer
from .harness.table import Probe, Table, ours

FRAMES, REPEATS = 3_000, 5
INTO, BACK = "into a Python node, as a NumPy view", "from a Python node into a native one"
TABLES = [Table("audio-border", "10 ms of audio from a native node into Python and back, hops included", "µs a frame")]
NATIVE: dict[str, Any] = {"node_type": "FastResampleNode", "params": {"target_rate": 48000}}


class Plays(Node):
    """Gives its samples on, as an array."""

    def process(self, frame: Any) -> Any:
        return frame[0], 48000


class Drops(Node):
    """Looks at its samples and gives nothing on."""

    def process(self, frame: Any) -> None:
        frame[0]


def probes() -> list[Probe]:
    """One, with a row for each way."""
    return [Probe("", ours("audio"), ["audio-border"])]


def pairs(count: int) -> list[Any]:
    """A native node, and after it a Python node and a native one, so many times."""
    return [NATIVE, *[Plays(), NATIVE] * count]


def consumers(count: int) -> dict[str, Any]:
    """A native node, and so many Python nodes that look at what it gives."""
    ids = [f"drops{number}" for number in range(count)]
    nodes = [{**NATIVE, "id": "native"}, *({"id": name, "node_type": "Drops"} for name in ids)]
    return {"version": "v1", "nodes": nodes, "connections": [{"from": "native", "to": name} for name in ids]}


def seconds(pipeline: Any) -> float:
    """What all frames take."""
    items = [AudioFrame(np.ones((1, 480), np.float32), 48000)] * FRAMES

    async def timed() -> float:
        start = time.perf_counter()
        await execute_pipeline_with_input(pipeline, items)
        return time.perf_counter() - start

    return asyncio.run(timed())


def further(make: Callable[[int], Any]) -> float:
    """Microseconds a frame that one more of something takes."""
    counts = 1, 4
    times = [[seconds(make(count)) for count in counts] for _ in range(REPEATS)]
    few, many = map(min, zip(*times, strict=True))
    return (many - few) / 3 / FRAMES * 1e6


def main() -> None:
    register_node_class(Drops)
    both, there = further(pairs), further(consumers)
    answer({"audio-border": {INTO: there, BACK: both - there}})


if __name__ == "__main__":
    main()
