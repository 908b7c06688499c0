"""Frames of three sizes through five nodes: what is passed on by reference takes as long whatever its size."""

from __future__ import annotations

import numpy as np

from .harness.answer import answer
from .harness.chain import Keep
from .harness.table import Probe, Table, ours
from .hop import through_engine
from .native import run

NODES, ITEMS, REPEATS = 5, 10_000, 3
SIZES = {"1 KB": 1024, "1080p RGB, 6.2 MB": 1920 * 1080 * 3, "4K RGB, 24.9 MB": 3840 * 2160 * 3}
TABLES = [
    Table("frame-native", f"a frame through {NODES} native nodes", "ns a frame"),
    Table("frame-python", f"a NumPy array through {NODES} Python nodes", "µs a frame"),
]


def probes() -> list[Probe]:
    """All sizes in turn: they are held against each other."""
    return [Probe("", ours("frame"), [table.key for table in TABLES])]


def main() -> None:
    frames = {name: [np.zeros(size, np.uint8)] * ITEMS for name, size in SIZES.items()}
    native: dict[str, list[float]] = {name: [] for name in SIZES}
    python: dict[str, list[float]] = {name: [] for name in SIZES}
    through_engine(Keep, NODES, frames["1 KB"])
    for _ in range(REPEATS):
        for name, size in SIZES.items():
            native[name].append(run("hop_engine", ["native"], NODES, size))
            python[name].append(through_engine(Keep, NODES, frames[name]) / ITEMS * 1e6)
    answer(
        {
            key: {name: min(taken) for name, taken in times.items()}
            for key, times in (("frame-native", native), ("frame-python", python))
        }
    )


if __name__ == "__main__":
    main()
