"""How far a run has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

INTERVAL = 0.1
"""How often a run tells, in seconds."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come, as its `progress` callback is told."""

    inputs: int
    """The inputs taken so far. The last nodes may not have seen them yet; 0 for a pipeline with a source of its own."""
    outputs: int
    """The outputs so far."""
    elapsed: float
    """Seconds since the start."""


class Meter:
    """Measures a run for those who want to be told."""

    def __init__(self, progress: Callable[[Progress], object]) -> None:
        self._progress = progress
        self._inputs = 0
        self._begun = self._told = monotonic()

    def count(self, inputs: Iterable[Any]) -> Iterator[Any]:
        """The same inputs, counted as they are taken."""
        for item in inputs:
            self._inputs += 1
            yield item

    def is_due(self) -> bool:
        """Whether it is time to tell."""
        return monotonic() - self._told >= INTERVAL

    def tell(self, outputs: int) -> None:
        """Tells how far the run has come."""
        self._told = monotonic()
        self._progress(Progress(self._inputs, outputs, self._told - self._begun))
