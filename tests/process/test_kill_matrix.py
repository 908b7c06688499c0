"""Processes that end at random moments, in every way and phase: every run ends, says what happened, and leaves nothing.

`REMOTEMEDIA_SEED` repeats what a failure has printed.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from census import count
from doomed import PHASES, WAYS, Doomed

from remotemedia import Node, NodeError, PassThroughNode, Pipeline, shared_array
from remotemedia._engine.library import library

AT_ONCE = 3
"""Runs side by side."""
LIMIT = 120.0
"""Seconds after which a run counts as one that hangs."""

Cell = tuple[str, str, int]
CELLS: list[Cell] = [(phase, way, restarts) for phase in PHASES for way in WAYS for restarts in (0, 2)]


def inputs() -> list[Any]:
    """Items of all kinds of memory: in the message, in a block, in shared memory already, several of them in one."""
    ours = shared_array(30_000)
    ours[:] = 5
    payloads = [3.0, bytes(100_000), ours, {"a": [bytearray(70_000), np.ones(20_000)]}, "x", ours[100:9_000]]
    return list(enumerate(payloads * 2))


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return is_same(one["a"], other["a"])
    if isinstance(one, list):
        return all(map(is_same, one, other))
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else bool(one == other)


@dataclass
class Ending:
    """What came of a run."""

    outputs: list[Any]
    error: BaseException | None
    ends: int
    """How often the process has come to an end."""


async def end(cell: Cell, folder: Path, seed: int) -> Ending:
    """Runs a pipeline whose first process comes to an end."""
    phase, way, restarts = cell
    folder.mkdir()
    stops = way == "stop"
    most = max(1, restarts) if phase == "process" and not stops else 1
    node = Doomed(phase, way, folder, most, seed).in_process(
        restarts=restarts, restart_delay=0.01, start_timeout=4.0 if stops else 60.0, stop_timeout=1.0 if stops else 20.0
    )
    nodes: list[Node] = [node, PassThroughNode(), PassThroughNode().in_process()]
    pipeline = Pipeline(nodes).configure(node, retries=4, retry_delay=0.001, deadline=1.5 if stops else None)
    error: BaseException | None = None
    try:
        outputs = await asyncio.wait_for(pipeline.run(inputs(), on_error="collect"), LIMIT)
    except (NodeError, TimeoutError) as raised:
        assert hasattr(raised, "node_id"), "the run hangs"
        error, outputs = raised, raised.partial_results  # type: ignore[attr-defined]
    return Ending(outputs or [], error, len(os.listdir(folder)))


def check(cell: Cell, ending: Ending) -> None:
    """Every item is there once, in order and whole, or reported; and the error is one of the process that ended."""
    phase, way, restarts = cell
    failures = [output for output in ending.outputs if isinstance(output, Exception)]
    values = [output for output in ending.outputs if not isinstance(output, Exception)]
    given = inputs()
    numbers = [number for number, _ in values if number >= 0]
    assert numbers == sorted(set(numbers))
    assert all(is_same(payload, given[number][1]) for number, payload in values if number >= 0)
    for failure in [*failures, *filter(None, [ending.error])]:
        assert isinstance(failure, (NodeError, TimeoutError)), repr(failure)
        assert failure.node_id == "Doomed_0"  # type: ignore[union-attr]
        assert "process" in str(failure) or "not ready within" in str(failure), str(failure)
    missing = set(range(len(given))) - set(numbers)
    if phase == "cleanup" or (phase == "process" and restarts and way != "stop"):
        # Nothing was in flight, or it was given again.
        assert not missing
    if missing:
        assert failures or ending.error is not None


async def live() -> int:
    """The handles of the library that are in use, once the loop has let go of what has just ended."""
    await asyncio.sleep(0)
    gc.collect()
    number = ctypes.c_uint64()
    assert library.rm_debug_live(0, number) == 0
    return number.value


async def await_things(is_over: Callable[[Counter[str]], bool]) -> Counter[str]:
    """What there is, once it is as wished, or after a while."""
    until = time.monotonic() + 30
    while not is_over(now := await things()) and time.monotonic() < until:
        await asyncio.sleep(0.05)
    return now


async def things() -> Counter[str]:
    """All that a process could leave behind, counted."""
    now = count()
    watching = [task for task in Path("/proc/self/task").iterdir() if "remotemedia-wat" in (task / "comm").read_text()]
    return Counter(
        processes=now.children,
        descriptors=now.files,
        memory=now.shared,
        mappings=now.mappings,
        watchers=len(watching),
        handles=await live(),
        left=len(now.left),
    )


async def kill(cells: Any, most: int, folder: Path, chance: Random) -> Counter[str]:
    """Runs cells until so many processes have ended; how often each kind of outcome came about."""
    outcomes: Counter[str] = Counter()
    ended = 0

    async def work() -> None:
        nonlocal ended
        while ended < most and (cell := next(cells, None)) is not None:
            seed = chance.randrange(2**20)
            try:
                ending = await end(cell, folder / f"{len(os.listdir(folder))}-{seed}", seed)
                check(cell, ending)
            except BaseException as error:
                error.add_note(f"{cell}, seed {seed}")
                raise
            ended += ending.ends
            outcomes["raised" if ending.error else "ended"] += 1
            outcomes["kills"] += ending.ends

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return outcomes


def matrix(run: Any, folder: Path, most: int, cells: Any) -> None:
    seed = int(os.environ.get("REMOTEMEDIA_SEED", time.time_ns() % 2**32))
    chance = Random(seed)
    print(f"seed {seed}")

    async def main() -> None:
        # Once before: the loop and the engine keep what they have.
        await kill(iter(CELLS[:AT_ONCE]), AT_ONCE, folder, Random(0))
        before = await await_things(lambda now: not now["processes"] + now["watchers"] + now["memory"])
        assert not before["processes"] + before["watchers"] + before["memory"]
        outcomes = await kill(cells(chance), most, folder, chance)
        print(dict(outcomes))
        assert outcomes["kills"] >= most
        assert await await_things(lambda now: now == before) == before

    asyncio.run(main())


def test_every_way_in_every_phase(run, tmp_path):
    """Each once, and some with restarts."""

    def cells(chance: Random) -> Any:
        drawn = [(phase, way, chance.choice((0, 2))) for phase, way in itertools.product(PHASES, WAYS)]
        chance.shuffle(drawn)
        return itertools.chain(drawn, iter(lambda: chance.choice(CELLS), None))

    matrix(run, tmp_path, len(PHASES) * len(WAYS), cells)


@pytest.mark.skipif("REMOTEMEDIA_DEEP" not in os.environ, reason="takes minutes; `make deep` runs it")
@pytest.mark.parametrize("time_", range(3))
def test_two_hundred_kills(run, tmp_path, time_):
    matrix(run, tmp_path, 200, lambda chance: iter(lambda: chance.choice(CELLS), None))
