"""Round trips to another process, with both on one processor, and on as many as there are."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from .answer import answer
from .table import Probe

TABLES = {"process-one": True, "process-all": False}
"""Whether all happens on one processor."""
ROUNDS = 3
SIZE, FRAME = 2048, (1080, 1920, 3)


def probes(command: Sequence[str], name: str, lacks: str = "", is_peer: bool = True) -> list[Probe]:
    """A probe for each table, of a program that prints the figures of both."""
    pinned = [sys.executable, "-m", "benchmarks.harness.pinned"]
    return [
        Probe(name, [*(pinned if one else []), *command], [key], lacks, is_peer, ROUNDS) for key, one in TABLES.items()
    ]


def trips(trip: Callable[[], Any], count: int) -> float:
    """Microseconds for one of many trips."""
    for _ in range(count // 10 + 1):
        trip()
    start = time.perf_counter()
    for _ in range(count):
        trip()
    return (time.perf_counter() - start) / count * 1e6


def answer_trips(figures: dict[str, float]) -> None:
    """Prints what was measured, wherever it was."""
    answer(dict.fromkeys(TABLES, figures))


def frame() -> Any:
    """A frame of 1080p, 6.2 MB."""
    import numpy as np

    return np.full(FRAME, 7, np.uint8)
