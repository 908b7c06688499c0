"""A process that exits while a pipeline is in flight: status 0, no signal, no hang, nothing on standard error."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

RUNS = 200
LIMIT = 30

HEAD = """
import asyncio, sys, threading, time
from remotemedia import (
    Node, PassThroughNode, SyncSession, execute_pipeline, execute_pipeline_with_input, open_session
)

entered = threading.Event()

class Busy(Node):
    def process(self, data):
        entered.set()
        return data

class Sleeps(Node):
    def process(self, data):
        entered.set()
        time.sleep(0.3)

class Loops(Node):
    def process(self, data):
        entered.set()
        while True:
            time.sleep(0.001)

class Hogs(Node):
    async def process(self, data):
        entered.set()
        while True:
            time.sleep(0.001)

class Waits(Node):
    async def process(self, data):
        entered.set()
        await asyncio.sleep(60)

class Streams(Node):
    is_streaming = True
    def process(self, stream):
        for item in stream:
            entered.set()
            yield item

def forever():
    while True:
        yield "item"

def start(*nodes, inputs=None):
    coroutine = execute_pipeline_with_input(list(nodes), ["x"]) if inputs is None else endless(nodes)
    threading.Thread(target=lambda: asyncio.run(coroutine), daemon=True).start()

def serve(*nodes):
    def run():
        with SyncSession(list(nodes), inputs=forever()) as session:
            for _ in session:
                pass
    threading.Thread(target=run, daemon=True).start()

async def endless(nodes):
    from remotemedia._engine import spec
    from remotemedia._engine.run import run
    await run(spec.read(list(nodes)), forever())
"""

CASES = {
    "just started": "start(PassThroughNode())",
    "in a busy stream": "start(Busy(), Busy(), inputs=forever()); entered.wait()",
    "beside native nodes": "start({'node_type': 'PassThrough'}, Busy(), inputs=forever()); entered.wait()",
    "in a sleep": "start(Sleeps()); entered.wait()",
    "in several sleeps": "[start(Sleeps()) for _ in range(6)]; entered.wait()",
    "awaiting": "start(Waits()); entered.wait()",
    "in a stream": "start(Streams(), inputs=forever()); entered.wait()",
    "by sys.exit in a thread's stead": "start(Busy(), inputs=forever()); entered.wait(); sys.exit(0)",
    "with the loop closed": """
async def main():
    task = asyncio.create_task(execute_pipeline([Sleeps()]))
    while not entered.is_set():
        await asyncio.sleep(0.001)
asyncio.run(main())
""",
    "after a run": "asyncio.run(execute_pipeline([Busy()]))",
    "in a session": "serve(Busy()); entered.wait()",
    "in a session that awaits": "serve(Waits()); entered.wait()",
    "with a session left open": "left = SyncSession([Busy()]); left.send(1); left.try_receive(); entered.wait()",
    "with the sessions of a loop left open": """
async def main():
    global left
    left = [open_session([node()]) for node in (Busy, Waits, Sleeps, Streams)]
    for session in left:
        await session.send(1)
        session.try_receive()
asyncio.run(main())
""",
}


def outcome(interpreter: str, program: str, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        [interpreter, "-c", HEAD + program], env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    return done.returncode, done.stderr


def test_exit_while_busy(interpreter, environment):
    """I16."""
    programs = (list(CASES.values()) * RUNS)[:RUNS]
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda program: outcome(interpreter, program, environment), programs))
    bad = [(list(CASES)[at % len(CASES)], result) for at, result in enumerate(outcomes) if result != (0, "")]
    assert len(outcomes) == RUNS
    assert not bad, f"{len(bad)} of {RUNS} exits went wrong, first: {bad[0]}"


def test_exit_from_an_endless_loop_in_a_node(interpreter, environment):
    assert outcome(interpreter, "start(Loops()); entered.wait()", environment) == (0, "")


def test_exit_from_a_node_that_hogs_the_loop(interpreter, environment):
    assert outcome(interpreter, "serve(Hogs()); entered.wait()", environment) == (0, "")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_forked_child_is_told(interpreter, environment, when):
    program = f"""
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)
if {when!r} == "after":
    asyncio.run(execute_pipeline([Busy()]))
child = os.fork()
if child == 0:
    try:
        print(asyncio.run(execute_pipeline([PassThroughNode()])) == "", flush=True)
    except RuntimeError as error:
        print("forked" in str(error), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    done = subprocess.run(
        [interpreter, "-c", HEAD + program], env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_ctrl_c_comes_through(interpreter, environment):
    program = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
def interrupt():
    entered.wait()
    time.sleep(0.2)  # asyncio misses a signal that comes between its last check and its wait
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    asyncio.run(execute_pipeline([Waits()]))
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run(
        [interpreter, "-c", HEAD + program], env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
