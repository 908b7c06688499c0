"""What happens at the limits of the system. Run in a process of its own: `limits.py NAME FOLDER`."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import engine
import operations
from count import attempt, census, left_of, works
from engine import check, made, opened, packet, runtime

from remotemedia import Node, NodeError
from remotemedia._engine import _abi
from remotemedia._engine.library import library

GIGABYTE = 1 << 30


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    """Lowers a limit of this process for a while."""
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def files_that_may_not_grow(folder: Path) -> None:
    """As with a disk that fills up while a file is written: the old one stays."""
    before = b"what was there before"
    (folder / "out.wav").write_bytes(before)
    for most in 0, 44, 1000, 40_000:
        with limited(resource.RLIMIT_FSIZE, most):
            words = attempt("a_file_is_written", folder)
        assert words is not None and "cannot write" in words and "out.wav" in words, words
        assert (folder / "out.wav").read_bytes() == before
    works("a_file_is_written", folder)


def a_disk_that_is_full(folder: Path) -> None:
    """The folder is on a disk of 48 KiB, which is not enough."""
    words = attempt("a_file_is_written", folder)
    assert words is not None and "the disk is full" in words and "out.wav" in words, words
    assert os.listdir(folder) == []
    assert os.statvfs(folder).f_bfree == os.statvfs(folder).f_blocks


def a_device_that_is_full(folder: Path) -> None:
    del folder
    node = {"node_type": "WavSinkNode", "params": {"path": "/dev/full"}}
    try:
        with runtime() as here, opened(here, [node]) as session:
            check(library.rm_session_ready(session, engine.PATIENCE))
    except engine.Refused as refused:
        assert "'/dev/full' is not a regular file" in str(refused)
    else:
        raise AssertionError("a device was taken for a file")


def descriptors(folder: Path) -> None:
    """One number of a descriptor more each time, until it works: before that an error says so, and nothing is left."""
    for name in "a_file_is_read", "a_file_is_written", "memory_is_shared", "a_node_runs_in_a_process":
        for _ in range(3):
            works(name, folder)
        before = census()
        said: list[str] = []
        for most in range(3, 200):
            with limited(resource.RLIMIT_NOFILE, most):
                words = attempt(name, folder)
            assert left_of(before) is None, (name, most, words)
            if words is None:
                break
            assert "Too many open files" in words, (name, most, words)
            said.append(words)
        else:
            raise AssertionError(f"{name} does not work with 200 descriptors")
        assert said, name
        print(name, *dict.fromkeys(said), sep="\n  ")
        works(name, folder)


class Lowers(Node):
    """Leaves the process no number for a descriptor when it is told to."""

    def process(self, data: str) -> str:
        if data == "lower":
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        return data


class Grows(Node):
    """Answers with what is handed over in shared memory."""

    def process(self, data: str) -> bytes:
        return bytes(300_000) if data == "lower" else b""


def a_block_that_cannot_be_taken(folder: Path) -> None:
    """A worker hands over shared memory, and there is no number for its descriptor."""
    del folder
    nodes = [Lowers(), Grows().in_process()]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    operations.run(nodes, ["as it is"])
    before = census()
    try:
        operations.run(nodes, ["as it is", "lower"])
    except NodeError as error:
        words = str(error)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "shared memory of the other process cannot be taken: Too many open files" in words, words
    assert left_of(before) is None
    operations.run(nodes, ["as it is"])


class Holds(Lowers):
    """Leaves its process no number for a descriptor once it has taken its first input."""

    def process(self, data: Any) -> Any:
        super().process("lower")
        return len(data)


def a_block_that_a_worker_cannot_take(folder: Path) -> None:
    """The same the other way round: a worker is given shared memory."""
    del folder
    operations.run([Lowers().in_process()], ["as it is"])
    before = census()
    try:
        operations.run([Holds().in_process()], [b"", bytes(300_000)])
    except NodeError as error:
        words = str(error)
    assert "shared memory of the other process cannot be taken: Too many open files" in words, words
    assert left_of(before) is None
    operations.run([Lowers().in_process()], ["as it is"])


def address_space(folder: Path) -> None:
    """Sizes that a caller chose and that there is no memory for."""
    del folder
    huge = ctypes.create_string_buffer(GIGABYTE)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    with runtime() as here, opened(here, [operations.PASS]) as session:
        engine.push(session, packet(_abi.RM_KIND_BYTES, b"before"))
        with limited(resource.RLIMIT_AS, used + GIGABYTE // 2):
            large = packet(_abi.RM_KIND_BYTES, b"")
            large.data, large.size = ctypes.addressof(huge), GIGABYTE
            refuses(lambda: engine.push(session, large))
            ring = engine.struct(_abi.rm_ring_config, direction=_abi.RM_RING_INPUT, capacity=64, size=1 << 26)
            refuses(lambda: made(library.rm_ring_new, session, ring))
            for size in GIGABYTE, 1 << 45, (1 << 64) - 1:
                data, buffer = ctypes.c_void_p(), ctypes.c_uint64()
                refuses(lambda: check(library.rm_buffer_share(size, data, buffer)))  # noqa: B023
        # It works on.
        engine.push(session, packet(_abi.RM_KIND_BYTES, b"after"))
        check(library.rm_session_end(session))
        assert engine.pull_all(session) == [b"before", b"after"]


def refuses(call: Callable[[], object]) -> None:
    try:
        call()
    except engine.Refused as refused:
        assert refused.status == _abi.RM_ERR_MEMORY, refused
        return
    raise AssertionError("there was memory")


def no_shared_memory_folder(folder: Path) -> None:
    """Nothing can be put into /dev/shm."""
    assert subprocess.run(["touch", "/dev/shm/x"], capture_output=True).returncode != 0
    works("memory_is_shared", folder)
    works("a_node_runs_in_a_process", folder)


def a_clock_that_jumps(folder: Path) -> None:
    """The time of day is another year whenever somebody looks."""
    import time

    assert abs(time.time() - time.time()) > 300 * 24 * 3600
    for name in "bytes_are_copied", "rings_are_made", "calls_that_block_get_more_workers", "a_node_runs_in_a_process":
        works(name, folder)


LIMITS = {
    limit.__name__: limit
    for limit in (
        files_that_may_not_grow,
        a_disk_that_is_full,
        a_device_that_is_full,
        descriptors,
        a_block_that_cannot_be_taken,
        a_block_that_a_worker_cannot_take,
        address_space,
        no_shared_memory_folder,
        a_clock_that_jumps,
    )
}

if __name__ == "__main__":
    LIMITS[sys.argv[1]](Path(sys.argv[2]))
