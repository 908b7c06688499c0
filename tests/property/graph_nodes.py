"""Nodes for `random_graphs.py`, which workers import from here without hypothesis.

Every item has a payload of three parts: the number of the input that it stems from, its trail (the nodes and ports
that it went through), and the number of the copy that it is of each item that was multiplied. What a node does with an
item depends on its payload alone, and it keeps the order of what it gets. So the items of one trail arrive in one
order, however the edges of the graph take turns.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

from remotemedia import AudioFrame, Node, Output

Payload: TypeAlias = tuple[Any, ...]

SPACING = 100
"""Nanoseconds from one input to the next."""


def item(payload: Payload, pts: int | None) -> AudioFrame:
    return AudioFrame(payload, 8000, pts=pts)  # type: ignore[arg-type]


def inputs(count: int) -> list[AudioFrame]:
    return [item((number, (), ()), number * SPACING) for number in range(count)]


class Step(Node):
    """Notes what it gets, and passes it on."""

    fails = False

    def __init__(self, name: str, salt: int) -> None:
        super().__init__(name=name)
        self.salt = salt
        self.got: list[tuple[str | None, Payload]] = []

    def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        return self.onward(data, port)

    def onward(self, data: AudioFrame, *where: str | None, copy: int | None = None) -> AudioFrame:
        """The item as it goes on: with its way here, and the number of the copy."""
        number, trail, copies = data[0]
        way = "/".join(filter(None, (self.name, *where)))
        if copy is None:
            return item((number, (*trail, way), copies), data.pts)
        return item((number, (*trail, way), (*copies, copy)), (data.pts or 0) + copy)

    def choice(self, data: AudioFrame, among: int) -> int:
        """A number below `among` that the payload determines, without its trail."""
        number, _, copies = data[0]
        return (self.salt + number * 5 + sum(copies) * 3) % among


class Later(Step):
    async def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        await asyncio.sleep(0)
        return self.onward(data, port)


class Filters(Step):
    def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        return self.onward(data) if self.choice(data, 3) else None


class Expands(Step):
    def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        for copy in range(self.choice(data, 4)):
            yield self.onward(data, copy=copy)


class ExpandsLater(Step):
    async def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        for copy in range(self.choice(data, 3)):
            await asyncio.sleep(0)
            yield self.onward(data, copy=copy)


class Delays(Step):
    """Keeps items until there are three of them, and gives the rest at the end."""

    def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        kept = self.__dict__.setdefault("kept", [])
        kept.append(self.onward(data))
        if len(kept) == 3:
            yield from self.flush()

    def flush(self) -> Any:
        kept, self.kept = getattr(self, "kept", []), []
        yield from kept


class Routes(Step):
    outputs = ("low", "middle", "high")

    def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        output = self.outputs[self.choice(data, 3)]
        onward = self.onward(data, output)
        return onward if output == "low" else Output(output, onward)


class RoutesLater(Routes):
    async def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        for copy in range(2):
            output = self.outputs[(self.choice(data, 3) + copy) % 3]
            await asyncio.sleep(0)
            yield Output(output, self.onward(data, output, copy=copy))


class Joins(Step):
    inputs = ("left", "right")


class JoinsLater(Later):
    inputs = ("left", "right")


class Pairs(Step):
    inputs = ("left", "right")
    match_tolerance = 0.0

    def process(self, data: dict[str, AudioFrame], port: str | None = None) -> Any:  # type: ignore[override]
        left, right = data["left"], data["right"]
        self.got.append((None, (left[0], right[0])))
        # Of one order only, whatever the trails of the two: nothing before a node that matches takes turns.
        return item((left[0][0], (self.name,), (sum(left[0][2]),)), left.pts)


class Fails(Step):
    fails = True

    def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        if not self.choice(data, 4):
            raise LookupError(repr(data[0]))
        return self.onward(data)


class FailsLate(Step):
    """Fails after an output."""

    fails = True

    async def process(self, data: AudioFrame, port: str | None = None) -> Any:
        self.got.append((port, data[0]))
        yield self.onward(data, copy=0)
        if not self.choice(data, 4):
            raise LookupError(repr(data[0]))


class Retried(Step):
    """Fails at some items when it gets them for the first time."""

    async def process(self, data: AudioFrame, port: str | None = None) -> Any:
        again = (port, data[0]) in self.got
        self.got.append((port, data[0]))
        if not again and not self.choice(data, 2):
            raise LookupError(repr(data[0]))
        return self.onward(data)


class Source(Step):
    is_source = True

    def process(self) -> Any:  # type: ignore[override]
        for frame in inputs(self.salt):
            yield self.onward(frame)
