"""Node objects run by the engine: contract part 2, I1 to I13 and I19, and what follows from them."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import threading
import time
import traceback
from operator import sub
from random import Random
from typing import Any

import pytest
from doubles import Recorder, Refuses

from remotemedia import (
    BufferNode,
    Node,
    PassThroughNode,
    Pipeline,
    PipelineError,
    execute_pipeline,
    execute_pipeline_with_input,
)
from remotemedia._engine.library import library
from remotemedia.runtime import execute_pipeline_with_instances


class Counts(Node):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def process(self, data: Any) -> int:
        self.calls += 1
        return self.calls


def test_i1_the_result_is_not_a_future(run):
    """I1."""
    node = Counts()
    result = run(execute_pipeline([node]))
    assert not asyncio.isfuture(result)
    assert (result, node.calls) == (1, 1)


def test_i2_initialize_comes_first(run):
    """I2."""

    class Model(Node):
        model = None

        def initialize(self) -> None:
            self.model = "loaded"

        def process(self, data: Any) -> Any:
            return self.model

    assert run(execute_pipeline([Model()])) == "loaded"


def test_i3_cleanup_comes_once(run):
    """I3."""
    node = Recorder()
    run(execute_pipeline([node]))
    assert node.events == ["init", "proc", "clean"]


def test_i4_one_lifecycle_for_a_batch(run):
    """I4."""

    class PerSession(Recorder):
        def process(self, data: Any) -> int:
            state = self.get_session_state("one")
            state.set("count", state.get("count", 0) + 1)
            return state.get("count")

    node = PerSession()
    assert run(execute_pipeline_with_input([node], ["a", "b", "c"])) == [1, 2, 3]
    assert node.events == ["init", "clean"]


class Thrice(Node):
    def process(self, data: Any) -> Any:
        yield from ((data, n) for n in range(3))


class AsyncThrice(Node):
    async def process(self, data: Any) -> Any:
        for n in range(3):
            await asyncio.sleep(0)
            yield data, n


@pytest.mark.parametrize("node", [Thrice, AsyncThrice])
def test_i5_i7_every_output_counts(run, node):
    """I5, I7."""
    assert run(execute_pipeline_with_input([node()], ["x"])) == [("x", 0), ("x", 1), ("x", 2)]
    assert len(run(execute_pipeline_with_input([node(), node()], [1, 2]))) == 18


def test_i6_none_is_no_output(run):
    """I6."""

    class Even(Node):
        def process(self, data: int) -> int | None:
            return data if data % 2 == 0 else None

    assert run(execute_pipeline_with_input([PassThroughNode(), Even(), PassThroughNode()], [2, 3, 4])) == [2, 4]
    assert run(execute_pipeline_with_input([Even()], [1])) == []


def test_i8_async_methods_are_awaited(run):
    """I8."""

    class Async(Node):
        events: list[str]

        async def initialize(self) -> None:
            self.events = ["init"]
            await asyncio.sleep(0.001)
            self.events.append("inited")

        async def process(self, data: int) -> int:
            await asyncio.sleep(0.001)
            return data + 1

        async def cleanup(self) -> None:
            await asyncio.sleep(0.001)
            self.events.append("clean")

    node = Async()
    assert run(execute_pipeline_with_input([node, node.__class__()], [1, 2])) == [3, 4]
    assert node.events == ["init", "inited", "clean"]


def test_async_nodes_run_on_the_callers_loop():
    class WhichLoop(Node):
        async def process(self, data: Any) -> Any:
            return asyncio.get_running_loop()

    async def main() -> None:
        assert await execute_pipeline([WhichLoop()]) is asyncio.get_running_loop()

    asyncio.run(main())


def test_i9_flush_and_streaming(run):
    """I9."""
    assert run(execute_pipeline_with_input([BufferNode(2)], ["a", "b", "c"])) == [["a", "b"], ["c"]]

    class SumPairs(Node):
        is_streaming = True

        def process(self, stream: Any) -> Any:
            for first in stream:
                yield first + next(stream, 0)

    class AsyncSumPairs(Node):
        is_streaming = True

        async def process(self, stream: Any) -> Any:
            async for first in stream:
                yield first + await anext(stream, 0)

    class Total(Node):
        is_streaming = True

        async def process(self, stream: Any) -> int:
            return sum([item async for item in stream])

    for node in (SumPairs(), AsyncSumPairs()):
        assert run(execute_pipeline_with_input([node], [1, 2, 3, 4, 5])) == [3, 7, 5]
        assert run(execute_pipeline_with_input([node], [1])) == [1], "a second run starts anew"
    assert run(execute_pipeline_with_input([Total()], [1, 2, 3])) == [6]


def test_a_stream_may_end_early_or_fail(run):
    class First(Node):
        is_streaming = True

        def process(self, stream: Any) -> Any:
            yield next(stream)

    class AsyncFirst(Node):
        is_streaming = True

        async def process(self, stream: Any) -> Any:
            yield await anext(stream)

    class Breaks(Node):
        is_streaming = True

        def process(self, stream: Any) -> Any:
            yield next(stream)
            raise LookupError("in the stream")

    assert run(execute_pipeline_with_input([First()], [1, 2, 3])) == [1]
    assert run(execute_pipeline_with_input([AsyncFirst()], [1, 2, 3])) == [1]
    with pytest.raises(LookupError, match="in the stream"):
        run(execute_pipeline_with_input([Breaks()], [1, 2, 3]))


def test_i10_metrics_are_figures(run):
    """I10."""
    result = run(execute_pipeline_with_input([PassThroughNode(), PassThroughNode()], [1, 2, 3], enable_metrics=True))
    assert result["outputs"] == [1, 2, 3]
    first, second = result["metrics"]["node_metrics"]
    assert (first["node_id"], second["node_id"]) == ("PassThroughNode_0", "PassThroughNode_1")
    assert first["execution_count"] == first["success_count"] == 3
    assert 0 < first["min_duration_us"] <= first["avg_duration_us"] <= first["max_duration_us"]
    assert result["metrics"]["total_duration_us"] > 0
    assert result["metrics"]["peak_memory_bytes"] > 2**20


def test_i11_one_failing_item_does_not_cost_the_others(run):
    """I11."""
    nodes = [PassThroughNode(), Refuses(2)]
    with pytest.raises(ValueError, match="will not take 2") as raised:
        run(execute_pipeline_with_input(nodes, [1, 2, 3]))
    assert raised.value.partial_results == [1]
    assert run(execute_pipeline_with_input(nodes, [1, 2, 3], on_error="skip")) == [1, 3]
    one, failed, three = run(execute_pipeline_with_input(nodes, [1, 2, 3], on_error="collect"))
    assert (one, three) == (1, 3)
    assert isinstance(failed, ValueError) and failed.input_index == 1


def test_i12_an_exception_arrives_as_itself_with_node_and_input(run):
    """I12."""

    class Special(Exception):
        pass

    error = Special("mine")
    with pytest.raises(Special) as raised:
        run(execute_pipeline_with_input([PassThroughNode(), Refuses("b", error)], ["a", "b"]))
    assert raised.value is error
    assert (error.node_id, error.input_index) == ("Refuses_1", 1)
    assert error.__notes__ == ["in node 'Refuses_1', at input 1"]
    assert "in process" in "".join(traceback.format_exception(error)), "the node's own frames are there"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_a_base_exception_of_a_node_arrives_too(error):
    async def main() -> None:
        # Inside the loop, because a KeyboardInterrupt that leaves a task stops the loop itself.
        try:
            await execute_pipeline_with_input([Refuses(1, error)], [1])
        except BaseException as caught:
            assert caught is error
        else:
            pytest.fail("nothing was raised")

    asyncio.run(main())


def test_i13_a_failing_cleanup_costs_nothing(run, caplog):
    """I13."""

    class Dirty(Recorder):
        def cleanup(self) -> None:
            super().cleanup()
            raise RuntimeError("no cleaning today")

    first, second = Dirty(), Recorder()
    assert run(execute_pipeline_with_input([first, second], [1])) == [1]
    assert first.events == second.events == ["init", "proc", "clean"]
    assert "cleanup of node" in caplog.text


def test_a_failing_initialize_cleans_up_what_was_begun(run):
    class NoStart(Recorder):
        def initialize(self) -> None:
            raise RuntimeError("cannot start")

    first, second, third = Recorder(), NoStart(), Recorder()
    with pytest.raises(RuntimeError, match="cannot start") as raised:
        run(execute_pipeline_with_input([first, second, third], [1]))
    assert raised.value.node_id == "NoStart_1"
    assert first.events == ["init", "clean"]
    assert (second.events, third.events) == (["clean"], []), "cleanup follows each initialize that was begun"


def test_i14_blocking_nodes_do_not_wait_for_each_other():
    """I14: eight of them block at the same time, or none would go on."""
    barrier = threading.Barrier(8)

    class Blocks(Node):
        def process(self, data: Any) -> Any:
            barrier.wait(20)
            return data

    async def main() -> list[Any]:
        return await asyncio.gather(*(execute_pipeline_with_input([Blocks()], [n]) for n in range(8)))

    assert asyncio.run(main()) == [[n] for n in range(8)]


def test_i18_an_instance_in_two_runs_is_never_entered_twice():
    """I18."""

    class Alone(Recorder):
        inside = False

        def process(self, data: Any) -> Any:
            assert not self.inside
            self.inside = True
            time.sleep(0.002)
            self.inside = False
            return data

    node = Alone()

    async def main() -> None:
        await asyncio.gather(*(execute_pipeline_with_input([node, PassThroughNode()], [1, 2, 3]) for _ in range(6)))

    asyncio.run(main())
    assert node.events.count("init") == node.events.count("clean")


def test_one_instance_twice_in_a_pipeline(run):
    node = Counts()
    assert run(execute_pipeline_with_input([node, node], ["a", "b"])) == [2, 4] or node.calls == 4
    twice = Recorder()
    run(execute_pipeline_with_input([twice, Thrice(), twice], ["a", "b"]))
    assert (twice.events.count("init"), twice.events.count("clean")) == (1, 1)


def test_i19_the_object_itself_goes_from_node_to_node(run):
    """I19."""

    class Makes(Node):
        def process(self, data: Any) -> Any:
            self.made = threading.Lock()  # nothing that could be pickled or copied
            return self.made

    class Takes(Node):
        def process(self, data: Any) -> Any:
            self.taken = data
            return data

    makes, takes = Makes(), Takes()
    result = run(execute_pipeline([makes, {"node_type": "PassThrough"}, takes]))
    assert result is takes.taken is makes.made


def test_a_large_array_crosses_ten_nodes_without_a_copy(run):
    np = pytest.importorskip("numpy")
    array = np.zeros(10 * 2**20 // 8)

    class Address(Node):
        def process(self, data: Any) -> Any:
            assert data is array and data.ctypes.data == array.ctypes.data
            return data

    assert run(execute_pipeline_with_input([Address() for _ in range(10)], [array]))[0] is array


@pytest.mark.parametrize("value", [None, [], [1, 2], (1, 2), {1: 2}, {"type": "text"}, 2**70, float("inf"), b"x", ...])
def test_values_arrive_as_they_are(run, value):
    seen = []

    class Sees(Node):
        def process(self, data: Any) -> Any:
            seen.append(data)
            return "seen"

    assert run(execute_pipeline_with_input([Sees()], [value])) == ["seen"]
    assert seen == [value] and type(seen[0]) is type(value)


def test_without_input_the_first_node_gets_an_empty_string(run):
    assert run(execute_pipeline([PassThroughNode()])) == ""


def test_a_source_makes_its_own_input(run):
    class Source(Node):
        is_source = True

        def process(self) -> Any:
            yield from range(3)

    class AsyncSource(Source):
        async def process(self) -> Any:
            for n in range(3):
                await asyncio.sleep(0)
                yield n

    class NoSource(Source):
        def process(self) -> Any:
            return 7

    assert run(execute_pipeline([Source(), PassThroughNode()])) == [0, 1, 2]
    assert run(execute_pipeline([AsyncSource()])) == [0, 1, 2]
    with pytest.raises(Exception, match="is not a valid source"):
        run(execute_pipeline([NoSource()]))
    with pytest.raises(ValueError, match="takes no input"):
        run(execute_pipeline_with_input([Source()], [1]))


def test_wrapped_and_partial_processes(run):
    class Wrapped(Node):
        def __init__(self) -> None:
            super().__init__()
            self.process = functools.partial(self._work, 10)  # type: ignore[method-assign]

        async def _work(self, factor: int, data: int) -> int:
            return factor * data

        def process(self, data: Any) -> Any: ...

    assert run(execute_pipeline_with_input([Wrapped()], [1, 2])) == [10, 20]


def test_a_generator_yields_five_thousand_outputs(run):
    class Many(Node):
        def process(self, data: Any) -> Any:
            yield from range(5000)

    assert run(execute_pipeline_with_input([Many(), PassThroughNode()], ["go"])) == list(range(5000))


def test_a_node_may_run_another_pipeline(run):
    class Outer(Node):
        def process(self, data: int) -> Any:
            return asyncio.run(execute_pipeline_with_input([Thrice(), PassThroughNode()], [data]))

    assert run(execute_pipeline_with_input([Outer()], [1])) == [[(1, 0), (1, 1), (1, 2)]]


def test_a_cancelled_run_ends_soon_and_cleans_up():
    class Slow(Recorder):
        async def process(self, data: Any) -> Any:
            try:
                await asyncio.sleep(30)
            finally:
                self.events.append("stopped")

    node = Slow()

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(execute_pipeline([node]), 0.1)

    start = time.perf_counter()
    asyncio.run(main())
    assert time.perf_counter() - start < 5
    assert node.events == ["init", "stopped", "clean"]


def test_a_streaming_instance_has_one_stream_at_a_time():
    class Slowly(Node):
        is_streaming = True

        async def process(self, stream: Any) -> Any:
            async for item in stream:
                await asyncio.sleep(0.001)
                yield item

    node = Slowly()

    async def main() -> list[Any]:
        runs = (execute_pipeline_with_input([node], list(range(30))) for _ in range(2))
        return await asyncio.gather(*runs, return_exceptions=True)

    results = asyncio.run(main())
    assert sorted(map(type, results), key=repr) == [list, PipelineError]
    assert list(range(30)) in results


def test_cancelled_runs_leave_nothing_behind():
    """Runs of every kind of node, cancelled at random moments: nothing is called after its cleanup, nothing leaks."""
    late: list[str] = []

    class Watched(Recorder):
        def check(self) -> None:
            if not self.events or self.events[-1] == "clean":
                late.append(type(self).__name__)

    class Plain(Watched):
        def process(self, data: Any) -> Any:
            self.check()
            return data

    class Later(Watched):
        async def process(self, data: Any) -> Any:
            self.check()
            await asyncio.sleep(0.001)
            self.check()
            return data

    class Several(Watched):
        async def process(self, data: Any) -> Any:
            for _ in range(3):
                self.check()
                yield data
                await asyncio.sleep(0)

    class Streams(Watched):
        is_streaming = True

        async def process(self, stream: Any) -> Any:
            self.check()
            async for item in stream:
                yield item

    def live() -> list[int]:
        count = ctypes.c_uint64()
        return [library.rm_debug_live(kind, count) or count.value for kind in range(3, 8)]

    random = Random(7)
    nodes: list[Watched] = []

    async def one() -> None:
        chain = [random.choice([Plain, Later, Several, Streams])() for _ in range(random.randint(1, 4))]
        nodes.extend(chain)
        task = asyncio.ensure_future(execute_pipeline_with_input(chain, list(range(20))))
        await asyncio.sleep(random.random() * random.choice([0.0005, 0.005, 0.03]))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def main() -> None:
        before = live()
        for _ in range(25):
            await asyncio.gather(*(one() for _ in range(8)))
        deadline = time.monotonic() + 10
        # Fewer than before is fine: earlier runs may just have been ending.
        while max(map(sub, live(), before)) > 0 and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert max(map(sub, live(), before)) <= 0

    asyncio.run(main())
    assert late == []
    assert all(node.events.count("init") == node.events.count("clean") for node in nodes)


def test_a_pipeline_runs_its_own_instances(run):
    node = Counts()
    pipeline = Pipeline([node, PassThroughNode()])
    assert run(execute_pipeline_with_input(pipeline, ["a", "b"])) == [1, 2]
    assert run(execute_pipeline(pipeline)) == 3
    assert node.calls == 3


def test_with_instances(run):
    assert run(execute_pipeline_with_instances([Counts()], [1, 2], False)) == [1, 2]
    assert run(execute_pipeline_with_instances([Counts()])) == 1
    metrics = run(execute_pipeline_with_instances([Counts()], [1], True))["metrics"]
    assert metrics["node_metrics"][0]["execution_count"] == 1


@pytest.mark.parametrize("wrong", [5, None, (1,), object()])
def test_what_cannot_be_run_is_refused_by_type(run, wrong):
    name = type(wrong).__name__
    with pytest.raises(TypeError, match=f"Expected Pipeline, list of Nodes, dict, or str, got {name}"):
        run(execute_pipeline(wrong))


def test_refusals_of_lists_and_inputs(run):
    node = PassThroughNode()
    with pytest.raises(ValueError, match="empty"):
        run(execute_pipeline([]))
    with pytest.raises(TypeError, match=r"List items must be .* invalid types at positions: \[\(1, 'str'\)\]"):
        run(execute_pipeline([node, "x"]))
    with pytest.raises(TypeError, match="input_data must be a list, got str"):
        run(execute_pipeline_with_input([node], "abc"))
    with pytest.raises(ValueError, match="input_data cannot be empty"):
        run(execute_pipeline_with_input([node], []))
    with pytest.raises(TypeError, match="Expected Node instance, got int"):
        run(execute_pipeline_with_instances([node, 5]))
    with pytest.raises(ValueError, match="on_error"):
        run(execute_pipeline([node], on_error="ignore"))
    node.process = 5
    with pytest.raises(ValueError, match=r"Node PassThroughNode missing required process\(\) method"):
        run(execute_pipeline([node]))
