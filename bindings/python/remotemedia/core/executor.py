"""The executor written in Python: nodes in a chain, item by item.

It is what runs where the engine's library cannot be loaded, and the measure that the engine is held against in tests.
Each item goes through the whole chain before the next one is taken.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any

from .node import Node
from .source import source_of

if TYPE_CHECKING:
    from .progress import Progress

_Item = tuple[int | None, Any]
_Inputs = Iterable[Any] | AsyncIterable[Any]


class _Failed:
    """An item at which a node failed, where such items are collected."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def execute(
    nodes: list[Node],
    inputs: Iterable[Any] | None,
    on_error: str = "raise",
    managed: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> list[Any]:
    """Runs nodes over inputs; without any, the first node is a source, or gets an empty string.

    Args:
        nodes: The chain.
        inputs: The inputs.
        on_error: As for `execute_pipeline`.
        managed: Somebody else initialises the nodes and cleans them up.
        progress: As for `execute_pipeline`.

    Returns:
        The outputs, in order.
    """
    outputs: list[Any] = []
    given = [""] if inputs is None and not nodes[0].is_source else inputs
    meter = None
    if progress is not None:
        from .progress import Meter

        meter = Meter(progress)
        given = None if given is None else meter.count(given)
    try:
        async for output in stream(nodes, given, on_error, managed):
            outputs.append(output)
            if meter is not None and meter.is_due():
                meter.tell(len(outputs))
        if meter is not None:
            meter.tell(len(outputs))
    except Exception as error:
        error.partial_results = outputs  # type: ignore[attr-defined]
        raise
    return outputs


async def stream(
    nodes: list[Node], inputs: _Inputs | None, on_error: str = "raise", managed: bool = False
) -> AsyncGenerator[Any, None]:
    """The outputs, as they come.

    As `execute`, but the inputs may be asynchronous, and without any the first node is the source.
    """
    if on_error not in ("raise", "skip", "collect"):
        raise ValueError(f"on_error is {on_error!r}; use one of 'raise', 'skip', 'collect'")
    begun: list[Node] = []
    try:
        for node in [] if managed else nodes:
            if not any(node is other for other in begun):
                begun.append(node)
                await settle(node.initialize())
        items = _inputs(nodes, inputs)
        for index, node in enumerate(nodes):
            if index > 0 or inputs is not None:
                items = _stage(node, f"{node.name}_{index}", items, on_error)
        async for _, output in items:
            yield output.error if isinstance(output, _Failed) else output
    finally:
        for node in begun:
            try:
                await settle(node.cleanup())
            except Exception:
                node.logger.exception("cleanup of node %r failed", node)


async def _inputs(nodes: list[Node], inputs: _Inputs | None) -> AsyncIterator[_Item]:
    if inputs is None:
        async for item in outputs_of(source_of(nodes[0])):
            yield None, item
    elif isinstance(inputs, AsyncIterable):
        index = 0
        async for item in inputs:
            yield index, item
            index += 1
    else:
        for numbered in enumerate(inputs):
            yield numbered


def _stage(node: Node, node_id: str, stream: AsyncIterator[_Item], on_error: str) -> AsyncIterator[_Item]:
    return (_streaming if node.is_streaming else _one_by_one)(node, node_id, stream, on_error)


async def _one_by_one(node: Node, node_id: str, stream: AsyncIterator[_Item], on_error: str) -> AsyncIterator[_Item]:
    async for index, item in stream:
        if isinstance(item, _Failed):
            yield index, item
            continue
        made: list[Any] = []
        try:
            async for output in outputs_of(node.process(item)):
                if on_error == "raise":
                    yield index, output
                else:
                    made.append(output)
        except Exception as error:
            _locate(error, node_id, index)
            if on_error == "raise":
                raise
            made.append(_Failed(error)) if on_error == "collect" else None
        for output in made:
            yield index, output
    flush = getattr(node, "flush", None)
    if callable(flush):
        async for output in outputs_of(flush()):
            yield None, output


async def _streaming(node: Node, node_id: str, stream: AsyncIterator[_Item], on_error: str) -> AsyncIterator[_Item]:
    from .._engine.streams import is_async

    current: int | None = None

    async def items() -> AsyncIterator[Any]:
        nonlocal current
        async for index, item in stream:
            current = index
            yield item

    try:
        if is_async(node.process):
            async for output in outputs_of(node.process(items())):
                yield current, output
        else:
            taken = [item async for item in items()]
            async for output in outputs_of(node.process(iter(taken))):
                yield current, output
    except Exception as error:
        _locate(error, node_id, current)
        raise


async def outputs_of(result: Any) -> AsyncIterator[Any]:
    """The outputs that what `process` returned stands for; None is none."""
    if inspect.isasyncgen(result):
        async for output in result:
            if output is not None:
                yield output
    elif inspect.isgenerator(result):
        for output in result:
            if output is not None:
                yield output
    else:
        output = await settle(result)
        if output is not None:
            yield output


async def settle(result: Any) -> Any:
    """A result, waited for if it can be."""
    return await result if hasattr(type(result), "__await__") else result


def _locate(error: BaseException, node_id: str, index: int | None) -> None:
    if getattr(error, "node_id", None) is None:
        error.add_note(f"in node '{node_id}'" + ("" if index is None else f", at input {index}"))
        error.node_id, error.input_index = node_id, index  # type: ignore[attr-defined]
