"""Sessions that live long: changed while they run, watched, traced, bounded."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from typing import Any

import pytest

from remotemedia import BufferNode, Node, PassThroughNode, Pipeline


class Adds(Node):
    """Adds to each number; notes its life."""

    def __init__(self, amount: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.amount = amount
        self.life: list[str] = []

    def initialize(self) -> Any:
        self.life.append("initialize")
        return super().initialize()

    def process(self, data: int) -> int:
        return data + self.amount

    def cleanup(self) -> Any:
        self.life.append("cleanup")
        return super().cleanup()


class CannotStart(PassThroughNode):
    def initialize(self) -> Any:
        raise RuntimeError("no model")


class CannotStartLater(PassThroughNode):
    async def initialize(self) -> None:
        await asyncio.sleep(0)
        raise RuntimeError("no model")


def test_nodes_come_and_go_while_it_runs(run):
    first, second, third = Adds(0, name="first"), Adds(1000, name="second"), Adds(2000, name="third")

    async def main() -> list[int]:
        outputs: list[int] = []
        async with Pipeline([first]).session() as session:

            async def receive() -> None:
                async for output in session:
                    outputs.append(output)

            receiving = asyncio.create_task(receive())
            for number in range(300):
                if number == 100:
                    await session.insert(second, after="first_0")
                    assert second.life == ["initialize"]
                if number == 200:
                    await session.replace("second", third)
                    assert second.life == ["initialize", "cleanup"]
                if number == 250:
                    await session.remove("second")
                    assert third.life == ["initialize", "cleanup"]
                await session.send(number)
            await session.end()
            await receiving
        return outputs

    outputs = run(main())
    assert [output % 1000 for output in outputs] == list(range(300))
    amounts = [output // 1000 for output in outputs]
    # What waited before a node that joined goes through it; what came before one that left does too.
    borders = [at for at in range(1, 300) if amounts[at] != amounts[at - 1]]
    assert [amounts[0], *(amounts[at] for at in borders)] == [0, 1, 2, 0]
    assert all(0 <= asked - border <= 40 for asked, border in zip((100, 200, 250), borders, strict=True))
    assert first.life == ["initialize", "cleanup"]


def test_changes_that_cannot_be_are_refused(run):
    async def main() -> None:
        async with Pipeline([Adds(1, name="one"), Adds(1, name="two")]).session() as session:
            with pytest.raises(ValueError, match="no edge from 'two_1' to 'one_0'"):
                await session.insert(Adds(1), after="two_1", before="one_0")
            with pytest.raises(ValueError, match="no node 'three'"):
                await session.remove("three")
            with pytest.raises(TypeError, match="Expected Node"):
                await session.replace("one_0", 5)  # type: ignore[arg-type]
            for node in (CannotStart(), CannotStartLater()):
                with pytest.raises(RuntimeError, match="no model") as caught:
                    await session.insert(node, node_id="new", after="one_0", before="two_1")
                assert caught.value.__notes__ == ["in node 'new'"]
            await session.send(1)
            assert await session.receive() == 3

    run(main())


def test_the_synchronous_twin_changes_too():
    with Pipeline([Adds(1, name="one")]).sync_session() as session:
        session.insert(Adds(10), before="one_0", node_id="ten")
        session.send(1)
        assert session.receive() == 12
        session.remove("ten")
        session.send(1)
        assert session.receive() == 2


def test_a_session_can_be_waited_for_until_it_is_ready(run):
    class GetsReady(Adds):
        async def initialize(self) -> None:
            await asyncio.sleep(0.05)
            await super().initialize()

    async def ready():
        node = GetsReady(1)
        async with Pipeline([node]).session() as session:
            await asyncio.gather(*(session.ready() for _ in range(3)))
            assert node.life == ["initialize"]
            await session.send(1)
            assert await session.receive() == 2
            await session.ready()

    async def never_ready():
        async with Pipeline([CannotStart()]).session() as session:
            await session.ready()

    run(ready())
    with pytest.raises(RuntimeError, match="no model"):
        run(never_ready())


def test_a_flush_brings_out_what_is_held_back(run):
    async def main() -> None:
        async with Pipeline([BufferNode(3)]).session() as session:
            for number in range(4):
                await session.send(number)
            await session.flush()
            assert await session.receive() == [0, 1, 2]
            assert await session.receive() == [3]
            await session.send(4)
            await session.end()
            assert await session.receive() == [4]

    run(main())


def test_old_packets_are_dropped_where_the_newest_count(run):
    async def main() -> None:
        async with Pipeline([PassThroughNode()]).session(policy="drop_oldest", capacity=2) as session:
            for number in range(1000):
                await session.send(number)
            await session.end()
            await session.wait()
            outputs = [output async for output in session]
            dropped = sum(edge["dropped_count"] for edge in session.metrics()["edge_metrics"])
            assert outputs[-1] == 999 and len(outputs) <= 2 and dropped == 1000 - len(outputs)

    run(main())


def test_a_session_that_stands_still_says_where(run, caplog):
    release = threading.Event()

    class Stuck(Node):
        def process(self, data: Any) -> Any:
            release.wait(20)
            return data

    async def main() -> None:
        async with Pipeline([Stuck()]).session(stall=0.05) as session:
            await session.send(1)
            while not caplog.records:
                await asyncio.sleep(0.01)
            report = session.report()
            release.set()
            assert await session.receive() == 1
        assert report["nodes"][0]["activity"] == "running" and report["nodes"][0]["call"] == "process"

    with caplog.at_level(logging.WARNING, "remotemedia"):
        run(main())
    message = caplog.records[0].getMessage()
    assert "node 'Stuck_0' has been in process for" in message
    assert "Stack of node 'Stuck_0':" in message and "release.wait(20)" in message


def test_a_trace_is_a_file_of_events(run, tmp_path):
    async def main() -> None:
        async with Pipeline([PassThroughNode(), PassThroughNode()]).session(trace=100) as session:
            for number in range(5):
                await session.send(number, pts=number * 1000)
                await session.receive()
            session.save_trace(tmp_path / "trace.json")

    run(main())
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    processed = [event for event in events if event["args"]["call"] == "process"]
    assert [event["args"]["input"] for event in processed if event["name"] == "PassThroughNode_1"] == list(range(5))
    assert all(event["ph"] == "X" and event["dur"] >= 0 for event in events)


def test_metrics_tell_of_quantiles_edges_and_paths(run):
    async def main() -> dict[str, Any]:
        async with Pipeline([PassThroughNode()]).session() as session:
            for number in range(10):
                await session.send(number)
                await session.receive()
            return session.metrics()

    metrics = run(main())
    node = metrics["node_metrics"][0]
    assert 0 < node["min_duration_us"] <= node["p50_duration_us"] <= node["p99_duration_us"] <= node["max_duration_us"]
    path = metrics["path_metrics"][0]
    assert (path["from"], path["to"], path["count"]) == ("(input)", "PassThroughNode_0", 10)
    assert {edge["policy"] for edge in metrics["edge_metrics"]} == {"block"}


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"capacity": 0}, ValueError, "at least 1"),
        ({"policy": "drop"}, ValueError, "use one of block"),
        ({"on_error": "ignore"}, ValueError, "use one of"),
        ({"capactiy": 3}, TypeError, "capactiy"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        Pipeline([PassThroughNode()]).sync_session(**options)
