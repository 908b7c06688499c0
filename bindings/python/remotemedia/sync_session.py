"""Sessions for programs without an event loop."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from .options import SessionOptions
from .packet import Packet
from .session import OpenSession, Output

if TYPE_CHECKING:
    from .core.node import Node
    from .runtime_wrapper import Runnable

_T = TypeVar("_T")

# No wait in the library is longer, so that Ctrl-C comes through.
_SLICE = 0.05


class SyncSession(OpenSession):
    """A pipeline that runs: the synchronous twin of `Session`, whose description holds here too.

    Several threads may send and receive at once. `async def` nodes run on one event loop that the engine keeps in a
    thread for all such sessions. Waiting can be interrupted with Ctrl-C.

    Args:
        pipeline, inputs, options: As for `Session`.

    Raises:
        TypeError, ValueError, RuntimeError, ImportError: As for `Session`.
    """

    def __init__(
        self,
        pipeline: Runnable,
        *,
        inputs: Iterable[Any] | AsyncIterable[Any] | None = None,
        **options: Unpack[SessionOptions],
    ) -> None:
        super().__init__(pipeline, inputs, options, None, lambda event: None)

    def ready(self, timeout: float | None = None) -> None:
        """As `Session.ready`; raises TimeoutError if the nodes are not ready within `timeout` seconds."""
        if not _wait(self._live.ready, timeout):
            raise TimeoutError(f"the nodes are not ready within {timeout} s")

    def send(self, data: Any, pts: int | None = None, timeout: float | None = None) -> None:
        """Gives an input, waiting for room.

        Args:
            data: The input; the first nodes get the very object.
            pts: When it is to be presented, in nanoseconds, or None.
            timeout: How long to wait, in seconds; None waits until there is room.

        Raises:
            TimeoutError: There was no room within the time given.
            PipelineError: The session takes no input, or no more.
            Exception: What ended the session.
        """
        if not _wait(lambda nanos: self._live.push(data, pts, nanos), timeout):
            raise TimeoutError(f"no room for the input within {timeout} s")

    def flush(self, timeout: float | None = None) -> None:
        """As `Session.flush`; raises TimeoutError if there was no room within `timeout` seconds."""
        if not _wait(self._live.flush, timeout):
            raise TimeoutError(f"no room for the flush within {timeout} s")

    def insert(
        self, node: Node, *, after: str = "", before: str = "", node_id: str | None = None, timeout: float = 60.0
    ) -> None:
        """As `Session.insert`."""
        _in_thread(lambda: self._live.changes.insert(node, node_id or node.name, after, before, timeout))

    def remove(self, node_id: str, *, timeout: float = 60.0) -> None:
        """As `Session.remove`."""
        _in_thread(lambda: self._live.changes.remove(node_id, timeout))

    def replace(self, node_id: str, node: Node, *, timeout: float = 60.0) -> None:
        """As `Session.replace`."""
        _in_thread(lambda: self._live.changes.replace(node_id, node, timeout))

    def end(self) -> None:
        """Says that there is no more input: what is inside comes out, then the session ends. Returns at once."""
        self._live.end()

    def receive(self, timeout: float | None = None) -> Any:
        """The next output, waited for.

        Args:
            timeout: How long to wait, in seconds; None waits until there is one.

        Raises:
            TimeoutError: There was none within the time given.
            EOFError: The session has ended, and every output was taken.
            Exception: What ended the session.
        """
        output = self._next(timeout)
        if output is None:
            self._at_end()
        return output[1]

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        output = self._next(None)
        if output is None:
            raise StopIteration
        return output[1]

    def packets(self) -> Iterator[Packet]:
        """The outputs with their times and the number of the input that caused them."""
        while (output := self._next(None)) is not None:
            yield self._packet(output)

    def _next(self, timeout: float | None) -> Output | None:
        live = self._live
        packet = _wait(live.pull, timeout, lambda: live.over)
        if packet is not None:
            return packet, live.value(packet)
        if not live.over:
            raise TimeoutError(f"no output within {timeout} s")
        live.raise_error()
        return None

    def wait(self, timeout: float | None = None) -> None:
        """Waits until every node has been cleaned up; raises what ended the session, unless that was `cancel`.

        It takes no outputs: a session ends only when somebody else takes them.

        Args:
            timeout: How long to wait, in seconds; None waits until the end.

        Raises:
            TimeoutError: The session runs on.
            Exception: What ended the session.
        """
        if not _wait(self._live.wait, timeout):
            raise TimeoutError(f"the session has not ended within {timeout} s")
        self._live.raise_at_end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None or self._live.has_source:
            self.give_up()
        else:
            try:
                self._finish()
            except BaseException:
                self.give_up()
                raise
        if error is None:
            self._live.raise_at_end()

    def _finish(self) -> None:
        live = self._live
        live.end()
        while not live.over:
            packet = _wait(live.pull, None, lambda: live.over)
            if packet is not None:
                live.drop(packet)
        _wait(live.wait, None)

    def give_up(self) -> None:
        """Cancels, and gives the nodes a moment to be cleaned up; one that blocks is not waited for."""
        self._live.cancel()
        _wait(self._live.wait, self._live.patience)


def _wait(attempt: Callable[[int], _T], timeout: float | None, is_over: Callable[[], bool] = lambda: False) -> _T:
    """Makes attempts of so many nanoseconds until one has a result, or it is over, or the time (in seconds) is up."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _SLICE if deadline is None else min(_SLICE, max(0.0, deadline - time.monotonic()))
        result = attempt(int(left * 1e9))
        if result or is_over() or (deadline is not None and time.monotonic() >= deadline):
            return result


def _in_thread(call: Callable[[], None]) -> None:
    """Makes a call that waits in the library, so that Ctrl-C comes through meanwhile."""
    future: Future[None] = Future()

    def run() -> None:
        try:
            call()
            future.set_result(None)
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="remotemedia-change", daemon=True).start()
    while not future.done():
        with contextlib.suppress(TimeoutError):
            future.exception(_SLICE)
    future.result()
