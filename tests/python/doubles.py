"""Nodes that the tests use in many places."""

from __future__ import annotations

import threading
from typing import Any

from remotemedia import Node


class Recorder(Node):
    """Passes its input on and notes what is called."""

    def __init__(self, events: list[str] | None = None, name: str | None = None) -> None:
        super().__init__(name=name)
        self.events = [] if events is None else events

    def initialize(self) -> None:
        super().initialize()
        self.events.append("init")

    def process(self, data: Any) -> Any:
        self.events.append("proc")
        return data

    def cleanup(self) -> None:
        super().cleanup()
        self.events.append("clean")


class Refuses(Node):
    """Raises at one item."""

    def __init__(self, item: Any, error: BaseException | None = None) -> None:
        super().__init__()
        self.item = item
        self.error = error or ValueError(f"will not take {item!r}")

    def process(self, data: Any) -> Any:
        if data == self.item:
            raise self.error
        return data


class Held(Node):
    """Waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.go = threading.Event()

    def process(self, data: Any) -> Any:
        self.entered.set()
        self.go.wait(20)
        return data
