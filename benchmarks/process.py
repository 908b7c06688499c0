"""Round trips to a process: a node in a process of its own, beside a pipe, Ray, and the floor.

    python benchmarks/process.py [--json FILE] [--rounds N] [--ray PYTHON]

The floor is one slot in shared memory and two eventfds, with nothing around them: both sides are Python, and each trip
has four copies of the payload (into the slot and out of it, on both sides) and four system calls (a write and a read of
an eventfd on each side); nothing is pickled, there are no lengths, no errors and no queue. A pipe is
`multiprocessing.Pipe`. A node is measured as it runs: each item goes there and comes back before the next one is sent,
in a stream through a pipeline whose last node looks at the clock, or by `send` and `receive` of a session, blocking or
on an event loop. Everything is run with the two processes on one processor, and on as many as there are, each time in
a new process: what a program finds at its start decides how it waits.

With `--ray`, the path of an interpreter that has Ray, the calls of a Ray actor are measured beside it (`ray_actor.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from remotemedia import Node, Pipeline, execute_pipeline_with_input, open_session, shared_array

ROUNDS = 3
SLOT = """
import mmap, os, sys
size, memory, there, back = map(int, sys.argv[1:])
slot = mmap.mmap(memory, size)
while True:
    os.eventfd_read(there)
    data = slot[:]
    slot[:] = data
    os.eventfd_write(back, 1)
"""


class Echo(Node):
    def process(self, data: Any) -> Any:
        return data


class Clock(Node):
    """Writes down when an item comes."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def process(self, data: Any) -> None:
        self.times.append(time.perf_counter())


def through_slot(payload: Any, count: int) -> float:
    data = bytes(payload)
    memory, there, back = os.memfd_create("slot"), os.eventfd(0), os.eventfd(0)
    os.ftruncate(memory, len(data))
    import mmap

    slot = mmap.mmap(memory, len(data))
    arguments = [str(number) for number in (len(data), memory, there, back)]
    with subprocess.Popen([sys.executable, "-c", SLOT, *arguments], pass_fds=(memory, there, back)) as child:

        def trip() -> None:
            slot[:] = data
            os.eventfd_write(there, 1)
            os.eventfd_read(back)
            slot[:]

        try:
            return measure(trip, count)
        finally:
            child.kill()
            for descriptor in (memory, there, back):
                os.close(descriptor)


def answer(pipe: Any) -> None:
    while (item := pipe.recv()) is not None:
        pipe.send(item)


def through_pipe(payload: Any, count: int) -> float:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=answer, args=(theirs,))
    child.start()

    def trip() -> None:
        ours.send(payload)
        ours.recv()

    try:
        return measure(trip, count)
    finally:
        ours.send(None)
        child.join()


def measure(trip: Callable[[], None], count: int) -> float:
    """Microseconds for one of many trips."""
    for _ in range(count // 10 + 1):
        trip()
    start = time.perf_counter()
    for _ in range(count):
        trip()
    return (time.perf_counter() - start) / count * 1e6


def through_node(payload: Any, count: int) -> float:
    clock = Clock()
    asyncio.run(execute_pipeline_with_input([Echo().in_process(), clock], [payload] * (count + count // 10 + 1)))
    times = clock.times[count // 10 :]
    return (times[-1] - times[0]) / (len(times) - 1) * 1e6


def through_session(payload: Any, count: int) -> float:
    with Pipeline([Echo().in_process()]).sync_session() as session:

        def trip() -> None:
            session.send(payload)
            session.receive()

        return measure(trip, count)


def through_async_session(payload: Any, count: int) -> float:
    async def main() -> float:
        async with open_session([Echo().in_process()]) as session:

            async def trips(number: int) -> None:
                for _ in range(number):
                    await session.send(payload)
                    await session.receive()

            await trips(count // 10 + 1)
            start = time.perf_counter()
            await trips(count)
            return (time.perf_counter() - start) / count * 1e6

    return asyncio.run(main())


def frame(array: Callable[..., Any]) -> Any:
    made = array((1080, 1920, 3), np.uint8)
    made[:] = 7
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", help="also write the figures here")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--ray", metavar="PYTHON", help="an interpreter that has Ray, to be measured too")
    parser.add_argument("--round", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.round:
        print(json.dumps(measure_all()))
        return
    everywhere = os.sched_getaffinity(0)
    figures: dict[str, dict[str, list[float]]] = {}
    for _ in range(options.rounds):
        for where, processors in (("one", {min(everywhere)}), ("all", everywhere)):
            os.sched_setaffinity(0, processors)
            done = subprocess.run([sys.executable, __file__, "--round"], stdout=subprocess.PIPE, check=True)
            measured = json.loads(done.stdout) | (through_ray(options.ray) if options.ray else {})
            for name, time_ in measured.items():
                figures.setdefault(name, {}).setdefault(where, []).append(time_)
    report(figures, options.rounds, len(everywhere))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=2)


def through_ray(interpreter: str) -> dict[str, float]:
    """What Ray takes; without a network but the machine's own, where this process may leave it."""
    program = [interpreter, os.path.join(os.path.dirname(os.path.abspath(__file__)), "ray_actor.py")]
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    may = subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    done = subprocess.run([*(alone if may else []), *program], capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"Ray does not run here: {done.stderr.decode(errors='replace')[-2000:]}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure_all() -> dict[str, float]:
    """Microseconds for each way and payload."""
    small, large = os.urandom(2048), frame(np.empty)
    rows: list[tuple[str, Callable[[Any, int], float], Any, int]] = [
        ("2 KB: a slot with eventfds (the floor)", through_slot, small, 3000),
        ("2 KB: multiprocessing.Pipe", through_pipe, small, 3000),
        ("2 KB: a node in a process, in a stream", through_node, small, 3000),
        ("2 KB: a node in a process, send and receive", through_session, small, 3000),
        ("2 KB: a node in a process, await send and receive", through_async_session, small, 3000),
        ("2 KB in an array: a node in a process, in a stream", through_node, np.ones(2048, np.uint8), 3000),
        ("1080p: a slot with eventfds (the floor)", through_slot, large, 100),
        ("1080p: multiprocessing.Pipe", through_pipe, large, 50),
        ("1080p: a node in a process, in a stream", through_node, large, 200),
        ("1080p: a node in a process, send and receive", through_session, large, 200),
        ("1080p in shared memory: a node in a process, in a stream", through_node, frame(shared_array), 2000),
    ]
    return {name: through(payload, count) for name, through, payload, count in rows}


def report(figures: dict[str, dict[str, list[float]]], rounds: int, processors: int) -> None:
    """Prints a table of medians."""
    print(f"{platform.machine()}, {processors} processors, CPython {platform.python_version()}")
    print(f"medians of {rounds} rounds, microseconds a round trip")
    print(f"{'':58}{'one processor':>16}{'all':>12}")
    for name, by_place in figures.items():
        one, all_ = (statistics.median(by_place[where]) for where in ("one", "all"))
        print(f"{name:58}{one:16.1f}{all_:12.1f}")


if __name__ == "__main__":
    main()
