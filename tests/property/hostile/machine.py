"""The rules as a state machine for hypothesis."""

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

randoms = st.randoms(use_true_random=False)


class Machine(RuleBasedStateMachine):
    """One world."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(ENGINE)
        self.closed = False

    @initialize(r=randoms)
    def begin(self, r: Random) -> None:
        """Something that can go wrong."""
        for name in FIRST:
            RULES[name](self.world, r)

    @rule(r=randoms)
    def stream(self, r: Random) -> None:
        """Most of what a program does."""
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

    def call(self: Machine, r: Random) -> None:
        apply(self.world, r)

    call.__name__ = call.__qualname__ = name
    return rule(r=randoms)(call)


Hostile = type("Hostile", (Machine,), {name: step(name, apply) for name, apply in RULES.items()})
"""With a rule for each function of the library."""
