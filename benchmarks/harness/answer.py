"""What a probe does in its own process. Only the standard library: peers have interpreters of their own."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping


def answer(figures: Mapping[str, float | Mapping[str, float]]) -> None:
    """Prints what was measured, as the runner reads it: on the last line."""
    print(json.dumps(figures), flush=True)


def median(measure: Callable[[], float], times: int = 5) -> float:
    """The middle of a few measurements, after one that warms up."""
    measure()
    return statistics.median(measure() for _ in range(times))


def quantile(values: list[float], share: float) -> float:
    """The value that `share` of the sorted values are below of."""
    return values[min(int(len(values) * share), len(values) - 1)]
