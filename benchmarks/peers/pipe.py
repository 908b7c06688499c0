"""`multiprocessing.Pipe`: what the standard library has for a round trip to another process."""

from __future__ import annotations

import multiprocessing
from typing import Any

from ..harness.table import Probe, ours
from ..harness.trips import SIZE, answer_trips, frame, trips
from ..harness.trips import probes as both


def probes() -> list[Probe]:
    """It can be measured everywhere."""
    return both(ours("peers.pipe"), "multiprocessing.Pipe")


def answer_each(pipe: Any) -> None:
    """The other side: sends back what it gets."""
    while (item := pipe.recv()) is not None:
        pipe.send(item)


def through(payload: Any, count: int) -> float:
    """Microseconds a round trip."""
    context = multiprocessing.get_context("spawn")
    mine, other = context.Pipe()
    child = context.Process(target=answer_each, args=(other,))
    child.start()

    def trip() -> None:
        mine.send(payload)
        mine.recv()

    try:
        return trips(trip, count)
    finally:
        mine.send(None)
        child.join()


if __name__ == "__main__":
    answer_trips(
        {
            "2 KB: multiprocessing.Pipe": through(bytes(SIZE), 3000),
            "1080p: multiprocessing.Pipe": through(frame(), 50),
        }
    )
