"""The work that everybody does who runs Python nodes: chains of one and of three, over objects and over audio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .answer import answer

TABLES = "hop", "chain", "audio"
REPEATS = 5


class Keep:
    """A node that passes an object on."""

    def process(self, item: Any) -> Any:
        return item


class Scale:
    """A node that turns the volume of a NumPy array down."""

    def process(self, samples: Any) -> Any:
        return samples * 0.5


Work = type[Keep] | type[Scale]


def frame() -> Any:
    """10 ms of audio at 48 kHz."""
    import numpy as np

    return np.ones(480, np.float32)


def further(through: Callable[[int], float], items: int) -> tuple[float, float]:
    """Microseconds an item: for each further node, and for each node of a chain of three as a whole.

    Args:
        through: Takes the number of nodes, and returns the seconds that all items took.
        items: Their number.
    """
    through(1)
    pairs = [(through(1), through(3)) for _ in range(REPEATS)]
    # The quickest of each: a difference of two times would show twice what came between.
    one, three = map(min, zip(*pairs, strict=True))
    return (three - one) / 2 / items * 1e6, three / 3 / items * 1e6


def measure(through: Callable[[Work, int, list[Any]], float], items: int) -> None:
    """Measures a way to run a chain, and prints the figures.

    Args:
        through: Takes what each node is, the number of nodes, and the items; returns the seconds that all took.
        items: How many there are to be.
    """
    numbers = list(range(items))
    hop, chain = further(lambda nodes: through(Keep, nodes, numbers), items)
    audio = [frame()] * items
    scaled, _ = further(lambda nodes: through(Scale, nodes, audio), items)
    answer({"hop": hop, "chain": chain, "audio": scaled})
