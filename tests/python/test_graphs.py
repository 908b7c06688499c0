"""Graphs: edges, ports, options, matching; with the executor written in Python, and with the engine."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from doubles import Recorder, Refuses

from remotemedia import AudioFrame, Node, Output, PassThroughNode, Pipeline, PipelineError, execute_pipeline_with_input

both = pytest.mark.parametrize("use_rust", [True, False])


class Adds(Node):
    def __init__(self, amount: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.amount = amount

    def process(self, data: Any) -> Any:
        return data + self.amount


class Parity(Node):
    outputs = ("even", "odd")

    def process(self, data: int) -> Any:
        return Output("odd", data) if data % 2 else data


class Labels(Node):
    inputs = ("left", "right")

    def process(self, data: Any, port: str) -> Any:  # type: ignore[override]
        return (port, data)


class Pairs(Node):
    inputs = ("left", "right")
    match_tolerance = 0.0

    def process(self, data: dict[str, Any]) -> Any:
        return (data["left"][0], data["right"][0])


class Renames(Node):
    """Gives frames the time of their payload."""

    def __init__(self, suffix: str, only: set[int] | None = None, late: int = 0) -> None:
        super().__init__(name=f"to_{suffix}")
        self.suffix, self.only, self.late = suffix, only, late

    def process(self, data: AudioFrame) -> Any:
        if self.only is None or data.pts in self.only:
            return AudioFrame(f"{data[0]}{self.suffix}", 8000, pts=data.pts + self.late)  # type: ignore[arg-type, operator]
        return None


def frames(*times: int) -> list[AudioFrame]:
    return [AudioFrame(str(pts), 8000, pts=pts) for pts in times]  # type: ignore[arg-type]


# Edges


@both
def test_fan_out_and_fan_in(run, use_rust):
    head, ten, hundred, tail = Recorder(), Adds(10), Adds(100), Recorder()
    pipeline = Pipeline([tail, hundred, head, ten])
    pipeline.connect(head, ten).connect(head, hundred).connect(ten, tail).connect(hundred, tail)
    outputs = run(pipeline.run([1, 2], use_rust=use_rust))
    assert sorted(outputs) == [11, 12, 101, 102]
    assert [output for output in outputs if output < 100] == [11, 12]
    assert head.events.count("proc") == 2 and tail.events.count("proc") == 4
    assert tail.events[0] == "init" and tail.events.count("clean") == 1


@both
def test_several_heads_and_tails(run, use_rust):
    one, two, three = Adds(1), Adds(2), Adds(3)
    pipeline = Pipeline([one, two, three]).connect(two, three)
    assert sorted(run(pipeline.run([10], use_rust=use_rust))) == [11, 15]


@both
def test_a_source_beside_an_input(run, use_rust):
    class Counts(Node):
        is_source = True

        def process(self) -> Any:  # type: ignore[override]
            yield from (100, 200)

    source, adds, tail = Counts(), Adds(1), PassThroughNode()
    pipeline = Pipeline([source, adds, tail]).connect(source, tail).connect(adds, tail)
    assert sorted(run(pipeline.run([1, 2], use_rust=use_rust))) == [2, 3, 100, 200]
    with pytest.raises(ValueError, match="'Counts_0' is a source and takes no input; remove the conn.* from 'Adds_1'"):
        run(Pipeline([source, adds]).connect(adds, source).run([1], use_rust=use_rust))
    with pytest.raises(ValueError, match="takes no input, because its source makes its own"):
        run(Pipeline([source, tail]).run([1], use_rust=use_rust))


@both
def test_flush_goes_along_the_edges(run, use_rust):
    class Sums(Node):
        total = 0

        def process(self, data: int) -> None:
            self.total += data

        def flush(self) -> Any:
            return self.total

    first, second = Sums(name="first"), Sums(name="second")
    pipeline = Pipeline([second, first, Adds(5)]).connect(first, "Adds_2").connect("Adds_2", second)
    assert run(pipeline.run([1, 2, 3], use_rust=use_rust)) == 11


@both
def test_a_cycle_is_refused(run, use_rust):
    pipeline = Pipeline([Adds(1, "a"), Adds(1, "b"), Adds(1, "c")]).connect("a_0", "b_1").connect("b_1", "c_2")
    with pytest.raises(ValueError, match=r"contains a cycle - cannot execute \(among nodes: b_1, c_2\)"):
        run(pipeline.connect("c_2", "b_1").run([1], use_rust=use_rust))


def test_execute_pipeline_takes_the_edges(run):
    pipeline = Pipeline([Adds(1), Adds(2)]).connect("Adds_1", "Adds_0")
    assert run(execute_pipeline_with_input(pipeline, [1])) == [4]
    assert sorted(run(execute_pipeline_with_input(Pipeline([Adds(1), Adds(2)]), [1]))) == [4]


@pytest.mark.parametrize(
    ("source", "target", "rest", "message"),
    [
        ("Parity_0/od", "Labels_1", {}, "'Parity_0' has no output 'od', only 'even', 'odd'; did you mean 'odd'?"),
        ("Parity_0", "Labels_1/lift", {}, "'Labels_1' has no input 'lift', only 'left', 'right'; did you mean 'left'?"),
        ("Labels_1/out", "Parity_0", {}, "'Labels_1' has no output 'out': it has one output, without a name"),
        ("Parity_1", "Labels_1", {}, "no node 'Parity_1', only 'Parity_0', 'Labels_1'; did you mean 'Parity_0'?"),
        (PassThroughNode(), "Labels_1", {}, "node 'PassThroughNode' is not in the pipeline; add it first"),
        ("Parity_0", "Labels_1", {"policy": "drop_old"}, "policy is 'drop_old'.*did you mean 'drop_oldest'"),
        ("Parity_0", "Labels_1", {"capacity": 0}, "capacity is 0; use a number of packets, at least 1"),
    ],
)
def test_connect_names_what_is_wrong(source, target, rest, message):
    pipeline = Pipeline([Parity(), Labels()])
    with pytest.raises(ValueError, match=message):
        pipeline.connect(source, target, **rest)
    assert len(pipeline.graph.edges) == 1


def test_connect_refuses_what_is_ambiguous_or_late(run):
    twice = PassThroughNode()
    pipeline = Pipeline([twice, twice, Parity()])
    with pytest.raises(ValueError, match="several times; use one of the ids 'PassThroughNode_0', 'PassThroughNode_1'"):
        pipeline.connect(twice, "Parity_2")
    pipeline.connect("PassThroughNode_0", "PassThroughNode_1").connect("PassThroughNode_1", "Parity_2")
    with pytest.raises(ValueError, match="'PassThroughNode_0' and 'PassThroughNode_1' are connected already"):
        pipeline.connect("PassThroughNode_0", "PassThroughNode_1")
    with pytest.raises(TypeError, match="Expected a Node, a .Node, port. pair or an id, got 5"):
        pipeline.connect(5, "Parity_2")  # type: ignore[arg-type]

    async def inside() -> None:
        async with pipeline.managed_execution():
            with pytest.raises(PipelineError, match="initialized"):
                pipeline.connect("PassThroughNode_0", "Parity_2")
            with pytest.raises(PipelineError, match="initialized"):
                pipeline.configure("Parity_2", retries=1)

    run(inside())


def test_serialize_has_edges_and_options():
    head, tail = Parity(), Labels()
    pipeline = Pipeline([head, tail, PassThroughNode()])
    pipeline.connect((head, "odd"), (tail, "right"), capacity=4, policy="latest").connect(head, "Labels_1/left")
    pipeline.connect(tail, "PassThroughNode_2")
    pipeline.configure(head, deadline=0.25, on_error="skip").configure("Parity_0", retries=2, retry_delay=0.01)
    document = json.loads(pipeline.serialize())
    assert document["connections"] == [
        {"from": "Parity_0/odd", "to": "Labels_1/right", "capacity": 4, "policy": "latest"},
        {"from": "Parity_0/even", "to": "Labels_1/left"},
        {"from": "Labels_1", "to": "PassThroughNode_2"},
    ]
    options = {"deadline_ms": 250, "on_error": "skip", "retries": 2, "retry_delay_ms": 10}
    assert {key: document["nodes"][0].get(key) for key in options} == options
    assert options.keys().isdisjoint(document["nodes"][1])


def test_removing_a_node_removes_its_edges(run):
    a, b, c = Adds(1, "a"), Adds(2, "b"), Adds(4, "c")
    pipeline = Pipeline([a, b, c]).connect(a, b).connect(c, b).connect(c, a).configure(c, retries=1)
    assert pipeline.remove_node("b")
    document = json.loads(pipeline.serialize())
    assert document["connections"] == [{"from": "c_1", "to": "a_0"}]
    assert document["nodes"][1]["retries"] == 1
    assert pipeline.remove_node("a")
    assert run(pipeline.run([1], use_rust=False)) == 5


@pytest.mark.parametrize(
    ("policy", "first", "last"), [("drop_oldest", None, 99), ("latest", None, 99), ("drop_newest", 0, None)]
)
def test_policies_drop_instead_of_waiting(run, policy, first, last):
    class Slow(Node):
        async def process(self, data: int) -> int:
            await asyncio.sleep(0.002)
            return data

    pipeline = Pipeline([PassThroughNode(), Slow()]).connect("PassThroughNode_0", "Slow_1", capacity=2, policy=policy)
    outputs = run(pipeline.run(list(range(100))))
    assert outputs == sorted(outputs) and len(outputs) < 100
    assert first in (None, outputs[0]) and last in (None, outputs[-1])


# Ports


@both
def test_named_ports(run, use_rust):
    pipeline = Pipeline([Parity(), Adds(100), Labels()])
    pipeline.connect("Parity_0/even", "Adds_1").connect("Adds_1", "Labels_2/left").connect(
        "Parity_0/odd", "Labels_2/right"
    )
    outputs = run(pipeline.run([1, 2, 3, 4], use_rust=use_rust))
    assert sorted(outputs) == [("left", 102), ("left", 104), ("right", 1), ("right", 3)]
    assert [data for port, data in outputs if port == "right"] == [1, 3]


@both
def test_an_end_with_ports_gives_them_all_and_an_unconnected_one_nothing(run, use_rust):
    assert run(Pipeline([Parity()]).run([1, 2, 3], use_rust=use_rust)) == [1, 2, 3]
    half = Pipeline([Parity(), PassThroughNode()]).connect("Parity_0/odd", "PassThroughNode_1")
    assert run(half.run([1, 2, 3], use_rust=use_rust)) == [1, 3]


@both
def test_a_head_with_ports_gets_the_input_at_all_of_them(run, use_rust):
    assert sorted(run(Pipeline([Labels()]).run([1], use_rust=use_rust))) == [("left", 1), ("right", 1)]
    with pytest.raises(ValueError, match="nothing leads to the input 'right' of node 'Labels_1'; connect it"):
        run(Pipeline([PassThroughNode(), Labels()]).run([1], use_rust=use_rust))


@both
@pytest.mark.parametrize("kind", ["plain", "async", "generator", "async generator"])
def test_every_kind_of_process_has_ports(run, use_rust, kind):
    class Plain(Parity):
        def process(self, data: int) -> Any:
            return Output("odd", data)

    class Async(Parity):
        async def process(self, data: int) -> Any:
            await asyncio.sleep(0)
            return Output("odd", data)

    class Generator(Parity):
        def process(self, data: int) -> Any:
            yield Output("odd", data)
            yield data

    class AsyncGenerator(Parity):
        async def process(self, data: int) -> Any:
            yield Output("odd", data)
            yield data

    node = {"plain": Plain, "async": Async, "generator": Generator, "async generator": AsyncGenerator}[kind](name="n")
    pipeline = Pipeline([node, Labels()]).connect("n_0/odd", "Labels_1/right").connect("n_0/even", "Labels_1/left")
    outputs = run(pipeline.run([7], use_rust=use_rust))
    assert outputs == ("right", 7) if "generator" not in kind else sorted(outputs) == [("left", 7), ("right", 7)]


@both
def test_an_unknown_port_is_named(run, use_rust):
    class Wrong(Parity):
        def process(self, data: int) -> Any:
            yield Output("evne", data)

    with pytest.raises(ValueError, match="node 'Wrong' has no output 'evne', only 'even', 'odd'; did you mean 'even'?"):
        run(Pipeline([Wrong()]).run([1], use_rust=use_rust))


@both
@pytest.mark.parametrize("later", [False, True])
def test_a_node_without_named_outputs_has_no_port(run, use_rust, later):
    class Wrong(Node):
        def process(self, data: int) -> Any:
            return Output("even", data)

    class WrongLater(Node):
        async def process(self, data: int) -> Any:
            return Output("even", data)

    with pytest.raises(
        ValueError, match="has no output 'even': it has one output, without a name; leave it out"
    ) as raised:
        run(Pipeline([WrongLater() if later else Wrong()]).run([1], use_rust=use_rust))
    assert raised.value.input_index == 0


@both
@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"inputs": "left"}, "inputs of node 'Odd.*are 'left'; use a tuple"),
        ({"outputs": ("a", "a")}, "outputs of node"),
        ({"outputs": ("a/b",)}, "without comma and slash"),
        ({"match_tolerance": 0.0}, "has a match_tolerance, but no inputs to match; name two"),
        ({"inputs": ("a", "b"), "match_tolerance": -1}, "match_tolerance of node .* is -1; use seconds"),
        ({"inputs": ("a",), "is_streaming": True}, "it is streaming, and takes one stream; remove them"),
    ],
)
def test_impossible_ports_are_refused(run, use_rust, attributes, message):
    odd = type("Odd", (PassThroughNode,), attributes)
    with pytest.raises(ValueError, match=message):
        run(Pipeline([odd()]).run([1], use_rust=use_rust))


# Matching


def fork(left: Node, right: Node, pairs: Node) -> Pipeline:
    pipeline = Pipeline([PassThroughNode(name="head"), left, right, pairs])
    pipeline.connect("head_0", left).connect("head_0", right)
    return pipeline.connect(left, (pairs, "left")).connect(right, (pairs, "right"))


@both
def test_matched_by_time(run, use_rust):
    pipeline = fork(Renames("a"), Renames("b"), Pairs())
    assert run(pipeline.run(frames(0, 10, 20), use_rust=use_rust)) == [("0a", "0b"), ("10a", "10b"), ("20a", "20b")]


@both
def test_what_finds_no_match_is_dropped(run, use_rust):
    pipeline = fork(Renames("a", {0, 10, 30}), Renames("b", {10, 20, 30}), Pairs())
    assert run(pipeline.run(frames(0, 10, 20, 30), use_rust=use_rust)) == [("10a", "10b"), ("30a", "30b")]


@both
def test_the_tolerance_is_in_seconds(run, use_rust):
    class Near(Pairs):
        match_tolerance = 1e-6

    near = run(fork(Renames("a"), Renames("b", late=1000), Near()).run(frames(0, 5000), use_rust=use_rust))
    assert near == [("0a", "0b"), ("5000a", "5000b")]
    assert run(fork(Renames("a"), Renames("b", late=1001), Near()).run(frames(0, 5000), use_rust=use_rust)) is None


# Options


class Flaky(Node):
    """Fails the first times."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures
        self.calls = 0

    async def process(self, data: Any) -> Any:
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError("not yet")
        return data


@both
def test_retries(run, use_rust):
    node = Flaky(2)
    assert run(Pipeline([node]).configure(node, retries=2, retry_delay=0.001).run([1, 2], use_rust=use_rust)) == [1, 2]
    assert node.calls == 4
    node = Flaky(2)
    with pytest.raises(ConnectionError, match="not yet"):
        run(Pipeline([node]).configure(node, retries=1).run([1, 2], use_rust=use_rust))
    assert node.calls == 2


@both
def test_a_node_has_a_strategy_of_its_own(run, use_rust):
    pipeline = Pipeline([Refuses(1), Refuses(2)]).configure("Refuses_0", on_error="skip")
    assert run(pipeline.run([1, 3], use_rust=use_rust)) == 3
    with pytest.raises(ValueError, match="will not take 2"):
        run(pipeline.run([1, 2], use_rust=use_rust))
    pipeline.configure("Refuses_1", on_error="collect")
    three, error = run(pipeline.run([1, 3, 2], use_rust=use_rust))
    assert three == 3 and isinstance(error, ValueError)


@both
def test_a_deadline(run, use_rust):
    class Slow(Node):
        async def process(self, data: Any) -> Any:
            await asyncio.sleep(10)

    with pytest.raises(TimeoutError) as raised:
        run(Pipeline([Slow()]).configure("Slow_0", deadline=0.02).run([1], use_rust=use_rust))
    assert raised.value.node_id == "Slow_0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_error": "skp"}, "on_error is 'skp'; use one of 'raise', 'skip', 'collect'; did you mean 'skip'"),
        ({"retries": -1}, "retries is -1"),
        ({"retries": 1.5}, "retries is 1.5"),
        ({"deadline": 0}, "deadline is 0; use seconds, at least 1e-6"),
        ({"retry_delay": float("nan")}, "retry_delay is nan"),
    ],
)
def test_configure_names_what_is_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        Pipeline([PassThroughNode()]).configure("PassThroughNode_0", **options)
    with pytest.raises(ValueError, match="no node 'nobody', only 'PassThroughNode_0'"):
        Pipeline([PassThroughNode()]).configure("nobody", retries=1)


@both
def test_a_failure_beside_a_match_ends_the_run(run, use_rust):
    # The node before the right input stands still then. What came by the left one waits in vain, and must not be waited
    # for by those before it.
    class Fails(Node):
        async def process(self, data: Any) -> Any:
            await asyncio.sleep(0.01)
            raise ArithmeticError("no")

    left, right, fails, pairs = Renames("a"), Renames("b"), Fails(), Pairs()
    pipeline = Pipeline([left, right, fails, pairs]).connect(right, fails, capacity=3)
    pipeline.connect(left, (pairs, "left"), capacity=2).connect(right, (pairs, "right"), capacity=4)
    with pytest.raises(ArithmeticError, match="no"):
        run(pipeline.run(frames(*range(20)), use_rust=use_rust))
