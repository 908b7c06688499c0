"""What is tried with faults, each from nothing to nothing."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import struct as binary
import threading
import time
from pathlib import Path
from typing import Any

import engine
from engine import check, made, opened, packet, pull_all, push, runtime

from remotemedia import Node, execute_pipeline_with_input
from remotemedia._engine import _abi
from remotemedia._engine.library import library

PASS = {"node_type": "PassThrough"}
SECOND = binary.pack("16000f", *([0.25] * 16000))


def audio(samples: bytes = SECOND) -> Any:
    return packet(_abi.RM_KIND_AUDIO, samples, sample_rate=16000, channels=1)


def bytes_are_copied(_: Path) -> None:
    """Bytes go through native nodes, with deadlines, so that there is a timer."""
    with runtime() as here, opened(here, [PASS, PASS], deadline=10_000) as session:
        for number in range(3):
            push(session, packet(_abi.RM_KIND_BYTES, bytes([number]) * 1000))
        check(library.rm_session_end(session))
        assert pull_all(session) == [bytes([number]) * 1000 for number in range(3)]


def rings_are_made(_: Path) -> None:
    """A ring into a session and one out of it."""
    with runtime() as here, opened(here, [PASS]) as session:
        rings: list[int] = []
        try:
            for direction in _abi.RM_RING_INPUT, _abi.RM_RING_OUTPUT:
                config = engine.struct(_abi.rm_ring_config, direction=direction, capacity=2, size=64)
                rings.append(made(library.rm_ring_new, session, config))
            check(library.rm_ring_try_push(rings[0], packet(_abi.RM_KIND_BYTES, b"x" * 64)))
            check(library.rm_ring_end(rings[0]))
            assert pull_ring(rings[1]) == b"x" * 64
        finally:
            for ring in rings:
                check(library.rm_ring_free(ring))


def pull_ring(ring: int) -> bytes:
    target, output = ctypes.create_string_buffer(64), engine.struct(_abi.rm_packet)
    until = time.monotonic() + engine.PATIENCE / 1e9
    while (status := library.rm_ring_try_pull(ring, output, target, 64)) == _abi.RM_ERR_TIMEOUT:
        assert time.monotonic() < until
        time.sleep(0.001)
    check(status)
    return target.raw[: output.size]


def a_file_is_written(folder: Path) -> None:
    """What was there before stays until the new file is whole."""
    path = folder / "out.wav"
    before = path.read_bytes() if path.exists() else None
    try:
        with runtime() as here, opened(here, [{"node_type": "WavSinkNode", "params": {"path": str(path)}}]) as session:
            push(session, audio())
            push(session, audio())
            check(library.rm_session_end(session))
            assert len(pull_all(session)) == 1
    except engine.Refused:
        assert (path.read_bytes() if path.exists() else None) == before
        raise
    finally:
        assert {file.name for file in folder.iterdir()} <= {"out.wav", "in.wav"}
    assert path.stat().st_size == 44 + 2 * 32000
    path.unlink()


def a_file_is_read(folder: Path) -> None:
    path = folder / "in.wav"
    if not path.exists():
        samples = bytes(32000)
        head = binary.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
        path.write_bytes(
            b"RIFF" + binary.pack("<I", 36 + len(samples)) + b"WAVEfmt " + head
            + b"data" + binary.pack("<I", len(samples)) + samples
        )  # fmt: skip
    source = {"node_type": "AudioFileSourceNode", "params": {"path": str(path)}}
    with runtime() as here, opened(here, [source]) as session:
        assert sum(map(len, pull_all(session))) == 4 * 16000


# By turns, and more than is kept for the next time.
SIZES = itertools.cycle([1 << 29, 1 << 30])


def memory_is_shared(_: Path) -> None:
    data, buffer = ctypes.c_void_p(), ctypes.c_uint64()
    check(library.rm_buffer_share(next(SIZES), data, buffer))
    ctypes.memset(data, 1, 10)
    check(library.rm_buffer_free(buffer.value))


class Same(Node):
    def process(self, data: Any) -> Any:
        return data


class Slow(Node):
    def process(self, data: Any) -> Any:
        time.sleep(0.05)
        return data


# Made once: it needs descriptors itself.
LOOP = asyncio.new_event_loop()


def run(nodes: list[Any], inputs: list[Any]) -> Any:
    return LOOP.run_until_complete(asyncio.wait_for(execute_pipeline_with_input(nodes, inputs), 60))


def objects_meet_native_nodes(_: Path) -> None:
    """Objects become data for a native node, and data become objects."""
    request = {"operation": "add", "operands": [1, 2]}
    outputs = run([Same(), {"node_type": "CalculatorNode"}, Same()], [request, request])
    assert [output["result"] for output in outputs] == [3, 3]


def threads_are_hired(_: Path) -> None:
    """A host lends threads when it is asked to, and its nodes are called on them."""
    threads: list[threading.Thread] = []

    def hire(_: Any) -> int:
        threads.append(threading.Thread(target=library.rm_worker_run, args=(host,)))
        threads[-1].start()
        return _abi.RM_OK

    functions = (
        _abi.rm_host_callbacks_hire(hire),
        _abi.rm_host_callbacks_retain(lambda *_: None),
        _abi.rm_host_callbacks_release(lambda *_: None),
        _abi.rm_node_callbacks_process(lambda _, given: library.rm_call_emit(given)),
    )
    with runtime() as here:
        callbacks = engine.struct(_abi.rm_host_callbacks, hire=functions[0], retain=functions[1], release=functions[2])
        host = made(library.rm_host_new, here, callbacks)
        node = made(library.rm_node_new, host, engine.struct(_abi.rm_node_callbacks, process=functions[3]))
        try:
            with opened(here, [node]) as session:
                push(session, packet(_abi.RM_KIND_TEXT, b"text"))
                check(library.rm_session_end(session))
                assert pull_all(session) == [b"text"]
        finally:
            check(library.rm_node_free(node))
            check(library.rm_host_free(host))
            for thread in threads:
                thread.join()


def calls_that_block_get_more_workers(_: Path) -> None:
    async def several() -> None:
        await asyncio.gather(*(execute_pipeline_with_input([Slow()], [1, 2]) for _ in range(4)))

    LOOP.run_until_complete(asyncio.wait_for(several(), 60))


def a_node_runs_in_a_process(_: Path) -> None:
    """Small objects and large ones go there and back."""
    inputs = [{"small": 1}, bytes(300_000), [bytearray(100_000)] * 2]
    assert run([Same().in_process()], inputs) == inputs


OPERATIONS = {
    operation.__name__: operation
    for operation in (
        bytes_are_copied,
        rings_are_made,
        a_file_is_written,
        a_file_is_read,
        memory_is_shared,
        objects_meet_native_nodes,
        threads_are_hired,
        calls_that_block_get_more_workers,
        a_node_runs_in_a_process,
    )
}
