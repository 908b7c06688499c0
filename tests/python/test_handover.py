"""The way onto an event loop: one for each, which keeps no loop, and undoes what a loop does not take any more."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from remotemedia import Node, open_session
from remotemedia._engine.errors import LoopStopped
from remotemedia._engine.handover import handover
from remotemedia._engine.signals import Signals


class Passes(Node):
    async def process(self, data: Any) -> Any:
        return data


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


async def passes() -> None:
    async with open_session([Passes()]) as session:
        await session.send(1)
        assert await session.receive() == 1


class Forgotten(asyncio.SelectorEventLoop):
    """A loop that is closed when it goes, and without a warning."""

    def __del__(self) -> None:
        self.close()


def assert_not_kept(use: Callable[[Forgotten], object]) -> None:
    """That a loop goes that was used and not closed."""
    loop = Forgotten()
    # Otherwise it is chance whether the loop or its pipe goes first, and an open pipe warns.
    pipe = loop._ssock, loop._csock
    use(loop)
    known = weakref.ref(loop)
    del loop
    until = time.monotonic() + 10
    while known() is not None and time.monotonic() < until:
        # A session goes on a thread of its own.
        time.sleep(0.01)
        gc.collect()
    assert known() is None
    assert [end.fileno() for end in pipe] == [-1, -1]


def test_a_loop_that_nobody_closes_is_not_kept():
    assert_not_kept(lambda loop: loop.run_until_complete(passes()))
    # Its generator goes here at the latest: if that were to say anything, it would be an error.
    gc.collect()


def test_a_loop_is_not_kept_by_an_event_that_it_did_not_learn_of():
    def use(loop: Forgotten) -> None:
        async def signals() -> Signals:
            return Signals(loop)

        loop.run_until_complete(signals()).tell(1)

    assert_not_kept(use)


def test_a_loop_is_not_kept_by_a_task_that_it_did_not_finish():
    def use(loop: Forgotten) -> None:
        async def begin() -> None:
            handover(loop).spawn(asyncio.sleep(60))

        loop.run_until_complete(begin())

    assert_not_kept(use)


def test_loops_of_many_threads_do_not_meet(hasty):
    errors: list[BaseException] = []

    def run_loops() -> None:
        async def main() -> None:
            assert handover(asyncio.get_running_loop()) is handover(asyncio.get_running_loop())

        try:
            for _ in range(100):
                asyncio.run(main())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run_loops) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_what_was_prepared_for_a_loop_that_closes_is_undone(monkeypatch):
    undone: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        way = handover(loop)

        def closed(*_: Any) -> None:
            raise RuntimeError("Event loop is closed")

        with monkeypatch.context() as patch:
            patch.setattr(loop, "call_soon_threadsafe", closed)
            with pytest.raises(LoopStopped):
                way.give(print, prepare=lambda: 7, undo=undone.append)

    asyncio.run(main())
    assert undone == [7]


def test_a_loop_that_does_not_run_is_given_nothing():
    async def main() -> Any:
        return handover(asyncio.get_running_loop())

    loop = asyncio.new_event_loop()
    way = loop.run_until_complete(main())
    prepared: list[int] = []
    with pytest.raises(LoopStopped):
        way.give(print, prepare=lambda: prepared.append(1), undo=print)
    loop.close()
    with pytest.raises(LoopStopped):
        way.give(print, prepare=lambda: prepared.append(1), undo=print)
    assert prepared == []
