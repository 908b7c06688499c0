"""Random graphs through the engine and through the executor written in Python: equal in all that is determined.

Where several edges lead to a node, their packets take turns as it happens. Determined are then the items of each trail,
and their order. Where nothing before a node takes turns, all that it gets is.

When a node raises, the engine stops what lies before it, at a time that is not determined. What nodes have got by then
is the beginning of what they would have got. Only if nothing before the nodes that raise takes turns, keeps items back
or makes its own, the failure is that of the earliest input, and all outputs of the inputs before it are there.

What nodes in other processes have got is not seen here, but what comes out of them and goes on is.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import pytest
from graph_nodes import Delays, Payload, Source, inputs
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from random_graphs import Plan, plans

from remotemedia import open_session

Trails = dict[Any, list[Payload]]


@dataclass
class Outcome:
    """What came of a run."""

    got: list[list[tuple[str | None, Payload]]]
    outputs: list[Payload]
    failures: list[BaseException]
    """Those among the outputs."""
    error: LookupError | None


def run(plan: Plan, use_rust: bool, raising: str = "raise") -> Outcome:
    """Runs a plan; what would raise does `raising` instead."""
    pipeline, steps = plan.build(raising)
    items = inputs(plan.count) if plan.takes_input() else None
    on_error = raising if plan.on_error == "raise" else plan.on_error
    error = None
    try:
        result = asyncio.run(asyncio.wait_for(pipeline.run(items, use_rust, on_error=on_error), 20))
        outputs = result if isinstance(result, list) else [] if result is None else [result]
    except LookupError as raised:
        error, outputs = raised, raised.partial_results  # type: ignore[attr-defined]
    failures = [output for output in outputs if isinstance(output, Exception)]
    payloads = [output[0] for output in outputs if not isinstance(output, Exception)]
    return Outcome([step.got for step in steps], payloads, failures, error)


def by_trail(payloads: list[Payload]) -> Trails:
    trails = defaultdict(list)
    for payload in payloads:
        trails[payload[1]].append(payload)
    return dict(trails)


def received(plan: Plan, outcome: Outcome, index: int) -> Trails:
    """What a node has got, as far as its order is determined."""
    if plan.is_ordered(index):
        return {None: outcome.got[index]}
    trails = defaultdict(list)
    for port, payload in outcome.got[index]:
        trails[port, payload[1]].append(payload)
    return dict(trails)


def where(plan: Plan, error: Any) -> tuple[Any, ...]:
    """What is determined of a failure: not the input, if an item was kept back until some other one came."""
    kept = any(member.kind is Delays for member in plan.members)
    return error.node_id, str(error), None if kept else error.input_index


def check_begins(short: Trails, long: Trails) -> None:
    for trail, payloads in short.items():
        assert payloads == long.get(trail, [])[: len(payloads)], trail


def check(plan: Plan) -> None:
    """Holds the engine against the executor."""
    note(str([plan.id(index) for index in range(len(plan.members))]))
    engine, oracle = run(plan, True), run(plan, False)
    assert (engine.error is None) == (oracle.error is None)
    if engine.error is not None:
        return check_raised(plan, engine)
    for index in range(len(plan.members)):
        if not plan.members[index].away:
            assert received(plan, engine, index) == received(plan, oracle, index), plan.id(index)
    assert by_trail(engine.outputs) == by_trail(oracle.outputs)
    assert Counter(where(plan, error) for error in engine.failures) == Counter(
        where(plan, error) for error in oracle.failures
    )


def check_raised(plan: Plan, engine: Outcome) -> None:
    """Holds a run that ended early against one that went on, and against its own failures."""
    whole, collected = run(plan, False, "skip"), run(plan, False, "collect")
    for index in range(len(plan.members)):
        check_begins(received(plan, engine, index), received(plan, whole, index))
    check_begins(by_trail(engine.outputs), by_trail(whole.outputs))
    raising = {plan.id(index): index for index in range(len(plan.members)) if plan.strategy(index) == "raise"}
    possible = {where(plan, error): error for error in collected.failures if error.node_id in raising}  # type: ignore
    assert where(plan, engine.error) in possible
    kinds = {member.kind for member in plan.members}
    if Delays in kinds or Source in kinds or not all(plan.is_ordered(raising[node_id]) for node_id, *_ in possible):
        return
    first = min(index for *_, index in possible)
    assert where(plan, engine.error)[2] == first
    missing = Counter(payload for payload in whole.outputs if payload[0] < first) - Counter(engine.outputs)
    assert not missing


@settings(deadline=None, max_examples=150)
@given(plans(failing=False))
def test_results_are_equal(plan: Plan) -> None:
    check(plan)


@settings(deadline=None, max_examples=150)
@given(plans(failing=True))
def test_failures_are_equal(plan: Plan) -> None:
    check(plan)


# Each node in a process of its own takes a tenth of a second to start.
few = settings(deadline=None, max_examples=6, suppress_health_check=list(HealthCheck))
many = settings(few, max_examples=100)
deep = pytest.mark.skipif("REMOTEMEDIA_DEEP" not in os.environ, reason="takes minutes; `make deep` runs it")


@few
@given(plans(failing=False, away=True))
def test_results_are_equal_in_processes(plan: Plan) -> None:
    check(plan)


@few
@given(plans(failing=True, away=True))
def test_failures_are_equal_in_processes(plan: Plan) -> None:
    check(plan)


def check_cancelled(plan: Plan, taken: int) -> None:
    """Gives a session up after some outputs: they are the beginning of what would have come."""
    pipeline, _ = plan.build()
    outputs: list[Payload] = []

    async def main() -> None:
        items = inputs(plan.count) if plan.takes_input() else None
        async with open_session(pipeline, inputs=items) as session:
            async for output in session:
                if len(outputs) == taken:
                    session.cancel()
                    break
                outputs.append(output[0])

    asyncio.run(asyncio.wait_for(main(), 20))
    check_begins(by_trail(outputs), by_trail(run(plan, False).outputs))


@settings(deadline=None, max_examples=50)
@given(plans(failing=False), st.integers(0, 12))
def test_what_comes_before_a_cancellation(plan: Plan, taken: int) -> None:
    check_cancelled(plan, taken)


@few
@given(plans(failing=False, away=True), st.integers(0, 12))
def test_what_comes_before_a_cancellation_in_processes(plan: Plan, taken: int) -> None:
    check_cancelled(plan, taken)


@deep
@many
@given(plans(failing=False, away=True), st.integers(0, 12))
def test_what_comes_before_many_cancellations_in_processes(plan: Plan, taken: int) -> None:
    check_cancelled(plan, taken)


@deep
@many
@given(plans(failing=False, away=True))
def test_many_results_are_equal_in_processes(plan: Plan) -> None:
    check(plan)


@deep
@many
@given(plans(failing=True, away=True))
def test_many_failures_are_equal_in_processes(plan: Plan) -> None:
    check(plan)
