"""Adapters: a `Node` object's own methods as the callbacks of a node of the library.

A call answers an output, None (no output), or a mark of `objects`: MORE (call `resume`), DONE (nothing more), PENDING
(the outcome comes through a completion), FAILED (the library was told why). Nothing is ever raised out of a call but
`process`, which the library makes without any code of ours in between where it can.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable
from contextvars import ContextVar
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any

from ..core.audio import AudioFrame
from ..core.done import Done
from ..core.node import Node
from ..core.output import Output
from ..core.ports import check_ports
from ..core.source import source_of
from .errors import LoopStopped
from .objects import DONE, MORE

if TYPE_CHECKING:
    import asyncio

    from .engine import Engine

# What knows its port or its time, and is given with it.
_MORE_THAN_DATA = (Output, AudioFrame)


class Adapter:
    """What the library calls for one node. The defaults do nothing."""

    is_source = False
    none_is_value = False
    has_life = False
    """Whether there is anything to initialise, flush and clean up."""
    name = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    match_tolerance: float | None = None
    failure: BaseException | None = None
    """What a call other than `process` failed with."""
    is_live = False
    """Whether it has been initialised and not yet been cleaned up."""
    _plain: type = type(None)
    """The type of the last result that was sorted and stayed what it was."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def process(self, item: Any, /) -> Any:
        """Takes one input, if the inputs have no names. It may raise, and what it returns goes to `sort`."""

    def resume(self, _: None, /) -> Any:
        """Goes on after MORE; for a source, makes the next output."""
        return DONE

    def sort(self, result: Any) -> Any:
        """Sorts out what `process` has returned. The library asks once for outputs of one type in a row."""
        return result

    def take(self, item: Any, port: int) -> Any:
        """Takes one input at a port: makes the call as the library does where it makes it itself."""
        try:
            result = self.process(item)
            if type(result) is self._plain:
                return result
            answer = self.sort(result)
            if answer is result:
                self._plain = type(result)
            return answer
        except BaseException as error:
            return self.engine.fail(error)

    def initialize(self, _: None = None) -> Any:
        """Makes ready."""

    def flush(self, _: None = None) -> Any:
        """Gives what is left at the end of the input."""

    def cleanup(self, _: None = None) -> Any:
        """Lets go of everything."""


class Feeder(Adapter):
    """The source of runs, one after the other: the items of an iterable."""

    is_source = True
    none_is_value = True
    is_busy = False
    """Whether it has begun with the items and not come to their end."""

    def __init__(self, engine: Engine, items: Iterable[Any] = ()) -> None:
        super().__init__(engine)
        self.items = items
        # A generator's own `send` takes the one argument that the library passes: no Python frame in between.
        self.resume = self._feed().send  # type: ignore[method-assign]

    def _feed(self) -> Generator[Any, None, None]:
        while True:
            self.is_busy = True
            try:
                for item in self.items:
                    yield self.engine.emit(self, item, MORE) if issubclass(type(item), AudioFrame) else item
            except Exception as error:
                yield self.engine.fail(error)
            item = self.items = ()
            self.is_busy = False
            yield DONE


class Collector(Adapter):
    """The end of a run: appends what comes to a list."""

    def __init__(self, engine: Engine, outputs: list[Any]) -> None:
        super().__init__(engine)
        self.process = outputs.append  # type: ignore[method-assign]


CALLER: ContextVar[int] = ContextVar("remotemedia_caller", default=0)
"""The completion of the call that a task runs for, so that what it opens is known to be waited for by that call."""


class PendingCall:
    """A call whose outcome comes from an event loop: its task, once the loop has come to it, unless it was given up."""

    __slots__ = ("given_up", "task")

    def __init__(self, task: asyncio.Task[None] | None = None) -> None:
        self.task = task
        self.given_up = False

    def give_up(self) -> bool:
        """Whether there was something left to give up."""
        self.given_up = self.task is None or not self.task.done()
        return self.given_up


class NodeAdapter(Adapter):
    """What the library calls for a `Node`."""

    has_life = True
    managed = False
    """Whether a session has it for which somebody else initialises the node and cleans it up."""
    pending: PendingCall | None = None
    _owns_life = False
    _rest: Callable[[], Any] | None = None
    _generator: Generator[Any, None, None] | AsyncGenerator[Any, None] | None = None

    def __init__(self, engine: Engine, node: Any) -> None:
        super().__init__(engine)
        check_ports(node.name, node)
        self.node = node
        self.name, self.inputs, self.outputs = node.name, node.inputs, node.outputs
        self.match_tolerance = node.match_tolerance

    def sort(self, result: Any) -> Any:
        """Sorts out a result that is something to wait for, or to take outputs from, or knows its port or time."""
        # By its true type: `isinstance` would ask the object, which may say anything.
        kind = type(result)
        if kind is GeneratorType or kind is AsyncGeneratorType:
            self._generator = result
            self._rest = result.__next__ if kind is GeneratorType else self._next_async
            return MORE
        if kind is Done:
            return None
        if hasattr(kind, "__await__"):
            return self.engine.wait_for(result, self)
        return self.engine.emit(self, result) if issubclass(kind, _MORE_THAN_DATA) else result

    def _next_async(self) -> Any:
        assert isinstance(self._generator, AsyncGeneratorType)
        return self.engine.wait_for(self._generator.__anext__(), self, more=True)

    def resume(self, _: None) -> Any:
        try:
            if self._rest is None:
                return DONE
            output = self._rest()
            return self.engine.emit(self, output) if issubclass(type(output), _MORE_THAN_DATA) else output
        except StopIteration:
            self._forget()
            return DONE
        except BaseException as error:
            self._forget()
            return self.engine.fail(error)

    def _forget(self) -> None:
        self._rest = self._generator = None

    def initialize(self, _: None = None) -> Any:
        # A node may pass from a session of the one kind to one of the other before the end of the first is known here.
        self._owns_life = not (self.managed and self.engine.session().spec.managed)
        return self.guard(self.node.initialize) if self._owns_life else None

    def flush(self, _: None = None) -> Any:
        flush = getattr(self.node, "flush", None)
        return self.guard(flush) if callable(flush) else None

    def cleanup(self, _: None = None) -> Any:
        try:
            generator, call = self._generator, self.pending
            self._forget()
            if isinstance(generator, GeneratorType):
                generator.close()
            unfinished = call is not None and call.give_up()
            if unfinished or isinstance(generator, AsyncGeneratorType):
                # What waits on a loop that has stopped goes with the loop: there is nothing to wait for.
                with contextlib.suppress(LoopStopped):
                    return self.engine.wait_for(self._cleanup_after(call, generator), self)
            result: Any = self.node.cleanup() if self._owns_life else None
            if hasattr(type(result), "__await__") and type(result) is not Done:
                result = self._note_failure(result)
            return self.sort(result)
        except BaseException as error:
            return self._cleanup_failed(error)

    async def _cleanup_after(self, call: PendingCall | None, generator: Any) -> None:
        """Cleans up after an asynchronous call that was given up half done."""
        if call is not None and call.task is not None:
            call.task.cancel()
            import asyncio

            await asyncio.wait([call.task])
        if isinstance(generator, AsyncGeneratorType):
            await generator.aclose()
        result: Any = self.node.cleanup() if self._owns_life else None
        if hasattr(type(result), "__await__"):
            await self._note_failure(result)

    async def _note_failure(self, result: Any) -> None:
        try:
            await result
        except BaseException as error:
            self._log(error)
            raise

    def _cleanup_failed(self, error: BaseException) -> Any:
        self._log(error)
        return self.engine.fail(error)

    def _log(self, error: BaseException) -> None:
        # It must not cost the run its result.
        import logging

        logging.getLogger("remotemedia").error("cleanup of node %r failed", self.node, exc_info=error)

    def guard(self, call: Callable[[], Any]) -> Any:
        """Makes a call whose failure is told to the library."""
        try:
            return self.sort(call())
        except BaseException as error:
            self.failure = error
            return self.engine.fail(error)


class DirectAdapter(NodeAdapter):
    """A node with one input, whose own `process` the library calls."""

    def __init__(self, engine: Engine, node: Any) -> None:
        super().__init__(engine, node)
        # A method of this object in its place would keep the node until the garbage collector comes.
        self.process = node.process  # type: ignore[method-assign]


class PortAdapter(NodeAdapter):
    """A node with named inputs."""

    def __init__(self, engine: Engine, node: Any) -> None:
        super().__init__(engine, node)
        self._set: dict[str, Any] = {}

    def take(self, item: Any, port: int) -> Any:
        """Takes one input. Those of a matched set come one after the other, in the order of the inputs."""
        name = self.inputs[port]
        if self.match_tolerance is None:
            return self.guard(lambda: self.node.process(item, name))
        # Kept when it is complete: if the node fails, the last one may come once more.
        self._set[name] = item
        return self.guard(lambda: self.node.process(dict(self._set))) if name == self.inputs[-1] else None


class SourceAdapter(NodeAdapter):
    """A node that makes its own data: `process()` is called once, and gives a generator or an async generator."""

    is_source = True
    _begun = False

    def resume(self, _: None) -> Any:
        if not self._begun:
            self._begun = True
            begun = self.guard(lambda: source_of(self.node))
            if begun is not MORE:
                return begun
        return super().resume(None)

    def cleanup(self, _: None = None) -> Any:
        self._begun = False
        return super().cleanup()


class AsyncFeeder(SourceAdapter):
    """The source of a run: the items of an asynchronous iterable."""

    none_is_value = True

    def __init__(self, engine: Engine, items: AsyncIterable[Any]) -> None:
        super().__init__(engine, _Items(items))

    def initialize(self, _: None = None) -> None:
        """There is nothing to initialise, nor to clean up."""


class _Items(Node):
    name = "input"

    def __init__(self, items: AsyncIterable[Any]) -> None:
        self._items = items

    async def process(self) -> AsyncGenerator[Any, None]:  # type: ignore[override]
        async for item in self._items:
            yield item
