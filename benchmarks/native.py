"""Native hops: from node to node on a thread, and from thread to thread.

    python -m benchmarks.native PROGRAM ARGUMENTS... FEW MANY

Each program runs a chain of a few nodes and one of many; what a further node costs is the difference.
"""

from __future__ import annotations

import subprocess
import sys

from .harness.answer import answer
from .harness.places import lacks_native, native
from .harness.table import Probe, Table, ours

PACKETS, SIZE, REPEATS = 200_000, 1920, 3
TABLES = [
    Table("native", f"a further native node, {SIZE} bytes", "ns a packet"),
    Table("thread", "a further hop over a thread boundary, in a busy stream", "ns a packet"),
]
NODES = {
    "remotemedia: a node that is built in": ("hop_engine", "native"),
    "remotemedia: a node of C callbacks": ("hop_engine", "callback"),
    "function pointers, with a reference count": ("hop_pointers",),
    "GStreamer: identity": ("hop_gstreamer", "identity"),
    "FFmpeg: anull": ("hop_ffmpeg",),
}
THREADS = {
    "remotemedia: nodes of two hosts in turn": ("hop_engine", "threads"),
    "a parked ring of 256, one writer, one reader": ("hop_ring",),
    "GStreamer: queue": ("hop_gstreamer", "queue"),
}


def probes() -> list[Probe]:
    """A probe for each program."""
    return [
        Probe(row, ours("native", *program, *lengths), [table], lacks_native(program[0]), program[0] != "hop_engine")
        for table, rows, lengths in (("native", NODES, ("1", "21")), ("thread", THREADS, ("2", "6")))
        for row, program in rows.items()
    ]


def run(program: str, arguments: list[str], nodes: int, size: int = SIZE, packets: int = PACKETS) -> float:
    """Nanoseconds that a packet takes through a chain."""
    command = [str(native(program)), *arguments, str(nodes), str(packets), str(size)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main(program: str, *rest: str) -> None:
    arguments, lengths = list(rest[:-2]), [int(number) for number in rest[-2:]]
    few, many = lengths
    # The quickest of each: a difference of two times would show twice what came between.
    taken = [min(run(program, arguments, nodes) for _ in range(REPEATS)) for nodes in lengths]
    hop = (taken[1] - taken[0]) / (many - few)
    answer({"native": hop, "thread": hop})


if __name__ == "__main__":
    main(*sys.argv[1:])
