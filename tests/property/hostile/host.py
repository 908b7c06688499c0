"""Hosts: what they do when they are called, and the references to their objects, each of which is accounted for."""

from __future__ import annotations

import threading
from collections import Counter
from random import Random
from typing import Any

from remotemedia._engine import _abi

from . import thunks
from .model import NODE, OK, Wrong, numbers
from .thunks import MARKS, Objects, Registration

HIRES = ("lends none", "lends threads", "lends one", "pumps", "refuses", "never comes")


class HostScript(Registration):
    """What a host does."""

    def __init__(self, world: Any, seed: int, hires: str, table: bool) -> None:
        super().__init__(world)
        self.random = Random(seed)
        self.hires = hires
        self.table = table
        self.handle = 0
        self.lock = threading.Lock()
        self.given: Counter[int] = Counter()
        """How many references to each object the library has."""
        self.threads: list[threading.Thread] = []
        self.imports = 0

    def callbacks(self) -> _abi.rm_host_callbacks:
        callbacks = _abi.rm_host_callbacks(
            user_data=self.number,
            destroy=thunks.host_destroy,
            retain=thunks.host_retain,
            release=thunks.host_release,
            export_object=thunks.host_export,
            import_packet=thunks.host_import,
            parallel=2,
        )
        if self.hires != "lends none":
            callbacks.hire = thunks.host_hire
        if self.table:
            self._table = _abi.rm_object_table(
                enter=thunks.table_enter,
                leave=thunks.table_leave,
                retain=thunks.table_retain,
                release=thunks.table_release,
                call=thunks.table_call,
                clear=thunks.table_clear,
                fetch=thunks.table_fetch,
                normalize=thunks.table_normalize,
                set_trace=thunks.table_set_trace,
                fail=thunks.FAIL,
                type_of=thunks.table_type_of,
                **MARKS,
            )
            self._table.struct_size = _abi.ctypes.sizeof(_abi.rm_object_table)
            callbacks.objects = _abi.ctypes.pointer(self._table)
        return callbacks

    # Objects

    def new_object(self) -> int:
        """An object, of which the library is about to be given a reference."""
        number = next(numbers) << 4
        Objects.hosts[number] = self
        self.retain(number)
        return number

    def retain(self, item: int) -> None:
        with self.lock:
            self.given[item] += 1

    def release(self, item: int) -> None:
        if Objects.hosts.get(item) is Uncounted:  # the type of a node's outputs, when the node goes
            return
        with self.lock:
            self.given[item] -= 1
            left = self.given[item]
        if left < 0:
            raise Wrong(f"a reference to the object {item} was given back that the library never had")
        if self.random.randrange(3) == 0:
            self.talk()

    def talk(self) -> None:
        """What giving back a reference may do besides: run code of the language, which may use the library."""
        engine, number = self.world.engine, _abi.ctypes.c_uint64()
        status = engine.call("rm_call_fail", b"let go", 6, None, words="in release")
        if status != engine.call("rm_call_tag", _abi.ctypes.byref(number), words="in release") and status != OK:
            raise Wrong(f"rm_call_fail answered {status} in release")
        engine.call("rm_call_emit", None, words="in release")

    def leaked(self) -> int:
        with self.lock:
            return sum(self.given.values())

    def call(self, item: int, argument: int) -> int | None:
        """What an object answers that is called."""
        choice = self.random.randrange(10)
        if choice < 5:
            return self.new_object()
        if choice == 5:
            return None
        if choice == 6:
            if argument not in MARKS.values():
                self.retain(argument)
            return argument
        # Marks are owned by nobody, and so are counted by nobody.
        return MARKS[self.random.choice(["none", "done", "failed", "pending", "none"])]

    def export(self, item: int, kinds: int, packet: Any) -> int:
        """Turns an object into data, or not, or into what was not asked for."""
        choice = self.random.randrange(8)
        if choice == 0:
            return _abi.RM_ERR_INPUT
        if choice == 1:
            self.world.engine.call("rm_call_fail", b"no export", 9, None, words="in export")
            return _abi.RM_ERR_NODE
        if choice == 2:
            return 4711
        filled = packet.contents
        filled.kind, filled.data, filled.size = _abi.RM_KIND_TEXT, self.world.memory.address, 5
        if choice == 3:
            filled.kind = 4711
        return OK

    def take_in(self, packet: Any, place: Any) -> int:
        """Makes an object of a packet, or not."""
        self.imports += 1
        if packet.contents.buffer:
            self.world.free_given(packet.contents.buffer)
        if packet.contents.object:
            self.release(packet.contents.object)
        choice = self.random.randrange(8)
        if choice == 0:
            return _abi.RM_ERR_INPUT
        if choice == 1:
            return OK
        place[0] = self.new_object()
        return 4711 if choice == 2 else OK

    # Threads

    def hire(self) -> int:
        """Lends a thread, or says that it does."""
        match self.hires:
            case "lends threads":
                self.lend()
            case "lends one" if not self.threads:
                self.lend()
            case "refuses":
                return 4711
        return OK

    def lend(self) -> None:
        thread = threading.Thread(target=self.work, daemon=True)
        self.threads.append(thread)
        thread.start()

    def work(self) -> None:
        # The handle is not known before `rm_host_new` has returned, and may be dead when the thread comes.
        for _ in range(1000):
            if self.handle or self.destroyed:
                break
            threading.Event().wait(0.001)
        status = self.world.engine.call("rm_worker_run", self.handle, words=f"live, {self.hires}")
        if status not in (OK, _abi.RM_ERR_BAD_HANDLE):
            self.world.wrong.append(Wrong(f"rm_worker_run of a host that lends threads answered {status}"))

    def failures(self) -> frozenset[int]:
        """What its nodes fail with besides what they do themselves."""
        lost = {_abi.RM_ERR_NODE, _abi.RM_ERR_INPUT}
        return frozenset(lost | ({_abi.RM_ERR_STATE} if self.hires != "lends none" else set()))


class Uncounted:
    """Whom the marks belong to, and what stands for errors and types."""

    @staticmethod
    def retain(item: int) -> None:
        pass

    @staticmethod
    def release(item: int) -> None:
        pass

    @staticmethod
    def call(item: int, argument: int) -> int:
        """Told of an error, which it keeps to itself."""
        return MARKS["failed"]


Objects.hosts.update(dict.fromkeys([*MARKS.values(), thunks.KIND, thunks.ERROR, thunks.TRACE, thunks.FAIL], Uncounted))


class TypeScript(Registration):
    """A type of node: makes one, or none, or something else."""

    def __init__(self, world: Any, seed: int) -> None:
        super().__init__(world)
        self.random = Random(seed)
        self.wild = self.random.randrange(2) == 0

    def callbacks(self) -> _abi.rm_type_callbacks:
        return _abi.rm_type_callbacks(user_data=self.number, destroy=thunks.type_destroy, create=thunks.type_create)

    def create(self, name: int, size: int, parameters: int, parameters_size: int, place: Any) -> int:
        choice = self.random.randrange(9) if self.wild else 9
        if choice == 0:
            return OK
        if choice == 1:
            self.world.engine.call("rm_call_fail", b"no node", 7, None, words="in create")
            return _abi.RM_ERR_PARAMETERS
        if choice == 2:
            place[0] = 0x0300_0000_7777_7777
            return OK
        node = self.world.new_node(self.random.randrange(2**32), wild=False)
        place[0] = node.handle
        # The library takes it over, whatever the answer is.
        self.world.forget(NODE, node.handle)
        return 4711 if choice == 3 else OK


class HookScript(Registration):
    """The hooks of a runtime's threads."""

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.running = 0
        self.lock = threading.Lock()

    def hooks(self) -> _abi.rm_thread_hooks:
        hooks = _abi.rm_thread_hooks(
            user_data=self.number,
            destroy=thunks.hooks_destroy,
            on_start=thunks.hooks_start,
            on_stop=thunks.hooks_stop,
        )
        hooks.struct_size = _abi.ctypes.sizeof(hooks)
        return hooks

    def start(self) -> None:
        with self.lock:
            self.running += 1

    def stop(self) -> None:
        with self.lock:
            self.running -= 1
        if self.running < 0:
            raise Wrong("a thread has ended that never began")


class Events(Registration):
    """What a session tells."""

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.told: Counter[int] = Counter()

    def event(self, event: int) -> None:
        self.told[event] += 1
        if self.told[_abi.RM_EVENT_ENDED] > 1 or (event != _abi.RM_EVENT_ENDED and self.told[_abi.RM_EVENT_ENDED]):
            raise Wrong(f"event {event} was told after the end of the session")


class BufferScript(Registration):
    """Memory of the program's that the library gives back."""


class ProcessScript(Registration):
    """A process that is never started by itself, or starts and is none."""

    def pack(self) -> int:
        self.world.engine.call("rm_call_part", b"part", 4, words="in pack")
        return OK
