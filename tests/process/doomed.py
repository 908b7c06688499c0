"""A node whose process ends at a random moment, which workers import from here."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

from remotemedia import Node

PHASES = ("start", "initialize", "process", "flush", "cleanup")
WAYS = ("kill", "crash", "abort", "exit", "stop")


def strike(way: str) -> None:
    """Ends this process, or stops it."""
    if way == "crash":
        faulthandler.disable()
        ctypes.string_at(0)
    elif way == "exit":
        os._exit(7)
    else:
        os.kill(os.getpid(), {"kill": signal.SIGKILL, "abort": signal.SIGABRT, "stop": signal.SIGSTOP}[way])


class Doomed(Node):
    """Passes items on, until its time has come: a moment after the begin of a phase, whatever it is at by then.

    Args:
        phase: One of `PHASES`; "start" is when the node is made in the worker.
        way: One of `WAYS`.
        folder: Where each end leaves a file.
        most: How often it comes to an end.
        seed: Of the moments.
    """

    def __init__(self, phase: str, way: str, folder: Path, most: int, seed: int) -> None:
        super().__init__()
        self.phase, self.way, self.folder, self.most, self.seed = phase, way, folder, most, seed

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.chance = Random(self.seed * 1000 + len(os.listdir(self.folder)))
        self.at = self.chance.randrange(8)
        self.reach("start")

    def initialize(self) -> Any:
        self.reach("initialize")
        return super().initialize()

    def process(self, data: Any) -> Any:
        self.at -= 1
        if self.at < 0:
            self.reach("process")
        time.sleep(self.chance.uniform(0, 0.002))
        return data

    def flush(self) -> Any:
        self.reach("flush")
        return (-1, None)

    def cleanup(self) -> Any:
        self.reach("cleanup")
        return super().cleanup()

    def reach(self, phase: str) -> None:
        """Has the end come soon if this is its phase, and stays in the phase about that long."""
        if phase != self.phase or len(os.listdir(self.folder)) >= self.most:
            return
        self.phase = ""
        threading.Thread(target=self._end, args=(self.chance.uniform(0, 0.01),), daemon=True).start()
        time.sleep(self.chance.uniform(0, 0.01))

    def _end(self, delay: float) -> None:
        time.sleep(delay)
        (self.folder / f"{os.getpid()}").touch()
        strike(self.way)
