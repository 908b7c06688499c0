"""Rules for sessions."""

from __future__ import annotations

import ctypes
from random import Random
from typing import Any

from remotemedia._engine import _abi

from .arguments import OK, UNSUPPORTED, WRONG, out, pick, room, seldom, struct, text, timeout
from .host import Events
from .model import BUFFER, FAILURES, NODE, PIPELINE, SESSION, Buffer, Node, Pipeline, Session, numbers
from .packets import packet
from .rules import calls
from .thunks import Objects, session_event
from .world import World

GRAPH, STATE, TIMEOUT = _abi.RM_ERR_GRAPH, _abi.RM_ERR_STATE, _abi.RM_ERR_TIMEOUT
END = _abi.RM_END
CONVERSION = frozenset({_abi.RM_ERR_NODE, _abi.RM_ERR_INPUT})
"""What comes of an object that a host does not turn into data."""


@calls("rm_session_open", weight=24)
def session_open(world: World, r: Random) -> None:
    if len(world.all(SESSION)) >= 8:
        return
    handle, pipeline = world.handle(r, PIPELINE)
    if pipeline and not pipeline.nodes and not seldom(r, 8):
        return
    events = world.register(Events(world))
    number = next(numbers)
    config = _abi.rm_session_config(
        on_error=r.randrange(3),
        capacity=pick(r, 0, 1, 2, 2**32 - 1),
        policy=r.randrange(5),
        trace=pick(r, 0, 0, 1, 100),
        stall=pick(r, 0, 0, 1, 10**6, -1),
        linger=pick(r, 0, 0, 1, 10**9, -1),
        tag=number,
        user_data=events.number,
        on_event=session_event if r.randrange(2) else type(session_event)(),
    )
    faults = spoil_config(world, r, config) if seldom(r, 8) else set()
    config.caller = world.wrong_handle(r) if seldom(r) else 0
    config.flags |= pick(r, 0, 0, _abi.RM_SESSION_CALLER_RUNS)
    made, place = struct(r, config, first=_abi.rm_session_config.caller.offset), out(r)
    made.faults |= faults
    nodes, right = opening(pipeline, config.capacity) if pipeline else ([], {OK})
    session = Session(SESSION, runtime=pipeline.runtime if pipeline else None, nodes=nodes, number=number)
    session.failures = failures(pipeline) if pipeline else frozenset()
    session.ids = list(pipeline.nodes) if pipeline else []
    session.fed = bool(pipeline) and is_fed(pipeline)
    session.unsure = any(node.shared for node in nodes)
    world.by_number[number] = session
    status = world.expect("rm_session_open", handle, made, place, right=right)
    if status == OK:
        session.handle = place.result
        world.add(session)


def spoil_config(world: World, r: Random, config: Any) -> set[int]:
    """Something that is wrong with the config of a session."""
    match r.randrange(6):
        case 0:
            config.on_error = pick(r, 3, 2**32 - 1)
            return {WRONG}
        case 1:
            config.flags = pick(r, 4, 2**31)
            return {UNSUPPORTED}
        case 2:
            config.policy = pick(r, 5, 2**32 - 1)
            return {WRONG}
        case 3:
            config.host = world.wrong_handle(r)
        case 4:
            config.input = world.wrong_handle(r)
        case _:
            config.output = world.wrong_handle(r)
    return {_abi.RM_ERR_BAD_HANDLE}


def opening(pipeline: Pipeline, capacity: int) -> tuple[list[Node], set[int]]:
    """The nodes of a session, and what its opening may answer."""
    nodes = [node for node in pipeline.nodes.values() if isinstance(node, Node)]
    if not pipeline.nodes or pipeline.has_cycle():
        return nodes, {GRAPH}
    sources = {name for name, node in pipeline.nodes.items() if isinstance(node, Node) and node.source}
    ports = any("/" in end for edge in pipeline.edges for end in edge)
    types = any(isinstance(node, str) and node != "PassThrough" for node in pipeline.nodes.values())
    if types:
        # Their nodes are made now, or not, and take what they take; what is wrong with the graph is found after that.
        return nodes, {OK, GRAPH, STATE} | FAILURES
    if ports or any(target in sources for _, target in pipeline.edges):
        return nodes, {GRAPH}
    return nodes, {STATE} if pipeline.runtime and pipeline.runtime.shut else {OK}


def is_fed(pipeline: Pipeline) -> bool:
    targets = {target for _, target in pipeline.edges}
    return any(
        name not in targets and not (isinstance(node, Node) and node.source) for name, node in pipeline.nodes.items()
    )


def failures(pipeline: Pipeline) -> frozenset[int]:
    """How a session of a pipeline may end by itself."""
    found: frozenset[int] = frozenset()
    for node in pipeline.nodes.values():
        if isinstance(node, Node):
            # An object that a node of a host emits may reach one that takes data alone.
            found |= node.failures | (CONVERSION if node.host else frozenset())
        elif node != "PassThrough":
            found |= FAILURES
    return found


@calls("rm_session_ready", weight=3)
def session_ready(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION)
    right = {OK, TIMEOUT} | session.endings() if session else {OK}
    world.expect("rm_session_ready", handle, timeout(r), right=right)


@calls("rm_session_push", weight=24)
def session_push(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION)
    given = packet(world, r)
    if session:
        # It may be an object, which some node cannot take, or samples that the nodes of a type do not like.
        session.failures |= CONVERSION
    world.expect("rm_session_push", handle, given, timeout(r), right=session.pushing() if session else {OK})


@calls("rm_session_flush", weight=3)
def session_flush(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION)
    world.expect("rm_session_flush", handle, timeout(r), right=session.pushing() if session else {OK})


@calls("rm_session_pull", weight=20)
def session_pull(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION)
    place = struct(r, _abi.rm_packet(), written=True)
    right = {OK, TIMEOUT, END} | session.endings() if session else {OK}
    if world.expect("rm_session_pull", handle, place, timeout(r), right=right) == OK:
        keep(world, r, place.values[0].contents)


def keep(world: World, r: Random, pulled: Any) -> None:
    """Takes what the library has given, and looks at all of it."""
    for pointer, size in ((pulled.data, pulled.size), (pulled.metadata, pulled.metadata_size)):
        if size:
            ctypes.string_at(pointer, size)
    if pulled.object:
        # A reference for us: the library has one less.
        Objects.hosts[pulled.object].release(pulled.object)
    if pulled.buffer:
        world.add(Buffer(BUFFER, pulled.buffer, address=pulled.data or 0, size=pulled.size))
        if len(world.all(BUFFER)) > 40 or r.randrange(2):
            world.free(BUFFER, world.things[BUFFER][pulled.buffer], "pulled")


@calls("rm_session_end", weight=4)
def session_end(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION)
    if session and not seldom(r, 5):
        return
    world.expect("rm_session_end", handle)
    if session:
        session.ended = True


@calls("rm_session_cancel", weight=2)
def session_cancel(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION)
    if session and not seldom(r, 5):
        return
    world.expect("rm_session_cancel", handle)
    if session:
        session.cancelled = True


@calls("rm_session_wait", weight=3)
def session_wait(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION)
    # With a handle that is wrong it may be asked to wait for ever.
    patience = timeout(r) if session else pick(r, -1, -(2**63), 2**63 - 1)
    right = {OK, TIMEOUT} | session.endings() if session else {OK}
    world.expect("rm_session_wait", handle, patience, right=right)


@calls("rm_session_error", weight=3)
def session_error(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION)
    place = struct(r, _abi.rm_packet(), written=True)
    can_fail = bool(session and session.failures | session.lost)
    if world.expect("rm_session_error", handle, place, right={OK, END} if can_fail else {END}) == OK:
        keep(world, r, place.values[0].contents)


def telling(world: World, r: Random, name: str) -> None:
    handle, _ = world.handle(r, SESSION)
    world.expect(name, handle, room(r))


@calls("rm_session_metrics", weight=2)
def session_metrics(world: World, r: Random) -> None:
    telling(world, r, "rm_session_metrics")


@calls("rm_session_report", weight=2)
def session_report(world: World, r: Random) -> None:
    telling(world, r, "rm_session_report")


@calls("rm_session_trace", weight=2)
def session_trace(world: World, r: Random) -> None:
    telling(world, r, "rm_session_trace")


def changing(world: World, r: Random, name: str, replaces: bool, ends: int) -> None:
    """A change of a running session. Where it is at the moment, only the session knows."""
    handle, session = world.handle(r, SESSION)
    node_handle, node = world.handle(r, NODE)
    known = session.ids if session else ["a"]
    identity = text(r, *known) if replaces else text(r, "new", "newer", *known)
    places = [text(r, "", *known) for _ in range(ends)]
    right = {OK, GRAPH, STATE, TIMEOUT} | (session.endings() if session else set())
    if node and session:
        right |= node.failures | ({_abi.RM_ERR_BAD_HANDLE} if node.shared else set())
        # From now on its failures are the session's.
        session.failures |= node.failures | CONVERSION
        session.unsure |= node.shared
    if replaces:
        world.expect(name, handle, identity, node_handle, timeout(r), right=right)
    else:
        world.expect(name, handle, identity, node_handle, *places, timeout(r), right=right)


@calls("rm_session_insert", weight=5)
def session_insert(world: World, r: Random) -> None:
    changing(world, r, "rm_session_insert", replaces=False, ends=2)


@calls("rm_session_replace", weight=2)
def session_replace(world: World, r: Random) -> None:
    changing(world, r, "rm_session_replace", replaces=True, ends=0)


@calls("rm_session_remove", weight=2)
def session_remove(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION)
    right = {OK, GRAPH, STATE, TIMEOUT} | (session.endings() if session else set())
    world.expect("rm_session_remove", handle, text(r, *(session.ids if session else ["a"])), timeout(r), right=right)


@calls("rm_session_free")
def session_free(world: World, r: Random) -> None:
    handle, session = world.handle(r, SESSION, optional=True)
    if session and not session.cancelled and not seldom(r, 8):
        return
    if session:
        world.forget(SESSION, session.handle)
    world.expect("rm_session_free", handle)
