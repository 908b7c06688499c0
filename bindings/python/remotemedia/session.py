"""Sessions: pipelines that run while their inputs are sent and their outputs received."""

from __future__ import annotations

import asyncio
import contextlib
import os
import warnings
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from ._engine import _abi
from .options import SessionOptions
from .packet import Packet

if TYPE_CHECKING:
    from ._engine.live import Live
    from .core.node import Node
    from .metrics import Metrics
    from .runtime_wrapper import Runnable

# Text and documents of more bytes than this are read in a thread, so that they do not hold up the event loop.
_LARGE = 100_000

Output = tuple[_abi.rm_packet, Any]
"""An output: what the library says of it, and the object itself."""


class OpenSession:
    """What `Session` and `SyncSession` have in common. Every method may be called on any thread."""

    _live: Live

    def __init__(
        self,
        pipeline: Runnable,
        inputs: Iterable[Any] | AsyncIterable[Any] | None,
        options: SessionOptions,
        loop: asyncio.AbstractEventLoop | None,
        tell: Callable[[int], object],
    ) -> None:
        try:
            from ._engine import spec
            from ._engine.live import Live
        except ImportError as error:
            raise ImportError(f"sessions need the engine, which cannot be loaded: {error}") from error
        self._live = Live(spec.read(pipeline), options, loop, tell)
        self._live.start(inputs)

    def try_send(self, data: Any, pts: int | None = None) -> bool:
        """Gives an input if there is room; whether there was. As `send`, but never waits."""
        return self._live.push(data, pts, 0)

    def try_receive(self, default: Any = None) -> Any:
        """The next output if there is one, else `default`. As `receive`, but never waits."""
        packet = self._live.pull(0)
        if packet is not None:
            return self._live.value(packet)
        if self._live.over:
            self._at_end()
        return default

    def _at_end(self) -> NoReturn:
        self._live.raise_error()
        raise EOFError("the session has ended, and every output was taken")

    def cancel(self) -> None:
        """Gives the session up: what is inside is dropped, and every node is cleaned up. Returns at once."""
        self._live.cancel()

    def metrics(self) -> Metrics:
        """What the session has measured so far: as `execute_pipeline` with `enable_metrics`."""
        return self._live.measured()

    def report(self) -> dict[str, Any]:
        """Where the session stands: what each node does, since when, at which input; what is on each edge."""
        return self._live.report()

    def save_trace(self, path: str | os.PathLike[str]) -> None:
        """Writes the calls that were kept (option `trace`) to a file that Perfetto opens."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._live.trace())

    @property
    def error(self) -> BaseException | None:
        """What ended the session, or None: it runs, or it has ended well."""
        return self._live.error

    def _packet(self, output: Output) -> Packet:
        packet, value = output
        pts = None if packet.pts == _abi.RM_TIME_NONE else packet.pts
        duration = None if packet.duration == _abi.RM_TIME_NONE else packet.duration
        index = None if packet.index == _abi.RM_INDEX_NONE else packet.index
        return Packet(value, pts, duration, index)

    def __del__(self) -> None:
        live = getattr(self, "_live", None)
        if live is not None and live.forsaken():
            advice = "use it in a `with` block, or cancel it"
            warnings.warn(f"{self!r} was dropped while it runs; {advice}", ResourceWarning, source=self, stacklevel=2)
            live.cancel()


class Session(OpenSession):
    """A pipeline that runs: inputs are sent, outputs received, each as soon as it is there.

    It starts when it is made, in a coroutine, and belongs to that event loop, on which its `async def` nodes run too.
    Several tasks may send and receive at once. As an async context manager it ends well: leaving the block normally
    ends the input and waits until every node has finished, **dropping the outputs that nobody has taken**; leaving it
    by an exception cancels. A pipeline with a source is cancelled in both cases, because a source may have no end.

    An exception of a node arrives as itself, with notes of where it happened, at the next `send`, receive or `wait`,
    after the outputs before it; at the latest when the block is left.

    Args:
        pipeline: Whatever `execute_pipeline` takes.
        inputs: Where the input comes from, instead of `send`: an iterable, which another thread iterates over, or an
            asynchronous one. It is asked for an item when there is room.
        options: As `SessionOptions` describes them.

    Raises:
        TypeError, ValueError, RuntimeError: The pipeline is not one that can be run, as for `execute_pipeline`; or no
            event loop is running.
        ImportError: The engine's library cannot be loaded.
    """

    def __init__(
        self,
        pipeline: Runnable,
        *,
        inputs: Iterable[Any] | AsyncIterable[Any] | None = None,
        **options: Unpack[SessionOptions],
    ) -> None:
        from ._engine.signals import Signals

        loop = asyncio.get_running_loop()
        self._signals = Signals(loop)
        # Outputs that were taken and are being read, for receivers that were cancelled meanwhile.
        self._reading: deque[tuple[_abi.rm_packet, asyncio.Future[Any]]] = deque()
        super().__init__(pipeline, inputs, options, loop, self._signals.tell)

    async def send(self, data: Any, pts: int | None = None) -> None:
        """Gives an input, waiting for room.

        Args:
            data: The input; the first nodes get the very object.
            pts: When it is to be presented, in nanoseconds, or None.

        Raises:
            PipelineError: The session takes no input, or no more.
            Exception: What ended the session.
        """
        while not self._live.push(data, pts, 0):
            await self._signals.wait(_abi.RM_EVENT_ROOM)

    async def end(self) -> None:
        """Says that there is no more input: what is inside comes out, then the session ends. Returns at once."""
        self._live.end()

    async def flush(self) -> None:
        """Has every node give what it holds back, after the inputs sent before; waits for room. The stream goes on."""
        while not self._live.flush(0):
            await self._signals.wait(_abi.RM_EVENT_ROOM)

    async def insert(
        self, node: Node, *, after: str = "", before: str = "", node_id: str | None = None, timeout: float = 60.0
    ) -> None:
        """Puts a node onto the edge between two others while the session runs; nothing that was sent is lost.

        The node is initialised first. Nodes are named by their ids, `f"{name}_{index}"`.

        Args:
            node: The node; an instance that is not in the session.
            after: The node before it; empty for the input.
            before: The node behind it; empty for the output.
            node_id: Its id; its name by default.
            timeout: How long to wait, in seconds; afterwards the change goes on.

        Raises:
            ValueError: There is no such edge, or the id is taken.
            TimeoutError: The change has not come about in time.
            NodeError: Its `initialize` failed, as the message says. The session runs on as it was.
        """
        await asyncio.to_thread(self._live.changes.insert, node, node_id or node.name, after, before, timeout)

    async def remove(self, node_id: str, *, timeout: float = 60.0) -> None:
        """Lets a node go while the session runs: what it holds back comes out, and later inputs go past it.

        Raises:
            ValueError: There is no such node, or it cannot be removed; the message says why.
            TimeoutError: As for `insert`.
        """
        await asyncio.to_thread(self._live.changes.remove, node_id, timeout)

    async def replace(self, node_id: str, node: Node, *, timeout: float = 60.0) -> None:
        """Has another node take the place of one while the session runs; nothing that was sent is lost.

        Raises:
            ValueError, TimeoutError, NodeError: As for `insert` and `remove`.
        """
        await asyncio.to_thread(self._live.changes.replace, node_id, node, timeout)

    async def ready(self) -> None:
        """Waits until every node is initialised. Inputs can be sent before, and wait meanwhile.

        Raises:
            Exception: What ended the session, such as an `initialize` that failed.
        """
        while not self._live.ready(0):
            await self._signals.wait(_abi.RM_EVENT_READY)

    async def receive(self) -> Any:
        """The next output, waited for. One that a cancelled call was about to give comes with the next call.

        Raises:
            EOFError: The session has ended, and every output was taken.
            Exception: What ended the session.
        """
        output = await self._next()
        if output is None:
            self._at_end()
        return output[1]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        output = await self._next()
        if output is None:
            raise StopAsyncIteration
        return output[1]

    async def packets(self) -> AsyncIterator[Packet]:
        """The outputs with their times and the number of the input that caused them."""
        while (output := await self._next()) is not None:
            yield self._packet(output)

    async def _next(self) -> Output | None:
        while not self._reading:
            packet = self._live.pull(0)
            if packet is not None:
                if packet.kind == _abi.RM_KIND_AUDIO or packet.size < _LARGE:
                    return packet, self._live.value(packet)
                self._reading.append((packet, self._signals.loop.run_in_executor(None, self._live.value, packet)))
            elif self._live.over:
                self._live.raise_error()
                return None
            else:
                await self._signals.wait(_abi.RM_EVENT_OUTPUT)
        packet, reading = self._reading.popleft()
        try:
            return packet, await asyncio.shield(reading)
        except asyncio.CancelledError:
            self._reading.appendleft((packet, reading))
            raise

    async def wait(self) -> None:
        """Waits until every node has been cleaned up; raises what ended the session, unless that was `cancel`.

        It takes no outputs: a session ends only when somebody else takes them.
        """
        await self._until_ended()
        self._live.raise_at_end()

    async def _until_ended(self) -> None:
        while not self._live.ended:
            await self._signals.wait(_abi.RM_EVENT_ENDED)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None or self._live.has_source:
            await self.give_up()
        else:
            try:
                await self._finish()
            except BaseException:
                await self.give_up()
                raise
        if error is None:
            self._live.raise_at_end()

    async def _finish(self) -> None:
        self._live.end()
        while not self._live.over:
            packet = self._live.pull(0)
            if packet is not None:
                self._live.drop(packet)
            elif not self._live.over:
                await self._signals.wait(_abi.RM_EVENT_OUTPUT)
        await self._until_ended()

    async def give_up(self) -> None:
        """Cancels, and gives the nodes a moment to be cleaned up; one that blocks is not waited for."""
        self._live.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._until_ended(), self._live.patience)


def open_session(
    pipeline: Runnable,
    *,
    inputs: Iterable[Any] | AsyncIterable[Any] | None = None,
    **options: Unpack[SessionOptions],
) -> Session:
    """Starts a `Session` over whatever `execute_pipeline` takes; the arguments are those of `Session`."""
    return Session(pipeline, inputs=inputs, **options)
