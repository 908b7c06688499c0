"""The engine of this process: one runtime, Python as its host, and the threads that Python lends."""

from __future__ import annotations

import atexit
import ctypes
import itertools
import threading
from typing import TYPE_CHECKING, Any

from ..core.ports import route
from . import _abi, clips, log, packets, parcels
from .adapter import CALLER, Adapter, DirectAdapter, NodeAdapter, PendingCall, PortAdapter, SourceAdapter
from .ends import Ends
from .errors import check, encoded
from .library import library, quick
from .loop import LoopThread, interrupt
from .objects import DONE, FAILED, MORE, PENDING, Mark, choose
from .parts import give
from .process import ProcessAdapter, Processes, worker_command

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .handover import Handover
    from .session import EngineSession

_STATUS = {DONE: _abi.RM_OK, MORE: _abi.RM_MORE, PENDING: _abi.RM_PENDING, FAILED: _abi.RM_ERR_NODE}
_WORKERS_AT_START = 2
_EXIT_PATIENCE_NS = 1_000_000_000


class Engine:
    """The engine of this process, as Python sees it."""

    def __init__(self) -> None:
        self.objects = choose()
        self.runs: dict[int, EngineSession] = {}
        self.adapters: dict[int, Adapter] = {}
        self._left_behind: dict[int, Adapter] = {}
        self._keys = itertools.count(1)
        self._shared: dict[tuple[int, bool], Shared] = {}
        self._lock = threading.Lock()
        self.closing = False
        self.linger = 0
        """For how long a run is looked out for before it is waited for, in nanoseconds; none while runs take longer."""
        self._workers: list[threading.Thread] = []
        self._own_loop: LoopThread | None = None
        # What the creation of nodes by type, in a call of this thread, has come to.
        self.creation = threading.local()
        self.processes = Processes(self)
        self.runtime = self._new_runtime()
        self.host = self._new_host()
        # One or none. Without a lock, which a fork could leave taken for ever.
        self._spare = {"ends": Ends(self)}
        for _ in range(_WORKERS_AT_START):
            self._lend_worker()
        atexit.register(self._close)

    # The runtime and its threads

    def _new_runtime(self) -> int:
        config = _abi.rm_runtime_config()
        config.struct_size = ctypes.sizeof(config)
        config.abi_version = _abi.RM_ABI_VERSION
        command = worker_command()
        config.worker, config.worker_size = _address(command), len(command)
        handle = ctypes.c_uint64()
        check(library.rm_runtime_new(config, handle))
        return handle.value

    def _new_host(self) -> int:
        callbacks = _abi.rm_host_callbacks()
        callbacks.struct_size = ctypes.sizeof(callbacks)
        callbacks.parallel = 1
        # Kept, because the library calls them for as long as the process lives.
        self._host_functions = {
            "hire": _abi.rm_host_callbacks_hire(self._on_hire),
            "retain": _abi.rm_host_callbacks_retain(self._on_retain),
            "release": _abi.rm_host_callbacks_release(self._on_release),
            "export_object": _abi.rm_host_callbacks_export_object(self._on_export),
            "import_packet": _abi.rm_host_callbacks_import_packet(self._on_import),
            "pack_object": _abi.rm_host_callbacks_pack_object(self._on_pack),
            "unpack_object": _abi.rm_host_callbacks_unpack_object(self._on_unpack),
        }
        self._node_functions = {
            "initialize": _abi.rm_node_callbacks_initialize(self._on_initialize),
            "process": _abi.rm_node_callbacks_process(self._on_process),
            "resume": _abi.rm_node_callbacks_resume(self._on_resume),
            "flush": _abi.rm_node_callbacks_flush(self._on_flush),
            "cleanup": _abi.rm_node_callbacks_cleanup(self._on_cleanup),
        }
        self.event_function = _abi.rm_session_config_on_event(self._on_event)
        self._create_functions = (
            _abi.rm_type_callbacks_create(self._on_create),
            _abi.rm_type_callbacks_create_process(self._on_create_process),
        )
        table = self.objects.table
        # With a table the library calls the objects themselves.
        life = ("initialize", "flush", "cleanup") if table is None else ()
        self._life = self._callbacks("process", "resume", *life)
        self._no_life = self._callbacks("process", "resume")
        for name, function in self._host_functions.items():
            setattr(callbacks, name, function)
        if table is not None:
            # They are functions of modules, which stay, but for one.
            self._put_together = self._on_parts
            table.pack, table.unpack, table.unpack_parts = id(parcels.pack), id(parcels.unpack), id(self._put_together)
            table.read_audio, table.write_audio = id(clips.read), id(clips.write)
            # Not so a method, which is another object each time that it is asked for.
            self._fail = self.fail
            table.fail = id(self._fail)
            callbacks.objects = ctypes.pointer(table)
        handle = ctypes.c_uint64()
        check(library.rm_host_new(self.runtime, callbacks, handle))
        return handle.value

    def _callbacks(self, *names: str) -> _abi.rm_node_callbacks:
        """A table of some of the callbacks, to be copied: filling one takes longer than copying it."""
        callbacks = _abi.rm_node_callbacks()
        callbacks.struct_size = ctypes.sizeof(callbacks)
        callbacks.accepts = callbacks.emits = 1 << _abi.RM_KIND_OBJECT
        for name in names:
            setattr(callbacks, name, self._node_functions[name])
        return callbacks

    def _lend_worker(self) -> None:
        # Daemons: threads that are not would be waited for before the exit handlers can let them go.
        worker = threading.Thread(target=library.rm_worker_run, args=(self.host,), name="remotemedia", daemon=True)
        worker.start()
        self._workers.append(worker)

    def _on_hire(self, _: int | None) -> int:
        try:
            self._lend_worker()
            return _abi.RM_OK
        except BaseException:  # no thread to be had, or the interpreter is closing
            return _abi.RM_ERR_STATE

    def _close(self) -> None:
        """At exit: no call enters Python any more, and those inside get a moment to return."""
        self.closing = True
        stuck = ctypes.c_uint32()
        if library.rm_runtime_shutdown(self.runtime, _EXIT_PATIENCE_NS, stuck) == _abi.RM_ERR_TIMEOUT:
            # A call that loops in Python is interrupted; one that blocks in C sleeps on until the process is gone.
            for worker in self._workers:
                interrupt(worker)
            library.rm_runtime_shutdown(self.runtime, _EXIT_PATIENCE_NS, stuck)
        log.drain()
        # After the nodes, because their cleanup may need it.
        with self._lock:
            if self._own_loop is not None:
                self._own_loop.close(_EXIT_PATIENCE_NS / 1e9)

    def own_loop(self) -> Handover:
        """The way onto the event loop for callers that have none, started at its first use."""
        with self._lock:
            if self._own_loop is None:
                self._own_loop = LoopThread()
            return self._own_loop.handover

    # Nodes

    def share(self, node: Any, managed: bool = False, source: bool = False) -> Shared:
        """What the library knows a node by, the same in every run that it is in at a time; `unshare` ends it.

        Args:
            node: The node.
            managed: Somebody else initialises it and cleans it up.
            source: It makes its own data, whatever it says of itself.
        """
        with self._lock:
            place = id(node), source
            shared = self._shared.get(place)
            if shared is None:
                adapter = adapt(self, node, source)
                shared = self._shared[place] = Shared(place, adapter, *self.new_node(adapter))
            if managed:
                shared.adapter.managed = True
            shared.uses += 1
            return shared

    def unshare(self, shared: Shared) -> None:
        """Ends what `share` gave."""
        with self._lock:
            shared.uses -= 1
            if shared.uses:
                return
            del self._shared[shared.place]
            # `shared` keeps what it was until the lock is free.
            self._forget(shared.key)
        # With its frames it would keep the node.
        shared.adapter.failure = None
        quick.rm_node_free(shared.handle)

    def is_source(self, key: int) -> bool:
        """Whether the adapter of a key makes data by itself; no longer once it is forgotten."""
        adapter = self.adapters.get(key)
        return adapter is not None and adapter.is_source

    def forget(self, key: int) -> None:
        """Lets an adapter go that is not called any more, but for the cleanup of a node that a session has left behind.

        Not left to the library's `destroy`: that could come on any thread, also when the interpreter is closing.
        """
        with self._lock:
            # It goes outside of the lock: its node may do anything then.
            adapter = self._forget(key)
        del adapter

    def _forget(self, key: int) -> Adapter | None:
        adapter = self.adapters.pop(key, None)
        if adapter is not None and adapter.is_live:
            self._left_behind[key] = adapter
        return adapter

    def new_node(self, adapter: Adapter) -> tuple[int, int]:
        """A node of the library that calls an adapter: its handle, and the key to `forget` the adapter by."""
        key = next(self._keys)
        self.adapters[key] = adapter
        if isinstance(adapter, ProcessAdapter):
            return self.processes.new_node(adapter, key), key
        template = self._life if adapter.has_life else self._no_life
        callbacks = _abi.rm_node_callbacks.from_buffer_copy(template)
        callbacks.user_data = key
        callbacks.flags = adapter.is_source * _abi.RM_NODE_SOURCE + adapter.none_is_value * _abi.RM_NODE_NONE_IS_VALUE
        # Kept until the library has taken references of its own.
        calls: tuple[Any, ...] = ()
        life: tuple[Any, ...] = ()
        if self.objects.table is not None and adapter.has_life:
            life = adapter.initialize, adapter.flush, adapter.cleanup
            callbacks.initialize_object, callbacks.flush_object, callbacks.cleanup_object = map(id, life)
        if adapter.inputs or adapter.outputs:
            ports = ",".join(adapter.inputs).encode(), ",".join(adapter.outputs).encode()
            callbacks.inputs, callbacks.outputs = map(_address, ports)
            callbacks.inputs_size, callbacks.outputs_size = map(len, ports)
        elif self.objects.table is not None:
            calls = adapter.process, adapter.resume, adapter.sort
            callbacks.process_object, callbacks.resume_object, callbacks.sort_object = map(id, calls)
        if adapter.match_tolerance is not None:
            callbacks.flags |= _abi.RM_NODE_MATCH
            callbacks.match_tolerance = round(adapter.match_tolerance * 1e9)
        handle = ctypes.c_uint64()
        check(quick.rm_node_new(self.host, callbacks, handle))
        return handle.value, key

    def add_type(self, name: str, key: int) -> None:
        """Has the library ask `create` for nodes of a type."""
        callbacks = _abi.rm_type_callbacks()
        callbacks.struct_size = ctypes.sizeof(callbacks)
        callbacks.user_data = key
        callbacks.create, callbacks.create_process = self._create_functions
        text = name.encode()
        check(library.rm_runtime_add_type(self.runtime, text, len(text), callbacks))

    # Sessions

    def new_config(self) -> _abi.rm_session_config:
        """How a session is to run whose events are told here."""
        config = _abi.rm_session_config()
        config.struct_size = ctypes.sizeof(config)
        config.host = self.host
        config.on_event = self.event_function
        return config

    def take_ends(self) -> Ends:
        """The ends for a run, which `return_ends` takes back."""
        return self._spare.pop("ends", None) or Ends(self)

    def return_ends(self, ends: Ends) -> None:
        """A run is over. There is one spare pair when nothing runs, whatever has become of the last one."""
        if not ends.finish():
            ends.free()
            ends = Ends(self)
        if self._spare.setdefault("ends", ends) is not ends:
            ends.free()

    # What adapters use during a call

    def fail(self, error: BaseException) -> Any:
        """Tells the library why the call fails that this thread is in."""
        text = encoded(error)
        quick.rm_call_fail(text, len(text), self.objects.new(error))
        return FAILED

    def emit(self, adapter: Adapter, output: Any, answer: Any = None) -> Any:
        """Gives an output of the call that this thread is in, with its port and time, and answers `answer`."""
        check(quick.rm_call_emit(self._packet(adapter, output)))
        return answer

    def _packet(self, adapter: Adapter, output: Any) -> _abi.rm_packet:
        port, value = route(adapter.name, adapter.outputs, output)
        packet = packets.object_packet(self.objects, self.host, value)
        packet.port = port
        return packet

    def tag(self) -> int:
        """The number of the run whose call this thread is in."""
        tag = ctypes.c_uint64()
        check(quick.rm_call_tag(tag))
        return tag.value

    def session(self) -> EngineSession:
        """The session whose call this thread is in."""
        return self.runs[self.tag()]

    def defer(self, call: Callable[..., object], *arguments: object) -> Any:
        """Has the run's event loop make a call that sees to the outcome of the one that this thread is in.

        It is given the completion, the handover of the loop, and the arguments.

        Raises:
            LoopStopped: The loop does not run any more.
        """
        session = self.runs.get(self.tag())
        # One that has ended has left the node behind, and its loop may be gone.
        handover = self.own_loop() if session is None else session.handover
        handover.give(call, handover, *arguments, prepare=_completion, undo=self.drop)
        return PENDING

    def wait_for(self, awaitable: Awaitable[Any], adapter: NodeAdapter, more: bool = False) -> Any:
        """Has the run's event loop wait for a result; `more` says that the next one is asked for afterwards."""
        call = adapter.pending = PendingCall()
        try:
            return self.defer(self._start, awaitable, adapter, call, more)
        except BaseException:
            adapter.pending = None
            if hasattr(awaitable, "close"):
                awaitable.close()
            raise

    def _start(
        self,
        completion: int,
        handover: Handover,
        awaitable: Awaitable[Any],
        adapter: Adapter,
        call: PendingCall,
        more: bool,
    ) -> None:
        def close(_: object) -> None:
            # Neither does anything once the outcome has been given; a call that was cancelled early needs both.
            quick.rm_completion_free(completion)
            if hasattr(awaitable, "close"):
                awaitable.close()

        if call.given_up:
            close(None)
            return
        call.task = handover.spawn(self._await(awaitable, adapter, completion, more))
        call.task.add_done_callback(close)

    async def _await(self, awaitable: Awaitable[Any], adapter: Adapter, completion: int, more: bool) -> None:
        CALLER.set(completion)
        try:
            result = await awaitable
        except StopAsyncIteration:
            self.finish(adapter, completion, DONE, False)
        except BaseException as error:
            adapter.failure = error
            self.fail_later(completion, error)
            if not isinstance(error, Exception):
                raise
        else:
            self.finish(adapter, completion, result, more)

    def finish(self, adapter: Adapter, completion: int, output: Any, more: bool) -> None:
        """Gives the outcome of a pending call. A call that was given up meanwhile does not care."""
        nothing = output is DONE or (output is None and not adapter.none_is_value)
        try:
            packet = None if nothing else self._packet(adapter, output)
        except Exception as error:
            return self.fail_later(completion, error)
        quick.rm_completion_finish(completion, _abi.RM_MORE if more else _abi.RM_OK, packet)

    def drop(self, completion: int) -> None:
        """Ends a completion that nobody will give an outcome to."""
        quick.rm_completion_free(completion)

    def fail_later(self, completion: int, error: BaseException) -> None:
        """Gives a failure as the outcome of a pending call."""
        text = encoded(error)
        quick.rm_completion_fail(completion, text, len(text), self.objects.new(error))

    # Callbacks of the library. None of them may raise.

    def _on_retain(self, _: int | None, reference: int) -> None:
        self.objects.retain(reference)

    def _on_release(self, _: int | None, reference: int) -> None:
        self.objects.release(reference)

    def _on_export(self, _: int | None, reference: int, kinds: int, packet: Any) -> int:
        try:
            packets.export(self.objects, self.objects.get(reference), kinds, packet[0])
            return _abi.RM_OK
        except BaseException as error:
            text = str(error).encode("utf-8", "replace")
            quick.rm_call_fail(text, len(text), None)
            return _abi.RM_ERR_INPUT

    def _on_import(self, _: int | None, packet: Any, out: Any) -> int:
        try:
            out[0] = self.objects.new(packets.import_(self.objects, packet[0]))
            return _abi.RM_OK
        except BaseException as error:
            self.fail(error)
            return _abi.RM_ERR_INPUT

    def _on_pack(self, _: int | None, reference: int) -> int:
        try:
            others: list[tuple[Any, int | bytes | None, int]] = []
            first = parcels.pack(self.objects.get(reference), lambda *part: others.append(part))
            for part in (first, first, len(first)), *others:
                give(*part)
            return _abi.RM_OK
        except BaseException as error:
            self.fail(error)
            return _abi.RM_ERR_NODE

    def _on_unpack(self, _: int | None, parts: Any, count: int, out: Any) -> int:
        try:
            first = ctypes.string_at(parts[0].data, parts[0].size)
            if count == 1:
                made = parcels.unpack(first)
            else:
                made = parcels.unpack_parts(ctypes.string_at(parts, count * ctypes.sizeof(_abi.rm_part)) + first)
            out[0] = self.objects.new(made)
            return _abi.RM_OK
        except BaseException as error:
            self.fail(error)
            return _abi.RM_ERR_INPUT

    def _on_parts(self, data: bytes) -> Any:
        try:
            return parcels.unpack_parts(data)
        except BaseException as error:
            return self.fail(error)

    def _on_initialize(self, key: int) -> int:
        adapter = self.adapters[key]
        adapter.is_live = True
        return self._answer(adapter.initialize())

    def _on_process(self, key: int, packet: Any) -> int:
        return self._answer(self.adapters[key].take(self.objects.get(packet[0].object), packet[0].port))

    def _on_resume(self, key: int) -> int:
        adapter = self.adapters[key]
        return self._answer(adapter.resume(None), _abi.RM_MORE, adapter.none_is_value)

    def _on_flush(self, key: int) -> int:
        return self._answer(self.adapters[key].flush())

    def _on_cleanup(self, key: int) -> int:
        with self._lock:
            adapter = self.adapters.get(key) or self._left_behind.pop(key)
            adapter.is_live = False
        return self._answer(adapter.cleanup())

    def _answer(self, answer: Any, after: int = _abi.RM_OK, none_is_value: bool = False) -> int:
        """The status that says what a call answered; `after` is the one that follows an output."""
        if type(answer) is Mark:
            return _STATUS[answer]
        if answer is None and not none_is_value:
            return after
        try:
            check(quick.rm_call_emit(packets.object_packet(self.objects, self.host, answer)))
            return after
        except BaseException as error:
            return _STATUS[self.fail(error)]

    def _on_event(self, tag: int, event: int) -> None:
        try:
            ended = event == _abi.RM_EVENT_ENDED
            if ended:
                log.drain()
            session = self.runs.pop(tag) if ended else self.runs.get(tag)
            # Another worker may be late with an event, and come after the end.
            if session is not None:
                session.on_event(event)
        except BaseException as error:
            import logging

            logging.getLogger("remotemedia").error("event %d of a run could not be handled", event, exc_info=error)

    def _on_create(self, key: int, id_: int, id_size: int, params: int, size: int, out: Any) -> int:
        return self._create(key, ctypes.string_at(id_, id_size), ctypes.string_at(params, size), b"", out)

    def _on_create_process(
        self, key: int, id_: int, id_size: int, params: int, size: int, options: int, options_size: int, out: Any
    ) -> int:
        given = ctypes.string_at(options, options_size)
        return self._create(key, ctypes.string_at(id_, id_size), ctypes.string_at(params, size), given, out)

    def _create(self, key: int, node_id: bytes, parameters: bytes, options: bytes, out: Any) -> int:
        from . import types

        try:
            node = types.create(key, node_id.decode(), parameters)
            if options:
                node.in_process(**types.process_options(options))
            out[0], made = self.new_node(adapt(self, node))
            self.creation.keys.append(made)
            return _abi.RM_OK
        except BaseException as error:
            self.creation.error = error
            return _abi.RM_ERR_NODE


class Shared:
    """A node that sessions share."""

    __slots__ = ("adapter", "handle", "key", "place", "uses")

    def __init__(self, place: tuple[int, bool], adapter: NodeAdapter | ProcessAdapter, handle: int, key: int) -> None:
        self.place = place
        self.adapter = adapter
        self.handle = handle
        self.key = key
        self.uses = 0


def adapt(engine: Engine, node: Any, source: bool = False) -> NodeAdapter | ProcessAdapter:
    """The adapter of a node, by what kind of node it is and where it runs."""
    if getattr(node, "executor", "inline") == "process":
        return ProcessAdapter(engine, node, source)
    if source or getattr(node, "is_source", False):
        return SourceAdapter(engine, node)
    if getattr(node, "is_streaming", False):
        from .streams import AsyncStreamAdapter, ThreadStreamAdapter, is_async

        return (AsyncStreamAdapter if is_async(node.process) else ThreadStreamAdapter)(engine, node)
    return (PortAdapter if node.inputs else DirectAdapter)(engine, node)


def _completion() -> int:
    """The completion of the call that this thread is in."""
    completion = ctypes.c_uint64()
    check(quick.rm_call_defer(completion))
    return completion.value


def _address(text: bytes) -> int | None:
    return ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value if text else None


_engine: Engine | None = None
_starting = threading.Lock()


def engine() -> Engine:
    """The engine, started at its first use."""
    global _engine
    if _engine is None:
        with _starting:
            if _engine is None:
                started = Engine()
                from . import types

                types.add_all(started)
                _engine = started
    return _engine
