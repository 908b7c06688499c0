"""Random graphs for `test_random_graphs.py`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from graph_nodes import (
    Delays,
    Expands,
    ExpandsLater,
    Fails,
    FailsLate,
    Filters,
    Joins,
    JoinsLater,
    Later,
    Pairs,
    Retried,
    Routes,
    RoutesLater,
    Source,
    Step,
)
from hypothesis import assume
from hypothesis import strategies as st

from remotemedia import Pipeline

ONE_TO_ONE = (Step, Later, Retried)
STEADY = (Step, Later, Filters, Expands, ExpandsLater, Delays, Retried, Routes, RoutesLater, Joins, JoinsLater, Pairs)
FAILING = (Fails, FailsLate)


@dataclass(frozen=True)
class Member:
    """A node of a random graph: its class, the edges to it, and what it does when it fails."""

    kind: type[Step]
    salt: int
    edges: tuple[tuple[int, str | None, str | None, int | None], ...]
    """The numbers of the nodes before it, their outputs, its inputs, the capacities."""
    on_error: str | None
    away: bool = False
    """Whether it runs in a process of its own."""

    @property
    def name(self) -> str:
        return self.kind.__name__


@dataclass(frozen=True)
class Plan:
    """A random graph. Edges lead from lower to higher numbers; `order` is how the nodes stand in the pipeline."""

    members: tuple[Member, ...]
    order: tuple[int, ...]
    on_error: str
    count: int

    def before(self, index: int) -> set[int]:
        """The nodes from which a node can be reached, without itself."""
        direct = {edge[0] for edge in self.members[index].edges}
        return direct.union(*(self.before(other) for other in direct))

    def is_ordered(self, index: int) -> bool:
        """Whether a node gets all it gets in one order: it and those before it have one edge, or match."""
        member = self.members[index]
        alone = max(len(member.edges), len(member.kind.inputs)) <= 1 or member.kind is Pairs
        return alone and all(self.is_ordered(other) for other, *_ in member.edges)

    def takes_input(self) -> bool:
        return any(not member.edges and member.kind is not Source for member in self.members)

    def strategy(self, index: int) -> str:
        return self.members[index].on_error or self.on_error

    def id(self, index: int) -> str:
        return f"{self.members[index].name}{index}_{self.order.index(index)}"

    def build(self, raising: str = "raise") -> tuple[Pipeline, list[Step]]:
        """The pipeline, and its nodes by their numbers; nodes that are to raise do something else if so wished."""
        steps = [member.kind(f"{member.name}{index}", member.salt) for index, member in enumerate(self.members)]
        pipeline = Pipeline([steps[index] for index in self.order])
        for index, member in enumerate(self.members):
            for other, output, input_, capacity in member.edges:
                source = steps[other] if output is None else (steps[other], output)
                target = steps[index] if input_ is None else (steps[index], input_)
                pipeline.connect(source, target, capacity=capacity)
            if member.away:
                steps[index].in_process()
            if isinstance(steps[index], Retried):
                pipeline.configure(steps[index], retries=1)
            if member.on_error is not None:
                pipeline.configure(steps[index], on_error=raising if member.on_error == "raise" else member.on_error)
        return pipeline, steps


@st.composite
def plans(draw: st.DrawFn, failing: bool, away: bool = False) -> Plan:
    """Random graphs, with nodes that fail if `failing`, and nodes in processes of their own if `away`."""
    kinds = [*STEADY, Source, *(FAILING * 3 if failing else ())]
    members: list[Member] = []
    on_error = draw(st.sampled_from(["raise", "skip", "collect"])) if failing else "raise"
    for index in range(draw(st.integers(2, 8))):
        plan = Plan(tuple(members), (), "raise", 0)
        ordered = [other for other in range(index) if plan.is_ordered(other)]
        kind = draw(st.sampled_from(kinds))
        if kind is Pairs and not ordered:
            kind = Step
        edges = draw(_edges(members, kind, ordered if kind is Pairs else list(range(index))))
        own = draw(st.sampled_from([None, "raise", "skip", "collect"])) if kind.fails else None
        members.append(Member(kind, draw(st.integers(0, 6)), edges, own, away and draw(st.booleans())))
    assume(any(member.edges for member in members))  # else they would be a chain
    order = tuple(draw(st.permutations(range(len(members)))))
    return _with_room(Plan(tuple(members), order, on_error, draw(st.integers(1, 12))), draw)


@st.composite
def _edges(draw: st.DrawFn, members: list[Member], kind: type[Step], others: list[int]) -> Any:
    if kind is Source or not others:
        return ()
    count = draw(st.integers(0, 3)) if kind is not Pairs else draw(st.sampled_from([0, 2]))
    if kind.inputs and count:
        count = max(2, count)
    edges = {}
    for number in range(count):
        other = draw(st.sampled_from(others))
        outputs = members[other].kind.outputs
        output = draw(st.sampled_from(outputs)) if outputs else None
        # Either all inputs are joined or none.
        edges[other, output, kind.inputs[number % 2] if kind.inputs else None] = None
    return tuple((*edge, None) for edge in edges)


def _with_room(plan: Plan, draw: st.DrawFn) -> Plan:
    """The plan with capacities: small ones, unless a node that matches could wait for ever because of them.

    If what one of its inputs waits for comes only after more of the other than that one has room for, the node before
    both of them, which waits for that room, can never make it.
    """
    waits = any(
        plan.members[other].kind not in (*ONE_TO_ONE, Source) or len(plan.members[other].edges) > 1
        for index, member in enumerate(plan.members)
        if member.kind is Pairs
        for other in plan.before(index)
    )
    capacities = st.just(100_000) if waits else st.sampled_from([None, 1, 2, 3, 4])
    members = tuple(
        replace(member, edges=tuple((*edge[:3], draw(capacities)) for edge in member.edges)) for member in plan.members
    )
    return Plan(members, plan.order, plan.on_error, plan.count)
