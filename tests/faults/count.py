"""What this process has, counted, and whether an operation works."""

from __future__ import annotations

import os
import time
import traceback
from pathlib import Path
from typing import NamedTuple

import engine
from operations import OPERATIONS

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
