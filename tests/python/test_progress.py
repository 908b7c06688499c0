"""How far a run has come, as its `progress` callback is told."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from doubles import Refuses

from remotemedia import Node, Pipeline, Progress, execute_pipeline, execute_pipeline_with_input
from remotemedia.runtime import execute_pipeline_with_instances


class Slow(Node):
    def process(self, data: Any) -> Any:
        time.sleep(0.03)
        return data


async def by_pipeline(progress: Any) -> Any:
    return await Pipeline([Slow()]).run(list(range(10)), progress=progress)


async def by_python(progress: Any) -> Any:
    return await Pipeline([Slow()]).run(list(range(10)), use_rust=False, progress=progress)


async def by_execute(progress: Any) -> Any:
    return await execute_pipeline_with_input([Slow()], list(range(10)), progress=progress)


async def by_instances(progress: Any) -> Any:
    return await execute_pipeline_with_instances([Slow()], list(range(10)), progress=progress)


@pytest.mark.parametrize("way", [by_pipeline, by_python, by_execute, by_instances])
def test_it_is_told_now_and_then_and_at_the_end(run, way):
    told: list[Progress] = []
    threads: set[int] = set()

    def progress(now: Progress) -> None:
        told.append(now)
        threads.add(threading.get_ident())

    assert run(way(progress)) == list(range(10))
    assert len(told) >= 2
    assert (told[-1].inputs, told[-1].outputs) == (10, 10)
    for before, after in zip(told, told[1:], strict=False):
        assert before.inputs <= after.inputs and before.outputs <= after.outputs and before.elapsed <= after.elapsed
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("way", [by_pipeline, by_python, by_execute])
def test_an_exception_in_it_ends_the_run(run, way):
    calls = []

    def progress(now: Progress) -> None:
        calls.append(now)
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        run(way(progress))
    assert len(calls) == 1


def test_once_for_a_short_run(run):
    told: list[Progress] = []
    run(execute_pipeline([Refuses(None)], progress=told.append))
    assert [(now.inputs, now.outputs) for now in told] == [(1, 1)]


def test_the_exception_of_a_node_comes_first(run):
    with pytest.raises(ValueError, match="will not take 1"):
        run(execute_pipeline_with_input([Refuses(1)], [1], progress=lambda now: 1 / 0))
