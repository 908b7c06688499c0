"""Sessions under pressure, and those that nobody ends."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from itertools import count
from typing import Any

import pytest
from doubles import Recorder

from remotemedia import Node, PassThroughNode, PipelineError, execute_pipeline_with_input, open_session
from remotemedia._engine import packets

CAPACITY = 4


class Splits(Node):
    def process(self, data: int) -> Any:
        yield from range(data)


@pytest.mark.parametrize("sends", [True, False])
def test_p8_a_fast_source_waits_for_a_slow_sink(run, sends):
    """P8."""

    async def main() -> None:
        given = 0

        def endless() -> Any:
            nonlocal given
            while True:
                given += 1
                yield given

        async def feed() -> None:
            nonlocal given
            for number in count(1):
                await session.send(number)
                given = number

        nodes = [PassThroughNode(), PassThroughNode()]
        inputs = None if sends else endless()
        async with open_session(nodes, inputs=inputs, capacity=CAPACITY) as session:
            feeding = asyncio.create_task(feed()) if sends else None
            for taken in range(1, 20):
                await asyncio.sleep(0.002)
                assert await session.receive() == taken
                # Each of the edges is full at most, and each node has a handful in its hands.
                assert given - taken <= 3 * CAPACITY + 2 * CAPACITY
            if feeding is not None:
                feeding.cancel()
            session.cancel()

    run(main())


def test_p8_a_slow_node_holds_its_sender_up(run):
    """P8."""

    class Slow(Recorder):
        def process(self, data: Any) -> None:
            time.sleep(0.002)
            super().process(data)

    async def main() -> None:
        node = Slow()
        async with open_session([node], capacity=CAPACITY) as session:
            for number in range(1, 30):
                await session.send(number)
                assert number - node.events.count("proc") <= 2 * CAPACITY + 1
        assert node.events.count("proc") == 29

    run(main())


def test_x10_five_thousand_outputs(run):
    """X10."""

    async def main() -> None:
        assert await execute_pipeline_with_input([Splits()], [5000]) == list(range(5000))
        async with open_session([Splits()]) as session:
            await session.send(5000)
            await session.end()
            assert [output async for output in session] == list(range(5000))

    run(main())


def test_i15_conversion_happens_off_the_loop(run):
    """I15: a session and a run over 10 MB each; prints how long the loop was held up."""
    np = pytest.importorskip("numpy")
    threads: set[int] = set()

    class Samples(np.ndarray):
        def __array_finalize__(self, base: Any) -> None:
            threads.add(threading.get_ident())

    async def main() -> None:
        gaps = [0.0]

        async def watch() -> None:
            before = time.perf_counter()
            while True:
                await asyncio.sleep(0)
                now = time.perf_counter()
                gaps.append(now - before)
                before = now

        here = threading.get_ident()
        samples = np.zeros((1, 2_500_000), dtype="<i2").view(Samples)
        threads.clear()
        watching = asyncio.create_task(watch())
        async with open_session([{"node_type": "PassThrough"}, {"node_type": "FastResampleNode"}]) as session:
            await session.send((samples, 48000))
            await session.end()
            assert len([output async for output in session]) >= 1
        watching.cancel()
        assert here not in threads
        print(f"longest gap of the loop: {max(gaps) * 1e3:.1f} ms")

    run(main())


def test_i15_large_documents_are_read_off_the_loop(run, monkeypatch):
    """I15."""
    threads: list[int] = []
    read = packets.import_

    def noted(*given: Any) -> Any:
        threads.append(threading.get_ident())
        return read(*given)

    async def main() -> None:
        async with open_session([{"node_type": "PassThrough"}, {"node_type": "CalculatorNode"}]) as session:
            for number in range(20):
                await session.send({"operation": "add", "operands": [number, 1]})
                receiving = asyncio.create_task(session.receive())
                for _ in range(number):
                    await asyncio.sleep(0)
                receiving.cancel()  # perhaps while it is read
                try:
                    output = await receiving
                except asyncio.CancelledError:
                    output = await session.receive()
                assert output["result"] == number + 1
        assert len(threads) == 20 and threading.get_ident() not in threads

    monkeypatch.setattr(packets, "import_", noted)
    monkeypatch.setattr("remotemedia.session._LARGE", 0)
    run(main())


def test_one_that_is_dropped_warns_and_is_cancelled(run):
    async def main() -> None:
        node = Recorder()
        session = open_session([node])
        await session.send(1)
        assert await session.receive() == 1
        with pytest.warns(ResourceWarning, match="dropped while it runs"):
            del session
            gc.collect()
        while "clean" not in node.events:
            await asyncio.sleep(0.001)

    run(main())


def test_one_that_has_ended_is_dropped_in_silence(run):
    async def main() -> None:
        session = open_session([PassThroughNode()])
        await session.send(1)
        await session.end()
        assert [output async for output in session] == [1]
        del session
        gc.collect()
        session = open_session([PassThroughNode()])
        session.cancel()
        del session
        gc.collect()

    run(main())


def test_one_whose_loop_is_closed_comes_to_an_end():
    class Held(Recorder):
        go = threading.Event()

        def process(self, data: Any) -> Any:
            self.go.wait(20)
            return super().process(data)

    node = Held()

    async def main() -> Any:
        session = open_session([node])
        await session.send(1)
        assert session.try_receive() is None  # from now on it wants to tell
        return session

    session = asyncio.run(main())
    node.go.set()
    while "clean" not in node.events:
        time.sleep(0.001)
    with pytest.raises(PipelineError, match="cancelled"):
        while True:
            session.try_receive()
