"""Stages: the nodes of a pipeline as the executor written in Python runs them, each with the stages behind it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from .audio import AudioFrame
from .graph import Options
from .matching import Matcher
from .node import Node
from .ports import check_ports, find_port, route
from .source import source_of


@dataclass(frozen=True, slots=True)
class Packet:
    """A value under way, the number of the input that caused it, and its time in nanoseconds."""

    value: Any
    index: int | None = None
    pts: int | None = None


class Failed:
    """An item at which a node failed, where such items are collected."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Target(Protocol):
    """What takes packets."""

    async def take(self, packet: Packet, port: int) -> None:
        """Takes a packet at one of its inputs."""


class Stage:
    """A node, and where its outputs go.

    Args:
        node: The node.
        node_id: Its id, for errors.
        options: What it does about time and failure.
        on_error: What it does about failure if the options do not say.
    """

    def __init__(self, node: Node, node_id: str, options: Options, on_error: str) -> None:
        check_ports(node_id, node)
        self.node = node
        self.node_id = node_id
        self.outs: list[tuple[int | None, Target, int]] = []
        """Output (None is any), target, input of the target."""
        self.unjoined = set(range(max(1, len(node.inputs))))
        """The inputs that no edge leads to."""
        self._options = options
        self._on_error = options.on_error or on_error
        tolerance = node.match_tolerance
        self._matcher = None if tolerance is None else Matcher[Packet](len(node.inputs), round(tolerance * 1e9))

    def join(self, output: str | None, target: Stage, input_: str | None) -> None:
        """Adds an edge to another stage."""
        port = find_port(target.node_id, "input", target.node.inputs, input_)
        target.unjoined.discard(port)
        self.outs.append((find_port(self.node_id, "output", self.node.outputs, output), target, port))

    async def take(self, packet: Packet, port: int) -> None:
        """Takes a packet, and sends on what comes of it. A failed item passes by, to the first output."""
        names = self.node.inputs
        if isinstance(packet.value, Failed):
            await self._send(packet, 0)
        elif self._matcher is None:
            await self._give(self._call(packet.value, *names[port : port + 1]), packet)
        elif matched := self._matcher.add(port, packet.pts, packet):
            values = {name: part.value for name, part in zip(names, matched, strict=True)}
            await self._give(self._call(values), matched[-1])

    async def finish(self) -> None:
        """Takes the end of the input."""
        flush = getattr(self.node, "flush", None)
        if callable(flush):
            await self._give(self._outputs_of(flush), Packet(None))

    async def close(self) -> None:
        """Ends what still goes on."""

    async def _call(self, *arguments: Any) -> AsyncIterator[Any]:
        """What the node makes of an item, which it is given again if it fails. A generator is not begun again."""
        delay = _RETRY_DELAY if self._options.retry_delay is None else self._options.retry_delay
        for left in range(self._options.retries or 0, -1, -1):
            begun = False
            try:
                result = self.node.process(*arguments)
                begun = inspect.isgenerator(result) or inspect.isasyncgen(result)
                async for value in self._values(result):
                    yield value
                return
            except Exception:
                if begun or not left:
                    raise
            await asyncio.sleep(delay)
            delay *= 2

    async def _outputs_of(self, call: Callable[..., Any], *arguments: Any) -> AsyncIterator[Any]:
        """What a call gives."""
        async for value in self._values(call(*arguments)):
            yield value

    async def _values(self, result: Any) -> AsyncIterator[Any]:
        """The values that the result of a call stands for."""
        if inspect.isgenerator(result):
            for value in result:
                yield value
        elif inspect.isasyncgen(result):
            while (value := await self._in_time(anext(result, _END))) is not _END:
                yield value
        else:
            yield await self._in_time(result) if hasattr(type(result), "__await__") else result

    async def _in_time(self, awaitable: Any) -> Any:
        async with asyncio.timeout(self._options.deadline):
            return await awaitable

    async def _give(self, values: AsyncIterator[Any], cause: Packet) -> None:
        async for packet, output in self._packets(values, cause):
            await self._send(packet, output)

    async def _packets(self, values: AsyncIterator[Any], cause: Packet) -> AsyncIterator[tuple[Packet, int]]:
        """Packets of values, with the outputs that they go to. What happens behind them is no failure of this node."""
        try:
            async for value in values:
                if value is not None:  # which is no output
                    output, value = route(self.node.name, self.node.outputs, value)
                    yield self._packet(value, cause), output
        except Exception as error:
            _locate(error, self.node_id, cause.index)
            if self._on_error == "raise":
                raise
            if self._on_error == "collect":
                yield replace(cause, value=Failed(error)), 0

    def _packet(self, value: Any, cause: Packet) -> Packet:
        pts = time_of(value)
        return Packet(value, cause.index, cause.pts if pts is None else pts)

    async def _send(self, packet: Packet, output: int) -> None:
        """Gives a packet to the edges of an output; a failed item without any to all edges, so that it is not lost."""
        leads = [(target, input_) for port, target, input_ in self.outs if port in (None, output)]
        if not leads and type(packet.value) is Failed:
            leads = [(target, input_) for _, target, input_ in self.outs]
        for target, input_ in leads:
            await target.take(packet, input_)


class SourceStage(Stage):
    """A node that makes its own data. What it makes is numbered."""

    _made = 0

    async def run(self) -> AsyncIterator[None]:
        """Sends on what the source makes, one thing after the other."""
        async for packet, output in self._packets(self._outputs_of(source_of, self.node), Packet(None)):
            await self._send(packet, output)
            yield

    def _packet(self, value: Any, cause: Packet) -> Packet:
        self._made += 1
        return Packet(value, self._made - 1, time_of(value))

    async def finish(self) -> None:
        """Does nothing: a source has no input."""


_END = object()
_RETRY_DELAY = 0.01


def time_of(value: Any) -> int | None:
    """The time of a value that has one, in nanoseconds."""
    return value.pts if isinstance(value, AudioFrame) else None


def _locate(error: BaseException, node_id: str, index: int | None) -> None:
    if getattr(error, "node_id", None) is None:
        error.add_note(f"in node '{node_id}'" + ("" if index is None else f", at input {index}"))
        error.node_id, error.input_index = node_id, index  # type: ignore[attr-defined]
