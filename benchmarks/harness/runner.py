"""Runs the probes: every one once a round, in turn, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from .places import ROOT
from .table import Probe

LONGEST = 120
"""Seconds after which a probe is ended: a hang is a failure like any other."""

TRIES = 2
"""Failures after which a peer is left alone."""

Figures = dict[str, dict[str, list[float]]]
"""Of each table, of each row, one figure a round."""


class Failed(Exception):
    """A probe has not measured anything; the message says why."""


def run(probes: Sequence[Probe], rounds: int) -> tuple[Figures, dict[str, dict[str, str]]]:
    """Runs all probes, round after round.

    Returns:
        The figures, and for each table the rows that could not be measured, with the reason.
    """
    figures: Figures = {}
    lacking: dict[str, dict[str, str]] = {}
    for probe in probes:
        if probe.lacks:
            _lack(lacking, probe, probe.lacks)
    left = [probe for probe in probes if not probe.lacks]
    failed: list[Probe] = []
    for number in range(rounds):
        start = time.perf_counter()
        for probe in [probe for probe in left if number < probe.most_rounds]:
            try:
                _note(figures, probe, measure(probe))
            except Failed as error:
                if not probe.is_peer:
                    raise
                _lack(lacking, probe, str(error))
                failed.append(probe)
                if failed.count(probe) == TRIES:
                    left.remove(probe)
        took = time.perf_counter() - start
        print(f"round {number + 1} of {rounds}: {took:.0f} s", file=sys.stderr, flush=True)
    return figures, lacking


def measure(probe: Probe) -> dict[str, Any]:
    """Runs a probe once, in a process of its own."""
    with subprocess.Popen(
        list(probe.command),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            out, errors = child.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            # What it has started goes with it.
            os.killpg(child.pid, signal.SIGKILL)
            raise Failed(f"{probe.row}: not done after {LONGEST} s") from None
    if child.returncode:
        lines = errors.strip().splitlines() or ["no message"]
        how = f"status {child.returncode}" if child.returncode > 0 else signal.strsignal(-child.returncode)
        raise Failed(f"{probe.row}: {lines[-1]} ({how})")
    measured: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return measured


def _note(figures: Figures, probe: Probe, measured: dict[str, Any]) -> None:
    for key in probe.tables:
        rows = measured[key] if isinstance(measured[key], dict) else {probe.row: measured[key]}
        for row, figure in rows.items():
            figures.setdefault(key, {}).setdefault(row, []).append(figure)


def _lack(lacking: dict[str, dict[str, str]], probe: Probe, why: str) -> None:
    for key in probe.tables:
        lacking.setdefault(key, {})[probe.row] = why
