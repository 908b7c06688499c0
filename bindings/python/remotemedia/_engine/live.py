"""Live sessions: packets are pushed and pulled by the caller."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, Callable, Iterable
from operator import index
from typing import Any

from ..core.exceptions import PipelineError
from ..options import SessionOptions
from . import _abi, packets
from .adapter import Adapter, AsyncFeeder, Feeder
from .build import POLICIES
from .changes import Changes
from .errors import check, exception, read_text
from .library import library, quick
from .session import CANCEL_PATIENCE, EngineSession
from .spec import Spec

_EVENTS = _abi.RM_EVENT_READY, _abi.RM_EVENT_OUTPUT, _abi.RM_EVENT_ROOM, _abi.RM_EVENT_ENDED
_DEFAULTS: dict[str, Any] = {
    "on_error": "raise",
    "capacity": 16,
    "policy": "block",
    "stall": 10.0,
    "trace": 0,
    "caller_runs": False,
}
_TIMES = range(_abi.RM_TIME_NONE + 1, 2**63)


class Live(EngineSession):
    """A session that the caller feeds and empties, on any thread.

    Args:
        spec: The pipeline.
        options: How it is to run.
        loop: As for `EngineSession`.
        tell: Called with every RM_EVENT_… on a worker; a RuntimeError says that nobody listens any more.
    """

    patience = CANCEL_PATIENCE

    def __init__(
        self,
        spec: Spec,
        options: SessionOptions,
        loop: asyncio.AbstractEventLoop | None,
        tell: Callable[[int], object],
    ) -> None:
        unknown = options.keys() - _DEFAULTS.keys()
        if unknown:
            raise TypeError(f"{sorted(unknown)} are no options of a session; there are {', '.join(_DEFAULTS)}")
        self._options: Any = {**_DEFAULTS, **options}
        if not 0 < self._options["capacity"] < 2**32:
            raise ValueError(f"capacity is {self._options['capacity']}; it is a number of packets, at least 1")
        if self._options["policy"] not in POLICIES:
            raise ValueError(f"policy is {self._options['policy']!r}; use one of {', '.join(filter(None, POLICIES))}")
        super().__init__(spec, self._options["on_error"], loop)
        self.changes = Changes(self.engine, self._handle, self._shared)
        self.error: BaseException | None = None
        """What ended the session, once that is known."""
        self.ended = False
        """Whether every node has been cleaned up."""
        self.over = False
        """Whether there is nothing more to come: every output was taken, or the session failed or was given up."""
        self.owner_knows = False
        """Whether the owner has been told of the error, or caused it by giving the session up."""
        self.has_source = False
        """Whether a node makes data by itself, so that the end of the input is not the end."""
        self._is_open = False
        self._tell = tell

    def start(self, inputs: Iterable[Any] | AsyncIterable[Any] | None) -> None:
        """Opens the session, with its inputs if they are not pushed."""
        source: Adapter | None = None
        if isinstance(inputs, AsyncIterable):
            source = AsyncFeeder(self.engine, inputs)
        elif inputs is not None:
            source = Feeder(self.engine, inputs)
        config = self._config()
        if source is not None:
            config.input, key = self.engine.new_node(source)
            self._keys.append(key)
        try:
            self.open(config)
        finally:
            quick.rm_node_free(config.input)
        self._is_open = True
        self.has_source = (
            self.spec.source
            or any(getattr(what, "is_source", False) for _, what in self.spec.steps)
            or any(map(self.engine.is_source, self._keys))
        )

    def _config(self) -> _abi.rm_session_config:
        config = self.engine.new_config()
        config.capacity = self._options["capacity"]
        config.policy = POLICIES[self._options["policy"]]
        config.stall = int((self._options["stall"] or 0) * 1e9)
        config.trace = self._options["trace"]
        if self._options["caller_runs"]:
            config.flags = _abi.RM_SESSION_CALLER_RUNS
        return config

    def forsaken(self) -> bool:
        """Whether it runs on although nobody has said that it should end."""
        return self._is_open and not (self.over or self.ended)

    def ready(self, timeout: int) -> bool:
        """Waits until every node is initialised, for up to `timeout` nanoseconds; whether they are.

        Raises:
            Exception: What ends the session.
        """
        status = (library if timeout else quick).rm_session_ready(self._handle, timeout)
        if status == _abi.RM_ERR_TIMEOUT:
            return False
        if status < 0 and status != _abi.RM_ERR_REENTRANT:
            self.stop_at_exit()
            self._find_error()
            self.raise_error()
        check(status)
        return True

    def push(self, data: Any, pts: int | None, timeout: int) -> bool:
        """Gives an input, waiting for room for up to `timeout` nanoseconds; whether there was room.

        Raises:
            Exception: What ended the session, or why it takes no input.
        """
        time = None if pts is None else index(pts)
        if time is not None and time not in _TIMES:
            raise ValueError(f"pts is {pts}; it is a number of nanoseconds that fits in 64 bits, or None")
        packet = packets.object_packet(self.engine.objects, self.engine.host, data)
        if time is not None:
            packet.pts = time
        push = library.rm_session_push if timeout else quick.rm_session_push
        status = push(self._handle, packet, timeout)
        if status == _abi.RM_ERR_TIMEOUT:
            return False
        if status < 0:
            self.stop_at_exit()
            self._find_error()
            self.raise_error()
        check(status)
        return True

    def flush(self, timeout: int) -> bool:
        """Has every node give what it holds back, waiting for room as `push` does."""
        status: int = library.rm_session_flush(self._handle, timeout)
        if status < 0 and status != _abi.RM_ERR_TIMEOUT:
            self._find_error()
            self.raise_error()
            check(status)
        return status == _abi.RM_OK

    def pull(self, timeout: int) -> _abi.rm_packet | None:
        """Takes an output, waiting for up to `timeout` nanoseconds; None if there is none yet, or it is `over`."""
        packet = packets.new_packet()
        pull = library.rm_session_pull if timeout else quick.rm_session_pull
        status = pull(self._handle, packet, timeout)
        if status == _abi.RM_OK:
            return packet
        if status == _abi.RM_ERR_REENTRANT:
            check(status)
        if status != _abi.RM_ERR_TIMEOUT:
            self.over = True
            if status != _abi.RM_END:
                self.stop_at_exit()
                self._find_error(exception(status, read_text(library.rm_last_error)))
        return None

    def wait(self, timeout: int) -> bool:
        """Waits for the end for up to `timeout` nanoseconds; whether it has come, well or not."""
        status = library.rm_session_wait(self._handle, timeout)
        if status == _abi.RM_ERR_TIMEOUT:
            return False
        if status == _abi.RM_ERR_REENTRANT:
            check(status)
        self.stop_at_exit()
        self._find_error()
        return True

    def _find_error(self, otherwise: BaseException | None = None) -> None:
        if self.error is None:
            self.error = self.failure()
        if self.error is None:
            self.error = otherwise

    def raise_error(self) -> None:
        """Raises what ended the session, if something did; then its owner knows."""
        if self.error is not None:
            self.owner_knows = True
            if isinstance(self.error, (StopIteration, StopAsyncIteration)):
                # As Python does it in coroutines: as it is, it would be taken for the end of an iteration.
                raise RuntimeError(f"a node raised {type(self.error).__name__}") from self.error
            raise self.error

    def raise_at_end(self) -> None:
        """Raises what ended the session, unless its owner knows."""
        if not self.owner_knows:
            self.raise_error()

    def drop(self, packet: _abi.rm_packet) -> None:
        """Lets an output go that nobody takes."""
        if packet.object:
            self.engine.objects.release(packet.object)
        library.rm_buffer_free(packet.buffer)

    def value(self, packet: _abi.rm_packet) -> Any:
        """The object that an output stands for; takes over what the packet has."""
        objects = self.engine.objects
        return objects.take(packet.object) if packet.kind == _abi.RM_KIND_OBJECT else packets.import_(objects, packet)

    def end(self) -> None:
        """Says that there is no more input."""
        library.rm_session_end(self._handle)

    def cancel(self) -> None:
        if not (self.over or self.ended):
            self.over = True
            self._find_error()
            if self.error is None:
                self.owner_knows = True
                self.error = PipelineError("the session was cancelled")
        super().cancel()
        # Whoever waits for room or an output does not wait for nodes to be cleaned up, as the library would have it.
        for event in _EVENTS:
            self._notify(event)

    def on_event(self, event: int) -> None:
        if event == _abi.RM_EVENT_ENDED:
            super().on_event(event)
        elif event == _abi.RM_EVENT_STALLED:
            self._warn()
        else:
            self._notify(event)

    def _warn(self) -> None:
        import logging

        from .stall import describe

        warning = self.measured()["warnings"][-1]
        logging.getLogger("remotemedia").warning("session %x: %s", self._handle.value, describe(self.report(), warning))

    def report(self) -> dict[str, Any]:
        """Where the session stands."""
        report: dict[str, Any] = json.loads(read_text(library.rm_session_report, self._handle))
        return report

    def trace(self) -> str:
        """The calls that were kept, in the trace event format."""
        return read_text(library.rm_session_trace, self._handle)

    def on_end(self) -> None:
        self._find_error()
        self.ended = True
        # Whoever waits for anything is to look again.
        for event in _EVENTS:
            self._notify(event)

    def _notify(self, event: int) -> None:
        if self.engine.closing:  # nobody is to go on: the process is about to end
            return
        try:
            self._tell(event)
        except RuntimeError:  # the loop is closed: nobody takes or gives anything any more
            super().cancel()

    # The function is bound early: at exit the module's names go before the last session does.
    def __del__(self, free: Any = library.rm_session_free) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None:
            free(handle)
