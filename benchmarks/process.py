"""Round trips to a node in a process of its own, beside a slot in shared memory, a pipe, and Ray.

A node is measured as it runs: each item goes there and comes back before the next one is sent, in a stream through a
pipeline whose last node looks at the clock, or by `send` and `receive` of a session, blocking or on an event loop.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np

from remotemedia import Node, Pipeline, execute_pipeline_with_input, open_session, shared_array

from .harness.chain import Keep
from .harness.table import Probe, Table, ours
from .harness.trips import FRAME, SIZE, answer_trips, frame, trips
from .harness.trips import probes as both
from .peers import pipe, ray_actor, slot

TABLES = [
    Table("process-one", "a round trip to another process, both on one processor", "µs"),
    Table("process-all", "the same on all processors", "µs"),
]


def probes() -> list[Probe]:
    """Ours, and the peers'."""
    return [
        *both(ours("process"), "a node in a process", is_peer=False),
        *(probe for peer in (slot, pipe, ray_actor) for probe in peer.probes()),
    ]


class Echo(Keep, Node):
    """Gives back what it gets."""


class Clock(Node):
    """Writes down when an item comes."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def process(self, data: Any) -> None:
        self.times.append(time.perf_counter())


def through_stream(payload: Any, count: int) -> float:
    """Microseconds between the items of a stream."""
    clock = Clock()
    asyncio.run(execute_pipeline_with_input([Echo().in_process(), clock], [payload] * (count + count // 10 + 1)))
    times = clock.times[count // 10 :]
    return (times[-1] - times[0]) / (len(times) - 1) * 1e6


def through_session(payload: Any, count: int) -> float:
    """Microseconds to send and receive."""
    with Pipeline([Echo().in_process()]).sync_session() as session:

        def trip() -> None:
            session.send(payload)
            session.receive()

        return trips(trip, count)


def through_async_session(payload: Any, count: int) -> float:
    """Microseconds to send and receive on an event loop."""

    async def main() -> float:
        async with open_session([Echo().in_process()]) as session:

            async def go(number: int) -> None:
                for _ in range(number):
                    await session.send(payload)
                    await session.receive()

            await go(count // 10 + 1)
            start = time.perf_counter()
            await go(count)
            return (time.perf_counter() - start) / count * 1e6

    return asyncio.run(main())


def main() -> None:
    small, large, shared = bytes(SIZE), frame(), shared_array(FRAME, np.uint8)
    shared[:] = large
    answer_trips(
        {
            "2 KB: a node in a process, in a stream": through_stream(small, 3000),
            "2 KB: a node in a process, send and receive": through_session(small, 3000),
            "2 KB: a node in a process, await send and receive": through_async_session(small, 3000),
            "2 KB in an array: a node in a process, in a stream": through_stream(np.ones(SIZE, np.uint8), 3000),
            "1080p: a node in a process, in a stream": through_stream(large, 200),
            "1080p: a node in a process, send and receive": through_session(large, 200),
            "1080p in shared memory: a node in a process, in a stream": through_stream(shared, 2000),
        }
    )


if __name__ == "__main__":
    main()
