"""Values through a worker and back: equal, of the same types, and nobody runs what is in them."""

from __future__ import annotations

import base64
import datetime
import decimal
import enum
import fractions
import math
import pickle
import uuid
from collections import Counter, OrderedDict, namedtuple
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from remotemedia import PassThroughNode, execute_pipeline_with_input

Point = namedtuple("Point", "x y")


class Color(enum.Enum):
    RED = 1


class Flags(enum.Flag):
    A = 1
    B = 2


class Text(str):
    """A string that knows more."""


class Table(dict):  # type: ignore[type-arg]
    pass


@dataclass
class Record:
    name: str
    parts: list[Any]


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slotted) and self.value == other.value


VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**63,
    2**70,
    -(2**4000),
    0.0,
    -0.0,
    math.inf,
    -math.inf,
    5e-324,
    1 + 2j,
    "",
    "text",
    "\0",
    "\U0001f600",
    "\ud800",  # half of a character
    "x" * 300_000,
    b"",
    b"\0\xff",
    bytes(300_000),
    bytearray(b"mutable"),
    bytearray(300_000),
    [],
    [1, 2, 3],
    (),
    (1, 2),
    ((), [()], {}),
    {},
    {1: 2},
    {"type": 5},
    {"type": "text", "value": "x"},
    {"type": "audio"},
    {(1, 2): {None: [1]}},
    {1, 2},
    frozenset({1}),
    range(3, 30, 3),
    slice(1, None, 2),
    ...,
    NotImplemented,
    int,
    len,
    math.sin,
    Record,
    Point(1, 2),
    Color.RED,
    Flags.A | Flags.B,
    Text("known"),
    Table(a=1),
    Record("r", [1, Point(2, 3)]),
    Slotted([1]),
    OrderedDict([("b", 1), ("a", 2)]),
    Counter("abba"),
    datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
    datetime.timedelta(microseconds=1),
    decimal.Decimal("0.10"),
    fractions.Fraction(1, 3),
    uuid.UUID(int=7),
    Path("/a/b"),
    ValueError("an exception that nobody raised", 1),
]


class Says(PassThroughNode):
    """Gives what it got, and what that looked like there."""

    def process(self, data: Any) -> Any:
        return (data, type(data).__qualname__)


def is_equal(one: Any, other: Any) -> bool:
    if isinstance(one, Exception):
        return type(one) is type(other) and one.args == other.args
    return bool(one == other) and repr(one) == repr(other)


def test_values_come_back_equal(run):
    """W5."""
    outputs = run(execute_pipeline_with_input([Says().in_process()], VALUES))
    assert len(outputs) == len(VALUES)
    for (value, there), given in zip(outputs, VALUES, strict=True):
        assert type(value) is type(given)
        assert there == type(given).__qualname__
        assert is_equal(value, given) or isinstance(given, Slotted), repr(given)[:100]


@pytest.mark.parametrize("value", [Slotted([1]), None])
def test_through_several_workers(run, value):
    nodes = [Says().in_process(), PassThroughNode(), Says().in_process()]
    name = type(value).__qualname__
    assert run(execute_pipeline_with_input(nodes, [value])) == [((value, name), "tuple")]


def test_what_is_not_equal_to_itself(run):
    (value, _), (parts, _) = run(execute_pipeline_with_input([Says().in_process()], [math.nan, [math.nan]]))
    assert math.isnan(value)
    assert math.isnan(parts[0])


def test_one_object_twice_stays_one(run):
    shared = ["shared"]
    ring: list[Any] = [shared, shared]
    ring.append(ring)
    ((value, _),) = run(execute_pipeline_with_input([Says().in_process()], [ring]))
    assert value[0] is value[1]
    assert value[2] is value
    assert value[0] is not shared


def test_singletons_stay_what_they_are(run):
    given = [None, True, ..., NotImplemented, Color.RED, int]
    outputs = run(execute_pipeline_with_input([PassThroughNode().in_process()], given))
    # None is no output.
    for value, original in zip(outputs, given[1:], strict=True):
        assert value is original


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.path),)


def test_data_does_not_become_code(run, tmp_path):
    """M14. A pickle that a value contains is data, here and there."""
    trace = tmp_path / "trace"
    bomb = pickle.dumps(Bomb(str(trace)))
    text = base64.b64encode(bomb).decode()
    values = [
        bomb,
        bytearray(bomb),
        text,
        bomb.decode("latin-1"),
        {"__pickled__": True, "data": text},
        {"__pickled__": text},
        {"__pickled__": bomb},
        {"type": "pickle", "value": bomb},
        [bomb, {"__pickled__": True, "data": [bomb]}],
    ]
    outputs = run(execute_pipeline_with_input([Says().in_process()], values))
    assert [value for value, _ in outputs] == values
    assert not trace.exists()


def test_the_input_is_not_touched(run):
    class Changes(PassThroughNode):
        def process(self, data: Any) -> Any:
            data.append(2)
            return data

    given = [1]
    assert run(execute_pipeline_with_input([Changes().in_process()], [given])) == [[1, 2]]
    assert given == [1]
