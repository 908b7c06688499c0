"""Rules for runtimes, types of nodes, plugins, and what belongs to the whole process."""

from __future__ import annotations

import ctypes
from random import Random

from remotemedia._engine import _abi

from .arguments import NULL, OK, UNSUPPORTED, WRONG, out, pick, room, seldom, struct, text
from .host import HookScript, TypeScript
from .model import RUNTIME, Runtime, Wrong
from .rules import calls
from .world import PATIENCE, World


@calls("rm_runtime_new", weight=2)
def runtime_new(world: World, r: Random) -> None:
    if len(world.all(RUNTIME)) >= 3:
        return
    faults: set[int] = set()
    config = _abi.rm_runtime_config(abi_version=_abi.RM_ABI_VERSION, threads=pick(r, 0, 1, 3))
    match r.randrange(24):
        case 0:
            config.abi_version = pick(r, 0x7FFF_0000, 0x0001_0000, 2**32 - 1)
            faults.add(_abi.RM_ERR_VERSION)
        case 1:
            config.reserved = pick(r, 1, 2**32 - 1)
            faults.add(UNSUPPORTED)
        case 2:
            config.worker, config.worker_size = None, 7
            faults.add(NULL)
        case 3:
            config.worker, config.worker_size = world.memory.at(b"\0" * 64), 3
            faults.add(WRONG)
        case 4:
            config.worker, config.worker_size = world.memory.at(b"\xff\xfe"), 2
            faults.add(_abi.RM_ERR_UTF8)
    hooks = HookScript(world) if r.randrange(2) else None
    if hooks:
        kept = hooks.hooks()
        config.hooks = ctypes.pointer(kept)
    first = _abi.rm_runtime_config.worker.offset
    made, place = struct(r, config, first=first), out(r)
    if made.words == "an older struct":
        # What it does not know of it cannot get wrong.
        faults -= {NULL, WRONG, _abi.RM_ERR_UTF8}
    made.faults |= faults
    status = world.expect("rm_runtime_new", made, place)
    if hooks and made.readable and made.words not in ("an older struct", "a later struct that asks for more"):
        world.register(hooks)
    if status == OK:
        world.add(Runtime(RUNTIME, place.result))


@calls("rm_runtime_shutdown", weight=1)
def runtime_shutdown(world: World, r: Random) -> None:
    handle, runtime = world.handle(r, RUNTIME)
    if runtime and not seldom(r, 12):
        return
    place = pick(r, None, ctypes.byref(ctypes.c_uint32()))
    patience = pick(r, PATIENCE * 10**9, 0, 1)
    if runtime:
        runtime.shut = True
    right = {OK, _abi.RM_ERR_TIMEOUT} if patience < 10**9 else {OK}
    world.expect("rm_runtime_shutdown", handle, patience, place, right=right)


@calls("rm_runtime_free", weight=1)
def runtime_free(world: World, r: Random) -> None:
    handle, runtime = world.handle(r, RUNTIME, optional=True)
    if runtime and not seldom(r, 12):
        return
    if runtime:
        runtime.shut = True
        world.forget(RUNTIME, runtime.handle)
    world.expect("rm_runtime_free", handle)


@calls("rm_runtime_types", weight=1)
def runtime_types(world: World, r: Random) -> None:
    handle, runtime = world.handle(r, RUNTIME)
    space = room(r)
    if world.expect("rm_runtime_types", handle, space) == OK and space.length.value < 10:
        raise Wrong("a runtime has hardly any types")


TYPES = ["Mine", "Yours", "MineNode", "Ω"]


@calls("rm_runtime_add_type", weight=2)
def runtime_add_type(world: World, r: Random) -> None:
    handle, runtime = world.handle(r, RUNTIME)
    name = text(r, *TYPES)
    script = TypeScript(world, r.getrandbits(32))
    callbacks = script.callbacks()
    faults: set[int] = set()
    if seldom(r):
        callbacks.reserved = 1
        faults.add(UNSUPPORTED)
    if seldom(r):
        callbacks.create = type(callbacks.create)()
        faults.add(NULL)
    if not name.faults and not name.text:
        faults.add(WRONG)
    made = struct(r, callbacks, first=_abi.rm_type_callbacks.create_process.offset)
    made.faults |= faults
    if made.readable:
        world.register(script)
    if world.expect("rm_runtime_add_type", handle, name, made) == OK:
        runtime.types.add(name.text)
    elif made.readable and script.destroyed != 1:
        raise Wrong(f"a type that was refused was destroyed {script.destroyed} times")


@calls("rm_runtime_load_plugin", weight=1)
def runtime_load_plugin(world: World, r: Random) -> None:
    handle, _ = world.handle(r, RUNTIME)
    path = text(r, "/nonexistent/plugin.so", "/dev/null", "/", "plugin", "/etc/passwd")
    right = {_abi.RM_ERR_PLUGIN, WRONG}
    if not path.faults:
        right = {WRONG} if not path.text or "\0" in path.text else {_abi.RM_ERR_PLUGIN}
    world.expect("rm_runtime_load_plugin", handle, path, right=right)


@calls("rm_abi_version", weight=1)
def abi_version(world: World, r: Random) -> None:
    if world.engine.call("rm_abi_version") != _abi.RM_ABI_VERSION:
        raise Wrong("the library is of another version than the header")


@calls("rm_version", weight=1)
def version(world: World, r: Random) -> None:
    space = room(r)
    if world.expect("rm_version", space) == OK and space.length.value != len(_abi.VERSION):
        raise Wrong("the version is of another length")


@calls("rm_last_error", weight=1)
def last_error(world: World, r: Random) -> None:
    world.expect("rm_last_error", room(r))


@calls("rm_debug_live", weight=1)
def debug_live(world: World, r: Random) -> None:
    world.expect("rm_debug_live", pick(r, 0, 1, 9, 10, 200, 255), out(r))


@calls("rm_log_drain", weight=2)
def log_drain(world: World, r: Random) -> None:
    record = struct(r, _abi.rm_log_record(), written=True)
    space = ctypes.create_string_buffer(1024)
    capacity = pick(r, 0, 1, 1024)
    memory = pick(r, (space, capacity), (None, 0), (None, 5))
    fault = frozenset({NULL}) if memory == (None, 5) else frozenset()
    # Whether there is something to be taken, only a look at it shows.
    right = {OK, _abi.RM_END}
    status = world.engine.call("rm_log_drain", *record.values, *memory, words=f"{record.words} {memory[1]}")
    if status not in (record.faults | fault or right) | ({_abi.RM_END} if not record.faults else set()):
        raise Wrong(f"rm_log_drain answered {status}")


@calls("rm_log_set_levels", weight=1)
def log_set_levels(world: World, r: Random) -> None:
    levels = text(r, "warn", "off", "info,session=debug,misuse=off", "loud", "misuse=", "=", "debug,,debug")
    known = {"warn", "off", "info,session=debug,misuse=off"}
    right = {OK} if levels.text in known else {WRONG} if levels.text in ("loud", "misuse=", "=") else {OK, WRONG}
    world.expect("rm_log_set_levels", levels, right=right)
    world.engine.call("rm_log_set_levels", b"warn", 4, words="back")
