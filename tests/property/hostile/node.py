"""Nodes: callbacks that fail in every way, by a seed."""

from __future__ import annotations

import ctypes
import threading
import time
from random import Random
from typing import Any

from remotemedia._engine import _abi

from . import packets, thunks
from .model import BUFFER, COMPLETION, OK, Buffer, Thing, Wrong
from .thunks import Raised, Registration

REENTRANT = _abi.RM_ERR_REENTRANT

TAME = ("ok", "emit", "emit many", "more", "keep")
WILD = TAME + (
    "emit wrong",
    "error",
    "told error",
    "unknown status",
    "pending without completion",
    "later",
    "at once",
    "by a thread",
    "twice",
    "deferred but done",
    "raise",
    "call back in",
    "free oneself",
    "cancel",
    "slow",
)
MOST_MORE = 5
"""How often in a row a node asks to be called again: for ever would be too long."""


class NodeScript(Registration):
    """What a node does in its callbacks. Whether it is called as it must be, it sees itself."""

    def __init__(self, world: Any, seed: int, wild: bool, host: Any = None) -> None:
        super().__init__(world)
        self.random = Random(seed)
        self.wild = wild
        self.host = host
        self.handle = 0
        self.inside = False
        self.ready = 0
        # Whether objects are called instead for its life, so that it cannot know.
        self.lives_by_objects = False
        self.more = 0
        self.calls = 0

    def callbacks(self, source: bool) -> _abi.rm_node_callbacks:
        callbacks = _abi.rm_node_callbacks(
            flags=_abi.RM_NODE_SOURCE if source else 0,
            user_data=self.number,
            destroy=thunks.node_destroy,
            initialize=thunks.node_initialize,
            process=thunks.node_process,
            resume=thunks.node_resume,
            flush=thunks.node_flush,
            cleanup=thunks.node_cleanup,
        )
        # Nobody need have all of them.
        for name in ("initialize", "flush", "cleanup"):
            if self.wild and self.random.randrange(6) == 0 and name == "flush":
                setattr(callbacks, name, type(getattr(callbacks, name))())
        return callbacks

    # Callbacks

    def initialize(self) -> int:
        # A host that lends no thread just now may not be called for the cleanup before.
        self.ready = 1 if self.host and self.host.hires != "lends none" else self.ready + 1
        return self.call("initialize", None)

    def process(self, packet: Any) -> int:
        return self.call("process", packet)

    def resume(self) -> int:
        return self.call("resume", None)

    def flush(self) -> int:
        return self.call("flush", None)

    def cleanup(self) -> int:
        try:
            return self.call("cleanup", None)
        finally:
            self.ready -= 1

    def call(self, callback: str, packet: Any) -> int:
        if self.inside:
            raise Wrong(f"two calls of a node at once, the second {callback}")
        if self.ready != 1 and not self.lives_by_objects:
            raise Wrong(f"{callback} of a node that is initialised {self.ready} times")
        self.inside, self.calls = True, self.calls + 1
        try:
            return self.do(callback, packet, self.random.choice(WILD if self.wild else TAME))
        finally:
            self.inside = False

    def do(self, callback: str, packet: Any, what: str) -> int:
        makes = callback not in ("initialize", "cleanup")
        match what:
            case "emit":
                self.emit(callback, makes)
            case "emit many":
                for _ in range(self.random.randrange(2, 6)):
                    self.emit(callback, makes)
            case "more" if self.more < MOST_MORE and makes:
                self.more += 1
                self.emit(callback, makes)
                return _abi.RM_MORE
            case "keep":
                self.keep(callback, packet)
            case "emit wrong":
                self.emit(callback, makes, wrong=True)
            case "error":
                return self.random.choice([-1, -2, -4, -22, -100, -101, -102, -200, -201, -202, -300, -301])
            case "told error":
                self.fail(callback)
                return self.random.choice([_abi.RM_ERR_NODE, _abi.RM_ERR_INPUT])
            case "unknown status":
                return self.random.choice([3, 4, 99, 2**31 - 1, -(2**31), -9999, -19])
            case "raise":
                raise Raised(callback)
            case "call back in":
                self.call_back_in(callback)
            case "free oneself":
                self.world.free_shared(self.handle)
            case "cancel":
                self.cancel()
            case "slow":
                time.sleep(0.001)
            case "pending without completion":
                return _abi.RM_PENDING
            case "later" | "at once" | "by a thread" | "twice" | "deferred but done":
                return self.defer(callback, what)
        self.more = 0
        return OK

    # What they do

    def emit(self, callback: str, makes: bool, wrong: bool = False) -> None:
        packet = packets.packet(self.world, self.random, inside=self, right=not wrong)
        right = {OK} if makes else {REENTRANT}
        self.world.expect("rm_call_emit", packet, right=right, words=f"in {callback}")

    def keep(self, callback: str, packet: Any) -> None:
        """Keeps what it was given, for the program to read and free."""
        place = ctypes.c_uint64()
        is_object = packet and packet.contents.kind == _abi.RM_KIND_OBJECT
        right = {REENTRANT} if not packet else {_abi.RM_ERR_UNSUPPORTED} if is_object else {OK}
        if self.world.expect("rm_call_keep", ctypes.byref(place), right=right, words=f"in {callback}") == OK:
            self.world.add(Buffer(BUFFER, place.value))

    def fail(self, callback: str) -> None:
        for _ in range(self.random.randrange(1, 5)):
            self.say_why(callback)

    def say_why(self, callback: str) -> None:
        host = self.host
        item = host.new_object() if host and self.random.randrange(2) else None
        why = (b"why", 3, OK)
        message = self.random.choice([why, why, why, (None, 3, _abi.RM_ERR_NULL), (b"\xff", 1, _abi.RM_ERR_UTF8)])
        status = self.world.engine.call("rm_call_fail", *message[:2], item, words=f"in {callback}")
        if status != message[2]:
            raise Wrong(f"rm_call_fail answered {status} instead of {message[2]}")

    def cancel(self) -> None:
        tag = ctypes.c_uint64()
        if self.world.engine.call("rm_call_tag", ctypes.byref(tag), words="in a callback") != OK:
            raise Wrong("rm_call_tag is refused in a callback")
        session = self.world.by_number.get(tag.value)
        if session:
            self.world.engine.call("rm_session_cancel", session.handle, words="from a callback")
        over = ctypes.c_uint32(7)
        self.world.engine.call("rm_call_cancelled", ctypes.byref(over), words="in a callback")
        if over.value not in (0, 1):
            raise Wrong(f"rm_call_cancelled says {over.value}")

    def defer(self, callback: str, what: str) -> int:
        place = ctypes.c_uint64()
        status = self.world.engine.call("rm_call_defer", ctypes.byref(place), words=f"in {callback}")
        if status != OK:
            raise Wrong(f"rm_call_defer answered {status} in {callback}")
        completion = Thing(COMPLETION, place.value)
        self.world.add(completion)
        if what == "at once":
            self.world.finish(completion, self.random.choice([OK, OK, _abi.RM_MORE]) if self.more < 3 else OK)
        elif what == "twice":
            self.world.finish(completion, OK)
            again = self.world.engine.call("rm_completion_finish", completion.handle, OK, None, words="again")
            if again != _abi.RM_ERR_BAD_HANDLE:
                raise Wrong(f"a completion that was used answered {again}")
        elif what == "by a thread":
            threading.Thread(target=self.world.finish, args=(completion, OK), daemon=True).start()
        return OK if what == "deferred but done" else _abi.RM_PENDING

    def call_back_in(self, callback: str) -> None:
        """Calls that cannot work in a callback, and some that can."""
        world, r = self.world, self.random
        name, values, right = r.choice(
            [
                ("rm_worker_run", (self.host.handle if self.host else 0,), None),
                ("rm_pump", (self.host.handle if self.host else 0, 0), None),
                ("rm_call_part", (b"x", 1), {REENTRANT}),
                ("rm_node_free", (0,), {OK}),
                ("rm_log_set_levels", (b"warn", 4), {OK}),
                ("rm_session_wait", (0x0500_0000_7777_7777, -1), {_abi.RM_ERR_BAD_HANDLE}),
                ("rm_pipeline_new", (0x0100_0000_7777_7777, None), {_abi.RM_ERR_BAD_HANDLE, _abi.RM_ERR_NULL}),
                ("rm_buffer_free", (world.dead_handle(r, BUFFER),), {_abi.RM_ERR_BAD_HANDLE}),
            ]
        )
        status = world.engine.call(name, *values, words=f"from {callback}")
        # A host may be gone by now, or lend no threads.
        right = right or {REENTRANT, _abi.RM_ERR_BAD_HANDLE, _abi.RM_ERR_STATE}
        if status not in right:
            raise Wrong(f"{name} answered {status} in {callback}")
        self.wait_for_oneself(callback)

    def wait_for_oneself(self, callback: str) -> None:
        """Waits for the session that waits for this very call: it must not hang."""
        tag = ctypes.c_uint64()
        self.world.engine.call("rm_call_tag", ctypes.byref(tag), words="in a callback")
        session = self.world.by_number.get(tag.value)
        if not session:
            return
        status = self.world.engine.call("rm_session_wait", session.handle, 10**10, words="from its own callback")
        allowed = {REENTRANT, _abi.RM_ERR_BAD_HANDLE, _abi.RM_ERR_CANCELLED} | session.endings()
        # Another session may have failed the node's calls and ended already.
        if status not in allowed | {OK}:
            raise Wrong(f"rm_session_wait for the own session answered {status} in {callback}")
