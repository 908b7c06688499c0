"""Sessions in which whoever sends makes the calls."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from remotemedia import Node, SyncSession, open_session


class Notes(Node):
    """Passes on, and notes the threads it is called on."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[int] = set()
        self.pause = 0.0
        self.error: BaseException | None = None

    def process(self, data: Any) -> Any:
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error
        if self.pause:
            time.sleep(self.pause)
        return data


class Later(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return data


def warm(session: SyncSession, *nodes: Notes) -> None:
    """Sends until the calls come on this thread: on a busy machine a call may seem slow that is not."""
    for number in range(2000):
        for node in nodes:
            node.threads.clear()
        session.send(number)
        assert session.receive(timeout=10) == number
        if all(node.threads == {threading.get_ident()} for node in nodes):
            return
    raise AssertionError("the sender never made the calls")


def test_the_sender_makes_the_calls():
    first, second = Notes(), Notes()
    with SyncSession([first, second], caller_runs=True) as session:
        warm(session, first, second)


def test_so_does_the_event_loop(run):
    async def main() -> None:
        node = Notes()
        async with open_session([node], caller_runs=True) as session:
            for number in range(2000):
                node.threads.clear()
                await session.send(number)
                # A call that waits for this thread to let go of the interpreter seems slow, too.
                await asyncio.sleep(0.001)
                assert await session.receive() == number
                if node.threads == {threading.get_ident()}:
                    return
        raise AssertionError("the loop never made the calls")

    run(main())


def test_by_default_it_does_not():
    node = Notes()
    with SyncSession([node]) as session:
        for number in range(100):
            session.send(number)
            session.receive(timeout=10)
    assert threading.get_ident() not in node.threads


def test_a_node_that_becomes_slow_is_left_to_others():
    node = Notes()
    with SyncSession([node], caller_runs=True) as session:
        warm(session, node)
        node.pause = 0.01
        session.send("held up by this one")
        session.receive(timeout=10)
        node.threads.clear()
        session.send("not by this one")
        session.receive(timeout=10)
        assert threading.get_ident() not in node.threads


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_what_a_node_raises_arrives_as_itself_and_not_in_send(error):
    node = Notes()
    session = SyncSession([node], caller_runs=True)
    warm(session, node)
    node.error = error
    session.send("bad")
    with pytest.raises(type(error)) as caught:
        session.receive(timeout=10)
    assert caught.value is error
    session.cancel()


def test_nodes_that_await_are_no_different(run):
    async def main() -> None:
        async with open_session([Notes(), Later(), Notes()], caller_runs=True) as session:
            for number in range(200):
                await session.send(number)
                assert await session.receive() == number

    run(main())


def test_several_threads_send_and_nothing_is_lost():
    node = Notes()
    outputs: list[int] = []
    with SyncSession([node, Notes()], caller_runs=True) as session:

        def send(start: int) -> None:
            for number in range(start, start + 1000):
                session.send(number)

        senders = [threading.Thread(target=send, args=(start,)) for start in (0, 1000, 2000)]
        for sender in senders:
            sender.start()
        outputs.extend(session.receive(timeout=10) for _ in range(3000))
        for sender in senders:
            sender.join()
    assert sorted(outputs) == list(range(3000))
    for start in (0, 1000, 2000):
        own = [number for number in outputs if start <= number < start + 1000]
        assert own == sorted(own)
