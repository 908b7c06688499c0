"""What fails in a worker arrives here: as itself, with where it was, and with the traceback from there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from remotemedia import (
    Node,
    PassThroughNode,
    Pipeline,
    RemoteExecutionError,
    SerializationError,
    execute_pipeline,
    execute_pipeline_with_input,
)


class Plain(Node):
    """Calls something with each input."""

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


KINDS = [Plain, Coroutine, Generator, AsyncGenerator, Stream, AsyncStream]


def refuses(data: Any) -> Any:
    if data == 2:
        raise LookupError(f"will not take {data}")
    return data


def caught(run: Any, node: Node, inputs: list[Any], **options: Any) -> Any:
    """What a run raises."""
    with pytest.raises(BaseException) as info:
        run(execute_pipeline_with_input([node], inputs, **options))
    return info.value


@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_arrives_as_itself(run, kind):
    """W6."""
    error = caught(run, kind(refuses).in_process(), [1, 2, 3])
    assert type(error) is LookupError
    assert error.args == ("will not take 2",)
    assert error.__notes__ == [f"in node '{kind.__name__}_0', at input 1"]
    assert (error.node_id, error.input_index, error.partial_results) == (f"{kind.__name__}_0", 1, [1])


@pytest.mark.parametrize("kind", KINDS)
def test_its_cause_is_the_traceback_from_there(run, kind):
    cause = caught(run, kind(refuses).in_process(), [2]).__cause__
    assert type(cause) is RemoteExecutionError
    assert "in refuses" in cause.remote_traceback
    assert "LookupError: will not take 2" in cause.remote_traceback
    assert cause.remote_traceback in str(cause)


def test_attributes_notes_and_causes_come_along(run):
    class Rich(Exception):
        pass

    def fails(data: Any) -> Any:
        error = Rich("rich")
        error.code = 7  # type: ignore[attr-defined]
        error.add_note("mind the gap")
        raise error from KeyError("first")

    error = caught(run, Plain(fails).in_process(), [1])
    assert (error.code, error.args) == (7, ("rich",))
    assert error.__notes__ == ["mind the gap", "in node 'Plain_0', at input 0"]
    assert "KeyError: 'first'" in error.__cause__.remote_traceback


@pytest.mark.parametrize("error", [KeyboardInterrupt("x"), SystemExit(3), GeneratorExit("x"), asyncio.CancelledError()])
@pytest.mark.parametrize("kind", [Plain, Coroutine])
def test_so_do_those_that_are_no_exceptions(run, kind, error):
    def fails(data: Any) -> Any:
        raise error

    raised = caught(run, kind(fails).in_process(), [1])
    assert (type(raised), raised.args) == (type(error), error.args)


def test_a_group_arrives_as_a_group(run):
    def fails(data: Any) -> Any:
        raise ExceptionGroup("two", [ValueError(1), TypeError(2)])

    error = caught(run, Plain(fails).in_process(), [1])
    assert type(error) is ExceptionGroup
    assert [type(each) for each in error.exceptions] == [ValueError, TypeError]


class Holds(Exception):
    """Cannot be pickled."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.lock = threading.Lock()


class Demands(Exception):
    """Can be pickled, and not be made again."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


class Shy(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not with me")


@pytest.mark.parametrize("make", [lambda: Holds("holds on"), lambda: Demands("demands", "much")])
def test_one_that_cannot_travel_is_told_of(run, make):
    def fails(data: Any) -> Any:
        raise make()

    error = caught(run, Plain(fails).in_process(), [1])
    assert type(error) is RemoteExecutionError
    assert str(error) in ("Holds: holds on", "Demands: demands much")
    assert "in fails" in error.remote_traceback
    assert error.__notes__ == ["in node 'Plain_0', at input 0"]


def test_one_that_cannot_be_shown_arrives_all_the_same(run):
    def fails(data: Any) -> Any:
        raise Shy("x")

    error = caught(run, Plain(fails).in_process(), [1])
    assert (type(error), error.args) == (Shy, ("x",))


def test_one_of_a_class_that_is_only_there(run, tmp_path):
    (tmp_path / "only_there.py").write_text("class Foreign(Exception):\n    pass\n")

    def fails(data: Any) -> Any:
        import sys

        sys.path.append(str(tmp_path))
        from only_there import Foreign  # type: ignore[import-not-found]

        raise Foreign("from far away")

    error = caught(run, Plain(fails).in_process(), [1])
    assert type(error) is RemoteExecutionError
    assert str(error) == "Foreign: from far away"
    assert "only_there.Foreign: from far away" in error.remote_traceback


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_that_cannot_travel_is_a_failure_of_the_node(run, kind):
    error = caught(run, kind(lambda data: threading.Lock()).in_process(), [1])
    assert type(error) is TypeError
    assert "a lock cannot be sent to another process" in str(error)
    assert error.node_id == f"{kind.__name__}_0"


def test_so_is_an_input_that_cannot_travel(run):
    error = caught(run, Plain(lambda data: data).in_process(), [1, threading.Lock()])
    assert type(error) is TypeError
    assert (error.node_id, error.input_index, error.partial_results) == ("Plain_0", 1, [1])


class Sticks:
    """Cannot be made again."""

    def __reduce__(self) -> Any:
        return _refuse, (1,)


def _refuse(data: Any) -> Any:
    raise ArithmeticError("not here")


@pytest.mark.parametrize("where", ["input", "output"])
def test_and_what_cannot_be_made_again(run, where):
    given = [Sticks() if where == "input" else 1]
    error = caught(run, Plain(lambda data: Sticks()).in_process(), given)
    assert type(error) is ArithmeticError
    assert (error.node_id, error.input_index) == ("Plain_0", 0)


@pytest.mark.parametrize("bad", [threading.Lock(), Sticks(), 2])
def test_on_error(run, bad):
    inputs = [1, bad, 3]
    nodes = [PassThroughNode(), Plain(refuses).in_process(), PassThroughNode()]
    assert run(execute_pipeline_with_input(nodes, inputs, on_error="skip")) == [1, 3]
    first, failure, last = run(execute_pipeline_with_input(nodes, inputs, on_error="collect"))
    assert (first, last) == (1, 3)
    assert isinstance(failure, Exception)
    assert (failure.node_id, failure.input_index) == ("Plain_1", 1)  # type: ignore[attr-defined]


def test_outputs_before_a_failure_come_out(run):
    class Late(Node):
        def process(self, data: Any) -> Any:
            yield data
            raise LookupError("late")

    outputs = run(execute_pipeline_with_input([Late().in_process()], [1, 2], on_error="collect"))
    assert [output for output in outputs if not isinstance(output, Exception)] == [1, 2]
    assert len(outputs) == 4
    assert caught(run, Late().in_process(), [1, 2]).partial_results == [1]


def test_retries(run):
    class Second(Node):
        """Takes an item the second time."""

        seen: tuple[Any, ...] = ()

        def process(self, data: Any) -> Any:
            self.seen = (*self.seen, data)
            if self.seen.count(data) < 2:
                raise LookupError(data)
            return self.seen

    node = Second().in_process()
    assert run(Pipeline([node]).configure(node, retries=1).run([1, 2])) == [(1, 1), (1, 1, 2, 2)]


# Nodes that do not come as far


class Unready(Plain):
    def initialize(self) -> None:
        raise LookupError("no model")


class UnreadyLater(Plain):
    async def initialize(self) -> None:
        await asyncio.sleep(0)
        raise LookupError("no model")


@pytest.mark.parametrize("kind", [Unready, UnreadyLater])
def test_one_that_cannot_be_initialized_there(run, kind):
    """W2."""
    error = caught(run, kind(refuses).in_process(), [1])
    assert (type(error), str(error)) == (LookupError, "no model")
    assert error.__notes__ == [f"in node '{kind.__name__}_0'"]
    assert "in initialize" in error.__cause__.remote_traceback


def test_a_failing_flush(run):
    class Flushes(Plain):
        def flush(self) -> Any:
            raise LookupError("at the end")

    error = caught(run, Flushes(refuses).in_process(), [1])
    assert type(error) is LookupError
    assert error.partial_results == [1]
    assert error.node_id == "Flushes_0"


@pytest.mark.parametrize("later", [True, False])
def test_a_failing_cleanup_costs_nothing(run, caplog, later):
    """It is logged, as that of a node that runs here."""

    class Unclean(Plain):
        def cleanup(self) -> Any:
            raise LookupError("cannot clean")

    class UncleanLater(Plain):
        async def cleanup(self) -> Any:
            raise LookupError("cannot clean")

    assert run(execute_pipeline_with_input([(UncleanLater if later else Unclean)(refuses).in_process()], [1])) == [1]
    assert [record.name for record in caplog.records] == ["remotemedia"]
    assert "cannot clean" in caplog.text


def test_a_node_that_cannot_be_pickled(run):
    node = Plain(refuses)
    node.parts = {"inner": [1, threading.Lock()]}  # type: ignore[attr-defined]
    error = caught(run, node.in_process(), [1])
    assert type(error) is SerializationError
    assert (error.node_name, error.attr_name) == ("Plain", "parts['inner'][1]")
    assert error.node_id == "Plain_0"


def test_a_node_that_is_too_large(run):
    class Large(PassThroughNode):
        def __getstate__(self) -> Any:
            return {**super().__getstate__(), "weights": bytes(2**20) * 101}

    error = caught(run, Large().in_process(), [1])
    assert type(error) is SerializationError
    assert "exceeds limit (100 MB)" in str(error)


def test_a_node_whose_module_is_not_there(run, monkeypatch, tmp_path):
    (tmp_path / "vanishing.py").write_text("from remotemedia import PassThroughNode\nclass V(PassThroughNode): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    from vanishing import V  # type: ignore[import-not-found]

    (tmp_path / "vanishing.py").unlink()
    error = caught(run, V().in_process(), [1])
    assert type(error) is SerializationError
    assert "No module named 'vanishing'" in str(error)
    assert (error.node_name, error.node_id) == ("V", "V_0")


def test_a_node_that_cannot_be_unpickled(run):
    class Broken(PassThroughNode):
        def __setstate__(self, state: Any) -> None:
            raise LookupError("cannot be made")

    error = caught(run, Broken().in_process(), [1])
    assert type(error) is SerializationError
    assert "cannot be made" in str(error)


def test_a_module_that_fails_there(run, monkeypatch, tmp_path):
    (tmp_path / "failing.py").write_text(
        "import os\nfrom remotemedia import PassThroughNode\n"
        "if os.environ.get('FAIL'):\n    raise RuntimeError('not in a worker')\nclass F(PassThroughNode): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from failing import F  # type: ignore[import-not-found]

    monkeypatch.setenv("FAIL", "1")
    error = caught(run, F().in_process(), [1])
    assert type(error) is SerializationError
    assert "RuntimeError: not in a worker" in str(error)


def test_others_are_cleaned_up(run, tmp_path):
    from steps import Notes

    before, behind = Notes(str(tmp_path / "before")), Notes(str(tmp_path / "behind"))
    nodes = [before.in_process(), Plain(refuses).in_process(), behind.in_process()]
    with pytest.raises(LookupError):
        run(execute_pipeline_with_input(nodes, [1, 2, 3]))
    for name in "before", "behind":
        notes = (tmp_path / name).read_text().split("\n")
        assert (notes[0], notes[-2], notes.count("clean")) == ("init", "clean", 1)


def test_nothing_is_left_of_it(run):
    with pytest.raises(LookupError):
        run(execute_pipeline_with_input([Plain(refuses).in_process()], [2]))
    assert run(execute_pipeline([Plain(refuses).in_process()])) == ""
