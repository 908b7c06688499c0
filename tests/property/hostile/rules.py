"""What a program may do next: rules, each for one function of the library, found by its name."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from .world import World

Rule: TypeAlias = Callable[[World, Random], None]

RULES: dict[str, Rule] = {}
"""By the function that they call."""

WEIGHTS: dict[str, int] = {}
"""How often each is chosen, compared with the others."""


def calls(name: str, weight: int = 4) -> Callable[[Rule], Rule]:
    """Says which function a rule calls."""

    def note(rule: Rule) -> Rule:
        assert name not in RULES, f"two rules for {name}"
        RULES[name], WEIGHTS[name] = rule, weight
        return rule

    return note
