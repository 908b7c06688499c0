"""What a process has, counted."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
PATIENCE = 20.0


def parents() -> dict[int, tuple[int, str]]:
    """The parent of every process, and its state: a letter, Z of one that has exited and was not waited for."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(folder.name)] = int(fields[1]), fields[0]
    return found


def descendants(pid: int | None = None) -> set[int]:
    """The children of a process and theirs, of this one by default; zombies too."""
    known = parents()
    found, new = set[int](), {pid or os.getpid()}
    while new:
        new = {child for child, (parent, _) in known.items() if parent in new}
        found |= new
    return found


def lives(pid: int) -> bool:
    """Whether a process runs: it is there, and is no zombie."""
    return parents().get(pid, (0, "Z"))[1] != "Z"


def await_that(condition: Callable[[], _T]) -> _T:
    """Waits until something is true, and answers the last that it was; a test decides whether that is enough."""
    until = time.monotonic() + PATIENCE
    while not (value := condition()) and time.monotonic() < until:
        time.sleep(0.01)
    return value


class Children:
    """The workers of this process."""

    def __init__(self) -> None:
        self._before = descendants()

    def pids(self) -> set[int]:
        """Those that have come since."""
        return descendants() - self._before

    def await_none(self) -> None:
        """Waits until none is left, not even a zombie."""
        await_that(lambda: not self.pids())
        assert not self.pids()


@dataclass(frozen=True)
class Census:
    """What this process has, and what is left behind in the places where things are left."""

    children: int
    files: int
    shared: int
    """Descriptors of shared memory."""
    mappings: int
    """Mappings of shared memory."""
    threads: int
    left: frozenset[str]
    """Names in the folders for shared memory and for temporary files."""


def count() -> Census:
    """Counts now."""
    gc.collect()
    targets = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            targets.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except OSError:
            pass  # the one that the folder was read by
    maps = Path("/proc/self/maps").read_text().split("\n")
    return Census(
        len(descendants()),
        len(targets),
        sum("memfd:" in target for target in targets),
        sum("memfd:" in line for line in maps),
        len(os.listdir("/proc/self/task")),
        frozenset(os.listdir("/dev/shm")) | frozenset(name for name in os.listdir("/tmp") if "remotemedia" in name),
    )
