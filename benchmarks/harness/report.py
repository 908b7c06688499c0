"""What was measured, as one document: written as JSON, printed as tables."""

from __future__ import annotations

import datetime
import statistics
import subprocess
from collections.abc import Sequence
from typing import Any

from .goal import judge
from .machine import load, machine
from .places import ROOT
from .runner import Figures
from .table import Table

Document = dict[str, Any]


def document(tables: Sequence[Table], figures: Figures, lacking: dict[str, dict[str, str]], rounds: int) -> Document:
    """All figures with their medians and spread, and the goals held against them."""
    shown = [_table(table, figures.get(table.key, {}), lacking.get(table.key, {})) for table in tables]
    medians = {
        table["key"]: {row["name"]: row["median"] for row in table["rows"] if "median" in row} for table in shown
    }
    return {
        "machine": machine(),
        "load": load(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "rounds": rounds,
        "tables": [table for table in shown if table["rows"]],
        "goals": judge(lambda key, row: medians[key][row]),
    }


def _table(table: Table, figures: dict[str, list[float]], lacking: dict[str, str]) -> Document:
    rows: list[Document] = [_row(name, samples) for name, samples in figures.items()]
    rows += [{"name": name, "lacks": why} for name, why in lacking.items() if name not in figures]
    keys = {"key": table.key, "title": table.title, "unit": table.unit, "axis": table.axis, "note": table.note}
    return {**keys, "rows": rows}


def _row(name: str, samples: list[float]) -> Document:
    # With few rounds the quartiles are the lowest and the highest: a spread, all the same.
    low, high = min(samples), max(samples)
    if len(samples) >= 4:
        low, _, high = statistics.quantiles(samples, n=4)
    return {"name": name, "low": low, "median": statistics.median(samples), "high": high, "samples": samples}


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def print_all(whole: Document) -> None:
    """Prints every table, and the goals last."""
    print(f"{whole['machine']}; {whole['date']}, commit {whole['commit']}, {whole['rounds']} rounds, {whole['load']}")
    for table in whole["tables"]:
        note = f"; {table['note']}" if table["note"] else ""
        print(f"\n{table['title']} [{table['unit']}{note}]")
        for row in table["rows"]:
            print(f"  {row['name'] or table['title']:58}{_figures(row)}")
    print(f"\n{'goals':74}{'goal':>18}{'measured':>12}")
    for goal in whole["goals"]:
        print(f"  {goal['goal']:72}{goal['limit']:>18}{number(goal['figure']):>12}  {verdict(goal)}")


def _figures(row: Document) -> str:
    if "lacks" in row:
        return f"  not measured: {row['lacks']}"
    return "".join(f"{number(row[key]):>12}" for key in ("low", "median", "high"))


def number(value: float | None) -> str:
    """A figure with three digits that count."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def verdict(goal: Document) -> str:
    """Whether a goal was reached, in a word."""
    return {True: "reached", False: "MISSED", None: "not measured"}[goal["reached"]]
