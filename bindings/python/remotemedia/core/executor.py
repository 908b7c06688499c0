"""The executor written in Python: nodes in a chain, item by item.

It is what runs where the engine's library cannot be loaded, and the measure that the engine is held against in tests.
Each item goes through the whole chain before the next one is taken.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterable
from typing import Any

from .exceptions import PipelineError
from .node import Node

_Item = tuple[int | None, Any]


class _Failed:
    """An item at which a node failed, where such items are collected."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def execute(nodes: list[Node], inputs: Iterable[Any] | None, on_error: str = "raise") -> list[Any]:
    """Runs nodes over inputs; without any, the first node is a source, or gets an empty string.

    Returns:
        The outputs, in order.
    """
    if on_error not in ("raise", "skip", "collect"):
        raise ValueError(f"on_error is {on_error!r}; use one of 'raise', 'skip', 'collect'")
    outputs: list[Any] = []
    begun: list[Node] = []
    try:
        for node in nodes:
            if not any(node is other for other in begun):
                begun.append(node)
                await settle(node.initialize())
        stream = _inputs(nodes, inputs)
        for index, node in enumerate(nodes):
            if index > 0 or not (inputs is None and node.is_source):
                stream = _stage(node, f"{node.name}_{index}", stream, on_error)
        async for _, output in stream:
            outputs.append(output.error if isinstance(output, _Failed) else output)
    except Exception as error:
        error.partial_results = outputs  # type: ignore[attr-defined]
        raise
    finally:
        for node in begun:
            try:
                await settle(node.cleanup())
            except Exception:
                node.logger.exception("cleanup of node %r failed", node)
    return outputs


async def _inputs(nodes: list[Node], inputs: Iterable[Any] | None) -> AsyncIterator[_Item]:
    if inputs is None and nodes[0].is_source:
        source = nodes[0].process()  # type: ignore[call-arg]
        if not (inspect.isgenerator(source) or inspect.isasyncgen(source)):
            raise PipelineError(
                f"The first node '{nodes[0].name}' is not a valid source: its process() must take no input and be a "
                "generator or an async generator"
            )
        async for item in outputs_of(source):
            yield None, item
        return
    for index, item in enumerate([""] if inputs is None else inputs):
        yield index, item


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
