"""A Python hop and a whole call, side by side with what they are held against, in one run. `make bench`."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine import machine

import remotemedia
from remotemedia import Node, execute_pipeline, execute_pipeline_with_input

ITEMS = list(range(20_000))
ROUNDS = 15
CALLS = 300
STARTS = 15


class Pass(Node):
    """Returns its input."""

    def process(self, data: Any) -> Any:
        return data


def bare_loop(nodes: list[Node]) -> float:
    """Seconds that Python itself takes to call the nodes."""
    methods = [node.process for node in nodes]
    outputs = []
    start = time.perf_counter()
    for item in ITEMS:
        for method in methods:
            item = method(item)
        outputs.append(item)
    return time.perf_counter() - start


async def through_engine(nodes: list[Node]) -> float:
    """Seconds that the engine takes, metrics on as always."""
    start = time.perf_counter()
    await execute_pipeline_with_input(nodes, ITEMS)
    return time.perf_counter() - start


async def through_queues(nodes: list[Node]) -> float:
    """Seconds that a task for each node and bounded asyncio queues between them take."""
    queues: list[asyncio.Queue[Any]] = [asyncio.Queue(16) for _ in range(len(nodes) + 1)]

    async def stage(node: Node, source: asyncio.Queue[Any], sink: asyncio.Queue[Any]) -> None:
        for _ in ITEMS:
            await sink.put(node.process(await source.get()))

    async def feed() -> None:
        for item in ITEMS:
            await queues[0].put(item)

    async def drain() -> None:
        for _ in ITEMS:
            await queues[-1].get()

    start = time.perf_counter()
    stages = [stage(node, *queues[at : at + 2]) for at, node in enumerate(nodes)]
    await asyncio.gather(feed(), *stages, drain())
    return time.perf_counter() - start


async def hop() -> dict[str, list[float]]:
    """Microseconds an item for each further node of a chain: (three nodes - one node) / 2."""
    one, three = [Pass()], [Pass(), Pass(), Pass()]
    taken: dict[str, list[float]] = {"bare loop": [], "engine": [], "asyncio queues": []}

    def note(name: str, one_took: float, three_took: float) -> None:
        taken[name].append((three_took - one_took) / 2 / len(ITEMS) * 1e6)

    for _ in range(ROUNDS):
        note("bare loop", bare_loop(one), bare_loop(three))
        note("engine", await through_engine(one), await through_engine(three))
        note("asyncio queues", await through_queues(one), await through_queues(three))
    return taken


async def call() -> dict[str, list[float]]:
    """Microseconds for one call with one node and one item."""
    loop, node = asyncio.get_running_loop(), Pass()
    manifest = '{"version": "v1", "nodes": [{"id": "pass", "node_type": "PassThrough"}]}'
    names = "execute_pipeline([node])", "execute_pipeline(manifest)", "loop.run_in_executor"
    taken: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(CALLS):
        start = time.perf_counter()
        await execute_pipeline([node])
        instance = time.perf_counter()
        await execute_pipeline(manifest)
        middle = time.perf_counter()
        await loop.run_in_executor(None, node.process, "")
        taken["execute_pipeline([node])"].append((instance - start) * 1e6)
        taken["execute_pipeline(manifest)"].append((middle - instance) * 1e6)
        taken["loop.run_in_executor"].append((time.perf_counter() - middle) * 1e6)
    return taken


async def thousand() -> dict[str, list[float]]:
    """Milliseconds for 1,000 calls of a manifest, one after the other."""
    manifest = '{"version": "v1", "nodes": [{"id": "pass", "node_type": "PassThrough"}]}'
    taken: dict[str, list[float]] = {"1,000 x execute_pipeline(manifest)": []}
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(1000):
            await execute_pipeline(manifest)
        taken["1,000 x execute_pipeline(manifest)"].append((time.perf_counter() - start) * 1e3)
    return taken


async def stalls() -> dict[str, list[float]]:
    """Milliseconds that a heartbeat of the loop was late at most, while 10 MB of samples go to a node."""
    import numpy as np

    samples = np.zeros((1, 2_500_000), np.float32)
    resample: dict[str, Any] = {"node_type": "FastResampleNode", "params": {"target_rate": 16000}}
    ways: dict[str, list[Any]] = {
        "nothing": [],
        "a Python node": [Pass()],
        "a native node, converted": [resample],
        "a node in a process": [Pass().in_process()],
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, nodes in ways.items():
            late = [0.0]
            beating = asyncio.create_task(beat(late))
            await asyncio.sleep(0.01)
            if nodes:
                await execute_pipeline_with_input(nodes, [(samples, 48000)])
            await asyncio.sleep(0.01)
            beating.cancel()
            taken[name].append(max(late) * 1e3)
    return taken


async def beat(late: list[float]) -> None:
    """Notes by how much each of its sleeps was too long."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append(time.perf_counter() - start - 0.001)


def imports() -> dict[str, list[float]]:
    """Milliseconds for a process that imports and exits."""
    programs = {"bare Python": "pass", "import remotemedia": "import remotemedia"}
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(STARTS):
        for name, program in programs.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            taken[name].append((time.perf_counter() - start) * 1e3)
    return taken


def summarize(taken: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median and quartiles of each."""
    summary = {}
    for name, values in taken.items():
        low, median, high = statistics.quantiles(values, n=4)
        summary[name] = {"p25": round(low, 3), "p50": round(median, 3), "p75": round(high, 3)}
    return summary


def main() -> None:
    sections: list[tuple[str, str, Callable[[], dict[str, list[float]]]]] = [
        ("a further Python node in a chain", "us an item", lambda: asyncio.run(hop())),
        ("one call, one node, one item", "us", lambda: asyncio.run(call())),
        ("calls in a row", "ms", lambda: asyncio.run(thousand())),
        ("the longest stall of the event loop while 10 MB go to", "ms", lambda: asyncio.run(stalls())),
        ("a process that imports and exits", "ms", imports),
    ]
    print(f"remotemedia {remotemedia.__version__} on {machine()}")
    report: dict[str, Any] = {"machine": machine(), "version": remotemedia.__version__}
    for title, unit, measure in sections:
        summary = report[title] = summarize(measure())
        print(f"\n{title} [{unit}]")
        first = next(iter(summary.values()))["p50"]
        for name, row in summary.items():
            ratio = f"{row['p50'] / first:8.2f} x" if first > 0 else ""
            print(f"  {name:36} {row['p25']:9.3f} {row['p50']:9.3f} {row['p75']:9.3f} {ratio}")
    path = Path("build/bench.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\nquartiles and median; also in {path}")


if __name__ == "__main__":
    main()
