"""Nodes that do what no node should: each of them has a defined end, and none of them stops the others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from doubles import Held, Recorder

from remotemedia import (
    Node,
    NodeError,
    PassThroughNode,
    Pipeline,
    PipelineError,
    execute_pipeline,
    execute_pipeline_with_input,
)

# How a node may be written; each calls `does` once, with its input.


class Plain(Recorder):
    def __init__(self, does: Callable[[Any], Any]) -> None:
        super().__init__()
        self.does = does

    def process(self, data: Any) -> Any:
        return self.does(data)


class Coroutine(Plain):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return self.does(data)


class Generator(Plain):
    def process(self, data: Any) -> Any:
        yield self.does(data)


class AsyncGenerator(Plain):
    async def process(self, data: Any) -> Any:
        yield self.does(data)


class Stream(Plain):
    is_streaming = True

    def process(self, data: Any) -> Any:
        for item in data:
            yield self.does(item)


class AsyncStream(Plain):
    is_streaming = True

    async def process(self, data: Any) -> Any:
        async for item in data:
            yield self.does(item)


ON_WORKERS = [Plain, Generator, Stream]
ON_THE_LOOP = [Coroutine, AsyncGenerator, AsyncStream]


class Mine(BaseException):
    """Derives from BaseException, as nobody should."""


def await_cleanup(node: Recorder) -> None:
    until = time.monotonic() + 20
    while node.events[-1] != "clean" and time.monotonic() < until:
        time.sleep(0.01)
    assert node.events.count("clean") == 1


def is_well(run: Any) -> bool:
    return run(execute_pipeline_with_input([PassThroughNode()], [1, 2])) == [1, 2]


@pytest.mark.parametrize("kind", ON_WORKERS + ON_THE_LOOP)
@pytest.mark.parametrize("error", [Mine("mine"), SystemExit(3), KeyboardInterrupt(), GeneratorExit("mine")])
def test_whatever_is_raised_arrives_as_itself(run, kind, error):
    def fails(data: Any) -> Any:
        raise error

    node = kind(fails)
    with pytest.raises(type(error)) as caught:
        run(execute_pipeline_with_input([node], [1]))
    assert caught.value is error
    # Some of them stop the event loop at once, as they do without us.
    await_cleanup(node)
    assert is_well(run)


@pytest.mark.parametrize("moment", ["initialize", "flush"])
def test_so_it_does_from_other_methods(run, moment):
    def fails() -> None:
        raise Mine(moment)

    node = Plain(lambda data: data)
    setattr(node, moment, fails)
    with pytest.raises(Mine, match=moment):
        run(execute_pipeline_with_input([node], [1]))
    assert is_well(run)


class Sour:
    """An object that fails at everything that might be asked of it."""

    def _refuse(self, *_: Any) -> Any:
        raise RuntimeError("not with me")

    __eq__ = __bool__ = __len__ = __iter__ = __getattr__ = __repr__ = __str__ = _refuse
    __hash__ = None  # type: ignore[assignment]


class Liar:
    """An object that says it is something else."""

    __class__ = property(lambda self: 1 / 0)  # type: ignore[assignment]


@pytest.mark.parametrize("kind", ON_WORKERS + ON_THE_LOOP)
@pytest.mark.parametrize("make", [Sour, Liar, lambda: NotImplemented, lambda: ..., lambda: Sour])
def test_any_object_is_passed_on_as_it_is(run, kind, make):
    garbage = make()
    outputs = run(execute_pipeline_with_input([kind(lambda data: garbage), PassThroughNode()], [1]))
    assert len(outputs) == 1
    assert outputs[0] is garbage


def test_an_awaitable_that_fails_is_a_failure_of_the_node(run):
    class Bad:
        def __await__(self) -> Any:
            raise ValueError("cannot be awaited")

    with pytest.raises(ValueError, match="cannot be awaited"):
        run(execute_pipeline_with_input([Plain(lambda data: Bad())], [1]))
    assert is_well(run)


def test_an_exception_that_cannot_be_shown_arrives_all_the_same(run):
    class Shy(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not with me")

    def fails(data: Any) -> Any:
        raise Shy

    with pytest.raises(Shy):
        run(execute_pipeline_with_input([Plain(fails)], [1]))
    assert is_well(run)


@pytest.mark.parametrize("kind", ON_WORKERS)
def test_one_that_blocks_for_ever_is_left_behind(run, kind):
    go = threading.Event()
    node = kind(lambda data: go.wait(60))
    pipeline = Pipeline([node]).configure(node, deadline=0.1)
    try:
        with pytest.raises(TimeoutError, match=f"{kind.__name__}_0"):
            run(pipeline.run([1]))
        assert is_well(run)
    finally:
        go.set()
    await_cleanup(node)


@pytest.mark.parametrize("kind", [Coroutine, AsyncGenerator])
def test_one_that_waits_for_ever_is_given_up(run, kind):
    class Waits(kind):  # type: ignore[misc, valid-type]
        async def process(self, data: Any) -> Any:
            await asyncio.Event().wait()

    node = Waits(None)
    with pytest.raises(TimeoutError, match="Waits_0"):
        run(Pipeline([node]).configure(node, deadline=0.1).run([1]))
    await_cleanup(node)
    assert is_well(run)


@pytest.mark.parametrize("kind", ON_WORKERS)
def test_a_caller_gives_up_one_that_blocks(run, kind):
    held = Held()
    node = kind(held.process)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(execute_pipeline_with_input([node], [1]), 0.1)

    try:
        run(main())
        assert is_well(run)
    finally:
        held.go.set()
    await_cleanup(node)


# Nodes that run pipelines


@pytest.mark.parametrize("kind", ON_WORKERS)
@pytest.mark.parametrize("depth", [1, 4])
def test_a_node_may_run_a_pipeline(run, kind, depth):
    def deeper(data: int) -> Any:
        if data == depth:
            return data
        return asyncio.run(execute_pipeline_with_input([kind(deeper)], [data + 1]))[0]

    assert run(execute_pipeline_with_input([kind(deeper)], [0, 0, depth])) == [depth] * 3


def test_a_coroutine_may_await_a_pipeline(run):
    class Deeper(Node):
        async def process(self, data: int) -> Any:
            return data if data == 4 else (await execute_pipeline_with_input([Deeper()], [data + 1]))[0]

    assert run(execute_pipeline_with_input([Deeper()], [0, 1])) == [4, 4]


class Recursive(Node):
    """Runs a pipeline that it is part of, alone or behind others."""

    def __init__(self, before: list[Node] | None = None) -> None:
        super().__init__()
        self.before = before or []

    def process(self, data: Any) -> Any:
        return asyncio.run(execute_pipeline_with_input([*self.before, self], [data]))


class AsyncRecursive(Recursive):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return await execute_pipeline_with_input([*self.before, self], [data])


class StreamRecursive(Recursive):
    is_streaming = True

    async def process(self, data: Any) -> Any:
        async for item in data:
            yield await execute_pipeline_with_input([*self.before, self], [item])


@pytest.mark.parametrize("kind", [Recursive, AsyncRecursive, StreamRecursive])
@pytest.mark.parametrize("before", [[], [PassThroughNode()]])
def test_a_node_that_runs_itself_is_refused(run, kind, before):
    with pytest.raises(PipelineError, match=f"node '{kind.__name__}_{len(before)}' is in a call"):
        run(execute_pipeline_with_input([kind(before)], [1]))
    assert is_well(run)


@pytest.mark.parametrize("outer", [Recursive, AsyncRecursive])
@pytest.mark.parametrize("inner", [Plain, Coroutine])
def test_so_is_one_that_runs_itself_by_way_of_another(run, outer, inner):
    class Outer(outer):  # type: ignore[misc, valid-type]
        pass

    node = Outer()
    if inner is Plain:
        other: Node = Plain(lambda data: asyncio.run(execute_pipeline_with_input([node], [data])))
    else:

        class Awaits(Node):
            async def process(self, data: Any) -> Any:
                return await execute_pipeline_with_input([node], [data])

        other = Awaits()
    node.before = [other]
    # Not the node itself, which would be refused at once.
    node.process = (  # type: ignore[method-assign]
        (lambda data: execute_pipeline_with_input([other], [data]))
        if outer is AsyncRecursive
        else (lambda data: asyncio.run(execute_pipeline_with_input([other], [data])))
    )
    with pytest.raises(PipelineError, match="node 'Outer_0' is in a call"):
        run(execute_pipeline_with_input([node], [1]))
    assert is_well(run)


# Nodes that call their own session


def test_what_would_wait_for_the_call_itself_is_refused():
    answers: dict[str, Any] = {}

    def attempt(name: str, call: Callable[[], Any]) -> None:
        try:
            answers[name] = call()
        except Exception as error:
            answers[name] = error

    def meddles(data: Any) -> Any:
        if data != "first":
            return data
        attempt("receive", session.receive)
        attempt("wait", session.wait)
        attempt("fill", lambda: [session.send(number) for number in range(100)])
        attempt("flush", session.flush)
        attempt("report", session.report)
        attempt("metrics", session.metrics)
        session.end()
        return data

    session = Pipeline([Plain(meddles)]).sync_session()
    with session:
        session.send("first")
        outputs = list(session)
    for name in ("receive", "wait", "fill", "flush"):
        assert isinstance(answers[name], PipelineError), (name, answers[name])
        assert "waits for" in str(answers[name])
    assert answers["report"]["nodes"][0]["activity"] == "running"
    assert answers["metrics"]["node_metrics"][0]["node_id"] == "Plain_0"
    assert outputs == ["first", *range(len(outputs) - 1)]
    assert len(outputs) > 1


def test_a_node_may_cancel_its_session():
    session = Pipeline([Plain(lambda data: session.cancel())]).sync_session()
    session.send(1)
    session.wait(20)
    with pytest.raises(PipelineError, match="cancelled"):
        session.receive()


def test_errors_that_say_nothing_have_a_node(run):
    """A failure without a message still says where it was."""

    def fails(data: Any) -> Any:
        raise NodeError

    with pytest.raises(NodeError) as caught:
        run(execute_pipeline([Plain(fails)]))
    assert any("Plain_0" in note for note in caught.value.__notes__)
