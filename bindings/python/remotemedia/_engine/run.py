"""Runs: one session from its input to its result."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..core.progress import INTERVAL, Meter, Progress
from . import _abi
from .errors import check
from .library import quick
from .session import CANCEL_PATIENCE, EngineSession
from .spec import Spec

if TYPE_CHECKING:
    from ..metrics import Metrics

# A run that is over sooner than this is lingered for the next time.
_SHORT = 200e-6
_LINGER_NS = 100_000


class Run(EngineSession):
    """A session, and the coroutine that waits for it.

    The worker on which the session ends takes the result and lets everything go; the coroutine has nothing to do but to
    wake up.
    """

    def __init__(self, spec: Spec, on_error: str, metrics: bool = False) -> None:
        self._loop = asyncio.get_running_loop()
        super().__init__(spec, on_error, self._loop)
        self.error: BaseException | None = None
        self.metrics: Metrics | None = None
        self._wants_metrics = metrics
        # What the coroutine waits for, once it does.
        self._ended: asyncio.Future[None] | None = None
        self._over = False

    def start(self, inputs: Iterable[Any], optional: bool) -> None:
        """Opens the session over its inputs; `optional` says that a pipeline with a source goes without."""
        self._opened = perf_counter()
        self._ends = ends = self.engine.take_ends()
        self.outputs = ends.outputs
        ends.begin(inputs)
        config = ends.config
        config.flags = _abi.RM_SESSION_INPUT_OPTIONAL if optional else 0
        config.linger = self.engine.linger
        try:
            self.open(config)
        except BaseException:
            self._return_ends()
            raise
        if not self._over:
            self.engine.linger = 0

    def _return_ends(self) -> None:
        # Before they are let go of: somebody may be about to count them.
        self.outputs = self.outputs.copy()
        self.engine.return_ends(self._ends)

    def on_end(self) -> None:
        try:
            self._return_ends()
            self._take_result()
        except BaseException as error:
            self.error = error
        if perf_counter() - self._opened < _SHORT:
            self.engine.linger = _LINGER_NS
        # In this order: whoever finds that it is not over waits for what is looked for after that.
        self._over = True
        ended = self._ended
        if ended is not None and not self.engine.closing:  # else nobody is to go on: the process is about to end
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._wake)
        quick.rm_session_free(self._handle)

    def _take_result(self) -> None:
        if self._wants_metrics:
            self.metrics = self.measured()
        status = quick.rm_session_wait(self._handle, 0)
        if status >= 0:
            return
        self.error = self.failure()
        if self.error is None:
            check(status)
        # An exception with __slots__ has no place for them.
        with contextlib.suppress(AttributeError):
            self.error.partial_results = self.outputs  # type: ignore[union-attr]

    def _wake(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def _ending(self) -> asyncio.Future[None]:
        """What is done once the run is over."""
        ended = self._ended = self._loop.create_future()
        if self._over:
            ended.set_result(None)
        return ended

    async def wait(self, meter: Meter | None) -> None:
        """Waits for the end and raises what went wrong, with the outputs so far as `partial_results`."""
        try:
            if meter is not None:
                await self._tell(meter)
            elif not self._over:
                await self._ending()
            else:
                # Nothing was waited for: the other tasks of the loop get their turn all the same.
                await asyncio.sleep(0)
        except BaseException:
            if not self._over:
                self.cancel()
                # A moment for the nodes to be cleaned up; one that blocks is not waited for.
                await asyncio.wait([self._ending()], timeout=CANCEL_PATIENCE)
            raise
        # Kept nowhere: with its frames it would keep the nodes.
        error, self.error = self.error, None
        if error is not None:
            self.stop_at_exit()
            try:
                raise error
            finally:
                del error

    async def _tell(self, meter: Meter) -> None:
        ended, is_over = self._ending(), False
        while not is_over:
            await asyncio.wait([ended], timeout=INTERVAL)
            # Looked up first: what is told last is what has come out.
            is_over = self._over
            if self.error is None:
                meter.tell(len(self.outputs))


async def run(
    spec: Spec,
    inputs: Iterable[Any] | None,
    on_error: str = "raise",
    metrics: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> tuple[list[Any], Metrics | None]:
    """Runs a spec over its inputs; without any, its first node gets an empty string, unless it is a source.

    Returns:
        The outputs of the last nodes, in order, and the metrics if asked for.
    """
    this = Run(spec, on_error, metrics)
    meter = None if progress is None else Meter(progress)
    given = [""] if inputs is None else inputs
    this.start(given if meter is None else meter.count(given), optional=inputs is None)
    await this.wait(meter)
    return this.outputs, this.metrics
