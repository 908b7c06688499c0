"""A world: some objects of the library, the model of them, and calls whose answers are compared with it."""

from __future__ import annotations

import ctypes
import threading
import time
from random import Random
from typing import Any

from remotemedia._engine import _abi

from .arguments import BAD_HANDLE, OK, Argument, Out, seldom
from .engine import Engine, name_of
from .host import Events, HookScript
from .model import BUFFER, COMPLETION, HOST, KINDS, NODE, SERVICE, SESSION, Buffer, Node, Session, Thing, Wrong
from .node import NodeScript
from .packets import Memory
from .thunks import Registration

PATIENCE = 20
"""How many seconds what comes about by itself may take, on a machine that is busy."""

NEVER = frozenset({_abi.RM_ERR_PANIC, _abi.RM_ERR_POISONED, _abi.RM_ERR_FORKED})


class World:
    """Everything between the first call and the last."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.memory = Memory()
        self.lock = threading.RLock()
        self.things: dict[int, dict[int, Thing]] = {kind: {} for kind in KINDS}
        self.dead: list[int] = []
        self.wrong: list[BaseException] = []
        """What callbacks have found."""
        self.registrations: list[Registration] = []
        self.by_number: dict[int, Session] = {}
        self.before = {kind: engine.live(kind) for kind in KINDS}
        self.history: list[str] = []

    # The model

    def add(self, thing: Thing) -> None:
        with self.lock:
            self.things[thing.kind][thing.handle] = thing

    def forget(self, kind: int, handle: int) -> Thing | None:
        """Notes that a handle is dead."""
        with self.lock:
            thing = self.things[kind].pop(handle, None)
            if thing:
                self.dead.append(handle)
            return thing

    def all(self, kind: int) -> list[Any]:
        with self.lock:
            return list(self.things[kind].values())

    def is_live(self, handle: int) -> bool:
        with self.lock:
            return any(handle in things for things in self.things.values())

    def register(self, registration: Any) -> Any:
        with self.lock:
            self.registrations.append(registration)
        return registration

    def new_node(self, seed: int, wild: bool) -> Node:
        """A node of no host, made in a callback."""
        script = self.register(NodeScript(self, seed, wild))
        callbacks = script.callbacks(source=False)
        callbacks.struct_size = ctypes.sizeof(callbacks)
        place = ctypes.c_uint64()
        self.engine.call("rm_node_new", 0, ctypes.byref(callbacks), ctypes.byref(place), words="in create")
        node = Node(NODE, place.value, script=script)
        self.add(node)
        return node

    # Arguments

    def handle(self, r: Random, kind: int, optional: bool = False) -> tuple[Argument, Any]:
        """A handle and what it is the name of; or a wrong one, and nothing."""
        things = self.all(kind)
        if things and not seldom(r, 12):
            thing = r.choice(things)
            faults = frozenset({BAD_HANDLE}) if thing.shared and not self.is_live(thing.handle) else frozenset()
            return Argument((thing.handle,), faults, f"live {thing.phase}".strip()), thing
        if optional and r.randrange(2):
            return Argument((0,), words="none"), None
        value, words = self.wrong_value(r, kind, optional)
        return Argument((value,), frozenset({BAD_HANDLE}), words), None

    def wrong_value(self, r: Random, kind: int = 0, optional: bool = False) -> tuple[int, str]:
        """A number that is no handle of a kind."""
        with self.lock:
            others = [handle for of, things in self.things.items() if of != kind for handle in things if kind]
            mine = list(self.things.get(kind, ()))
        candidates = [
            (r.getrandbits(64) | 1 << 30, "random"),
            (2**64 - 1, "all bits"),
            (kind << 56 | 0x77777777, "forged"),
        ]
        if not optional and kind:
            candidates.append((0, "zero"))
        if self.dead:
            candidates += [(r.choice(self.dead), "dead")] * 3
        if others:
            candidates += [(r.choice(others), "of another kind")] * 2
        if mine:
            candidates.append((r.choice(mine) ^ 1 << 54, "of another generation"))
        value, words = r.choice(candidates)
        return (value, words) if not (kind and value in mine) else (2**64 - 1, "all bits")

    def wrong_handle(self, r: Random) -> int:
        """A number that is no handle of anything."""
        return r.choice(self.dead) if self.dead and r.randrange(2) else 0x2A00_0000_7777_7777

    def dead_handle(self, r: Random, kind: int) -> int:
        dead = [handle for handle in list(self.dead) if handle >> 56 == kind]
        return r.choice(dead) if dead else kind << 56 | 0x77777777

    def live_host(self, r: Random) -> Any:
        hosts = self.all(HOST)
        return r.choice(hosts).script if hosts else None

    def live_buffer(self, r: Random) -> Buffer | None:
        buffers = [buffer for buffer in self.all(BUFFER) if buffer.memory or buffer.ours or buffer.address]
        return r.choice(buffers) if buffers else None

    # Calls

    def expect(self, name: str, *arguments: Any, right: Any = frozenset({OK}), words: str = "") -> int:
        """Makes a call. What the arguments are wrong in it is refused for, else the status is one of `right`."""
        faults: set[int] = set()
        values: list[Any] = []
        said = [words] if words else []
        for argument in arguments:
            if isinstance(argument, Argument):
                faults |= argument.faults
                values += argument.values
                said += [argument.words] if argument.words else []
            else:
                values.append(argument)
        # Where several things are wrong, any of them may be told; what the call would be refused for anyhow as well.
        allowed = set(right) if not faults else faults | {status for status in right if status < 0}
        status = self.engine.call(name, *values, words=", ".join(said))
        self.history.append(f"{name}({', '.join(said)}) = {name_of(status)}")
        if status not in allowed or status in NEVER:
            expected = ", ".join(sorted(name_of(one) for one in allowed))
            why = self.engine.last_error()
            raise Wrong(f"{name}({', '.join(said)}) answered {name_of(status)} ({why!r}) instead of {expected}")
        if status < 0:
            for argument in arguments:
                if isinstance(argument, Out) and not argument.check():
                    raise Wrong(f"{name} failed and has written a result")
            if not name.startswith("rm_ring_try") and not self.engine.last_error():
                raise Wrong(f"{name} failed without a message")
        return status

    def free(self, kind: int, thing: Thing, words: str = "") -> int:
        """Ends a handle that is live, unless another thread is quicker."""
        name = f"rm_{KINDS[kind]}_free"
        if not self.forget(kind, thing.handle):
            return OK
        return self.expect(name, thing.handle, words=f"live {words or thing.phase}".strip())

    def free_given(self, handle: int) -> None:
        """Ends a buffer that the library has given."""
        if self.engine.call("rm_buffer_free", handle, words="given") != OK:
            raise Wrong("a buffer that was given is no live one")

    def free_shared(self, handle: int) -> None:
        """Ends the handle of a node, in a callback of the node itself."""
        if self.forget(NODE, handle) and self.engine.call("rm_node_free", handle, words="in its callback") != OK:
            raise Wrong("a node cannot be freed in its own callback")

    def finish(self, completion: Thing, status: int) -> None:
        """Gives an outcome, from any thread."""
        if not self.forget(COMPLETION, completion.handle):
            return
        answer = self.engine.call("rm_completion_finish", completion.handle, status, None, words="live")
        if answer not in FINISHED:
            self.wrong.append(Wrong(f"rm_completion_finish answered {name_of(answer)}"))

    # What holds at all times

    def check(self) -> None:
        """Whether there is what the model says, and nothing in callbacks was wrong."""
        self.report_wrong()
        for kind, name in KINDS.items():
            self.eventually(
                lambda kind=kind: self.engine.live(kind) - self.before[kind] == len(self.things[kind]),
                lambda kind=kind, name=name: (
                    f"the library has {self.engine.live(kind) - self.before[kind]} of kind {name}, the model "
                    f"{len(self.things[kind])}"
                ),
            )

    def report_wrong(self) -> None:
        if self.wrong:
            raise self.wrong[0]
        if Registration.strays:
            strays, Registration.strays[:] = list(Registration.strays), []
            raise Wrong(f"calls for what is gone: {strays}")

    def eventually(self, holds: Any, otherwise: Any, patience: float = PATIENCE) -> None:
        end, pause = time.monotonic() + patience, 0.0001
        while not holds():
            if time.monotonic() > end:
                raise Wrong(otherwise())
            time.sleep(pause)
            pause = min(pause * 2, 0.01)

    # The end

    def close(self, r: Random) -> None:
        """Ends everything, in any order, and looks whether anything is left."""
        sessions = self.all(SESSION)
        for session in sessions:
            self.expect("rm_session_cancel", session.handle)
            session.cancelled = True
        for host in self.all(HOST):
            self.free(HOST, host, "at the end")
        for session in sessions:
            self.eventually(
                lambda session=session: self.has_ended(session),
                lambda session=session: f"a session ({session.phase}) does not end",
            )
        kinds = [kind for kind in KINDS if kind not in (HOST, SERVICE)]
        r.shuffle(kinds)
        for kind in kinds:
            for thing in self.all(kind):
                self.free(kind, thing, "at the end")
        self.check_end()

    def has_ended(self, session: Session) -> bool:
        """Whether a session has ended; a cleanup that is pending waits for its completion."""
        for completion in self.all(COMPLETION):
            self.finish(completion, OK)
        right = session.endings() | {OK, _abi.RM_ERR_TIMEOUT}
        return self.expect("rm_session_wait", session.handle, 10**6, right=right) != _abi.RM_ERR_TIMEOUT

    def check_end(self) -> None:
        """Nothing is left: no handle, no reference, no registration, no thread."""
        self.check()
        for registration in self.registrations:
            self.eventually(
                lambda registration=registration: registration.destroyed == 1 or isinstance(registration, Events),
                lambda registration=registration: (
                    f"{type(registration).__name__} {registration.number} was destroyed {registration.destroyed} times"
                ),
            )
            if isinstance(registration, HookScript) and registration.running:
                raise Wrong(f"{registration.running} threads have not told their end")
            self.check_host(registration)
            Registration.by_number.pop(registration.number, None)
        self.report_wrong()

    def check_host(self, registration: Any) -> None:
        if not hasattr(registration, "leaked"):
            return
        self.eventually(
            lambda: registration.leaked() == 0,
            lambda: f"{registration.leaked()} references to objects of a host ({registration.hires}) are left",
        )
        for thread in registration.threads:
            thread.join(PATIENCE)
            if thread.is_alive():
                raise Wrong("rm_worker_run has not returned, though its host is gone")


FINISHED = frozenset({OK, BAD_HANDLE, _abi.RM_ERR_CANCELLED, _abi.RM_ERR_STATE}) | {
    _abi.RM_ERR_NODE,
    _abi.RM_ERR_INPUT,
    _abi.RM_ERR_ARGUMENT,
    _abi.RM_ERR_DEADLINE,
    _abi.RM_ERR_MEMORY,
    _abi.RM_ERR_PARAMETERS,
}
"""What giving an outcome may answer: the session may be over, and how."""
