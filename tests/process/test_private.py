"""What connects a parent and a worker is theirs alone: no name, no rights for others, a size that nobody changes."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import numpy as np

from remotemedia import PassThroughNode, open_session

F_GET_SEALS = 1034
SEAL, SHRINK, GROW = 1, 2, 4


def files(pid: int, kind: str) -> list[str]:
    """The descriptors of a process for shared memory or for sockets, as paths."""
    folder = f"/proc/{pid}/fd"
    found = []
    for name in os.listdir(folder):
        try:
            target = os.readlink(f"{folder}/{name}")
        except OSError:
            continue  # the one that the folder was read by
        if target.startswith(kind):
            found.append(f"{folder}/{name}")
    return found


def named_memory(pid: int) -> set[str]:
    """What a process has open or mapped of the memory that others can find."""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {*files(pid, "/dev/shm/"), *(line for line in maps if "/dev/shm/" in line)}


def named_sockets() -> set[str]:
    """The sockets that others can find."""
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return {row[6] for row in rows if len(row) > 7}


def test_nobody_else_has_the_memory_or_finds_the_sockets(run, children):
    before = named_memory(os.getpid())

    async def main() -> None:
        async with open_session([PassThroughNode().in_process()]) as session:
            await session.send(np.ones(100_000))
            kept = await session.receive()
            (worker,) = children.pids()
            for pid in os.getpid(), worker:
                memory = files(pid, "/memfd:remotemedia")
                # The channel and a block.
                assert len(memory) >= 2
                for path in memory:
                    status = os.stat(path)
                    assert stat.S_IMODE(status.st_mode) == 0o600
                    assert (status.st_uid, status.st_nlink) == (os.geteuid(), 0)
                    with open(path, "rb") as file:
                        assert fcntl.fcntl(file, F_GET_SEALS) & (SEAL | SHRINK | GROW) == SEAL | SHRINK | GROW
                assert named_memory(pid) <= before
                sockets = {os.readlink(path).strip("socket:[]") for path in files(pid, "socket:")}
                assert sockets and not sockets & named_sockets()
            assert kept.sum() == 100_000

    run(main())
