"""Tables of figures, and the probes that fill them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Figures that can be compared, in one unit."""

    key: str
    title: str
    unit: str
    axis: str = ""
    """What grows from row to row, if the rows are numbers: the table is then drawn as a line."""
    note: str = ""


@dataclass(frozen=True)
class Probe:
    """A program that is run once a round and prints a figure for each of its tables, as JSON: `{table: figure}`.

    Where a probe fills several rows of a table, the figure is `{row: figure}`.
    """

    row: str
    command: Sequence[str]
    tables: Sequence[str]
    lacks: str = ""
    """Why it cannot be measured here, if it cannot."""
    is_peer: bool = False
    """Whether it is not ours: its failure is shown and the rest goes on."""
    most_rounds: int = sys.maxsize
    """For what does not vary, or takes long."""


def ours(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this folder in this interpreter."""
    return [sys.executable, "-m", f"benchmarks.{module}", *arguments]
