"""Rules for nodes, in this process and in others, and for what only works inside their callbacks."""

from __future__ import annotations

import ctypes
from random import Random

from remotemedia._engine import _abi

from .arguments import LARGEST, NULL, OK, UNSUPPORTED, UTF8, WRONG, out, pick, seldom, struct, text
from .host import ProcessScript
from .model import FAILURES, HOST, NODE, Node, Wrong
from .node import NodeScript
from .packets import packet
from .rules import calls
from .thunks import process_destroy, process_pack
from .world import World

REENTRANT = _abi.RM_ERR_REENTRANT


OBJECTS = "process_object", "sort_object", "initialize_object", "flush_object", "cleanup_object"


@calls("rm_node_new", weight=8)
def node_new(world: World, r: Random) -> None:
    if len(world.all(NODE)) >= 24:
        return
    handle, host = world.handle(r, HOST, optional=True)
    script = NodeScript(world, r.getrandbits(32), r.randrange(4) == 0, host.script if host else None)
    source = r.randrange(6) == 0
    callbacks = script.callbacks(source)
    faults = spoil_node(world, r, callbacks) if seldom(r, 8) else set()
    if host and host.script.table and r.randrange(2):
        callbacks.process_object = host.script.new_object()
        if r.randrange(2):
            callbacks.sort_object = host.script.new_object()
        if r.randrange(2):
            for name in ("initialize_object", "flush_object", "cleanup_object"):
                setattr(callbacks, name, host.script.new_object())
            script.lives_by_objects = True
    made, place = struct(r, callbacks, first=_abi.rm_node_callbacks.sort_object.offset), out(r)
    made.faults |= faults
    if made.readable:
        world.register(script)
    status = world.expect("rm_node_new", handle, made, place)
    for item in filter(None, (getattr(callbacks, name) for name in OBJECTS)):
        # A reference is counted, and the one that we have goes.
        host.script.release(item)
    if status == OK:
        lost = host.script.failures() if host else frozenset()
        failures = FAILURES if script.wild or callbacks.process_object else lost
        script.handle = place.result
        node = Node(NODE, place.result, shared=script.wild, script=script, host=host, source=source, failures=failures)
        world.add(node)
    elif made.readable and script.destroyed != 1 and not (host and host.script.hires != "lends none"):
        # Else a thread that the host lends does it, when one has something else to do, or whoever lets the host go.
        raise Wrong(f"a node was destroyed {script.destroyed} times")


def spoil_node(world: World, r: Random, callbacks: _abi.rm_node_callbacks) -> set[int]:
    """Something that is wrong with the callbacks of a node."""
    texts = {"twice": b"a,a", "empty": b"a,,b", "slash": b"a/b"}
    match r.randrange(8):
        case 0:
            callbacks.flags |= pick(r, 8, 2**31)
            return {UNSUPPORTED}
        case 1:
            callbacks.accepts = pick(r, 1, 1 << 6, 2**32 - 1)
            return {UNSUPPORTED}
        case 2:
            callbacks.emits = pick(r, 1, 1 << 7)
            return {UNSUPPORTED}
        case 3:
            callbacks.inputs, callbacks.inputs_size = None, 3
            return {NULL}
        case 4:
            kept = ctypes.create_string_buffer(r.choice(list(texts.values())))
            callbacks.kept = kept
            callbacks.outputs, callbacks.outputs_size = ctypes.addressof(kept), len(kept) - 1
            return {WRONG}
        case 5:
            callbacks.flags |= _abi.RM_NODE_MATCH
            callbacks.match_tolerance = pick(r, -1, 0, 5)
            return {WRONG}
        case 6:
            callbacks.inputs, callbacks.inputs_size = world.memory.at(b"\xff\xfe"), 2
            return {UTF8}
        case _:
            callbacks.outputs, callbacks.outputs_size = world.memory.address, LARGEST + 1
            return {WRONG}


@calls("rm_node_free")
def node_free(world: World, r: Random) -> None:
    handle, node = world.handle(r, NODE, optional=True)
    if node and not seldom(r, 2):
        return
    if node and not world.forget(NODE, node.handle):
        # A callback was quicker.
        handle.faults = frozenset({_abi.RM_ERR_BAD_HANDLE})
    world.expect("rm_node_free", handle)


@calls("rm_process_new", weight=1)
def process_new(world: World, r: Random) -> None:
    if len(world.all(NODE)) >= 24:
        return
    handle, host = world.handle(r, HOST, optional=True)
    script = ProcessScript(world)
    command = pick(r, b"/nonexistent/program\0", b"/bin/false\0", b"/bin/true\0argument\0")
    kept = ctypes.create_string_buffer(command, len(command))
    config = _abi.rm_process_config(
        user_data=script.number,
        destroy=process_destroy,
        pack=process_pack,
        command=ctypes.addressof(kept),
        command_size=len(command),
        restart_delay=1,
        stop_timeout=10**8,
        restarts=pick(r, 0, 0, 1),
    )
    faults = spoil_process(r, config) if seldom(r, 3) else set()
    made, place = struct(r, config), out(r)
    made.faults |= faults
    if made.readable:
        world.register(script)
    if world.expect("rm_process_new", handle, made, place) == OK:
        world.add(Node(NODE, place.result, script=script, host=host, failures=FAILURES))
    elif made.readable and script.destroyed != 1:
        raise Wrong(f"the config of a process was destroyed {script.destroyed} times")


def spoil_process(r: Random, config: _abi.rm_process_config) -> set[int]:
    """Something that is wrong with the config of a process."""
    match r.randrange(6):
        case 0:
            config.command_size = pick(r, 0, 2**64 - 1)
            return {WRONG}
        case 1:
            config.command = None
            return {NULL}
        case 2:
            config.reserved = 1
            return {UNSUPPORTED}
        case 3:
            config.flags = pick(r, 2, 8, 2**31)
            return {UNSUPPORTED}
        case 4:
            setattr(config, pick(r, "start_timeout", "stop_timeout", "restart_delay"), pick(r, -1, -(2**63)))
            return {WRONG}
        case _:
            config.flags = _abi.RM_NODE_MATCH
            return {WRONG}


# Outside of callbacks


@calls("rm_call_emit", weight=2)
def call_emit(world: World, r: Random) -> None:
    world.expect("rm_call_emit", packet(world, r), right={REENTRANT}, words="outside")


@calls("rm_call_part", weight=1)
def call_part(world: World, r: Random) -> None:
    world.expect("rm_call_part", *pick(r, (b"x", 1), (None, 0), (None, 9), (b"x", 2**64 - 1)), right={REENTRANT})


@calls("rm_call_fail", weight=1)
def call_fail(world: World, r: Random) -> None:
    message = text(r, "why")
    message.faults |= {REENTRANT}
    world.expect("rm_call_fail", message, None)


@calls("rm_call_defer", weight=1)
def call_defer(world: World, r: Random) -> None:
    world.expect("rm_call_defer", out(r), right={REENTRANT})


@calls("rm_call_keep", weight=1)
def call_keep(world: World, r: Random) -> None:
    world.expect("rm_call_keep", out(r), right={REENTRANT})


@calls("rm_call_tag", weight=1)
def call_tag(world: World, r: Random) -> None:
    world.expect("rm_call_tag", out(r), right={REENTRANT})


@calls("rm_call_cancelled", weight=1)
def call_cancelled(world: World, r: Random) -> None:
    world.expect("rm_call_cancelled", out(r, ctypes.c_uint32), right={REENTRANT})
