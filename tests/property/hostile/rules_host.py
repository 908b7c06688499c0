"""Rules for hosts and the threads that they lend."""

from __future__ import annotations

import ctypes
from random import Random

from remotemedia._engine import _abi

from .arguments import NULL, OK, UNSUPPORTED, WRONG, numbers, out, seldom, struct
from .host import HIRES, HostScript
from .model import HOST, RUNTIME, Host
from .rules import calls
from .world import World

STATE = _abi.RM_ERR_STATE


@calls("rm_host_new", weight=3)
def host_new(world: World, r: Random) -> None:
    if len(world.all(HOST)) >= 4:
        return
    handle, runtime = world.handle(r, RUNTIME)
    script = HostScript(world, r.getrandbits(32), r.choice(HIRES), table=r.randrange(3) == 0)
    callbacks = script.callbacks()
    faults: set[int] = set()
    if seldom(r, 10):
        name = r.choice(["retain", "release"])
        setattr(callbacks, name, type(getattr(callbacks, name))())
        faults.add(NULL)
    if script.table and seldom(r, 6):
        faults.add(spoil_table(r, script))
    made, place = struct(r, callbacks, first=_abi.rm_host_callbacks.pack_object.offset), out(r)
    made.faults |= faults
    if made.readable:
        world.register(script)
    if world.expect("rm_host_new", handle, made, place) == OK:
        script.handle = place.result
        world.add(Host(HOST, place.result, runtime=runtime, script=script))
    elif made.readable:
        world.eventually(lambda: script.destroyed == 1, lambda: f"a host was destroyed {script.destroyed} times")


def spoil_table(r: Random, script: HostScript) -> int:
    """Something that is wrong with an object table."""
    table = script._table
    match r.randrange(4):
        case 0:
            table.struct_size = r.choice([0, 12, ctypes.sizeof(table) + 1, 2**32 - 1])
            return WRONG
        case 1:
            table.reserved = 1
            return UNSUPPORTED
        case 2:
            table.none = None
        case _:
            name = r.choice(["enter", "leave", "retain", "release", "call", "clear"])
            setattr(table, name, type(getattr(table, name))())
    return NULL


@calls("rm_host_free", weight=1)
def host_free(world: World, r: Random) -> None:
    handle, host = world.handle(r, HOST, optional=True)
    if host and not seldom(r, 6):
        return
    if host:
        world.forget(HOST, host.handle)
    world.expect("rm_host_free", handle)


@calls("rm_pump", weight=4)
def pump(world: World, r: Random) -> None:
    handle, host = world.handle(r, HOST)
    budget, fault = numbers(r, [0, 1, 100_000], (-1, WRONG), (-(2**63), WRONG))
    right = {OK, _abi.RM_MORE} if not host or host.script.hires != "lends none" else {STATE}
    if fault:
        handle.faults |= fault
    elif host and host.script.hires in ("pumps", "never comes", "refuses") and seldom(r, 4):
        # As long as one may, once: it returns when there is nothing left.
        budget = 2**63 - 1 if host.script.hires == "refuses" else budget
    world.expect("rm_pump", handle, budget, right=right)


@calls("rm_worker_run", weight=1)
def worker_run(world: World, r: Random) -> None:
    """With a handle that cannot work it returns at once; with one that does, the host's own threads call it."""
    handle, host = world.handle(r, HOST)
    if host and host.script.hires != "lends none":
        return
    world.expect("rm_worker_run", handle, right={STATE})
