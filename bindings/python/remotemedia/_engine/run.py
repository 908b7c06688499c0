"""Runs: one session from its input to its result."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import json
import threading
from collections.abc import Iterable
from typing import Any

from . import _abi, packets
from .adapter import Collector, Feeder
from .build import build
from .engine import Engine, engine
from .errors import check, read_text
from .library import library
from .spec import Spec

_ON_ERROR = {"raise": _abi.RM_ON_ERROR_RAISE, "skip": _abi.RM_ON_ERROR_SKIP, "collect": _abi.RM_ON_ERROR_COLLECT}
_CANCEL_PATIENCE = 0.1

_tags = itertools.count(1)


class Run:
    """A session, and the coroutine that waits for it.

    The worker on which the session ends takes the result and lets everything go; the coroutine has nothing to do but to
    wake up.
    """

    def __init__(self, started: Engine, spec: Spec, on_error: str, metrics: bool = False) -> None:
        if on_error not in _ON_ERROR:
            raise ValueError(f"on_error is {on_error!r}; use one of {', '.join(map(repr, _ON_ERROR))}")
        self.engine = started
        self.spec = spec
        self.on_error = on_error
        self.outputs: list[Any] = []
        self.error: BaseException | None = None
        self.metrics: dict[str, Any] | None = None
        self.loop = asyncio.get_running_loop()
        self._wants_metrics = metrics
        self._ended = self.loop.create_future()
        self._over = False
        self._session = ctypes.c_uint64()
        self._shared: list[Any] = []
        self._keys: list[int] = []
        # Opening and ending may overlap: the second of the two finishes.
        self._steps = iter((False, True)).__next__

    def open(self, inputs: Iterable[Any], optional: bool) -> None:
        """Builds the pipeline and starts it; `optional` says that the input may be left out."""
        tag = next(_tags)
        self.engine.runs[tag] = self
        pipeline = ctypes.c_uint64()
        handles: list[int] = []
        try:
            check(library.rm_pipeline_new(self.engine.runtime, pipeline))
            build(self.engine, self.spec, pipeline, self._shared)
            config = _abi.rm_session_config()
            config.struct_size = ctypes.sizeof(config)
            config.on_error = _ON_ERROR[self.on_error]
            config.flags = _abi.RM_SESSION_INPUT_OPTIONAL if optional else 0
            config.tag = config.user_data = tag
            for adapter in (Feeder(self.engine, inputs), Collector(self.engine, self.outputs)):
                handle, key = self.engine.new_node(adapter)
                handles.append(handle)
                self._keys.append(key)
            config.input, config.output = handles
            config.host = self.engine.host
            config.on_event = self.engine.event_function
            creation = self.engine.creation
            creation.error, creation.keys = None, self._keys
            status = library.rm_session_open(pipeline, config, self._session)
            if status < 0 and creation.error is not None:
                raise creation.error
            check(status)
        except BaseException:
            del self.engine.runs[tag]
            self._release()
            if self.engine.closing and threading.current_thread().daemon:
                return  # a thread that dies with the process in a moment: there is nobody to tell
            raise
        finally:
            library.rm_pipeline_free(pipeline)
            for handle in handles:
                library.rm_node_free(handle)
        if self._steps():
            self._finish()

    def on_event(self, _: int) -> None:
        """The session has ended: nothing else is asked for. Called once, on a worker."""
        if self._steps():
            self._finish()

    def _finish(self) -> None:
        try:
            self._take_result()
        except BaseException as error:
            self.error = error
        if not self.engine.closing:  # else nobody is to go on: the process is about to end
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self.loop.call_soon_threadsafe(self._wake)
        library.rm_session_free(self._session)
        self._release()

    def _take_result(self) -> None:
        if self._wants_metrics:
            self.metrics = self._measured()
        status = library.rm_session_wait(self._session, 0)
        if status >= 0:
            return
        packet = packets.new_packet()
        if library.rm_session_error(self._session, packet) != _abi.RM_OK:
            check(status)
        error = packets.import_(self.engine.objects, packet)
        # An exception with __slots__ has no place for them.
        with contextlib.suppress(AttributeError):
            error.partial_results = self.outputs
        self.error = error

    def _measured(self) -> dict[str, Any]:
        measured: dict[str, Any] = json.loads(read_text(library.rm_session_metrics, self._session))
        peak = _peak_memory()
        measured["pipeline_id"] = f"session-{self._session.value:x}"
        measured["peak_memory_bytes"] = peak
        measured["peak_memory_mb"] = peak / 2**20
        return measured

    def _release(self) -> None:
        shared, self._shared = self._shared, []
        for node in shared:
            self.engine.unshare(node)
        for key in self._keys:
            self.engine.forget(key)

    def _wake(self) -> None:
        self._over = True
        if not self._ended.done():
            self._ended.set_result(None)

    async def wait(self) -> None:
        """Waits for the end and raises what went wrong, with the outputs so far as `partial_results`."""
        try:
            await self._ended
        except asyncio.CancelledError:
            library.rm_session_cancel(self._session)
            if not self._over:
                # A moment for the nodes to be cleaned up; one that blocks is not waited for.
                self._ended = self.loop.create_future()
                await asyncio.wait([self._ended], timeout=_CANCEL_PATIENCE)
            raise
        if self.error is not None:
            raise self.error


def _peak_memory() -> int:
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


async def run(
    spec: Spec, inputs: Iterable[Any] | None, on_error: str = "raise", metrics: bool = False
) -> tuple[list[Any], dict[str, Any] | None]:
    """Runs a spec over its inputs; without any, its first node gets an empty string, unless it is a source.

    Returns:
        The outputs of the last nodes, in order, and the metrics if asked for.
    """
    this = Run(engine(), spec, on_error, metrics)
    this.open([""] if inputs is None else inputs, optional=inputs is None)
    await this.wait()
    return this.outputs, this.metrics
