"""Frames of three sizes through five nodes: what is passed on by reference takes as long whatever its size."""

from __future__ import annotations

import sys

from .harness.answer import answer, median
from .harness.chain import Keep
from .harness.table import Probe, Table, ours
from .native import run

NODES = 5
SIZES = {"1 KB": 1024, "1080p RGB, 6.2 MB": 1920 * 1080 * 3, "4K RGB, 24.9 MB": 3840 * 2160 * 3}
TABLES = [
    Table("frame-native", f"a frame through {NODES} native nodes", "ns a frame"),
    Table("frame-python", f"a NumPy array through {NODES} Python nodes", "µs a frame"),
]


def probes() -> list[Probe]:
    """A probe for each size."""
    return [Probe(row, ours("frame", str(size)), [table.key for table in TABLES]) for row, size in SIZES.items()]


def main(size: int) -> None:
    import numpy as np

    from .hop import through_engine

    items = [np.zeros(size, np.uint8)] * 10_000
    python = median(lambda: through_engine(Keep, NODES, items), 3)
    answer(
        {
            "frame-native": run("hop_engine", ["native"], NODES, size),
            "frame-python": python / len(items) * 1e6,
        }
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
