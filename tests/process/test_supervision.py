"""Workers that die, hang or are killed: an error that says so, or a new process, and never a caller that waits."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import steps

from remotemedia import (
    Node,
    NodeError,
    PassThroughNode,
    Pipeline,
    PipelineError,
    execute_pipeline_with_input,
    open_session,
)

SOON = 3.0
"""Within a second, and two more because other work goes on here."""


class Takes(Node):
    """Does something at one item, once or always."""

    def __init__(self, item: Any, does: Callable[[], Any], once: Path | None = None) -> None:
        super().__init__()
        self.item = item
        self.does = does
        self.once = once

    def process(self, data: Any) -> Any:
        if data == self.item and not (self.once is not None and self.once.exists()):
            if self.once is not None:
                self.once.touch()
            self.does()
        return (data, os.getpid())


class TakesLater(Takes):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return super().process(data)


def leave() -> None:
    os._exit(3)


def leave_well() -> None:
    os._exit(0)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def crash() -> None:
    # Without the report that pytest's parent may have asked for in the environment.
    import faulthandler

    faulthandler.disable()
    ctypes.string_at(0)


def abort() -> None:
    os.abort()


def run_out_of_memory() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, resource.RLIM_INFINITY))
    bytearray(2**30)


def stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
    # Another thread may take the signal, a moment later.
    time.sleep(60)


def hang() -> None:
    time.sleep(60)


def spin() -> None:
    while True:
        pass


DEATHS = {
    leave: "exited with status 3",
    leave_well: "exited with status 0",
    be_killed: r"was killed by signal 9 \(SIGKILL\)",
    crash: r"was killed by signal 11 \(SIGSEGV\)",
    abort: r"was killed by signal 6 \(SIGABRT\)",
}


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("kind", [Takes, TakesLater])
def test_a_death_is_an_error_that_says_how(run, death, kind):
    """W7."""
    began = time.monotonic()
    with pytest.raises(NodeError, match=f"its process [0-9]+ {DEATHS[death]}.*, while it was given input 1") as caught:
        run(execute_pipeline_with_input([kind(2, death).in_process()], [1, 2, 3]))
    assert time.monotonic() - began < SOON
    assert (caught.value.node_id, caught.value.input_index) == (f"{kind.__name__}_0", 1)
    assert [data for data, _ in caught.value.partial_results] == [1]


def test_sys_exit_is_what_it_is_here(run):
    with pytest.raises(SystemExit) as caught:
        run(execute_pipeline_with_input([Takes(2, lambda: sys.exit(3)).in_process()], [1, 2]))
    assert caught.value.code == 3


def test_memory_that_runs_out(run):
    """The worker goes on: Python has raised in time."""
    node = Takes(2, run_out_of_memory).in_process()
    first, error, last = run(execute_pipeline_with_input([node], [1, 2, 3], on_error="collect"))
    assert type(error) is MemoryError
    assert first[1] == last[1] != os.getpid()


@pytest.mark.parametrize("deed", [hang, spin, stop])
def test_a_call_that_takes_too_long_is_killed(run, deed):
    node = Takes(2, deed).in_process()
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="Takes_0"):
        run(Pipeline([node]).configure(node, deadline=0.2).run([1, 2]))
    assert time.monotonic() - began < SOON


def test_a_deadline_that_is_kept_harms_nobody(run):
    node = Takes(None, hang).in_process()
    outputs = run(Pipeline([node]).configure(node, deadline=10.0).run([1, 2]))
    assert [data for data, _ in outputs] == [1, 2]


def test_one_that_is_killed_while_it_has_nothing_to_do(run):
    async def main() -> None:
        async with open_session([steps.Where().in_process()]) as session:
            await session.send(1)
            pid, _ = await session.receive()
            os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.2)
            with pytest.raises(NodeError, match=rf"its process {pid} was killed by signal 9 \(SIGKILL\)"):
                await session.send(2)
                await session.receive()

    run(main())


def test_which_one_it_was(run):
    nodes = [steps.Plain().in_process(), Takes(("plain", 1), leave).in_process(), steps.Plain().in_process()]
    with pytest.raises(NodeError) as caught:
        run(execute_pipeline_with_input(nodes, [1]))
    assert caught.value.node_id == "Takes_1"


# Again


def test_a_new_process_goes_on_and_the_item_fails(run, tmp_path):
    node = Takes(2, leave, tmp_path / "once").in_process(restarts=1, restart_delay=0.01)
    first, error, last = run(execute_pipeline_with_input([node], [1, 2, 3], on_error="collect"))
    assert (first[0], last[0]) == (1, 3)
    assert first[1] != last[1]
    assert type(error) is NodeError
    assert error.input_index == 1


def test_with_retries_the_item_is_given_again(run, tmp_path):
    node = Takes(2, leave, tmp_path / "once").in_process(restarts=1, restart_delay=0.01)
    outputs = run(Pipeline([node, PassThroughNode()]).configure(node, retries=1).run([1, 2, 3]))
    assert [data for data, _ in outputs] == [1, 2, 3]
    assert outputs[0][1] != outputs[1][1] == outputs[2][1]


def test_a_hang_may_be_given_again_too(run, tmp_path):
    node = Takes(2, hang, tmp_path / "once").in_process(restarts=1, restart_delay=0.01)
    pipeline = Pipeline([node]).configure(node, retries=1, deadline=1.0)
    assert [data for data, _ in run(pipeline.run([1, 2, 3]))] == [1, 2, 3]


def test_without_retries_the_run_ends(run, tmp_path):
    node = Takes(2, leave, tmp_path / "once").in_process(restarts=5)
    with pytest.raises(NodeError, match="exited with status 3"):
        run(execute_pipeline_with_input([node], [1, 2, 3]))


def test_restarts_are_counted(run):
    node = Takes(2, leave).in_process(restarts=2, restart_delay=0.01)
    outputs = run(execute_pipeline_with_input([node], [2, 2, 2, 2, 1], on_error="collect"))
    assert ["exited with status 3" in str(output) for output in outputs[:5]] == [True, True, True, False, False]
    # The last is what comes of the flush.
    assert len(outputs) == 6
    for output in outputs[3:]:
        assert "its process is gone, and was started again 2 times already" in str(output)


def test_a_run_has_all_its_restarts(run, tmp_path):
    for number in range(2):
        node = Takes(2, leave, tmp_path / f"once{number}").in_process(restarts=1, restart_delay=0.01)
        assert len(run(Pipeline([node]).configure(node, retries=1).run([1, 2]))) == 2


def test_state_is_that_of_the_start(run, tmp_path):
    class Sums(Takes):
        total = 0

        def process(self, data: Any) -> Any:
            super().process(data)
            self.total += data
            return self.total

    node = Sums(2, leave, tmp_path / "once").in_process(restarts=1, restart_delay=0.01)
    assert run(Pipeline([node]).configure(node, retries=1).run([1, 2, 3])) == [1, 2, 5]


# At the beginning and at the end


class Slow(PassThroughNode):
    def initialize(self) -> Any:
        time.sleep(60)


class Dies(PassThroughNode):
    def initialize(self) -> Any:
        os._exit(4)


def test_one_that_does_not_get_ready(run):
    """W2: ready is what has been initialised."""
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="its node was not ready within 500ms") as caught:
        run(execute_pipeline_with_input([Slow().in_process(start_timeout=0.5)], [1]))
    assert time.monotonic() - began < 0.5 + SOON
    assert caught.value.node_id == "Slow_0"


def test_one_that_dies_before_it_is_ready(run):
    with pytest.raises(NodeError, match="its process [0-9]+ exited with status 4, before its node was ready"):
        run(execute_pipeline_with_input([Dies().in_process(restarts=3)], [1]))


def test_a_program_that_is_not_there(run, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(NodeError, match="its process could not be started: /no/such/python: No such file"):
        run(execute_pipeline_with_input([PassThroughNode().in_process()], [1]))


def test_a_program_that_does_something_else(run, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(NodeError, match="exited with status 0, before its node was ready"):
        run(execute_pipeline_with_input([PassThroughNode().in_process()], [1]))


class Lingers(PassThroughNode):
    def cleanup(self) -> Any:
        time.sleep(60)


class LingersLater(PassThroughNode):
    async def cleanup(self) -> Any:
        await asyncio.sleep(60)


@pytest.mark.parametrize("kind", [Lingers, LingersLater])
def test_a_cleanup_that_hangs_is_cut_short(run, kind):
    began = time.monotonic()
    assert run(execute_pipeline_with_input([kind().in_process(stop_timeout=0.3)], [1])) == [1]
    assert time.monotonic() - began < 0.3 + SOON


# Given up


@pytest.mark.parametrize("deed", [hang, spin, stop])
@pytest.mark.parametrize("kind", [Takes, TakesLater])
def test_a_caller_gives_up_one_that_is_busy(run, children, kind, deed):
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(execute_pipeline_with_input([kind(1, deed).in_process(stop_timeout=0.3)], [1]), 0.5)

    began = time.monotonic()
    run(main())
    assert time.monotonic() - began < 0.5 + SOON
    children.await_none()


def test_a_session_is_cancelled_while_it_is_busy(children):
    session = Pipeline([Takes(1, hang).in_process(stop_timeout=0.3)]).sync_session()
    session.send(1)
    time.sleep(0.3)
    session.cancel()
    session.wait(20)
    with pytest.raises(PipelineError, match="cancelled"):
        session.receive()
    children.await_none()


def test_a_block_is_left_while_it_is_busy(run, children):
    async def main() -> None:
        async with open_session([Takes(1, hang).in_process(stop_timeout=0.3)]) as session:
            await session.send(1)
            await asyncio.sleep(0.3)
            raise LookupError

    began = time.monotonic()
    with pytest.raises(LookupError):
        run(main())
    assert time.monotonic() - began < 0.6 + SOON
    children.await_none()


def test_a_block_is_left_while_it_starts(run, children):
    async def main() -> None:
        async with open_session([Slow().in_process()]) as session:
            await session.send(1)
            await asyncio.sleep(0.3)
            raise LookupError

    began = time.monotonic()
    with pytest.raises(LookupError):
        run(main())
    assert time.monotonic() - began < 0.3 + SOON
    children.await_none()


def test_a_source_is_given_up(run, children):
    class Endless(steps.Numbers):
        def process(self) -> Any:  # type: ignore[override]
            number = 0
            while True:
                yield (number := number + 1)

    async def main() -> None:
        async with open_session([Endless().in_process()]) as session:
            async for output in session:
                if output == 100:
                    break

    began = time.monotonic()
    run(main())
    assert time.monotonic() - began < SOON
    children.await_none()


def test_a_start_has_its_own_limit_and_not_the_deadline_of_a_call(run, tmp_path):
    """Neither the first one nor one after a death."""

    class Ponders(Takes):
        def initialize(self) -> Any:
            time.sleep(2.5)
            return super().initialize()

    node = Ponders(2, leave, tmp_path / "once").in_process(restarts=1, restart_delay=0.01)
    outputs = run(Pipeline([node]).configure(node, retries=1, deadline=1.0).run([1, 2, 3]))
    assert [data for data, _ in outputs] == [1, 2, 3]


def test_each_output_of_a_generator_has_the_time_of_a_call(run):
    """As of one that runs here."""

    class Slowly(Node):
        def process(self, data: Any) -> Any:
            for number in range(6):
                time.sleep(data)
                yield number

    def outputs(node: Node, pause: float) -> Any:
        return run(Pipeline([node]).configure(node, deadline=1.0).run([pause]))

    assert outputs(Slowly().in_process(), 0.25) == outputs(Slowly(), 0.25) == list(range(6))
    with pytest.raises(TimeoutError):
        outputs(Slowly().in_process(), 3.0)


class Chatters(PassThroughNode):
    """Logs without an end."""

    def __init__(self, when: str) -> None:
        super().__init__()
        self.when = when

    def chatter(self, when: str) -> None:
        while when == self.when:
            self.logger.warning("and so on")

    def initialize(self) -> Any:
        self.chatter("initialize")
        return super().initialize()

    def process(self, data: Any) -> Any:
        self.chatter("process")
        return data

    def cleanup(self) -> Any:
        self.chatter("cleanup")
        return super().cleanup()


def test_no_end_of_the_log_is_no_excuse(run, children):
    """A worker that logs all the time is given no more of it."""
    node = Chatters("initialize").in_process(start_timeout=2.0)
    with pytest.raises(TimeoutError, match="its node was not ready within 2s"):
        run(Pipeline([node]).run([1]))
    node = Chatters("process").in_process()
    with pytest.raises(TimeoutError, match="its process was killed"):
        run(Pipeline([node]).configure(node, deadline=0.3).run([1]))
    assert run(Pipeline([Chatters("cleanup").in_process(stop_timeout=0.3)]).run([1])) == 1
    children.await_none()
