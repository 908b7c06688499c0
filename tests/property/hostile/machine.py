"""The rules as a state machine for hypothesis.

It chooses the rules, and for each a number that decides the arguments: what there is to choose from depends on threads,
and must not decide how much hypothesis has to choose.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from .engine import Engine
from .rules import RULES, Rule
from .run import FIRST
from .world import World

ENGINE = Engine()

seeds = st.integers(0, 2**32 - 1)


class Machine(RuleBasedStateMachine):
    """One world."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(ENGINE)
        self.closed = False

    @initialize(seed=seeds)
    def begin(self, seed: int) -> None:
        """Something that can go wrong."""
        r = Random(seed)
        for name in FIRST:
            RULES[name](self.world, r)

    @rule(seed=seeds)
    def stream(self, seed: int) -> None:
        """Most of what a program does."""
        r = Random(seed)
        for name in ("rm_session_push", "rm_session_pull"):
            RULES[name](self.world, r)

    @invariant()
    def holds(self) -> None:
        """There is what the model says."""
        self.world.check()

    def teardown(self) -> None:
        """Nothing is left."""
        self.world.close(Random(1))


def step(name: str, apply: Rule) -> Any:
    """The rule of a function, as hypothesis takes it."""

    def call(self: Machine, seed: int) -> None:
        apply(self.world, Random(seed))

    call.__name__ = call.__qualname__ = name
    return rule(seed=seeds)(call)


Hostile = type("Hostile", (Machine,), {name: step(name, apply) for name, apply in RULES.items()})
"""With a rule for each function of the library."""
