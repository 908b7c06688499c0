"""Streaming nodes: `process(stream)` is called once, and its outputs are those of the run.

The engine gives one input at a time. Whatever the node yields until it asks for the next input counts as outputs of the
one before. An `async def` process lives in a task on the run's loop; any other one in a thread of its own, because it
blocks while it waits for input.
"""

from __future__ import annotations

import functools
import inspect
import queue
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any, Final

from ..core.exceptions import PipelineError
from .adapter import CALLER, NodeAdapter, PendingCall
from .objects import DONE, MORE

if TYPE_CHECKING:
    import asyncio

    from .engine import Engine
    from .handover import Handover

_END: Final = object()
_JOIN_SECONDS = 1.0


def is_async(process: Callable[..., Any]) -> bool:
    """Whether calling `process` gives something for an event loop, also behind `functools.partial`."""
    while isinstance(process, functools.partial):
        process = process.func
    return inspect.isasyncgenfunction(process) or inspect.iscoroutinefunction(process)


class StreamAdapter(NodeAdapter):
    """What the two kinds of streaming node have in common."""

    def __init__(self, engine: Engine, node: Any) -> None:
        super().__init__(engine, node)
        self._run: int | None = None

    def process(self, item: Any) -> Any:
        return self.guard(lambda: self._feed_own(item))

    def flush(self, _: None = None) -> Any:
        return self.guard(lambda: self._feed_own(_END))

    def _feed_own(self, item: Any) -> Any:
        """Feeds the stream of one run: a node has one stream at a time, and two must not be mixed up."""
        run = self.engine.tag()
        self._run = self._run or run
        if run != self._run:
            raise PipelineError(f"streaming node '{self.node.name}' is in another run; use an instance for each")
        return self._feed(item)

    def cleanup(self, _: None = None) -> Any:
        self._run = None
        return super().cleanup()

    @abstractmethod
    def _feed(self, item: Any) -> Any:
        """Gives the node an item, or the end of them, and answers as a call does."""


class AsyncStreamAdapter(StreamAdapter):
    """A streaming node on the run's event loop."""

    _epoch = 0
    _completion = 0

    def __init__(self, engine: Engine, node: Any) -> None:
        super().__init__(engine, node)
        self._reset()

    def _reset(self) -> None:
        # What was scheduled before is of another run, and must not begin anything in this one.
        self._epoch += 1
        self.engine.drop(self._completion)
        self._items: deque[Any] = deque()
        self._completion = 0
        self._wanted: asyncio.Future[None] | None = None
        self._driver: asyncio.Task[None] | None = None
        self._over = False

    def _feed(self, item: Any) -> Any:
        return self.engine.defer(self._on_item, item, self._epoch)

    def resume(self, _: None) -> Any:
        return self.guard(lambda: self.engine.defer(self._on_resume, self._epoch))

    # From here on everything runs on the loop.

    def _on_item(self, completion: int, handover: Handover, item: Any, epoch: int) -> None:
        if epoch != self._epoch:
            return self.engine.drop(completion)
        self._completion = completion
        if self._over:
            return self._finish(None)
        self._items.append(item)
        if self._driver is None:
            self._driver = handover.spawn(self._drive())
            self._driver.add_done_callback(self._on_driven)
        else:
            self._wake()

    def _on_resume(self, completion: int, _: Handover, epoch: int) -> None:
        if epoch != self._epoch:
            return self.engine.drop(completion)
        self._completion = completion
        self._wake()

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    async def _pause(self) -> None:
        import asyncio

        self._wanted = asyncio.get_running_loop().create_future()
        await self._wanted
        CALLER.set(self._completion)

    def _finish(self, output: Any, more: bool = False) -> None:
        completion, self._completion = self._completion, 0
        if completion:
            self.engine.finish(self, completion, output, more)

    async def _drive(self) -> None:
        CALLER.set(self._completion)
        try:
            result = self.node.process(self._stream())
            if type(result) is AsyncGeneratorType:
                async for output in result:
                    self._finish(output, more=True)
                    await self._pause()
            else:
                output = await result
                if output is not None:
                    self._finish(output, more=True)
                    await self._pause()
            self._over = True
            self._finish(None)
        except BaseException as error:
            self._fail(error)

    def _on_driven(self, driver: asyncio.Task[None]) -> None:
        if driver is self._driver and not self._over:
            import asyncio

            # It was cancelled before its first step.
            self._fail(asyncio.CancelledError())

    def _fail(self, error: BaseException) -> None:
        self._over = True
        completion, self._completion = self._completion, 0
        if completion:
            self.engine.fail_later(completion, error)

    async def _stream(self) -> AsyncIterator[Any]:
        while True:
            if not self._items:
                self._finish(None)
                await self._pause()
                continue
            item = self._items.popleft()
            if item is _END:
                return
            yield item

    def cleanup(self, _: None = None) -> Any:
        self.pending = None if self._driver is None else PendingCall(self._driver)
        self._reset()
        return super().cleanup()


class ThreadStreamAdapter(StreamAdapter):
    """A streaming node in a thread of its own."""

    def __init__(self, engine: Engine, node: Any) -> None:
        super().__init__(engine, node)
        self._reset()

    def _reset(self) -> None:
        self._thread: threading.Thread | None = None
        self._to_thread: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._from_thread: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._ready: deque[Any] = deque()
        self._over = False

    def _feed(self, item: Any) -> Any:
        if self._over:
            return None
        if self._thread is None:
            arguments = (self._to_thread, self._from_thread)
            thread = threading.Thread(target=self._serve, args=arguments, name=self.node.name, daemon=True)
            # Python starts none while it closes: there is nothing to join then.
            thread.start()
            self._thread = thread
        self._to_thread.put(item)
        return self._listen()

    def _listen(self) -> Any:
        """What the thread does next: MORE if it has an output, None if it wants input or is over."""
        what, value = self._from_thread.get()
        if what == "output":
            self._ready.append(value)
            return MORE
        self._over = what != "wants"
        if what == "error":
            raise value
        return None

    def resume(self, _: None) -> Any:
        if self._ready:
            return self._next()
        self._to_thread.put(None)
        answer = self.guard(self._listen)
        return self._next() if answer is MORE else DONE if answer is None else answer

    def _next(self) -> Any:
        return self.guard(self._ready.popleft)

    def _serve(self, inbox: queue.SimpleQueue[Any], outbox: queue.SimpleQueue[tuple[str, Any]]) -> None:
        try:
            for output in self._outputs(self.node.process(_stream(inbox, outbox))):
                if output is not None:
                    outbox.put(("output", output))
                    if inbox.get() is _END:
                        break
            outbox.put(("over", None))
        except BaseException as error:
            outbox.put(("error", error))

    def _outputs(self, result: Any) -> Iterator[Any]:
        return result if type(result) is GeneratorType else iter((result,))

    def cleanup(self, _: None = None) -> Any:
        if self._thread is not None and not self._over:
            self._to_thread.put(_END)
            # The node's own code ends before its cleanup begins, unless it does not end at all.
            self._thread.join(_JOIN_SECONDS)
        self._reset()
        return super().cleanup()


def _stream(inbox: queue.SimpleQueue[Any], outbox: queue.SimpleQueue[tuple[str, Any]]) -> Iterator[Any]:
    first = True
    while True:
        if not first:
            outbox.put(("wants", None))
        first = False
        item = inbox.get()
        if item is _END:
            return
        yield item
