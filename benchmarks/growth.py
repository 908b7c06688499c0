"""What more of everything costs: nodes in a row, sessions at once, consumers beside each other. It should be a line.

python -m benchmarks.growth nodes|sessions|fan-out
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from remotemedia import Node, Pipeline, execute_pipeline_with_input

from .harness.answer import answer, median
from .harness.chain import Keep
from .harness.table import Probe, Table, ours

COUNTS = 1, 3, 10, 30, 100
ITEMS = 5_000
"""As many for each count: what a node takes at its start and its end has the same share."""
SESSIONS = 1, 10, 100, 1000
TABLES = [
    Table("growth-nodes", "an item through a chain of Python nodes", "µs an item", "nodes"),
    Table("growth-sessions", "runs at once, of three Python nodes and 20 items each, all together", "ms", "sessions"),
    Table("growth-fan-out", "an item from one Python node to many", "µs an item", "consumers"),
]


class KeepNode(Keep, Node):
    """Passes on."""


class Drops(Node):
    """Takes and gives nothing."""

    def process(self, item: Any) -> None:
        return None


def probes() -> list[Probe]:
    """A probe for what grows."""
    return [
        Probe("", ours("growth", table.key.removeprefix("growth-")), [table.key], most_rounds=5) for table in TABLES
    ]


def timed(run: Callable[[], Awaitable[object]]) -> float:
    """Seconds, the middle of three."""

    async def once() -> float:
        start = time.perf_counter()
        await run()
        return time.perf_counter() - start

    return median(lambda: asyncio.run(once()), 3)


def chain(count: int) -> float:
    nodes, items = [KeepNode() for _ in range(count)], list(range(ITEMS))
    return timed(lambda: execute_pipeline_with_input(nodes, items)) / ITEMS * 1e6


def fan_out(count: int) -> float:
    pipeline, source = Pipeline(), KeepNode()
    pipeline.add_node(source)
    for _ in range(count):
        consumer = Drops()
        pipeline.add_node(consumer)
        pipeline.connect(source, consumer)
    items = list(range(ITEMS))
    return timed(lambda: execute_pipeline_with_input(pipeline, items)) / ITEMS * 1e6


def sessions(count: int) -> float:
    chains, items = [[KeepNode(), KeepNode(), KeepNode()] for _ in range(count)], list(range(20))
    return timed(lambda: asyncio.gather(*(execute_pipeline_with_input(nodes, items) for nodes in chains))) * 1e3


def main(what: str) -> None:
    grow = {"nodes": chain, "sessions": sessions, "fan-out": fan_out}[what]
    counts = SESSIONS if what == "sessions" else COUNTS
    answer({f"growth-{what}": {str(count): grow(count) for count in counts}})


if __name__ == "__main__":
    main(sys.argv[1])
