"""After everything there is nothing left: no process, descriptor, mapping, thread or file."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import steps
from census import Census, Children, await_that, count

from remotemedia import Node, PassThroughNode, Pipeline, execute_pipeline_with_input, open_session, shared_array


class Refuses(Node):
    def process(self, data: Any) -> Any:
        raise LookupError(data)


class Unready(PassThroughNode):
    def initialize(self) -> Any:
        raise LookupError


class Dies(Node):
    def process(self, data: Any) -> Any:
        os._exit(1)


class Hangs(Node):
    def process(self, data: Any) -> Any:
        time.sleep(60)


async def runs(*kinds: type[Node]) -> None:
    inputs = [1, bytes(500_000), bytearray(300_000)]
    nodes: list[Any] = [kind().in_process(stop_timeout=0.2) for kind in kinds]
    outputs = await execute_pipeline_with_input(nodes, inputs, on_error="collect")
    assert len(outputs) >= len(inputs)


async def fails(kind: type[Node]) -> None:
    with pytest.raises(LookupError):
        await execute_pipeline_with_input([kind().in_process()], [1])


async def gives_up() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(execute_pipeline_with_input([Hangs().in_process(stop_timeout=0.1)], [1]), 0.4)


async def misses_deadline() -> None:
    node = Hangs().in_process()
    with pytest.raises(TimeoutError):
        await Pipeline([node]).configure(node, deadline=0.1).run([1])


async def leaves() -> None:
    async with open_session([steps.Plain().in_process(), steps.Plain().in_process()]) as session:
        await session.send(1)
        await session.receive()


ENDS: dict[str, Callable[[], Any]] = {
    "runs": lambda: runs(PassThroughNode, steps.Plain, steps.Coroutine),
    "fails": lambda: fails(Refuses),
    "not ready": lambda: fails(Unready),
    "dies": lambda: runs(Dies),
    "given up": gives_up,
    "deadline": misses_deadline,
    "left": leaves,
}


def await_no_more_than(before: Census) -> None:
    """Waits until there is no more than before."""

    def is_over() -> bool:
        now = count()
        return (now.children, now.files) <= (before.children, before.files) and now.threads <= before.threads

    await_that(is_over)
    after = count()
    assert after.children <= before.children
    assert after.files <= before.files
    assert after.shared <= before.shared
    assert after.mappings <= before.mappings
    assert after.threads <= before.threads
    assert after.left <= before.left


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_left(run, end):
    for _ in range(3):  # what is kept for the next time
        run(ENDS[end]())
    time.sleep(0.3)
    before = count()
    for _ in range(3):
        run(ENDS[end]())
    await_no_more_than(before)


class Works(Node):
    """Says where it is, and is busy for a moment."""

    def process(self, data: Any) -> Any:
        time.sleep(0.002)
        return data


def kills(run: Callable[..., Any], number: int, seed: int) -> None:
    """Kills workers at random moments: every run ends, and nothing is left of it."""
    chance = random.Random(seed)
    children = Children()
    stop = threading.Event()
    killed = 0

    def kill() -> None:
        nonlocal killed
        while not stop.wait(chance.uniform(0.0, 0.25)):
            for pid in children.pids():
                if chance.random() < 0.7:
                    try:
                        os.kill(pid, signal.SIGKILL)
                        killed += 1
                    except ProcessLookupError:
                        pass

    inputs: list[Any] = [0, bytes(100_000), {"a": [bytearray(70_000)]}, 3.0] * 10

    async def once() -> None:
        nodes = [Works().in_process(restarts=2, restart_delay=0.01), Works(), Works().in_process()]
        pipeline = Pipeline(nodes).configure(nodes[0], retries=2)
        try:
            outputs = await pipeline.run(inputs, on_error=chance.choice(["raise", "skip", "collect"]))
        except Exception as error:
            assert "its process" in str(error)
            return
        values = [output for output in outputs or [] if not isinstance(output, Exception)]
        # In order, and nothing that was not sent.
        rest = iter(inputs)
        assert all(value in rest for value in values)

    run(execute_pipeline_with_input([Works().in_process(), Works().in_process()], inputs))
    time.sleep(0.3)
    before = count()
    thread = threading.Thread(target=kill)
    thread.start()
    try:
        while killed < number:
            run(once())
    finally:
        stop.set()
        thread.join()
    children.await_none()
    await_that(lambda: count().files <= before.files)
    after = count()
    assert after.files <= before.files
    assert after.shared <= before.shared
    assert after.mappings <= before.mappings
    # Workers that Python has lent once stay.
    assert after.threads <= before.threads + 4
    assert after.left <= before.left
    assert killed >= number


def test_no_block_is_kept_longer_than_it_is_used(run):
    """Those that nobody uses go with the last worker; one that an array lies in goes with the array."""
    before = count()
    kept = [shared_array(100_000)]

    async def main() -> None:
        async with open_session([PassThroughNode().in_process()]) as session:
            await session.send([kept[0], bytes(200_000), bytearray(300_000)])
            await session.receive()

    run(main())
    await_that(lambda: count().shared <= before.shared + 1)
    assert count().shared == before.shared + 1
    kept.clear()
    await_no_more_than(before)


def test_a_few_random_kills(run):
    kills(run, 20, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_random_kills(run, seed):
    kills(run, 50, seed)


def test_a_start_that_lacks_descriptors_leaves_nothing(interpreter, environment):
    """Wherever on the way they run out, the run fails or does not, and no process stays."""
    program = """
import asyncio, os, resource, time
from remotemedia import PassThroughNode, execute_pipeline_with_input

def once():
    return asyncio.run(execute_pipeline_with_input([PassThroughNode().in_process()], [1]))

def used():
    return len(os.listdir("/proc/self/fd"))

def children():
    return open("/proc/self/task/%d/children" % os.getpid()).read().split()

def settle(most=10**6):
    "Waits until the workers are gone, and what they had."
    until = time.monotonic() + 20
    while (children() or used() > most) and time.monotonic() < until:
        time.sleep(0.01)

once()
settle()
time.sleep(0.2)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
loop = asyncio.new_event_loop()
before = used()
failed = 0
for more in range(0, 16):
    resource.setrlimit(resource.RLIMIT_NOFILE, (before + more, hard))
    try:
        loop.run_until_complete(execute_pipeline_with_input([PassThroughNode().in_process()], [1]))
    except Exception as error:
        failed += 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
settle(before)
print(failed > 2, children(), used() - before, once())
"""
    done = subprocess.run(
        [interpreter, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "True [] 0 [1]\n", done.stderr
