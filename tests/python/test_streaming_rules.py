"""What each kind of `process` means: contract section 12, in `process`, `run` and `execute_pipeline_with_input`."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from doubles import Recorder, Refuses

from remotemedia import Node, PassThroughNode, Pipeline, execute_pipeline_with_input

Way = Callable[[list[Node], list[Any]], Awaitable[list[Any]]]


async def by_process(nodes: list[Node], inputs: list[Any]) -> list[Any]:
    async with Pipeline(nodes).managed_execution() as pipeline:
        return [output async for output in pipeline.process(inputs)]


async def by_run(nodes: list[Node], inputs: list[Any]) -> list[Any]:
    result = await Pipeline(nodes).run(inputs)
    return result if isinstance(result, list) else [] if result is None else [result]


async def by_python(nodes: list[Node], inputs: list[Any]) -> list[Any]:
    result = await Pipeline(nodes).run(inputs, use_rust=False)
    return result if isinstance(result, list) else [] if result is None else [result]


async def by_execute(nodes: list[Node], inputs: list[Any]) -> list[Any]:
    outputs: list[Any] = await execute_pipeline_with_input(nodes, inputs)
    return outputs


async def by_session(nodes: list[Node], inputs: list[Any]) -> list[Any]:
    async with Pipeline(nodes).session() as session:
        for item in inputs:
            await session.send(item)
        await session.end()
        return [output async for output in session]


@pytest.fixture(params=[by_process, by_run, by_python, by_execute, by_session], ids=lambda way: way.__name__)
def way(request) -> Way:
    """One of the ways to run nodes over inputs."""
    return request.param


def node(process: Any, **attributes: Any) -> Node:
    """A node with such a `process`, which takes the node and the input."""
    return type("Made", (Node,), {"process": process, **attributes})()


def test_plain_method(run, way):
    assert run(way([node(lambda self, item: item + 1)], [1, 2])) == [2, 3]


def test_plain_method_none_is_dropped(run, way):
    assert run(way([node(lambda self, item: item if item % 2 else None)], [1, 2, 3])) == [1, 3]


def test_coroutine_is_awaited(run, way):
    async def process(self: Node, item: int) -> int | None:
        await asyncio.sleep(0)
        return item + 1 if item != 2 else None

    assert run(way([node(process)], [1, 2, 3])) == [2, 4]


def test_async_generator_every_yield_is_an_output(run, way):
    async def process(self: Node, item: int) -> Any:
        for output in item, None, -item:
            await asyncio.sleep(0)
            yield output

    assert run(way([node(process), PassThroughNode()], [1, 2])) == [1, -1, 2, -2]


def test_p4_sync_generator_every_yield_is_an_output(run, way):
    """P4."""

    def process(self: Node, item: int) -> Any:
        yield from (item, None, -item)

    assert run(way([node(process), PassThroughNode()], [1, 2])) == [1, -1, 2, -2]


def test_streaming_async_generator_is_called_once_with_the_stream(run, way):
    calls = []

    async def process(self: Node, stream: Any) -> Any:
        calls.append(hasattr(stream, "__aiter__"))
        async for item in stream:
            yield item
            yield None
        yield "end"

    assert run(way([node(process, is_streaming=True)], [1, 2])) == [1, 2, "end"]
    assert calls == [True]


def test_p4_streaming_sync_generator_every_yield_is_an_output(run, way):
    """P4."""

    def pairs(self: Node, stream: Any) -> Any:
        total = 0
        for item in stream:
            if total:
                yield total + item
            total = 0 if total else item
        yield ("rest", total)

    assert run(way([node(pairs, is_streaming=True)], [1, 2, 3, 4, 5])) == [3, 7, ("rest", 5)]


def test_p5_streaming_coroutine_its_result_is_the_output(run, way):
    """P5."""

    async def process(self: Node, stream: Any) -> int:
        return sum([item async for item in stream])

    assert run(way([node(process, is_streaming=True)], [1, 2, 3])) == [6]


def test_streaming_plain_method_its_result_is_the_output(run, way):
    assert run(way([node(lambda self, stream: sum(stream), is_streaming=True)], [1, 2, 3])) == [6]


@pytest.mark.parametrize("is_async", [True, False])
def test_flush_is_called_at_the_end(run, way, is_async):
    class Collects(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.items: list[Any] = []

        def process(self, item: Any) -> None:
            self.items.append(item)

    class Plain(Collects):
        def flush(self) -> Any:
            return tuple(self.items)

    class Async(Collects):
        async def flush(self) -> Any:
            await asyncio.sleep(0)
            return tuple(self.items)

    made = Async() if is_async else Plain()
    assert run(way([made, PassThroughNode()], [1, 2])) == [(1, 2)]
    assert made.events == ["init", "clean"]


def test_an_exception_is_raised_and_all_nodes_are_cleaned_up(run, way):
    nodes = [Recorder(), Refuses(2), Recorder()]
    with pytest.raises(ValueError, match="will not take 2"):
        run(way(nodes, [1, 2, 3]))
    for made in nodes[::2]:
        assert (made.events.count("init"), made.events.count("clean"), made.events[-1]) == (1, 1, "clean")


def test_p6_a_partial_of_a_coroutine_is_recognised(run, way):
    """P6."""

    class Partial(Node):
        def __init__(self) -> None:
            super().__init__()
            self.process = functools.partial(self.work, 1)  # type: ignore[method-assign]

        async def work(self, more: int, item: int) -> int:
            await asyncio.sleep(0)
            return item + more

        def process(self, item: int) -> Any:
            """Replaced."""

    class PartialStream(Partial):
        is_streaming = True

        async def work(self, more: int, stream: Any) -> Any:  # type: ignore[override]
            async for item in stream:
                yield item + more

    assert run(way([Partial(), PartialStream()], [1, 2])) == [3, 4]
