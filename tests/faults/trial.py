"""One operation, with the first fault point that it passes failing, then the second, and so on until none is left to fail.

Run in a process of its own: `trial.py OPERATION POINT TIMES FOLDER`, where so many points in a row fail. Prints, as JSON, what
was said each time.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import NamedTuple

import engine
from operations import OPERATIONS
from points import Point, arm, failures

PATIENCE = 20.0


class Census(NamedTuple):
    """What this process has."""

    live: int
    files: int
    children: int
    threads: int
    """Threads of the library; those of a pool that stays are counted when it is full."""


def census() -> Census:
    threads, children = 0, 0
    for task in Path("/proc/self/task").iterdir():
        try:
            threads += (task / "comm").read_text().startswith("remotemedia-")
            children += len((task / "children").read_text().split())
        except OSError:
            pass  # it has just ended
    return Census(engine.live(), len(os.listdir("/proc/self/fd")), children, threads)


def left_of(before: Census) -> Census | None:
    """What there is more than before, if that does not go within a time that is long enough."""
    until = time.monotonic() + PATIENCE
    while True:
        now = census()
        if all(now[at] <= before[at] for at in range(len(now))):
            return None
        if time.monotonic() >= until:
            return now
        time.sleep(0.01)


def attempt(name: str, folder: Path) -> str | None:
    """What an operation says if it fails."""
    try:
        OPERATIONS[name](folder)
    except AssertionError:
        raise
    except Exception as error:
        return "".join(traceback.format_exception_only(error)).strip()
    return None


def works(name: str, folder: Path) -> None:
    """Tries an operation that nothing keeps from working."""
    words = attempt(name, folder)
    assert words is None, words


def trial(name: str, point: Point, times: int, folder: Path) -> list[str | None]:
    for _ in range(3):  # what is made once and stays
        works(name, folder)
    time.sleep(0.2)
    before = census()
    said: list[str | None] = []
    while True:
        arm(point, len(said) + 1, times)
        words = attempt(name, folder)
        failed = failures(point)
        arm(point, 0)
        left = left_of(before)
        assert left is None, f"fault {len(said) + 1} ({words}) leaves {left}, before it was {before}"
        # Whatever it was, what is there works on.
        works(name, folder)
        left = left_of(before)
        assert left is None, f"after fault {len(said) + 1} ({words}) what works leaves {left}, before it was {before}"
        if failed == 0:
            assert words is None, words
            return said
        said.append(words)


if __name__ == "__main__":
    _, operation, kind, times, folder = sys.argv
    print(json.dumps(trial(operation, Point[kind], int(times), Path(folder))))
