"""A hop from one native node to the next: through the engine, and beside it. `make bench`.

    python benchmarks/native.py FOLDER

FOLDER has the programs that CMake builds of benchmarks/native. Each runs a chain of a few nodes and one of many, all of
them interleaved, and what a further node costs is the difference. Peers that are not there are shown as such.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
from pathlib import Path

from machine import machine

ROUNDS, PACKETS, FEW, MANY = 9, 200_000, 1, 21
ROWS = {
    "function pointers, with a reference count": ["hop_pointers"],
    "remotemedia: a node that is built in": ["hop_engine", "native"],
    "remotemedia: a node of C callbacks": ["hop_engine", "callback"],
    "GStreamer: identity": ["hop_gstreamer"],
    "FFmpeg: anull": ["hop_ffmpeg"],
}


def run(program: Path, arguments: list[str], nodes: int, size: int) -> float:
    """Nanoseconds that a packet takes through a chain."""
    command = [str(program), *arguments, str(nodes), str(PACKETS), str(size)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=120).stdout)


def measure(folder: Path, size: int) -> dict[str, list[float]]:
    """Nanoseconds that each further node costs, once a round."""
    there = {name: command for name, command in ROWS.items() if (folder / command[0]).exists()}
    taken: dict[str, list[float]] = {name: [] for name in there}
    for _ in range(ROUNDS):
        for name, (program, *arguments) in there.items():
            few, many = (run(folder / program, arguments, nodes, size) for nodes in (FEW, MANY))
            taken[name].append((many - few) / (MANY - FEW))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=1920, help="bytes in a packet")
    parser.add_argument("--json", help="also write the figures here")
    options = parser.parse_args()
    taken = measure(options.folder, options.size)
    print(f"a further native node, ns a packet of {options.size} bytes, {ROUNDS} rounds; {machine()}")
    print(f"  {'':44}{'lowest':>10}{'median':>10}{'highest':>10}")
    for name in ROWS:
        if times := taken.get(name):
            print(f"  {name:44}{min(times):10.1f}{statistics.median(times):10.1f}{max(times):10.1f}")
        else:
            print(f"  {name:44}{'not installed':>30}")
    if options.json:
        Path(options.json).write_text(json.dumps(taken, indent=2) + "\n")


if __name__ == "__main__":
    main()
