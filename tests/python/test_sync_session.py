"""Sessions without an event loop, and Ctrl-C in each call that waits."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from doubles import Held, Recorder, Refuses

import remotemedia
from remotemedia import Node, Packet, PassThroughNode, Pipeline, PipelineError, SyncSession


class Adds(Node):
    loop: asyncio.AbstractEventLoop | None = None

    async def process(self, data: int) -> int:
        self.loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        return data + 1


def test_outputs_come_while_it_runs():
    with Pipeline([PassThroughNode()]).sync_session() as session:
        for number in range(3):
            session.send(number)
            assert session.receive() == number
        session.end()
        assert list(session) == []


def test_packets():
    with SyncSession([PassThroughNode()]) as session:
        session.send("a", pts=5)
        session.send("b")
        session.end()
        assert list(session.packets()) == [Packet("a", 5, None, 0), Packet("b", None, None, 1)]


def test_async_nodes_share_one_loop_in_a_thread():
    first, second = Adds(), Adds()
    for node in first, second:
        with SyncSession([node]) as session:
            session.send(1)
            assert session.receive(timeout=10) == 2
    assert first.loop is second.loop is not None
    assert first.loop.is_running()
    assert [thread.name for thread in threading.enumerate()].count("remotemedia-loop") == 1


def test_async_inputs_and_streaming_nodes():
    class Sums(Node):
        is_streaming = True

        async def process(self, stream: Any) -> Any:
            total = 0
            async for item in stream:
                total += item
                yield total

    async def numbers() -> Any:
        for number in range(4):
            await asyncio.sleep(0)
            yield number

    with SyncSession([Sums(), Adds()], inputs=numbers()) as session:
        assert list(session) == [1, 2, 4, 7]


def test_waits_end_when_they_are_told_to():
    node = Held()
    with SyncSession([node], capacity=1) as session:
        session.send("x")
        node.entered.wait(20)
        while session.try_send("x"):
            pass
        with pytest.raises(TimeoutError, match="no room"):
            session.send("y", timeout=0.01)
        with pytest.raises(TimeoutError, match="no output"):
            session.receive(timeout=0.01)
        with pytest.raises(TimeoutError, match="has not ended"):
            session.wait(timeout=0.01)
        assert session.try_receive("none") == "none"
        node.go.set()
        assert session.receive() == "x"


def test_leaving_drops_what_nobody_took_and_finishes_the_work():
    class Splits(Node):
        def process(self, data: int) -> Any:
            yield from range(data)

    node = Recorder()
    with SyncSession([Splits(), node], capacity=2) as session:
        session.send(50)
    assert node.events == ["init", *50 * ["proc"], "clean"]
    with pytest.raises(EOFError):
        session.receive()


def test_leaving_by_an_exception_cancels():
    node = Recorder()
    with pytest.raises(LookupError), SyncSession([node]) as session:
        session.send(1)
        session.receive()
        raise LookupError
    assert node.events == ["init", "proc", "clean"]
    with pytest.raises(PipelineError, match="cancelled"):
        session.send(2)
    session.wait()


@pytest.mark.parametrize("how", ["send", "receive", "iteration", "wait", "exit"])
def test_an_exception_arrives_as_itself(how):
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught:
        with SyncSession([Refuses(1, error)]) as session:
            session.send(1)
            match how:
                case "send":
                    while True:
                        session.send(2)
                        session.try_receive()
                case "receive":
                    session.receive()
                case "iteration":
                    list(session)
                case "wait":
                    session.wait()
    assert caught.value is error is session.error
    assert error.__notes__ == ["in node 'Refuses_0', at input 0"]


@pytest.mark.parametrize("error", [EOFError, StopIteration, TimeoutError])
def test_no_exception_of_a_node_is_taken_for_the_end(error):
    with SyncSession([Refuses(1, error())]) as session:
        session.send(1)
        with pytest.raises((error, RuntimeError)):
            list(session)


def test_two_threads_send_and_two_receive():
    got: list[int] = []
    with SyncSession([Adds()], capacity=2) as session:
        receivers = [threading.Thread(target=lambda: got.extend(session)) for _ in range(2)]
        senders = [threading.Thread(target=lambda: [session.send(n) for n in range(100)]) for _ in range(2)]
        for thread in receivers + senders:
            thread.start()
        for thread in senders:
            thread.join()
        session.end()
        for thread in receivers:
            thread.join()
    assert sorted(got) == sorted(2 * list(range(1, 101)))


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(remotemedia.__file__).parents[1])}


def outcome(program: str) -> subprocess.CompletedProcess[str]:
    """What a program comes to in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, timeout=20, check=False
    )


CTRL_C = """
import os, signal, sys, threading, time
from remotemedia import Node, SyncSession

# A shell that starts programs in the background has them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
entered = threading.Event()

class Held(Node):
    def process(self, data):
        entered.set()
        time.sleep(5)
        return data

def interrupt():
    global sent
    entered.wait()
    time.sleep(0.2)  # the main thread waits by now
    sent = time.monotonic()
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
try:
    session = SyncSession([Held()], capacity=1)
    session.send("x")
    {call}
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - sent, flush=True)
    session.cancel()
    os._exit(0)  # not after the five seconds
"""

CALLS = {
    "send": "[session.send('x') for _ in range(9)]",
    "receive": "session.receive()",
    "iteration": "next(session)",
    "packets": "next(session.packets())",
    "wait": "session.wait()",
    "exit": "session.__exit__(None, None, None)",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_ctrl_c_comes_through(call):
    done = outcome(CTRL_C.replace("{call}", call))
    assert done.stdout.startswith("interrupted"), done.stderr
    print(done.stdout)


def test_exit_with_sessions_open_is_silent():
    program = """
import asyncio, threading, time
from remotemedia import Node, SyncSession, open_session

entered = threading.Event()

class Waits(Node):
    async def process(self, data):
        entered.set()
        await asyncio.sleep(60)

def serve():
    with SyncSession([Waits()]) as session:
        session.send(1)
        session.receive()

threading.Thread(target=serve, daemon=True).start()
entered.wait()
left = SyncSession([Waits()])
left.send(1)
"""
    for _ in range(5):
        done = outcome(program)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
