"""How the exceptions of nodes arrive at whoever has a session."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from doubles import Held, Refuses

from remotemedia import Pipeline, Session, open_session


async def failed(session: Session) -> None:
    await session.send(1)
    while session.error is None:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("how", ["send", "receive", "try_send", "try_receive", "iteration", "packets", "wait", "exit"])
def test_an_exception_arrives_as_itself(run, how):
    class Mine(Exception):
        pass

    async def call(session: Session) -> None:
        match how:
            case "send":
                await session.send(2)
            case "receive":
                await session.receive()
            case "try_send":
                session.try_send(2)
            case "try_receive":
                session.try_receive()
            case "iteration":
                _ = [output async for output in session]
            case "packets":
                _ = [packet async for packet in session.packets()]
            case "wait":
                await session.wait()

    async def main() -> None:
        error = Mine("no")
        with pytest.raises(Mine) as caught:
            async with open_session([Refuses(1, error)]) as session:
                await failed(session)
                await call(session)
        assert caught.value is error is session.error
        assert error.__notes__ == ["in node 'Refuses_0', at input 0"]
        assert (error.node_id, error.input_index) == ("Refuses_0", 0)

    run(main())


def test_an_exception_that_was_dealt_with_does_not_come_again(run):
    async def main() -> None:
        async with open_session([Refuses(1)]) as session:
            await failed(session)
            with pytest.raises(ValueError):
                await session.receive()

    run(main())


def test_outputs_before_an_exception_come_first(run):
    async def main() -> None:
        async with open_session([Refuses(2)]) as session:
            await session.send(0)
            await session.send(2)
            assert await session.receive() == 0
            with pytest.raises(ValueError, match="will not take 2"):
                await session.receive()

    run(main())


@pytest.mark.parametrize("error", [EOFError, StopIteration, StopAsyncIteration, TimeoutError])
def test_no_exception_of_a_node_is_taken_for_the_end(run, error):
    async def main() -> None:
        async with open_session([Refuses(1, error())]) as session:
            await session.send(1)
            with pytest.raises((error, RuntimeError)):
                _ = [output async for output in session]
            assert isinstance(session.error, error)

    run(main())


def test_on_error_collect_and_skip(run):
    async def outputs(on_error: str) -> list[Any]:
        async with open_session([Refuses(1)], on_error=on_error) as session:
            for number in range(3):
                await session.send(number)
            await session.end()
            return [output async for output in session]

    assert run(outputs("skip")) == [0, 2]
    first, error, last = run(outputs("collect"))
    assert (first, type(error), last) == (0, ValueError, 2)


def test_a_missed_deadline_is_not_taken_for_a_lack_of_room(run):
    held = Held()
    pipeline = Pipeline([held]).configure(held, deadline=0.1)

    async def main() -> None:
        session = pipeline.session()
        await session.send(1)
        with pytest.raises(TimeoutError, match="has not returned within"):
            for _ in range(100):
                await session.send(2)
        with pytest.raises(TimeoutError, match="has not returned within"):
            await session.receive()

    try:
        run(main())
        with pipeline.sync_session() as session, pytest.raises(TimeoutError, match="has not returned within"):
            while True:
                session.send(1)
    finally:
        held.go.set()
