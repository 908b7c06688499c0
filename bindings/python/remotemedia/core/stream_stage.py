"""Stages of streaming nodes: `process` is called once, with the stream of inputs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from .graph import Options
from .node import Node
from .stage import Failed, Packet, Stage

_ASKS, _OVER = object(), object()


class AsyncStreamStage(Stage):
    """An asynchronous streaming node. What it gives before it asks for the next item comes of the last one."""

    def __init__(self, node: Node, node_id: str, options: Options, on_error: str) -> None:
        super().__init__(node, node_id, options, on_error)
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self._outbox: asyncio.Queue[Any] = asyncio.Queue()
        self._driver: asyncio.Task[None] | None = None
        self._over = False

    async def _call(self, *arguments: Any) -> AsyncIterator[Any]:
        self._driver = self._driver or asyncio.create_task(self._drive())
        self._inbox.put_nowait(arguments[0])
        while not self._over and (value := await self._outbox.get()) is not _ASKS:
            self._over = value is _OVER or isinstance(value, Failed)
            if isinstance(value, Failed):
                raise value.error
            if not self._over:
                yield value

    async def finish(self) -> None:
        """Takes the end of the input."""
        await self._give(self._call(_OVER), Packet(None))

    async def close(self) -> None:
        """Ends the node's `process`, if it has not ended by itself."""
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.wait([self._driver])

    async def _drive(self) -> None:
        try:
            async for value in self._outputs_of(self.node.process, self._items()):
                self._outbox.put_nowait(value)
            self._outbox.put_nowait(_OVER)
        except Exception as error:
            self._outbox.put_nowait(Failed(error))

    async def _items(self) -> AsyncIterator[Any]:
        while (item := await self._inbox.get()) is not _OVER:
            yield item
            self._outbox.put_nowait(_ASKS)


class StreamStage(Stage):
    """A streaming node that blocks while it waits for input: it is called at the end, when all of it is there."""

    def __init__(self, node: Node, node_id: str, options: Options, on_error: str) -> None:
        super().__init__(node, node_id, options, on_error)
        self._taken: list[Any] = []

    async def take(self, packet: Packet, port: int) -> None:
        """Keeps a packet. A failed item passes by."""
        if isinstance(packet.value, Failed):
            await self._send(packet, 0)
        else:
            self._taken.append(packet.value)

    async def finish(self) -> None:
        """Takes the end of the input."""
        await self._give(self._outputs_of(self.node.process, iter(self._taken)), Packet(None))
