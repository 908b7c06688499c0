"""Everything that is measured, in one run, side by side. `make bench`.

    python -m benchmarks.run [--quick] [--rounds N] [--only TABLE ...] [--out FILE]

Every probe is run once a round, in turn, in a process of its own. The tables are printed, and written with every sample
to build/bench.json; the pictures are in build/bench-plots.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

from . import audio, call, frame, growth, hop, native, paced, process, sessions, size, stall, start
from .harness.places import BUILD
from .harness.plot import draw
from .harness.report import document, print_all
from .harness.runner import run
from .harness.table import Probe

MEASUREMENTS = hop, native, frame, audio, call, paced, process, sessions, growth, start, stall, size
ROUNDS, QUICK = 9, 2


def chosen(only: list[str]) -> list[Probe]:
    """The probes that fill the tables that were asked for, or all."""
    probes = [probe for measurement in MEASUREMENTS for probe in measurement.probes()]
    if not only:
        return probes
    cut = [dataclasses.replace(probe, tables=[key for key in probe.tables if key in only]) for probe in probes]
    return [probe for probe in cut if probe.tables]


def main() -> None:
    tables = [table for measurement in MEASUREMENTS for table in measurement.TABLES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds, for a first look")
    parser.add_argument("--rounds", type=int, help=f"how many, instead of {ROUNDS}")
    parser.add_argument("--only", nargs="+", default=[], choices=[table.key for table in tables], metavar="TABLE")
    parser.add_argument("--out", type=Path, default=BUILD / "bench.json", help="where the JSON goes")
    options = parser.parse_args()
    rounds = options.rounds or (QUICK if options.quick else ROUNDS)
    figures, lacking = run(chosen(options.only), rounds)
    whole = document(tables, figures, lacking, rounds)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print_all(whole)
    plots = draw(whole, options.out.with_name(f"{options.out.stem}-plots"))
    print(f"\nlow quartile, median, high quartile; every sample in {options.out}, {len(plots)} pictures beside it")


if __name__ == "__main__":
    main()
