"""What the library makes of the calls of a node: each result for what it is, each error as it was raised."""

from __future__ import annotations

import asyncio
import gc
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from remotemedia import AudioFrame, Node, Output, PassThroughNode, execute_pipeline_with_input
from remotemedia.core.done import Done


class Does(Node):
    """Makes a call with its input."""

    def __init__(self, does: Callable[[Any], Any]) -> None:
        super().__init__()
        self.does = does

    def process(self, data: Any) -> Any:
        return self.does(data)


class Late:
    """Something to wait for."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return self.value


class Loud(AudioFrame):
    """Audio of somebody's own type."""


class Guise:
    """Says that it is something to wait for."""

    __class__ = property(lambda self: Late)  # type: ignore[assignment]


def twice(value: Any) -> Iterator[Any]:
    yield value
    yield value


async def soon(value: Any) -> Any:
    return value


KINDS: dict[str, Callable[[int], Any]] = {
    "number": lambda value: value,
    "text": str,
    "guise": lambda value: Guise(),
    "none": lambda value: None,
    "generator": twice,
    "coroutine": soon,
    "late": Late,
    "done": lambda value: Done(),
    "audio": lambda value: Loud(np.full(4, value, np.float32), 16000),
}


def seen(output: Any) -> Any:
    if isinstance(output, AudioFrame):
        return [*output.samples.ravel()]
    return "guise" if type(output) is Guise else output


def expected(kind: str, value: int) -> list[Any]:
    if kind in ("none", "done"):
        return []
    once = {"text": str(value), "guise": "guise", "audio": [value] * 4}.get(kind, value)
    return [once] * (2 if kind == "generator" else 1)


@pytest.mark.parametrize("before", KINDS)
@pytest.mark.parametrize("after", KINDS)
def test_each_result_is_taken_for_what_it_is(run, before, after):
    """Whatever the ones before it were."""
    order = [before, before, after, after, before, after]
    node = Does(lambda item: KINDS[item[0]](item[1]))
    items = [(kind, value) for value, kind in enumerate(order)]
    outputs = run(execute_pipeline_with_input([node, PassThroughNode()], items))
    assert [seen(output) for output in outputs] == [each for kind, value in items for each in expected(kind, value)]


def await_end(references: list[weakref.ref[Any]]) -> None:
    """What the library has had is let go on a worker."""
    until = time.monotonic() + 20
    while any(each() is not None for each in references) and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)
    assert [each() for each in references] == [None] * len(references)


def test_types_may_come_and_go(run):
    """A type may be where another one was that is gone, and be of another kind."""

    def make(value: int) -> Any:
        base = Late if value % 2 else object
        kind = type("Passing", (base,), {})
        return kind(value) if base is Late else kind()

    outputs = run(execute_pipeline_with_input([Does(make)], list(range(400))))
    assert [value for value in outputs if isinstance(value, int)] == [*range(1, 400, 2)]
    assert len(outputs) == 400
    kept = [weakref.ref(type(value)) for value in outputs if not isinstance(value, int)]
    outputs.clear()
    await_end(kept)


def test_an_output_that_changes_its_type_is_passed_on(run):
    class One:
        pass

    class Other(One):
        pass

    def change(item: Any) -> Any:
        item.__class__ = Other
        return item

    items = [One(), Other(), One()]
    assert run(execute_pipeline_with_input([Does(change)], items)) == items


def no_place() -> Any:
    raise LookupError("no place")


class Stubborn(Exception):
    """Cannot be made of what it is raised with."""

    def __init__(self, one: Any, two: Any) -> None:
        super().__init__(one, two)


@pytest.mark.parametrize(
    ("process", "item", "error", "words"),
    [
        (int, "seven", ValueError, "invalid literal"),
        ([].pop, 3, IndexError, "pop from empty list"),
        ({}.__getitem__, ("a", 1), KeyError, "'a', 1"),
        (iter(()).__next__, 1, TypeError, "expected 0 arguments"),
        (Stubborn, 1, TypeError, "missing 1 required"),
        (lambda: 1, 1, TypeError, "takes 0 positional"),
        (lambda item: no_place(), 1, LookupError, "no place"),
        (lambda item: next(iter(())), 1, StopIteration, ""),
    ],
)
def test_errors_arrive_whoever_raises_them(run, process, item, error, words):
    """Also where no code of Python's is between, which would have made an exception of what was raised."""
    node = Does(str)
    node.process = process
    [raised] = run(execute_pipeline_with_input([PassThroughNode(), node], [item], on_error="collect"))
    assert type(raised) is error
    assert words in str(raised)
    assert raised.node_id.startswith("Does")


def test_the_traceback_begins_at_the_node(run):
    def fails(item: Any) -> Any:
        no_place()

    [error] = run(execute_pipeline_with_input([Does(fails)], [1], on_error="collect"))
    assert [frame.name for frame in traceback.extract_tb(error.__traceback__)][-3:] == ["process", "fails", "no_place"]


def test_what_is_wrong_with_an_output_is_the_nodes_failure(run):
    """An output to a port that is not there is found out about while the result is sorted."""
    node = Does(lambda item: Output("nowhere", item) if item == 2 else item)
    with pytest.raises(ValueError, match="nowhere") as caught:
        run(execute_pipeline_with_input([node], [1, 2, 3]))
    assert caught.value.partial_results == [1]
    assert run(execute_pipeline_with_input([node], [1, 2, 3], on_error="skip")) == [1, 3]


def test_neither_nodes_nor_errors_are_kept(run):
    class Heavy(Exception):
        pass

    def fails(item: Any) -> Any:
        raise Heavy(item)

    node = Does(fails)
    errors = run(execute_pipeline_with_input([node], list(range(5)), on_error="collect"))
    kept = [weakref.ref(node), *map(weakref.ref, errors)]
    assert len(kept) == 6
    del node, fails
    errors.clear()
    await_end(kept)
