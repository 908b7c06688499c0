"""Sessions: sending and receiving while a pipeline runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from doubles import Held, Recorder

from remotemedia import Node, Packet, PassThroughNode, Pipeline, PipelineError, Session, open_session


class Doubles(Node):
    def process(self, data: Any) -> Any:
        return 2 * data


class Splits(Node):
    def process(self, data: int) -> Any:
        yield from range(data)


class Adds(Node):
    """`async def`: adds one, and notes the loop."""

    loop: asyncio.AbstractEventLoop | None = None

    async def process(self, data: int) -> int:
        self.loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        return data + 1


def test_outputs_come_while_it_runs(run):
    async def main() -> None:
        async with Pipeline([Doubles()]).session() as session:
            for number in range(3):
                await session.send(number)
                assert await session.receive() == 2 * number
            await session.end()
            assert [output async for output in session] == []

    run(main())


def test_the_very_object_comes_out(run):
    async def main() -> None:
        thing = object()
        async with open_session([PassThroughNode(), {"node_type": "PassThrough"}]) as session:
            await session.send(thing)
            assert await session.receive() is thing
            await session.send(None)
            assert session.try_receive("nothing") in (None, "nothing")

    run(main())


@pytest.mark.parametrize(
    "pipeline",
    [
        Pipeline([PassThroughNode()]),
        [PassThroughNode()],
        [{"node_type": "PassThrough"}],
        {"version": "v1", "nodes": [{"id": "a", "node_type": "PassThrough"}]},
        '{"version": "v1", "nodes": [{"id": "a", "node_type": "PassThrough"}]}',
    ],
)
def test_whatever_execute_pipeline_takes(run, pipeline):
    async def main() -> None:
        async with open_session(pipeline) as session:
            await session.send("x")
            assert await session.receive() == "x"

    run(main())


def test_packets_carry_time_and_the_input_that_caused_them(run):
    async def main() -> list[Packet]:
        async with open_session([Splits(), PassThroughNode()]) as session:
            await session.send(2, pts=10)
            await session.send(0, pts=20)
            await session.send(1)
            await session.end()
            return [packet async for packet in session.packets()]

    assert run(main()) == [Packet(0, 10, None, 0), Packet(1, 10, None, 0), Packet(0, None, None, 2)]


@pytest.mark.parametrize(("pts", "error"), [(2**63, ValueError), (-(2**63), ValueError), (1.5, TypeError)])
def test_a_time_that_is_none_is_refused(run, pts, error):
    async def main() -> None:
        async with open_session([PassThroughNode()]) as session:
            with pytest.raises(error):
                await session.send("x", pts=pts)

    run(main())


def test_async_nodes_run_on_the_callers_loop(run):
    async def main() -> None:
        node = Adds()
        async with open_session([node]) as session:
            await session.send(1)
            assert await session.receive() == 2
        assert node.loop is asyncio.get_running_loop()

    run(main())


def test_two_tasks_send_and_two_receive(run):
    async def main() -> None:
        got: list[int] = []

        async def feed(numbers: range) -> None:
            for number in numbers:
                await session.send(number)

        async def drain() -> None:
            async for output in session:
                got.append(output)
                await asyncio.sleep(0)

        async with open_session([Adds()], capacity=2) as session:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(drain())
                tasks.create_task(drain())
                await asyncio.gather(feed(range(100)), feed(range(100, 200)))
                await session.end()
        assert sorted(got) == list(range(1, 201))

    run(main())


def test_flush_comes_at_the_end_and_nodes_are_cleaned_up_once(run):
    class Sums(Recorder):
        total = 0

        def process(self, data: int) -> None:
            self.total += data

        def flush(self) -> int:
            return self.total

    async def main() -> None:
        node = Sums()
        async with open_session([node]) as session:
            await session.send(1)
            await session.send(2)
            await session.end()
            assert [output async for output in session] == [3]
            await session.wait()
            assert node.events == ["init", "clean"]
        assert node.events == ["init", "clean"]

    run(main())


def test_leaving_drops_what_nobody_took_and_finishes_the_work(run):
    async def main() -> None:
        node = Recorder()
        async with open_session([Splits(), node], capacity=2) as session:
            await session.send(50)
        assert node.events == ["init", *50 * ["proc"], "clean"]
        assert session.error is None

    run(main())


def test_leaving_by_an_exception_cancels(run):
    async def main() -> None:
        node = Recorder()
        with pytest.raises(LookupError, match="mine"):
            async with open_session([node]) as session:
                await session.send(1)
                await session.receive()
                raise LookupError("mine")
        assert node.events == ["init", "proc", "clean"]
        assert isinstance(session.error, PipelineError)

    run(main())


def test_leaving_stops_a_source(run):
    class Endless(Recorder):
        is_source = True

        def process(self) -> Any:
            number = 0
            while True:
                yield (number := number + 1)

    async def main() -> None:
        node = Endless()
        async with open_session([node]) as session:
            assert await session.receive() == 1
        assert node.events == ["init", "clean"]
        with pytest.raises(PipelineError, match="cancelled"):
            await session.receive()

    run(main())


def test_cancel_wakes_whoever_waits_and_wait_is_content(run):
    async def main() -> None:
        node = Held()
        async with open_session([node], capacity=1) as session:
            receiving = asyncio.create_task(session.receive())
            while session.try_send("x") or not node.entered.is_set():
                await asyncio.sleep(0.01)
            sending = asyncio.create_task(session.send("y"))
            await asyncio.sleep(0.01)
            session.cancel()
            for task in receiving, sending:
                with pytest.raises(PipelineError, match="cancelled"):
                    await task
            node.go.set()
            await session.wait()

    run(main())


def test_a_cancelled_task_takes_no_output_along(run):
    async def main() -> None:
        async with open_session([{"node_type": "PassThrough"}]) as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.receive(), 0.01)
            for number in range(100):
                await session.send(number)
                receiving = asyncio.create_task(session.receive())
                await asyncio.sleep(0)
                receiving.cancel()
                try:
                    assert await receiving == number
                except asyncio.CancelledError:
                    assert await session.receive() == number

    run(main())


def test_sending_after_the_end_is_refused(run):
    async def main() -> None:
        async with open_session([PassThroughNode()]) as session:
            await session.end()
            with pytest.raises(PipelineError, match="no more input"):
                await session.send(1)
            with pytest.raises(EOFError):
                await session.receive()

    run(main())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([],), ValueError, "empty"),
        ((7,), TypeError, "Expected Pipeline"),
        (([{"node_type": "Nonsense"}],), RuntimeError, "Unknown node type"),
    ],
)
def test_what_cannot_run_is_refused_at_once(run, arguments, error, message):
    async def main() -> None:
        with pytest.raises(error, match=message):
            open_session(*arguments)

    run(main())


def test_arguments_are_checked(run):
    async def main() -> None:
        with pytest.raises(ValueError, match="on_error"):
            open_session([PassThroughNode()], on_error="ignore")
        with pytest.raises(ValueError, match="capacity"):
            open_session([PassThroughNode()], capacity=0)

    run(main())
    with pytest.raises(RuntimeError, match="no running event loop"):
        Session([PassThroughNode()])


def test_metrics(run):
    async def main() -> None:
        async with open_session([PassThroughNode()]) as session:
            await session.send(1)
            await session.receive()
            assert session.metrics()["node_metrics"][0]["execution_count"] == 1
        assert session.metrics()["node_metrics"][0]["execution_count"] == 1

    run(main())


def test_what_is_sent_becomes_data_where_a_native_node_is_first(run):
    async def main() -> None:
        async with open_session([{"node_type": "CalculatorNode"}]) as session:
            await session.send({"operation": "add", "operands": [1, 2]})
            assert (await session.receive())["result"] == 3

    run(main())
