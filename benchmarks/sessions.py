"""Many live sessions at once, each of three Python nodes: as fast as they can, and at a pace.

python -m benchmarks.sessions COUNT
"""

from __future__ import annotations

import asyncio
import sys
import time

from remotemedia import Node, Session, open_session

from .harness.answer import answer, quantile
from .harness.chain import Keep
from .harness.memory import resident
from .harness.table import Probe, Table, ours

COUNTS = 1, 10, 100, 1000
PACKETS = 40_000
"""As fast as they can: so many in all."""
RATE, SECONDS = 10, 3
"""At a pace: so many packets a second for each session, and for how long."""
_TABLES = {
    "open": ("opening a session", "µs a session"),
    "throughput": ("as fast as they can", "packets a second"),
    "p50": (f"{RATE} packets a second each, from sent to received, p50", "µs"),
    "p99": ("the same, p99", "µs"),
    "p99.9": ("the same, p99.9", "µs"),
    "busy": ("the same, processors busy", "processors"),
    "memory": ("the same, memory over that of one with no session", "KB a session"),
}
TABLES = [Table(f"sessions-{key}", title, unit, "sessions at once") for key, (title, unit) in _TABLES.items()]


class KeepNode(Keep, Node):
    """Passes on."""


def probes() -> list[Probe]:
    """A probe for each number of sessions."""
    keys = [table.key for table in TABLES]
    return [Probe(str(count), ours("sessions", str(count)), keys, most_rounds=3) for count in COUNTS]


async def drain(session: Session, count: int) -> None:
    for _ in range(count):
        await session.receive()


async def flood(sessions: list[Session]) -> float:
    """Packets a second that all sessions get through."""
    each = PACKETS // len(sessions)

    async def feed(session: Session) -> None:
        for number in range(each):
            await session.send(number)

    start = time.perf_counter()
    await asyncio.gather(*(drain(session, each) for session in sessions), *map(feed, sessions))
    return each * len(sessions) / (time.perf_counter() - start)


async def listen(session: Session, count: int, latencies: list[float]) -> None:
    for _ in range(count):
        sent_at = await session.receive()
        latencies.append(time.perf_counter() - sent_at)


async def pace(sessions: list[Session]) -> list[float]:
    """How long each packet took, in seconds, sorted; the sessions send in turn, spread over time."""
    latencies: list[float] = []
    listeners = [asyncio.create_task(listen(session, RATE * SECONDS, latencies)) for session in sessions]
    step, total, sent = 1 / RATE / len(sessions), RATE * SECONDS * len(sessions), 0
    start = time.perf_counter()
    while sent < total:
        due = min(int((time.perf_counter() - start) / step) + 1, total)
        for number in range(sent, due):
            await sessions[number % len(sessions)].send(time.perf_counter())
        sent = due
        await asyncio.sleep(max(start + sent * step - time.perf_counter(), 0.0005))
    await asyncio.gather(*listeners)
    return sorted(latencies)


async def run(count: int) -> dict[str, float]:
    """What is measured of so many sessions."""
    async with open_session([KeepNode()]):
        bare = resident()
    start = time.perf_counter()
    sessions = [open_session([KeepNode(), KeepNode(), KeepNode()]) for _ in range(count)]
    for session in sessions:
        await session.__aenter__()
    opened = (time.perf_counter() - start) / count
    throughput = await flood(sessions)
    start, processor = time.perf_counter(), time.process_time()
    latencies = await pace(sessions)
    busy = (time.process_time() - processor) / (time.perf_counter() - start)
    memory = (resident() - bare) / count
    for session in sessions:
        await session.__aexit__(None, None, None)
    shares = {name: quantile(latencies, share) * 1e6 for name, share in SHARES.items()}
    return {"open": opened * 1e6, "throughput": throughput, "busy": busy, "memory": memory / 1024, **shares}


SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


def main(count: int) -> None:
    measured = asyncio.run(run(count))
    answer({f"sessions-{key}": figure for key, figure in measured.items()})


if __name__ == "__main__":
    main(int(sys.argv[1]))
