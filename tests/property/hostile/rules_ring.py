"""Rules for rings, and for the side of a process that was started for a node."""

from __future__ import annotations

import ctypes
import os
from random import Random
from typing import Any

from remotemedia._engine import _abi

from .arguments import LARGEST, NULL, OK, UNSUPPORTED, UTF8, WRONG, Argument, out, pick, seldom, struct, text, wrong
from .model import HOST, RING, SERVICE, SESSION, Ring, Wrong
from .rules import calls
from .world import World

STATE, TIMEOUT, CANCELLED, MEMORY = (
    _abi.RM_ERR_STATE,
    _abi.RM_ERR_TIMEOUT,
    _abi.RM_ERR_CANCELLED,
    _abi.RM_ERR_MEMORY,
)


@calls("rm_ring_new", weight=2)
def ring_new(world: World, r: Random) -> None:
    if len(world.all(RING)) >= 3:
        return
    handle, session = world.handle(r, SESSION)
    config = _abi.rm_ring_config(
        direction=pick(r, _abi.RM_RING_INPUT, _abi.RM_RING_OUTPUT),
        capacity=pick(r, 0, 1, 3),
        size=pick(r, 1, 5, 64, 4096),
        period=pick(r, 0, 1, 10**6),
    )
    right = {OK} if not session or session.fed or config.direction == _abi.RM_RING_OUTPUT else {STATE}
    faults = spoil_ring(r, config) if seldom(r, 6) else set()
    made, place = struct(r, config), out(r)
    made.faults |= faults
    if world.expect("rm_ring_new", handle, made, place, right=right) == OK:
        is_input = config.direction == _abi.RM_RING_INPUT
        world.add(Ring(RING, place.result, session=session, input=is_input, size=config.size))


def spoil_ring(r: Random, config: Any) -> set[int]:
    match r.randrange(5):
        case 0:
            config.direction = pick(r, 0, 3, 2**32 - 1)
            return {WRONG}
        case 1:
            config.reserved = 1
            return {UNSUPPORTED}
        case 2:
            config.period = pick(r, -1, 10**9 + 1, 2**63 - 1)
            return {WRONG}
        case 3:
            config.size = 0
            return {WRONG}
        case _:
            config.size, config.capacity = pick(r, (LARGEST, 2), (LARGEST + 1, 1), (2**64 - 1, 0), (4096, 2**32 - 1))
            return {WRONG, MEMORY}


@calls("rm_ring_end", weight=1)
def ring_end(world: World, r: Random) -> None:
    handle, ring = world.handle(r, RING)
    if world.expect("rm_ring_end", handle, right={OK} if not ring or ring.input else {STATE}) == OK:
        # The session's input ends when the ring is empty, or the session is over.
        ring.session.ending = True


@calls("rm_ring_get_stats", weight=1)
def ring_get_stats(world: World, r: Random) -> None:
    handle, _ = world.handle(r, RING)
    stats = struct(r, _abi.rm_ring_stats(), written=True)
    if world.expect("rm_ring_get_stats", handle, stats) == OK and stats.values[0].contents.queued > 16:
        raise Wrong("more packets lie in a ring than it holds")


@calls("rm_ring_try_push", weight=5)
def ring_try_push(world: World, r: Random) -> None:
    handle, ring = world.handle(r, RING)
    value = _abi.rm_packet(kind=_abi.RM_KIND_BYTES, data=world.memory.address, size=pick(r, 0, 1, 5))
    faults = spoil_bytes(world, r, value) if seldom(r, 6) else set()
    made = struct(r, value)
    made.faults |= faults
    right: set[int] = {OK}
    if ring and not ring.input:
        right = {WRONG}
    elif ring:
        right = (
            {OK, TIMEOUT, STATE, CANCELLED} | ring.session.endings() | ({WRONG} if value.size > ring.size else set())
        )
        if value.size > ring.size:
            right -= {OK}
    world.expect("rm_ring_try_push", handle, made, right=right)


def spoil_bytes(world: World, r: Random, value: Any) -> set[int]:
    match r.randrange(6):
        case 0:
            value.kind = pick(r, 0, 3, 5, 6, 2**32 - 1)
        case 1:
            value.metadata, value.metadata_size = world.memory.address, 2
        case 2:
            value.object = 0x10
        case 3:
            value.data, value.size = None, 5
            return {NULL}
        case 4:
            value.kind, value.data, value.size = _abi.RM_KIND_TEXT, world.memory.at(b"\xff\xfe"), 2
            return {UTF8}
        case _:
            value.size = pick(r, LARGEST + 1, 2**64 - 1)
            return {WRONG}
    return {UNSUPPORTED}


@calls("rm_ring_try_pull", weight=4)
def ring_try_pull(world: World, r: Random) -> None:
    handle, ring = world.handle(r, RING)
    place, space = struct(r, _abi.rm_packet(), written=True), ctypes.create_string_buffer(4096)
    memory = Argument((space, 4096))
    if seldom(r):
        memory = pick(r, wrong((None, 64), "null", NULL), wrong((space, LARGEST + 1), "larger than memory", WRONG))
    right: set[int] = {OK}
    if ring and ring.input:
        right = {WRONG}
    elif ring:
        right = {OK, TIMEOUT, _abi.RM_END, CANCELLED, STATE} | ring.session.endings()
    if world.expect("rm_ring_try_pull", handle, place, memory, right=right) == OK:
        got = place.values[0].contents
        if got.buffer or got.object or got.metadata or got.size > 4096:
            raise Wrong("a ring has given what only a session gives")


@calls("rm_ring_free", weight=1)
def ring_free(world: World, r: Random) -> None:
    handle, ring = world.handle(r, RING, optional=True)
    if ring and not seldom(r, 3):
        return
    if ring:
        world.forget(RING, ring.handle)
    world.expect("rm_ring_free", handle)


# This process was started for no node: there is nothing to join.


@calls("rm_service_join", weight=1)
def service_join(world: World, r: Random) -> None:
    socket = r.choice([-1, -(2**31), 2**31 - 1])
    if r.randrange(2):
        # Taken over, whatever comes of it.
        socket, other = os.pipe()
        os.close(other)
    payload, place = struct(r, _abi.rm_packet(), written=True), out(r)
    world.expect("rm_service_join", socket, place, payload, right={WRONG})


@calls("rm_service_nodes", weight=1)
def service_nodes(world: World, r: Random) -> None:
    handle, _ = world.handle(r, SERVICE)
    host, _ = world.handle(r, HOST, optional=True)
    flags = pick(r, 0, 1, 2)
    handle.faults |= {UNSUPPORTED} if flags == 2 else set()
    names = text(r, "a,b", "a,a"), text(r, "", "x")
    names[0].faults |= {WRONG}
    world.expect("rm_service_nodes", handle, host, flags, *names, out(r, optional=True), out(r))


@calls("rm_service_log", weight=1)
def service_log(world: World, r: Random) -> None:
    handle, _ = world.handle(r, SERVICE)
    world.expect("rm_service_log", handle, pick(r, 0, 10, 2**32 - 1), text(r, "name"), text(r, "text"))


@calls("rm_service_fail", weight=1)
def service_fail(world: World, r: Random) -> None:
    handle, _ = world.handle(r, SERVICE)
    host, _ = world.handle(r, HOST, optional=True)
    world.expect("rm_service_fail", handle, text(r, "why"), host, None)


@calls("rm_service_free", weight=1)
def service_free(world: World, r: Random) -> None:
    handle, _ = world.handle(r, SERVICE, optional=True)
    world.expect("rm_service_free", handle)
