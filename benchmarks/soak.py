"""Many live sessions at once, for as long as it is told: nothing may be lost, and memory must not grow. `make soak`.

Each session sends at its own beat through three Python nodes and receives what comes out. Latency is measured by the
program itself, from before `send` to after the receiving task has the output, and by the engine, from edge to edge.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

from remotemedia import Node, Pipeline

WARM_UP = 0.25
"""The share of the time after which memory must not grow any more."""
GROWTH = 0.05
"""By how much it may all the same: what the allocators keep is never quite still."""


class Counts(Node):
    """Passes on, with a state of its own."""

    count = 0

    def process(self, data: Any) -> Any:
        self.count += 1
        return data


class Lane:
    """One session: its beat, and what became of its packets."""

    def __init__(self) -> None:
        self.session = Pipeline([Counts(), Counts(), Counts()]).session()
        self.sent = 0
        self.received = 0
        self.refused = 0
        self.disordered = 0

    def send(self) -> None:
        if self.session.try_send((self.sent, time.perf_counter())):
            self.sent += 1
        else:
            self.refused += 1

    async def receive(self, latencies: list[float]) -> None:
        async for number, sent_at in self.session:
            latencies.append(time.perf_counter() - sent_at)
            self.disordered += number != self.received
            self.received += 1


def resident() -> int:
    """Bytes of memory that the process has now."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def beat(lanes: list[Lane], rate: float, until: float) -> float:
    """Has every session send `rate` packets a second, spread over time; returns the longest delay, in seconds."""
    start = time.perf_counter()
    step = 1 / rate / len(lanes)
    latest = 0.0
    count = 0
    while (now := time.perf_counter()) < until:
        due = int((now - start) / step)
        latest = max(latest, now - start - count * step)
        for _ in range(min(due - count, len(lanes))):
            lanes[count % len(lanes)].send()
            count += 1
        await asyncio.sleep(0.001)
    return latest


async def soak(sessions: int, rate: float, seconds: float) -> dict[str, Any]:
    """Runs the sessions and returns what was seen."""
    lanes = [Lane() for _ in range(sessions)]
    latencies: list[float] = []
    memory: list[int] = []
    receivers = [asyncio.create_task(lane.receive(latencies)) for lane in lanes]
    processor = time.process_time()
    start = time.perf_counter()
    quantiles: list[tuple[float, float]] = []
    late = 0.0
    rounds = max(int(seconds), 1)
    for number in range(rounds):
        late = max(late, await beat(lanes, rate, start + seconds * (number + 1) / rounds))
        latencies.sort()
        if latencies:
            quantiles.append((latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]))
        latencies.clear()
        memory.append(resident())
    elapsed = time.perf_counter() - start
    busy = time.process_time() - processor
    engine = lanes[0].session.metrics()["path_metrics"]
    for lane in lanes:
        await lane.session.end()
    await asyncio.gather(*receivers)
    for lane in lanes:
        await lane.session.wait()
    gc.collect()
    settled = memory[int(len(memory) * WARM_UP) :]
    return {
        "sessions": sessions,
        "packets a second": round(sum(lane.sent for lane in lanes) / elapsed),
        "sent": sum(lane.sent for lane in lanes),
        "received": sum(lane.received for lane in lanes),
        "refused for want of room": sum(lane.refused for lane in lanes),
        "out of order": sum(lane.disordered for lane in lanes),
        "p50 ms": round(sorted(p50 for p50, _ in quantiles)[len(quantiles) // 2] * 1000, 3),
        "p99 ms": round(sorted(p99 for _, p99 in quantiles)[len(quantiles) // 2] * 1000, 3),
        "p99 ms, worst second": round(max(p99 for _, p99 in quantiles) * 1000, 3),
        "p99 ms, by the engine, one session": round(engine[0]["p99_duration_us"] / 1000, 3),
        "longest delay of a beat ms": round(late * 1000, 1),
        "processors busy": round(busy / elapsed, 2),
        "memory MB on the way": [round(size / 2**20, 1) for size in memory[:: max(len(memory) // 10, 1)]],
        "memory MB": round(memory[-1] / 2**20, 1),
        "memory growth after warm-up": round(settled[-1] / settled[0] - 1, 4),
    }


def main() -> int:
    """Runs, prints, and says by its status whether the claims hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50, help="packets a second, each session")
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    seen = asyncio.run(soak(arguments.sessions, arguments.rate, arguments.seconds))
    print(f"{platform.processor() or platform.machine()}, CPython {platform.python_version()}", file=sys.stderr)
    print(json.dumps(seen, indent=2))
    lost = seen["sent"] - seen["received"] + seen["out of order"]
    grown = seen["memory growth after warm-up"] > GROWTH
    for wrong, what in ((lost, "packets were lost or came out of order"), (grown, "memory grew")):
        if wrong:
            print(f"FAILED: {what}", file=sys.stderr)
    return 1 if lost or grown else 0


if __name__ == "__main__":
    sys.exit(main())
