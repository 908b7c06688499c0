"""The goals, each with what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Look = Callable[[str, str], float]
"""The median of a row of a table; KeyError if it was not measured."""
OURS = "remotemedia"


@dataclass(frozen=True)
class Goal:
    """A figure, and what it is to be at most, or at least."""

    text: str
    figure: Callable[[Look], float]
    limit: float
    unit: str
    at_least: bool = False


def _share(key: str, row: str, beside: str) -> Callable[[Look], float]:
    return lambda look: look(key, row) / look(key, beside)


def _faster(peer: str) -> Goal:
    return Goal(f"the same beside {peer}", _share("hop", peer, OURS), 6 if "queues" in peer else 60, "x faster", True)


def _paced(text: str, row: str) -> tuple[Goal, Goal]:
    return (
        Goal(f"{text}, p50", lambda look: look("paced", row), 60, "µs"),
        Goal(f"{text}, beside asyncio queues", _share("paced", row, "asyncio queues"), 1, "x"),
    )


def _call(text: str, key: str) -> tuple[Goal, Goal]:
    row, beside = "await execute_pipeline([node])", "await run_in_executor"
    return (
        Goal(f"{text}, p50", lambda look: look(key, row), 80, "µs"),
        Goal(f"{text}, beside run_in_executor", _share(key, row, beside), 0.7, "x"),
    )


def _growth(key: str, first: str, last: str) -> Callable[[Look], float]:
    """How much more the last step costs for each than the step before it: 1 where the cost is a line."""

    def ratio(look: Look) -> float:
        middle = {"100": "10", "1000": "100"}[last]
        late = (look(key, last) - look(key, middle)) / (int(last) - int(middle))
        early = (look(key, middle) - look(key, first)) / (int(middle) - int(first))
        return late / early

    return ratio


def _frames(key: str) -> Callable[[Look], float]:
    return lambda look: abs(look(key, "4K RGB, 24.9 MB") / look(key, "1 KB") - 1) * 100


BUILT_IN = "remotemedia: a node that is built in"
GOALS = [
    Goal("a further Python node in a chain, an object by reference", lambda look: look("hop", OURS), 0.25, "µs"),
    Goal("the chain of three with its source and sink, per node", lambda look: look("chain", OURS), 0.25, "µs"),
    Goal("a further node beside the bare Python loop", _share("hop", OURS, "bare Python loop"), 5, "x"),
    Goal(
        "a further node beside a bare C loop over ctypes callbacks",
        _share("hop", OURS, "bare C loop over ctypes callbacks"),
        1,
        "x",
    ),
    *map(_faster, ("asyncio queues", "GStreamer Python element", "Pipecat")),
    *_paced("a paced stream through three Python nodes", "remotemedia: a session on an event loop"),
    *_paced("the same with caller_runs", "remotemedia: a session on an event loop, caller_runs"),
    Goal(
        "10 ms of audio into a Python node",
        lambda look: look("audio-border", "into a Python node, as a NumPy view"),
        1,
        "µs",
    ),
    Goal("10 ms of audio back", lambda look: look("audio-border", "from a Python node into a native one"), 1, "µs"),
    *_call("await execute_pipeline([node]), one after the other", "call"),
    *_call("the same, each alone", "call-alone"),
    Goal("a native hop", lambda look: look("native", BUILT_IN), 50, "ns"),
    Goal("the same beside GStreamer identity", _share("native", "GStreamer: identity", BUILT_IN), 5, "x faster", True),
    Goal(
        "a hop over a thread boundary, in a busy stream",
        lambda look: look("thread", "remotemedia: nodes of two hosts in turn") / 1e3,
        0.6,
        "µs",
    ),
    Goal("a 4K frame through five native nodes, off a packet of 1 KB by", _frames("frame-native"), 20, "%"),
    Goal("a 4K frame through five Python nodes, off a packet of 1 KB by", _frames("frame-python"), 20, "%"),
    Goal(
        "a process node, 2 KB, one processor, beside a bare slot with eventfd",
        _share("process-one", "2 KB: a node in a process, in a stream", "2 KB: a slot with eventfds (the floor)"),
        2,
        "x",
    ),
    Goal(
        "a process node, 6 MB in shared memory, beside the same slot",
        _share(
            "process-one",
            "1080p in shared memory: a node in a process, in a stream",
            "2 KB: a slot with eventfds (the floor)",
        ),
        2,
        "x",
    ),
    Goal("the import", lambda look: look("start", "import remotemedia"), 50, "ms"),
    Goal("the wheel", lambda look: look("size", "the wheel"), 10, "MB"),
    Goal(
        "memory after the import, over bare Python", lambda look: look("import-memory", "import remotemedia"), 8, "MB"
    ),
    Goal("a node more: of 10 to 100 beside of 1 to 10", _growth("growth-nodes", "1", "100"), 1.2, "x"),
    Goal("a session more: of 100 to 1,000 beside of 10 to 100", _growth("growth-sessions", "10", "1000"), 1.2, "x"),
    Goal("a consumer more: of 10 to 100 beside of 1 to 10", _growth("growth-fan-out", "1", "100"), 1.2, "x"),
]


def judge(look: Look) -> list[dict[str, Any]]:
    """Each goal with its figure and whether it was reached: None where it could not be measured."""
    judged = []
    for goal in GOALS:
        try:
            figure: float | None = goal.figure(look)
        except KeyError:
            figure = None
        reached = None if figure is None else (figure >= goal.limit if goal.at_least else figure <= goal.limit)
        limit = f"{'≥' if goal.at_least else '≤'} {goal.limit:g} {goal.unit}"
        judged.append({"goal": goal.text, "limit": limit, "figure": figure, "unit": goal.unit, "reached": reached})
    return judged
