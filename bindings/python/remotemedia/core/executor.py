"""The executor written in Python: a graph of nodes, item by item.

It is what runs where the engine's library cannot be loaded, and the measure that the engine is held against in tests.
Each item goes through the whole graph before the next one is taken, so edges need no queues.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .graph import ON_ERROR, Graph
from .node import Node
from .ports import listed
from .stage import Failed, Packet, SourceStage, Stage, time_of
from .stream_stage import AsyncStreamStage, StreamStage


async def execute(graph: Graph, inputs: Iterable[Any] | None, on_error: str = "raise") -> list[Any]:
    """Runs a graph over inputs, which go to every input of the nodes that no edge leads to and that are no sources.

    Without inputs there is one, an empty string. Sources come first, one after the other.

    Returns:
        What the nodes give that no edge leads away from, in order.
    """
    if on_error not in ON_ERROR:
        raise ValueError(f"on_error is {on_error!r}; use one of {listed(ON_ERROR)}")
    outputs = _Outputs()
    stages = _stages(graph, on_error, outputs)
    sources = [stage for stage in stages if isinstance(stage, SourceStage)]
    takers = [(stage, port) for stage in stages for port in stage.unjoined if not isinstance(stage, SourceStage)]
    if inputs is not None and not takers:
        ids = ", ".join(graph.ids())
        raise ValueError(f"the pipeline takes no input, because its source makes its own (nodes: {ids})")
    begun: list[Node] = []
    try:
        for stage in stages:
            if not any(stage.node is node for node in begun):
                begun.append(stage.node)
                await _settle(stage.node.initialize())
        for source in sources:
            await source.run()
        for index, item in enumerate([""] if inputs is None else inputs):
            for stage, port in takers:
                await stage.take(Packet(item, index, time_of(item)), port)
        for stage in stages:
            await stage.finish()
    except Exception as error:
        error.partial_results = outputs.values  # type: ignore[attr-defined]
        raise
    finally:
        for stage in stages:
            await stage.close()
        for node in begun:
            try:
                await _settle(node.cleanup())
            except Exception:
                node.logger.exception("cleanup of node %r failed", node)
    return outputs.values


class _Outputs:
    """The end of a graph: what comes is kept."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    async def take(self, packet: Packet, port: int) -> None:
        value = packet.value
        self.values.append(value.error if isinstance(value, Failed) else value)


def _stages(graph: Graph, on_error: str, outputs: _Outputs) -> list[Stage]:
    """The stages of a graph, joined, in the order of the flow."""
    stages: dict[int, Stage] = {}
    for index in graph.order():
        node = graph.nodes[index]
        stages[index] = _kind(node)(node, graph.id(index), graph.options(index), on_error)
    for edge in graph.edges:
        source, target = stages[edge.source], stages[edge.target]
        if isinstance(target, SourceStage):
            raise ValueError(
                f"Invalid manifest: node '{target.node_id}' is a source and takes no input; remove the connection from "
                f"'{source.node_id}'"
            )
        source.join(edge.output, target, edge.input)
    for stage in stages.values():
        if 0 < len(stage.unjoined) < len(stage.node.inputs):
            name = stage.node.inputs[min(stage.unjoined)]
            raise ValueError(
                f"Invalid manifest: nothing leads to the input '{name}' of node '{stage.node_id}'; connect it"
            )
        if not stage.outs:
            stage.outs.append((None, outputs, 0))
    return list(stages.values())


def _kind(node: Node) -> type[Stage]:
    if node.is_source:
        return SourceStage
    if node.is_streaming:
        from .._engine.streams import is_async

        return AsyncStreamStage if is_async(node.process) else StreamStage
    return Stage


async def _settle(result: Any) -> None:
    if hasattr(type(result), "__await__"):
        await result
