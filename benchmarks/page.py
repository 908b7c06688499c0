"""Puts the figures of a run into docs/benchmarks.md.

    python -m benchmarks.page [build/bench.json]

What stands between the two marks there is replaced: the goals, and a table of all figures.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .harness.places import BUILD, ROOT
from .harness.report import Document, number, verdict

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: python -m benchmarks.page -->", "<!-- end of figures -->"


def goals(whole: Document) -> list[str]:
    """The goals, as a table."""
    lines = ["| goal | | measured | |", "|---|---|---|---|"]
    for goal in whole["goals"]:
        measured = "–" if goal["figure"] is None else f"{number(goal['figure'])} {goal['unit']}"
        lines.append(f"| {goal['goal']} | {goal['limit']} | {measured} | {verdict(goal).lower()} |")
    return lines


def figures(whole: Document) -> list[str]:
    """Every table below the other, in one."""
    lines = ["| | median | quartiles |", "|---|---|---|"]
    for table in whole["tables"]:
        note = f"; {table['note']}" if table["note"] else ""
        lines.append(f"| **{table['title']}**, {table['unit']}{note} | | |")
        for row in table["rows"]:
            name = f"{row['name']} {table['axis']}".strip() or table["title"]
            if "lacks" in row:
                lines.append(f"| {name} | not measured: {row['lacks']} | |")
            else:
                spread = f"{number(row['low'])} – {number(row['high'])}"
                lines.append(f"| {name} | {number(row['median'])} | {spread} |")
    return lines


def written(page: str, whole: Document) -> str:
    """The page with the figures of a run in it."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    where = f"{whole['machine']}; {whole['date']}, commit {whole['commit']}, {whole['rounds']} rounds, {whole['load']}."
    middle = [BEGIN, "", where, "", *goals(whole), "", *figures(whole), "", END]
    return before + "\n".join(middle) + after


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILD / "bench.json"
    page = PAGE.read_text(encoding="utf-8")
    if BEGIN not in page or END not in page:
        raise SystemExit(f"{PAGE} has not both marks: {BEGIN} and {END}")
    PAGE.write_text(written(page, json.loads(source.read_text(encoding="utf-8"))), encoding="utf-8")
    print(f"the figures of {source} are in {PAGE}")


if __name__ == "__main__":
    main()
