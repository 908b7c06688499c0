"""What a run or a session had is let go of when it has ended, without the garbage collector: a model may be large."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

from remotemedia import Node, Pipeline, execute_pipeline, execute_pipeline_with_input, open_session


class Plain(Node):
    """Has an array, which is packed in another way than the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = np.zeros(4)

    def process(self, data: Any) -> Any:
        return data


class Later(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return data


class Several(Node):
    def process(self, data: Any) -> Iterator[Any]:
        yield data
        yield data


class SeveralLater(Node):
    async def process(self, data: Any) -> AsyncIterator[Any]:
        yield data
        yield data


class Streams(Node):
    is_streaming = True

    def process(self, stream: Iterator[Any]) -> Iterator[Any]:
        yield from stream


class StreamsLater(Node):
    is_streaming = True

    async def process(self, stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for data in stream:
            yield data


class Makes(Node):
    is_source = True

    def process(self) -> Iterator[Any]:  # type: ignore[override]
        yield 1


class MakesLater(Node):
    is_source = True

    async def process(self) -> AsyncIterator[Any]:  # type: ignore[override]
        yield 1


class Fails(Node):
    def process(self, data: Any) -> Any:
        raise ValueError(data)


class FailsLater(Node):
    async def process(self, data: Any) -> Any:
        raise ValueError(data)


class FailsAtFirst(Node):
    async def initialize(self) -> None:  # type: ignore[override]
        raise ValueError("not today")

    def process(self, data: Any) -> Any:
        return data


KINDS = [Plain, Later, Several, SeveralLater, Streams, StreamsLater, Makes, MakesLater]


async def whole_run(node: Node) -> None:
    if node.is_source:
        await execute_pipeline([node])
    else:
        await execute_pipeline_with_input([node], [1, 2])


async def session(node: Node) -> None:
    async with open_session([node]) as running:
        if not node.is_source:
            await running.send(1)
        await running.receive()


async def changed_session(node: Node) -> None:
    async with open_session([Plain()]) as running:
        await running.insert(node, after="Plain_0")
        await running.send(1)
        await running.receive()
        await running.remove(node.name)


def sync_session(node: Node) -> None:
    with Pipeline([node]).sync_session() as running:
        if not node.is_source:
            running.send(1)
        running.receive()


async def in_process(node: Node) -> None:
    await execute_pipeline_with_input([node.in_process()], [1, 2])


@contextlib.contextmanager
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def goes(reference: weakref.ref[Any]) -> bool:
    """Whether something is gone soon: the last references are given back on a worker."""
    until = time.monotonic() + 5
    while reference() is not None and time.monotonic() < until:
        time.sleep(0.001)
    return reference() is None


def is_let_go(kind: type[Node], use: Callable[[Node], Any]) -> bool:
    """Whether a node is gone after it was used."""
    with no_collector():
        node = kind()
        reference = weakref.ref(node)
        used = use(node)
        if used is not None:
            asyncio.run(used)
        del node, used
        return goes(reference)


@pytest.mark.parametrize("use", [whole_run, session, sync_session])
@pytest.mark.parametrize("kind", KINDS)
def test_a_node_goes_when_it_has_ended(kind: type[Node], use: Callable[[Node], Any]) -> None:
    assert is_let_go(kind, use)


@pytest.mark.parametrize("use", [changed_session, in_process])
def test_so_does_one_that_joined_later_or_ran_elsewhere(use: Callable[[Node], Any]) -> None:
    assert is_let_go(Plain, use)


@pytest.mark.parametrize("kind", [Fails, FailsLater, FailsAtFirst])
def test_so_does_one_that_failed_once_its_error_is_gone(kind: type[Node]) -> None:
    async def caught(node: Node) -> None:
        # Inside of the loop: what leaves it has frames of the loop that keep one another.
        with contextlib.suppress(ValueError):
            await whole_run(node)

    assert is_let_go(kind, caught)


def test_so_do_the_items() -> None:
    class Item:
        pass

    async def passed(item: Item) -> None:
        await execute_pipeline_with_input([Plain(), Several()], [item])

    with no_collector():
        item = Item()
        reference = weakref.ref(item)
        asyncio.run(passed(item))
        del item
        assert goes(reference)
