"""Nodes of every kind, which workers import from here."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

from remotemedia import Node, Output


class Plain(Node):
    def process(self, data: Any) -> Any:
        return ("plain", data)


class Coroutine(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return ("coroutine", data)


class Generator(Node):
    def process(self, data: Any) -> Any:
        for copy in range(3):
            yield (copy, data)


class AsyncGenerator(Node):
    async def process(self, data: Any) -> Any:
        for copy in range(3):
            await asyncio.sleep(0)
            yield (copy, data)


class Many(Node):
    """Gives more outputs than an edge has room for."""

    def process(self, data: int) -> Any:
        for copy in range(300):
            yield (data, copy)


class Stream(Node):
    is_streaming = True

    def process(self, data: Iterator[Any]) -> Any:
        total = 0
        for item in data:
            total += item
            if total % 2:
                yield total
        yield ("total", total)


class AsyncStream(Node):
    is_streaming = True

    async def process(self, data: AsyncIterator[Any]) -> Any:
        total = 0
        async for item in data:
            total += item
            if total % 2:
                yield total
        yield ("total", total)


class Odd(Node):
    """Lets odd numbers through."""

    def process(self, data: int) -> Any:
        return data if data % 2 else None


class AsyncOdd(Node):
    async def process(self, data: int) -> Any:
        return data if data % 2 else None


class Flushes(Node):
    """Keeps what comes until it is flushed, and gives all of it then."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []

    def process(self, data: Any) -> None:
        self.kept.append(data)

    def flush(self) -> Any:
        return tuple(self.kept)


class FlushesMany(Flushes):
    def flush(self) -> Any:
        yield from self.kept


class FlushesLater(Flushes):
    async def flush(self) -> Any:
        await asyncio.sleep(0)
        return tuple(self.kept)


class FlushesManyLater(Flushes):
    async def flush(self) -> Any:
        for item in self.kept:
            await asyncio.sleep(0)
            yield item


class Counts(Node):
    """Has state over the items, from what it was made with."""

    def __init__(self, start: int, *, step: int = 1, name: str | None = None, **others: Any) -> None:
        super().__init__(name=name, **others)
        self.total = start
        self.step = step

    def process(self, data: Any) -> Any:
        self.total += self.step
        return (self.name, self.config, self.total)


class CountsInSessions(Node):
    """Has a state for each session."""

    def process(self, data: dict[str, Any]) -> Any:
        self.set_session_id(self.extract_session_id(data))
        state = self.get_session_state()
        assert state is not None
        state.set("count", state.get("count", 0) + 1)
        return (self.get_session_id(), state.get("count"))


class Ready(Node):
    """Works only if it was initialised, once, and not yet cleaned up."""

    life: tuple[str, ...] = ()

    def initialize(self) -> Any:
        self.life = (*self.life, "init")
        return super().initialize()

    def process(self, data: Any) -> Any:
        return (self.life, self.is_initialized, data)

    def cleanup(self) -> Any:
        self.life = (*self.life, "clean")
        return super().cleanup()


class ReadyLater(Ready):
    async def initialize(self) -> None:
        await asyncio.sleep(0)
        await super().initialize()

    async def cleanup(self) -> None:
        await asyncio.sleep(0)
        await super().cleanup()


class Calls(Node):
    """Has a function in its state."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def process(self, data: Any) -> Any:
        return self.function(data)


class Numbers(Node):
    is_source = True

    def __init__(self, count: int = 5) -> None:
        super().__init__()
        self.count = count

    def process(self) -> Any:  # type: ignore[override]
        yield from range(self.count)


class NumbersLater(Numbers):
    async def process(self) -> Any:  # type: ignore[override]
        for number in range(self.count):
            await asyncio.sleep(0)
            yield number


class Undeclared(Node):
    """A source that does not say so."""

    def process(self) -> Any:  # type: ignore[override]
        yield from "abc"


class Splits(Node):
    """Sends odd and even numbers different ways."""

    outputs = ("even", "odd")

    def process(self, data: int) -> Any:
        return Output("odd", data) if data % 2 else data


class Joins(Node):
    inputs = ("left", "right")

    def process(self, data: Any, port: str) -> Any:  # type: ignore[override]
        return (port, data)


class JoinsLater(Joins):
    async def process(self, data: Any, port: str) -> Any:  # type: ignore[override]
        await asyncio.sleep(0)
        return (port, data)


class Pairs(Node):
    inputs = ("left", "right")
    match_tolerance = 0.0

    def process(self, data: dict[str, Any]) -> Any:
        return (data["left"], data["right"])


class Where(Node):
    """Says in which process it runs."""

    def process(self, data: Any) -> Any:
        return (os.getpid(), threading.current_thread().name)


class Logs(Node):
    """Logs what it is given."""

    def process(self, data: Any) -> Any:
        self.logger.warning("given %s", data)
        return data


class Notes(Node):
    """Writes to a file what is called."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def note(self, what: str) -> None:
        with open(self.path, "a") as file:
            file.write(f"{what}\n")

    def initialize(self) -> Any:
        self.note("init")
        return super().initialize()

    def process(self, data: Any) -> Any:
        self.note(f"process {data}")
        return data

    def flush(self) -> None:
        self.note("flush")

    def cleanup(self) -> Any:
        self.note("clean")
        return super().cleanup()
