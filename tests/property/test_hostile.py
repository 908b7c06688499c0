"""The C ABI, called by programs that get everything wrong: hypothesis chooses what they do, and finds the shortest way
to what the library gets wrong. `REMOTEMEDIA_DEEP=1` has a million calls made, by seeds.
"""

from __future__ import annotations

import faulthandler
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hostile.engine import Engine
from hostile.machine import Hostile
from hostile.race import RACES
from hostile.rules import RULES
from hostile.run import FIRST, one_world, swallow
from hostile.world import World
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

DEEP = "REMOTEMEDIA_DEEP" in os.environ
CALLS = int(os.environ.get("HOSTILE_CALLS", "1200000"))
"""How many calls the deep run makes."""
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
PORTION = 100_000
"""How many of them one process makes."""


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Callbacks raise on purpose, and nothing may hang."""
    monkeypatch.setattr(sys, "unraisablehook", swallow)
    faulthandler.dump_traceback_later(6000 if DEEP else 600, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def test_every_function_has_a_rule() -> None:
    assert sorted(RULES) == sorted(Engine().symbols), "a rule in hostile/rules_*.py for each function, and for no other"


@pytest.mark.parametrize("name", sorted(RULES))
def test_each_rule_calls_its_function(name: str) -> None:
    engine = Engine()
    if name == "rm_worker_run":
        # Hosts' own threads call it besides.
        one_world(engine, "threads", steps=200)
    before = engine.calls()[name]
    one_world(engine, name, steps=30, only=[name])
    assert engine.calls()[name] > before


def test_machine() -> None:
    """What hypothesis finds, it makes as short as it can."""
    profile = settings(
        max_examples=200 if DEEP else 30,
        stateful_step_count=100 if DEEP else 60,
        deadline=None,
        derandomize=not DEEP,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Hostile, settings=profile)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_race(race: object) -> None:
    """Several threads at once at the same handles."""
    engine = Engine()
    for seed in range(100 if DEEP else 5):
        r, world = Random(f"{race}/{seed}"), World(engine)
        for name in FIRST:
            RULES[name](world, r)
        race(world, r)
        world.check()
        world.close(r)


def test_seeds() -> None:
    """Runs in processes of their own, so that a crash is told with the seed that leads there again."""
    portions = max(1, CALLS // PORTION) if DEEP else 1
    total, transitions, worlds = 0, set[str](), 0
    for portion in range(portions):
        seed, calls = f"{SEED + portion}", PORTION if DEEP else 10_000
        command = [sys.executable, "-m", "hostile.run", "--seed", seed, "--calls", str(calls), "--transitions"]
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=900)
        again = f"again: cd tests/property && python -m hostile.run --seed {seed} --calls {calls}"
        assert done.returncode == 0, f"status {done.returncode}; {again}\n{done.stderr[-6000:]}"
        lines = done.stdout.splitlines()
        made = re.match(r"(\d+) calls, \d+ transitions, (\d+) worlds", lines[-1])
        assert made, done.stdout[-1000:]
        total, worlds = total + int(made[1]), worlds + int(made[2])
        transitions.update(lines[:-1])
    print(f"\n{total} calls in {worlds} worlds, {len(transitions)} transitions, 0 crashes, 0 leaks")
    print(f"seeds {SEED} to {SEED + portions - 1}")
    called = {line.split()[0] for line in transitions}
    assert called == set(RULES) or not DEEP
