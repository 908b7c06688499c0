"""The end of a parent is that of its workers: killed, by an exit, by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any

import pytest
from census import await_that, descendants, lives

LIMIT = 30
SOON = 3.0
"""Within a second, and two more because other work goes on here."""

HEAD = """
import asyncio, os, signal, sys, threading, time
from remotemedia import Node, SyncSession, execute_pipeline_with_input

class Idle(Node):
    def process(self, data):
        return os.getpid()

class Sleeps(Idle):
    def process(self, data):
        if data != "pid":
            time.sleep(60)
        return os.getpid()

class Spins(Idle):
    def process(self, data):
        while data != "pid":
            pass
        return os.getpid()

class Waits(Idle):
    async def process(self, data):
        if data != "pid":
            await asyncio.sleep(60)
        return os.getpid()

class Floods(Idle):
    def process(self, data):
        yield os.getpid()
        while data != "pid":
            yield bytes(1000)

class Spawns(Sleeps):
    def process(self, data):
        import subprocess
        if data == "pid":
            self.child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return super().process(data)

class Hangs(Sleeps):
    def cleanup(self):
        time.sleep(60)

def start(*kinds):
    "Starts sessions, and says which processes they have."
    global sessions
    sessions = [SyncSession([kind().in_process()]) for kind in kinds]
    for session in sessions:
        session.send("pid")
        print(session.receive(), flush=True)
        session.send("go")
"""

KINDS = ["Idle", "Sleeps", "Spins", "Waits", "Floods"]


def begin(interpreter: str, environment: dict[str, str], program: str, workers: int) -> tuple[Any, list[int]]:
    """Starts a program; also the workers that it says it has."""
    parent = subprocess.Popen(
        [interpreter, "-c", HEAD + program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    return parent, [int(parent.stdout.readline()) for _ in range(workers)]


def await_gone(pids: list[int]) -> None:
    began = time.monotonic()
    await_that(lambda: not any(map(lives, pids)))
    assert not [pid for pid in pids if lives(pid)]
    assert time.monotonic() - began < SOON


def test_a_parent_that_is_killed(interpreter, environment):
    """W10."""
    program = f"start({', '.join(KINDS)}); time.sleep(60)"
    parent, pids = begin(interpreter, environment, program, len(KINDS))
    time.sleep(0.2)
    assert set(pids) <= descendants(parent.pid)
    assert all(map(lives, pids))
    parent.kill()
    parent.communicate(timeout=LIMIT)
    await_gone(pids)


def test_a_parent_that_is_killed_and_has_forked(interpreter, environment):
    """W10. What it has forked has its end of the connection too, and lives on."""
    program = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
start(Idle, Sleeps)
child = os.fork()
if child == 0:
    time.sleep(60)
print(child, flush=True)
time.sleep(60)
"""
    parent, (*pids, child) = begin(interpreter, environment, program, 3)
    try:
        parent.kill()
        parent.wait(LIMIT)
        await_gone(pids)
        assert lives(child)
    finally:
        os.kill(child, signal.SIGKILL)
        parent.communicate(timeout=LIMIT)


def test_a_parent_that_is_killed_while_workers_start(interpreter, environment):
    program = """
threading.Thread(target=start, args=(Idle, Idle), daemon=True).start()
time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 0.05)
os.kill(os.getpid(), 9)
"""
    for delay in "0.01", "0.05", "0.15":
        parent = subprocess.Popen(
            [interpreter, "-c", HEAD + program, delay], env=environment, stdout=subprocess.DEVNULL
        )
        seen: set[int] = set()
        while parent.poll() is None:
            seen |= descendants(parent.pid)
        await_gone(list(seen))


@pytest.mark.parametrize("kind", [*KINDS, "Spawns"])
def test_a_parent_that_exits(interpreter, environment, kind):
    parent, pids = begin(interpreter, environment, f"start({kind}); time.sleep(0.1)", 1)
    output, errors = parent.communicate(timeout=LIMIT)
    assert (parent.returncode, output, errors) == (0, "", "")
    await_gone(pids)


def test_a_parent_that_exits_when_a_cleanup_hangs(interpreter, environment):
    parent, pids = begin(interpreter, environment, "start(Hangs); sessions[0].cancel()", 1)
    output, errors = parent.communicate(timeout=LIMIT)
    assert (parent.returncode, output, errors) == (0, "", "")
    await_gone(pids)


def test_a_parent_that_leaves_at_once(interpreter, environment):
    parent, pids = begin(interpreter, environment, "start(Sleeps, Idle); time.sleep(0.3); os._exit(5)", 2)
    output, errors = parent.communicate(timeout=LIMIT)
    assert (parent.returncode, output, errors) == (5, "", "")
    await_gone(pids)


@pytest.mark.parametrize("group", [True, False])
@pytest.mark.parametrize("kind", ["Sleeps", "Waits"])
def test_ctrl_c(interpreter, environment, kind, group):
    """Of the terminal it comes to all processes; the parent alone deals with it."""
    program = f"""
async def main():
    node = {kind}().in_process()
    await execute_pipeline_with_input([node], ["go"])

def tell():
    print(os.getpid(), flush=True)

signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
threading.Timer(1.0, tell).start()
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    parent = subprocess.Popen(
        [interpreter, "-c", HEAD + program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    workers = list(descendants(parent.pid))
    assert workers
    (os.killpg if group else os.kill)(parent.pid, signal.SIGINT)
    output, errors = parent.communicate(timeout=LIMIT)
    assert (parent.returncode, output, errors) == (0, "interrupted\n", "")
    await_gone(workers)


def test_what_a_worker_has_started_holds_nothing_up(interpreter, environment):
    """A process that a node has started lives on, and has nothing of the connection."""
    program = """
import subprocess
class Leaves(Node):
    def process(self, data):
        child = subprocess.Popen(["sleep", "20"], close_fds=False)
        print(child.pid, flush=True)
        os._exit(1)
try:
    asyncio.run(execute_pipeline_with_input([Leaves().in_process()], [1]))
except Exception as error:
    print("exited with status 1" in str(error), flush=True)
"""
    began = time.monotonic()
    parent = subprocess.Popen([interpreter, "-c", HEAD + program], env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        assert parent.stdout.readline() == "True\n"
        assert parent.wait(LIMIT) == 0
        assert time.monotonic() - began < 10
        files = [os.readlink(f"/proc/{child}/fd/{name}") for name in os.listdir(f"/proc/{child}/fd")]
        assert not [file for file in files if "memfd" in file or "socket" in file]
    finally:
        os.kill(child, signal.SIGKILL)
        parent.stdout.close()
