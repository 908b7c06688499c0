"""`Pipeline.process`, and who initialises and cleans up: contract sections 4 and 12, P3 to P9."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from itertools import count
from typing import Any

import pytest
from doubles import Recorder, Refuses

import remotemedia
from remotemedia import Node, PassThroughNode, Pipeline, PipelineError, execute_pipeline_with_input


@pytest.fixture(params=["engine", "Python"])
def executor(request, monkeypatch) -> str:
    """Both ways in which a pipeline is run: with the library, and where it cannot be loaded."""
    if request.param == "Python":
        monkeypatch.setattr(remotemedia, "is_rust_runtime_available", lambda: False)
    return request.param


async def processed(nodes: list[Node], stream: Any) -> list[Any]:
    """Everything that `process` gives."""
    async with Pipeline(nodes).managed_execution() as pipeline:
        return [output async for output in pipeline.process(stream)]


async def asynchronous(items: Any) -> Any:
    for item in items:
        await asyncio.sleep(0)
        yield item


class Numbers(Node):
    is_source = True

    async def process(self) -> Any:
        for number in range(3):
            yield number


@pytest.mark.parametrize("make", [lambda: [1, None, 3], lambda: asynchronous([1, None, 3])])
def test_a_stream_is_any_iterable(run, executor, make):
    class Notes(Recorder):
        def process(self, data: Any) -> Any:
            return repr(data)

    assert run(processed([Notes()], make())) == ["1", "None", "3"]


def test_outputs_come_as_they_happen(run):
    async def main() -> None:
        sent = received = 0

        async def stream() -> Any:
            nonlocal sent
            for sent in range(1, 4):
                yield sent
                while received < sent:  # the next input comes only when this one has come out
                    await asyncio.sleep(0.001)

        async with Pipeline([PassThroughNode(), PassThroughNode()]).managed_execution() as pipeline:
            async for received in pipeline.process(stream()):
                assert received == sent

    run(main())


def test_the_first_node_may_be_the_source(run, executor):
    class Undeclared(Node):
        def process(self) -> Any:  # type: ignore[override]
            yield from "ab"

    assert run(processed([Numbers(), PassThroughNode()], None)) == [0, 1, 2]
    assert run(processed([Undeclared(), PassThroughNode()], None)) == ["a", "b"]


def test_p7_no_source_is_a_pipeline_error(run, executor):
    """P7."""

    class Coroutine(Node):
        async def process(self) -> Any:  # type: ignore[override]
            return 1

    for node in PassThroughNode(), Coroutine():
        with pytest.raises(PipelineError, match="^The first node '.*' is not a valid source"):
            run(processed([node], None))


def test_it_must_be_initialized(run, executor):
    async def main() -> None:
        with pytest.raises(PipelineError, match="^Pipeline must be initialized before processing$"):
            _ = [output async for output in Pipeline([PassThroughNode()]).process([1])]

    run(main())


def test_an_exception_of_a_node_arrives(run, executor):
    node = Recorder()
    with pytest.raises(ValueError, match="will not take 2") as caught:
        run(processed([node, Refuses(2)], [1, 2, 3]))
    assert caught.value.__notes__ == ["in node 'Refuses_1', at input 1"]
    assert (node.events[0], node.events[-1], node.events.count("clean")) == ("init", "clean", 1)


@pytest.mark.parametrize("kind", ["iterable", "asynchronous"])
def test_an_exception_of_the_stream_arrives(run, executor, kind):
    def broken() -> Any:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        run(processed([PassThroughNode()], broken() if kind == "iterable" else asynchronous(broken())))


def test_the_pipeline_owns_the_life_of_its_nodes(run, executor):
    class Counts(Recorder):
        total = 0

        def process(self, data: int) -> int:
            self.total += data
            return self.total

        def flush(self) -> str:
            self.events.append("flush")
            return "flushed"

    async def main() -> None:
        node = Counts()
        async with Pipeline([node]).managed_execution() as pipeline:
            assert [output async for output in pipeline.process([1, 2])] == [1, 3, "flushed"]
            assert await pipeline.run([3]) == [6, "flushed"]
            assert await pipeline.run([3], use_rust=False) == [9, "flushed"]
            if executor == "engine":
                assert await execute_pipeline_with_input(pipeline, [1]) == [10, "flushed"]
                async with pipeline.session() as session:
                    await session.send(1)
                    assert await session.receive() == 11
            assert node.events == ["init", *(5 if executor == "engine" else 3) * ["flush"]]
        assert node.events[-1] == "clean"
        assert node.events.count("clean") == 1
        assert await pipeline.run([1], use_rust=executor == "engine")
        assert node.events.count("init") == node.events.count("clean") == 2

    run(main())


def test_asynchronous_and_streaming_nodes_under_a_pipeline(run):
    class Streams(Recorder):
        is_streaming = True

        def process(self, stream: Any) -> Any:
            yield from (item + 1 for item in stream)

    class AsyncStreams(Recorder):
        is_streaming = True

        async def process(self, stream: Any) -> Any:
            async for item in stream:
                yield item * 2

    async def main() -> None:
        nodes = [Streams(), AsyncStreams()]
        async with Pipeline(nodes).managed_execution() as pipeline:
            for _ in range(2):
                assert [output async for output in pipeline.process([1, 2])] == [4, 6]
        assert [node.events for node in nodes] == 2 * [["init", "clean"]]

    run(main())


def test_one_that_is_left_early_stops_before_the_cleanup(run):
    class Strict(Recorder):
        def process(self, data: Any) -> Any:
            assert "clean" not in self.events
            return data

    async def main() -> None:
        node = Strict()
        async with Pipeline([node]).managed_execution() as pipeline:
            async for output in pipeline.process(count()):
                if output == 3:
                    break
        assert node.events == ["init", "clean"]
        await asyncio.sleep(0.01)

    run(main())


def test_p3_ten_nodes_leave_no_thread(run):
    """P3."""
    nodes = [PassThroughNode() for _ in range(10)]
    run(processed(nodes, ["warm"]))
    before = threading.active_count()
    for _ in range(3):
        run(processed(nodes, ["x"]))
    assert threading.active_count() <= before + 1  # the engine may have hired one


def test_p8_a_fast_stream_waits_for_a_slow_sink(run, executor):
    """P8."""

    async def main() -> None:
        given = 0

        def endless() -> Any:
            nonlocal given
            while True:
                given += 1
                yield given

        async with Pipeline([PassThroughNode()]).managed_execution() as pipeline:
            async for taken in pipeline.process(endless()):
                await asyncio.sleep(0.001)
                assert given - taken <= 4 * 16
                if taken == 100:
                    break

    run(main())


def test_a_stream_that_has_nothing_to_give_holds_nobody_up(run):
    told = []

    async def silent() -> Any:
        yield 1
        try:
            told.append("asked")
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    async def main() -> None:
        async with Pipeline([PassThroughNode()]).managed_execution() as pipeline:
            async with contextlib.aclosing(pipeline.process(silent())) as outputs:
                async for _ in outputs:
                    while not told:
                        await asyncio.sleep(0.001)
                    break
        assert told == ["asked", "cancelled"]

    run(main())


@pytest.mark.parametrize("awaits", [True, False])
def test_p9_super_initialize_may_be_awaited_or_not(run, executor, awaits):
    """P9."""

    class Node9(Recorder):
        async def initialize(self) -> None:  # type: ignore[override]
            result = Node.initialize(self)
            if awaits:
                await result
            self.events.append("init")

        async def cleanup(self) -> None:  # type: ignore[override]
            result = Node.cleanup(self)
            if awaits:
                await result
            self.events.append("clean")

    node = Node9()
    assert run(processed([node], [1])) == [1]
    assert node.events == ["init", "proc", "clean"]
