"""Pictures of the tables: bars where rows are compared, lines where something grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402  the backend is chosen first, because there may be no display

from .report import Document, number  # noqa: E402

OURS, PEER = "#2a6f97", "#b8b8b8"


def draw(whole: Document, folder: Path) -> list[Path]:
    """Draws every table that has something to show; returns the files, a PNG and an SVG of each."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for table in whole["tables"]:
        rows = [row for row in table["rows"] if "median" in row]
        if len(rows) < 2:
            continue
        figure = _line(table, rows) if table["axis"] else _bars(table, rows)
        for kind in ("png", "svg"):
            made.append(folder / f"{table['key']}.{kind}")
            figure.savefig(made[-1], dpi=120)
        pyplot.close(figure)
    return made


def _bars(table: Document, rows: list[Document]) -> Any:
    figure, axes = pyplot.subplots(figsize=(9, 1 + 0.4 * len(rows)), layout="constrained")
    rows = sorted(rows, key=lambda row: row["median"], reverse=True)
    medians = [row["median"] for row in rows]
    spread = [[row["median"] - row["low"] for row in rows], [row["high"] - row["median"] for row in rows]]
    colours = [OURS if _is_ours(row["name"]) else PEER for row in rows]
    bars = axes.barh([row["name"] for row in rows], medians, xerr=spread, color=colours)
    axes.bar_label(bars, [number(median) for median in medians], padding=6, fontsize=8)
    if min(medians) > 0 and max(medians) > 30 * min(medians):
        axes.set_xscale("log")
    axes.margins(x=0.12)
    _name(axes, table)
    axes.set_xlabel(table["unit"])
    return figure


def _line(table: Document, rows: list[Document]) -> Any:
    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    at = [int(row["name"]) for row in rows]
    axes.plot(at, [row["median"] for row in rows], color=OURS, marker="o")
    axes.fill_between(at, [row["low"] for row in rows], [row["high"] for row in rows], color=OURS, alpha=0.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(table["axis"])
    axes.set_ylabel(table["unit"])
    axes.grid(alpha=0.3, which="both")
    _name(axes, table)
    return figure


def _is_ours(row: str) -> bool:
    return any(word in row for word in ("execute_pipeline", "a node in a process")) or (
        row.startswith(("remotemedia", "import remotemedia")) and not row.startswith("remotemedia-ffi")
    )


def _name(axes: Any, table: Document) -> None:
    axes.set_title(table["title"], fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
