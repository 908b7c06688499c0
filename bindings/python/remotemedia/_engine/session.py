"""Sessions of the library: how they are opened, and how they end."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import json
import threading
from typing import TYPE_CHECKING

from . import _abi, log, packets
from .adapter import CALLER
from .build import build
from .engine import Shared, engine
from .errors import check, read_text
from .handover import Handover, handover
from .library import library, quick
from .spec import Spec

if TYPE_CHECKING:
    from ..metrics import Metrics

_ON_ERROR = {"raise": _abi.RM_ON_ERROR_RAISE, "skip": _abi.RM_ON_ERROR_SKIP, "collect": _abi.RM_ON_ERROR_COLLECT}
CANCEL_PATIENCE = 0.1
"""How long a caller that gives a session up waits for its nodes to be cleaned up, in seconds; one may block."""

_tags = itertools.count(1)


class EngineSession:
    """What every session has: an opening, events, an end at which everything is let go.

    Args:
        spec: The pipeline.
        on_error: "raise", "skip" or "collect".
        loop: The event loop of the nodes that are `async def`; None stands for the engine's own.
    """

    def __init__(self, spec: Spec, on_error: str, loop: asyncio.AbstractEventLoop | None) -> None:
        if on_error not in _ON_ERROR:
            raise ValueError(f"on_error is {on_error!r}; use one of {', '.join(map(repr, _ON_ERROR))}")
        self.engine = engine()
        self.spec = spec
        self.on_error = on_error
        self._handover = None if loop is None else handover(loop)
        self._handle = ctypes.c_uint64()
        self._shared: list[Shared] = []
        self._keys: list[int] = []
        # Opening and ending may overlap: the second of the two finishes.
        self._steps = iter((False, True)).__next__

    @property
    def handover(self) -> Handover:
        """The way onto the event loop that the nodes' awaitables run on. [any thread]"""
        return self._handover or self.engine.own_loop()

    def open(self, config: _abi.rm_session_config) -> None:
        """Builds the pipeline and starts it, as a config of the engine says that has what this kind of session sets."""
        log.follow()
        tag = next(_tags)
        self.engine.runs[tag] = self
        pipeline = ctypes.c_uint64()
        try:
            check(quick.rm_pipeline_new(self.engine.runtime, pipeline))
            build(self.engine, self.spec, pipeline, self._shared)
            config.on_error = _ON_ERROR[self.on_error]
            config.tag = config.user_data = tag
            config.caller = CALLER.get()
            creation = self.engine.creation
            creation.error, creation.keys = None, self._keys
            status = library.rm_session_open(pipeline, config, self._handle)
            if status < 0 and creation.error is not None:
                raise creation.error
            check(status)
        except BaseException:
            del self.engine.runs[tag]
            self._release()
            self.stop_at_exit()
            raise
        finally:
            quick.rm_pipeline_free(pipeline)
        if self._steps():
            self._end()

    def on_event(self, event: int) -> None:
        """Something has come about. Called on a worker, RM_EVENT_ENDED once and last."""
        if event == _abi.RM_EVENT_ENDED and self._steps():
            self._end()

    def _end(self) -> None:
        self.on_end()
        self._release()

    def on_end(self) -> None:
        """The session has ended and is open: whoever waits is told, and nothing may be raised."""

    def _release(self) -> None:
        while self._shared:
            self.engine.unshare(self._shared.pop())
        for key in self._keys:
            self.engine.forget(key)

    def failure(self) -> BaseException | None:
        """The exception that ends the session, a node's own with notes of where it happened. [any thread]"""
        packet = packets.new_packet()
        if quick.rm_session_error(self._handle, packet) != _abi.RM_OK:
            return None
        error: BaseException = packets.import_(self.engine.objects, packet)
        return error

    def measured(self) -> Metrics:
        """What the session has measured so far. [any thread]"""
        measured: Metrics = json.loads(read_text(library.rm_session_metrics, self._handle))
        peak = _peak_memory()
        measured["pipeline_id"] = f"session-{self._handle.value:x}"
        measured["peak_memory_bytes"] = peak
        measured["peak_memory_mb"] = peak / 2**20
        return measured

    def cancel(self) -> None:
        """Gives the session up; returns at once. [any thread]"""
        quick.rm_session_cancel(self._handle)

    def stop_at_exit(self) -> None:
        """Ends a thread that dies with the process in a moment: there is nobody to tell of an error."""
        if self.engine.closing and threading.current_thread().daemon:
            raise SystemExit


def _peak_memory() -> int:
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
