"""Several threads at once at the same things: each answer is one of few, and all together must fit."""

from __future__ import annotations

import ctypes
import threading
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from remotemedia._engine import _abi

from .arguments import BAD_HANDLE, OK, pick
from .engine import name_of
from .model import BUFFER, COMPLETION, KINDS, PIPELINE, RING, SESSION, Wrong
from .rules import RULES
from .thunks import Objects
from .world import PATIENCE, World

THREADS = 4


def at_once(work: Callable[[int], None], world: World) -> None:
    """Has each thread do its part, all from the same moment on."""
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> None:
        barrier.wait(PATIENCE)
        try:
            work(number)
        except BaseException as error:
            world.wrong.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        if thread.is_alive():
            raise Wrong("a call of a race has not returned")
    world.report_wrong()


def free_at_once(world: World, r: Random) -> None:
    """Of all who free a thing, one has freed it."""
    for kind in (SESSION, PIPELINE, BUFFER, RING):
        for name in ("rm_buffer_wrap", "rm_ring_new"):
            RULES[name](world, r)
        for thing in world.all(kind):
            answers: Counter[int] = Counter()
            free = f"rm_{KINDS[kind]}_free"

            def work(_: int, free: str = free, thing: Any = thing, answers: Any = answers) -> None:
                answers.update([world.engine.call(free, thing.handle, words="race")])

            at_once(work, world)
            world.forget(kind, thing.handle)
            if answers != {OK: 1, BAD_HANDLE: THREADS - 1}:
                raise Wrong(f"{free} by {THREADS} threads: {[name_of(answer) for answer in answers.elements()]}")


def use_while_freed(world: World, r: Random) -> None:
    """Who uses a session that another frees is served or refused."""
    for session in world.all(SESSION):
        right = session.pushing() | session.endings() | {OK, BAD_HANDLE, _abi.RM_END, _abi.RM_ERR_TIMEOUT}
        right |= {_abi.RM_ERR_CANCELLED, _abi.RM_ERR_STATE, _abi.RM_ERR_NODE, _abi.RM_ERR_INPUT}
        seeds = [r.getrandbits(32) for _ in range(THREADS)]

        def work(number: int, session: Any = session, right: Any = right, seeds: Any = seeds) -> None:
            own = Random(seeds[number])
            for turn in range(20):
                if number == 0 and turn == 10:
                    world.engine.call("rm_session_free", session.handle, words="race")
                name, status = use(world, own, session.handle)
                if status not in right:
                    raise Wrong(f"{name} of a session that is freed meanwhile answered {name_of(status)}")

        at_once(work, world)
        world.forget(SESSION, session.handle)


def use(world: World, r: Random, session: int) -> tuple[str, int]:
    """Some call of a session."""
    out, length = _abi.rm_packet(struct_size=ctypes.sizeof(_abi.rm_packet)), ctypes.c_size_t()
    name = pick(r, "push", "pull", "flush", "wait", "metrics", "ready", "end")
    values: tuple[Any, ...] = (session,)
    match name:
        case "push":
            size = ctypes.sizeof(_abi.rm_packet)
            data = world.memory.address
            packet = _abi.rm_packet(struct_size=size, kind=_abi.RM_KIND_BYTES, data=data, size=5)
            values += (ctypes.byref(packet), 0)
        case "pull":
            values += (ctypes.byref(out), 0)
        case "flush" | "wait" | "ready":
            values += (0,)
        case "metrics":
            values += (None, 0, ctypes.byref(length))
    status = world.engine.call(f"rm_session_{name}", *values, words="race")
    if out.buffer:
        world.free_given(out.buffer)
    if out.object:
        Objects.hosts[out.object].release(out.object)
    return f"rm_session_{name}", status


def finish_at_once(world: World, r: Random) -> None:
    """Of all who give the outcome of a call, one is heard."""
    for _ in range(50):
        for name in ("rm_session_push", "rm_session_pull"):
            RULES[name](world, r)
    for completion in world.all(COMPLETION):
        if not world.forget(COMPLETION, completion.handle):
            continue
        answers: Counter[int] = Counter()

        def work(number: int, completion: Any = completion, answers: Any = answers) -> None:
            name = "rm_completion_free" if number == 0 else "rm_completion_finish"
            values = (completion.handle,) if number == 0 else (completion.handle, OK, None)
            answers.update([world.engine.call(name, *values, words="race")])

        at_once(work, world)
        if answers[BAD_HANDLE] != THREADS - 1:
            raise Wrong(f"the outcome was given {THREADS - answers[BAD_HANDLE]} times")


RACES = [free_at_once, use_while_freed, finish_at_once]
