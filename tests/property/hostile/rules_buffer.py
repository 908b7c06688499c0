"""Rules for buffers and completions."""

from __future__ import annotations

import ctypes
from random import Random

from remotemedia._engine import _abi

from .arguments import BAD_HANDLE, LARGEST, NULL, OK, WRONG, Argument, out, pick, seldom, text, wrong
from .host import BufferScript
from .model import BUFFER, COMPLETION, Buffer, Wrong
from .packets import packet
from .rules import calls
from .thunks import BUFFER_RELEASE
from .world import FINISHED, World

MEMORY, STATE = _abi.RM_ERR_MEMORY, _abi.RM_ERR_STATE


@calls("rm_buffer_wrap")
def buffer_wrap(world: World, r: Random) -> None:
    script = world.register(BufferScript(world))
    size = pick(r, 0, 1, 64, 4096)
    memory = Argument((world.memory.address, size), words=f"{size} bytes")
    if seldom(r):
        memory = pick(
            r,
            wrong((None, 5), "null", NULL),
            wrong((world.memory.address, LARGEST + 1), "larger than memory", WRONG),
            wrong((world.memory.address, 2**64 - 1), "as large as can be", WRONG),
            Argument((None, 0), words="nothing"),
        )
    place = out(r)
    status = world.expect("rm_buffer_wrap", memory, BUFFER_RELEASE, script.number, place)
    if status == OK:
        start, length = memory.values
        world.add(Buffer(BUFFER, place.result, address=start or 0, size=length, memory=script))
    elif script.destroyed != 1:
        raise Wrong(f"memory that was refused was given back {script.destroyed} times")


def making(world: World, r: Random, name: str) -> None:
    size = pick(r, 0, 1, 4096, 70_000, LARGEST, LARGEST + 1, 2**63 + 2**62, 2**64 - 1)
    start, place = out(r, ctypes.c_void_p), out(r)
    right = {OK} if size <= 70_000 else {MEMORY}
    if world.expect(name, size, start, place, right=right, words=f"{size} bytes") == OK:
        if size:
            ctypes.memset(start.result, 0x55, size)
        world.add(Buffer(BUFFER, place.result, address=start.result, size=size, memory=True))


@calls("rm_buffer_new", weight=2)
def buffer_new(world: World, r: Random) -> None:
    making(world, r, "rm_buffer_new")


@calls("rm_buffer_share", weight=2)
def buffer_share(world: World, r: Random) -> None:
    making(world, r, "rm_buffer_share")


def looking(world: World, r: Random, name: str, right: set[int]) -> None:
    handle, buffer = world.handle(r, BUFFER)
    start, size = out(r, ctypes.c_void_p), out(r, ctypes.c_size_t)
    status = world.expect(name, handle, start, size, right=right)
    if status == OK and buffer and size.result < buffer.size:
        raise Wrong(f"a buffer with {buffer.size} bytes of data says that it has {size.result}")


@calls("rm_buffer_read")
def buffer_read(world: World, r: Random) -> None:
    looking(world, r, "rm_buffer_read", {OK})


@calls("rm_buffer_write")
def buffer_write(world: World, r: Random) -> None:
    # Whether somebody else has it as well, a session that drops packets decides.
    looking(world, r, "rm_buffer_write", {OK, STATE})


@calls("rm_buffer_free", weight=6)
def buffer_free(world: World, r: Random) -> None:
    handle, buffer = world.handle(r, BUFFER, optional=True)
    if buffer and not seldom(r, 2):
        return
    if buffer:
        world.forget(BUFFER, buffer.handle)
    world.expect("rm_buffer_free", handle)


def completion(world: World, r: Random) -> tuple[Argument, bool]:
    """A completion, which is dead afterwards; another thread may be quicker."""
    handle, thing = world.handle(r, COMPLETION)
    if thing and not world.forget(COMPLETION, thing.handle):
        handle = Argument(handle.values, frozenset({BAD_HANDLE}), "dead just now")
        thing = None
    return handle, thing is not None


@calls("rm_completion_finish", weight=6)
def completion_finish(world: World, r: Random) -> None:
    handle, is_live = completion(world, r)
    status = pick(r, OK, OK, _abi.RM_MORE, _abi.RM_PENDING, _abi.RM_END, -1, 4711)
    given = packet(world, r, homeless=False) if r.randrange(2) else Argument((None,), words="no packet")
    if given.words == "no struct":
        given = Argument((None,), words="no packet")
    right = FINISHED if is_live else {OK}
    if status not in (OK, _abi.RM_MORE):
        given.faults |= {WRONG}
    if is_live and given.faults:
        given.faults |= FINISHED - {OK}
    world.expect("rm_completion_finish", handle, status, given, right=right)


@calls("rm_completion_fail", weight=2)
def completion_fail(world: World, r: Random) -> None:
    handle, is_live = completion(world, r)
    world.expect("rm_completion_fail", handle, text(r, "why", ""), None, right=FINISHED if is_live else {OK})


@calls("rm_completion_free", weight=2)
def completion_free(world: World, r: Random) -> None:
    handle, thing = world.handle(r, COMPLETION, optional=True)
    if thing and not world.forget(COMPLETION, thing.handle):
        handle.faults = frozenset({BAD_HANDLE})
    world.expect("rm_completion_free", handle)
