"""Matching: packets of several inputs, put together by their times."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

_NO_TIME = -(2**63)


class Matcher(Generic[T]):
    """Makes sets of packets, one of each input, whose times are no further apart than the tolerance.

    A packet that is too old for the oldest one that another input still has can never be in a set, and is dropped. So
    what sets there are depends on the order in each input, and not on how the inputs take turns. One without a time is
    older than any other, so those without match each other in their order.

    Args:
        inputs: The number of inputs.
        tolerance: Nanoseconds.
    """

    def __init__(self, inputs: int, tolerance: int) -> None:
        self._waiting: list[deque[tuple[int, T]]] = [deque() for _ in range(inputs)]
        self._tolerance = tolerance

    def add(self, port: int, pts: int | None, packet: T) -> list[T] | None:
        """Takes a packet and its time in nanoseconds; the set that it completes, if any, in the order of the inputs."""
        self._waiting[port].append((_NO_TIME if pts is None else pts, packet))
        while all(self._waiting):
            newest = max(waiting[0][0] for waiting in self._waiting)
            old = [waiting for waiting in self._waiting if waiting[0][0] < newest - self._tolerance]
            if not old:
                return [waiting.popleft()[1] for waiting in self._waiting]
            for waiting in old:
                waiting.popleft()
        return None
