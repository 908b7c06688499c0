"""A worker that has nothing to do uses no processor: W4."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import steps

from remotemedia import PassThroughNode, open_session


def ticks(pid: int) -> int:
    """The time on a processor that a process has had, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_idle_workers_do_nothing(run, children):
    async def main() -> None:
        async with open_session([PassThroughNode().in_process(), steps.AsyncStream().in_process()]) as session:
            await session.send(1)
            await session.receive()
            await asyncio.sleep(0.5)
            pids = [*children.pids(), os.getpid()]
            assert len(pids) == 3
            used: list[list[int]] = []
            # Something else may happen in this process meanwhile, such as a garbage collection, but not each time.
            while len(used) < 3 and (not used or max(used[-1]) >= 2):
                before = [ticks(pid) for pid in pids]
                await asyncio.sleep(2)
                used.append([ticks(pid) - was for pid, was in zip(pids, before, strict=True)])
            assert max(used[-1]) < 2, used

    run(main())
