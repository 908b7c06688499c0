"""Runs of rules that a seed decides: `python -m hostile.run --seed 1 --calls 100000`, in the folder above."""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import os
import sys
import time
import traceback
from collections.abc import Iterable
from random import Random

from .engine import Engine, name_of
from .model import Wrong
from .rules import RULES, WEIGHTS
from .thunks import Raised
from .world import World

for noun in ("runtime", "host", "node", "pipeline", "session", "buffer", "ring"):
    importlib.import_module(f"{__package__}.rules_{noun}")

STEPS = 400
"""How many rules are tried in one world."""

FIRST = ("rm_runtime_new", "rm_runtime_new", "rm_host_new", *3 * ("rm_pipeline_new",), *4 * ("rm_node_new",)) + (
    *6 * ("rm_pipeline_add_node",),
    *4 * ("rm_session_open",),
)
"""The functions that a world begins with, so that there is something to go wrong."""

STUCK = 120
"""After how many seconds in one world the stacks are printed, and the program ends."""


def swallow(hook: sys.UnraisableHookArgs) -> None:
    """For `sys.unraisablehook`: what callbacks raise on purpose says nothing."""
    if not isinstance(hook.exc_value, Raised):
        sys.__unraisablehook__(hook)


def one_world(engine: Engine, seed: str, steps: int = STEPS, only: Iterable[str] = ()) -> None:
    """One world from its beginning to its end."""
    r, world = Random(seed), World(engine)
    names = list(only) or list(RULES)
    weights = [WEIGHTS[name] for name in names]
    try:
        for name in FIRST:
            RULES[name](world, r)
        for _ in range(steps):
            RULES[r.choices(names, weights)[0]](world, r)
            world.check()
        world.close(r)
    except Wrong as error:
        for line in world.history[-25:]:
            error.add_note(line)
        raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--transitions", action="store_true", help="print each function with its statuses and states")
    chosen = parser.parse_args()
    sys.unraisablehook = swallow
    faulthandler.enable()
    engine, began, worlds = Engine(), time.monotonic(), 0
    while engine.calls().total() < chosen.calls:
        faulthandler.dump_traceback_later(STUCK, exit=True)
        print(f"seed {chosen.seed}/{worlds}", file=sys.stderr, flush=True)
        try:
            one_world(engine, f"{chosen.seed}/{worlds}")
        except BaseException:
            traceback.print_exc()
            # The threads that the host has lent must not see the end of the interpreter.
            os._exit(1)
        worlds += 1
    faulthandler.cancel_dump_traceback_later()
    if chosen.transitions:
        for name, status, words in sorted(engine.transitions):
            print(f"{name} {name_of(status)} {words}")
    calls, seconds = engine.calls(), time.monotonic() - began
    print(f"{calls.total()} calls, {len(engine.transitions)} transitions, {worlds} worlds, {seconds:.0f} s")


if __name__ == "__main__":
    main()
