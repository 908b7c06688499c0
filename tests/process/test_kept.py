"""Workers of a pipeline that is initialised: they stay from run to run."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import steps
from census import Children, await_that

from remotemedia import Node, Pipeline, PipelineError, SyncSession

Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Slow(steps.Notes):
    """Takes its time to get ready."""

    def initialize(self) -> Any:
        time.sleep(0.5)
        return super().initialize()


class Hangs(Node):
    """Makes a call that takes very long, for one item."""

    def process(self, data: Any) -> Any:
        while data == "hang":
            time.sleep(0.01)
        return (data, os.getpid())


class Lengthy(Node):
    """Gives outputs for some time."""

    def process(self, data: int) -> Any:
        for copy in range(20):
            time.sleep(0.01)
            yield (data, copy)


def test_state_and_process_last_from_run_to_run(run: Run, children: Children, tmp_path: Path) -> None:
    pipeline = Pipeline([steps.Counts(10, name="count").in_process(), steps.Where().in_process()])
    noted = Pipeline([steps.Notes(str(tmp_path / "notes")).in_process()])

    async def several_runs() -> None:
        async with pipeline.managed_execution(), noted.managed_execution():
            pids = set()
            for _ in range(3):
                pids.update(pid for pid, _ in await pipeline.run([1, 2]))
                await noted.run([1])
            assert pids <= children.pids() and len(pids) == 1
            async with pipeline.session() as session:
                await session.send(1)
                assert (await session.receive())[0] in pids
        # Gone when the pipeline has been cleaned up, without having to be waited for.
        assert not {pid for pid in children.pids() if pid in pids}

    run(several_runs())
    assert pipeline.nodes[0].total == 10
    calls = (tmp_path / "notes").read_text().split("\n")
    assert calls == ["init", *["process 1", "flush"] * 3, "clean", ""]
    children.await_none()


def test_totals_go_on(run: Run) -> None:
    async def two_runs() -> list[Any]:
        async with Pipeline([steps.Counts(10, name="count").in_process()]).managed_execution() as pipeline:
            return [*await pipeline.run([0, 0]), *await pipeline.run([0, 0])]

    assert [total for _, _, total in run(two_runs())] == [11, 12, 13, 14]


def test_event_loops_may_come_and_go(children: Children) -> None:
    pipeline = Pipeline([steps.Counts(0).in_process()])
    asyncio.run(pipeline.initialize())
    totals = [asyncio.run(pipeline.run([0]))[2] for _ in range(3)]
    asyncio.run(pipeline.cleanup())
    assert totals == [1, 2, 3]
    children.await_none()


def test_workers_get_ready_side_by_side(run: Run, tmp_path: Path) -> None:
    pipeline = Pipeline([Slow(str(tmp_path / f"{at}")).in_process() for at in range(3)])

    async def all_are_ready_when_it_returns() -> list[bool]:
        await pipeline.initialize()
        try:
            return [(tmp_path / f"{at}").read_text() == "init\n" for at in range(3)]
        finally:
            await pipeline.cleanup()

    assert run(all_are_ready_when_it_returns()) == [True] * 3


def test_a_worker_that_cannot_get_ready_fails_the_initialisation(run: Run, children: Children, tmp_path: Path) -> None:
    class Broken(Node):
        def initialize(self) -> None:
            raise OSError("no model at /nowhere")

        def process(self, data: Any) -> Any:
            return data

    pipeline = Pipeline([steps.Notes(str(tmp_path / "notes")).in_process(), Broken().in_process()])
    with pytest.raises(PipelineError, match="Pipeline initialization failed: no model at /nowhere") as caught:
        run(pipeline.initialize())
    assert isinstance(caught.value.__cause__, OSError)
    assert not pipeline.is_initialized
    children.await_none()
    assert (tmp_path / "notes").read_text() == "init\nclean\n"


def test_a_call_that_was_given_up_is_not_taken_for_the_next(run: Run) -> None:
    async def given_up_amid_a_call() -> list[Any]:
        async with Pipeline([Lengthy().in_process()]).managed_execution() as pipeline:
            for _ in range(3):
                session = pipeline.session()
                await session.send(1)
                assert await session.receive() == (1, 0)
                session.cancel()
            return await pipeline.run([2])

    assert run(given_up_amid_a_call()) == [(2, copy) for copy in range(20)]


@pytest.mark.parametrize("restarts", [0, 1])
def test_a_call_that_does_not_come_to_its_end_costs_the_process(run: Run, restarts: int) -> None:
    node = Hangs().in_process(stop_timeout=0.3, restarts=restarts)

    async def hangs() -> list[Any]:
        async with Pipeline([node]).managed_execution() as pipeline:
            before = await pipeline.run([1])
            async with asyncio.timeout(10):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await pipeline.run(["hang"])
                try:
                    after = await pipeline.run([1])
                except Exception as error:
                    after = error
            return [before, after]

    before, after = run(hangs())
    if restarts:
        assert after[0] == 1 and after[1] != before[1]
    else:
        assert "has not returned within 300ms; its process was killed" in str(after)


def test_a_worker_that_dies_between_two_runs_is_reported_or_replaced(run: Run, children: Children) -> None:
    async def killed_meanwhile(restarts: int) -> Any:
        node = steps.Counts(0).in_process(restarts=restarts)
        async with Pipeline([node]).managed_execution() as pipeline:
            await pipeline.run([0, 0])
            (worker,) = children.pids()
            os.kill(worker, signal.SIGKILL)
            assert await_that(lambda: worker not in children.pids())
            return (await pipeline.run([0]))[2]

    with pytest.raises(Exception, match=r"its process \d+ was killed by signal 9 .*, between two calls"):
        run(killed_meanwhile(0))
    assert run(killed_meanwhile(1)) == 1


def test_a_source_has_a_process_for_each_run(run: Run) -> None:
    async def two_runs() -> list[Any]:
        async with Pipeline([steps.Numbers(3).in_process()]).managed_execution() as pipeline:
            return [*await pipeline.run(), *await pipeline.run()]

    assert run(two_runs()) == [0, 1, 2, 0, 1, 2]


def test_a_first_node_may_be_taken_for_the_source(run: Run) -> None:
    async def taken() -> list[Any]:
        async with Pipeline([steps.Undeclared().in_process()]).managed_execution() as pipeline:
            return [item async for item in pipeline.process()]

    assert run(taken()) == ["a", "b", "c"]


def test_sessions_share_a_worker(run: Run) -> None:
    async def side_by_side() -> list[int]:
        async with Pipeline([steps.Counts(0).in_process()]).managed_execution() as pipeline:
            results = await asyncio.gather(*(pipeline.run([0] * 10) for _ in range(4)))
            return sorted(total for outputs in results for _, _, total in outputs)

    assert run(side_by_side()) == list(range(1, 41))


def test_a_pipeline_that_nobody_cleans_up_says_so(children: Children) -> None:
    pipeline = Pipeline([steps.Plain().in_process()])
    asyncio.run(pipeline.initialize())
    with pytest.warns(ResourceWarning, match="was dropped while it runs"):
        del pipeline
    children.await_none()


def test_an_initialisation_that_is_cancelled_ends_the_workers(run: Run, children: Children) -> None:
    class NeverReady(Node):
        def initialize(self) -> None:
            time.sleep(60)

        def process(self, data: Any) -> Any:
            return data

    async def cancelled() -> None:
        pipeline = Pipeline([NeverReady().in_process(stop_timeout=0.2)])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await pipeline.initialize()
        assert not pipeline.is_initialized

    run(cancelled())
    children.await_none()


def test_a_session_can_be_waited_for_until_it_is_ready(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    with SyncSession([Slow(str(notes)).in_process()]) as session:
        with pytest.raises(TimeoutError, match="not ready within 0"):
            session.ready(timeout=0)
        session.ready(timeout=20)
        assert notes.read_text() == "init\n"


def test_a_generator_without_an_end_that_a_run_has_left_behind_is_killed(run: Run, children: Children) -> None:
    class Endless(Node):
        def process(self, data: Any) -> Any:
            yield data
            while data == "for ever":
                yield data

    async def twice() -> Any:
        node = Endless().in_process(stop_timeout=0.3, restarts=1, restart_delay=0.01)
        async with Pipeline([node]).managed_execution() as pipeline:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(pipeline.run(["for ever"]), 0.5)
            return await pipeline.run(["once"])

    assert run(twice()) == "once"
    children.await_none()
