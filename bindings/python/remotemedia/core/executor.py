"""The executor written in Python: a graph of nodes, item by item.

It is what runs where the engine's library cannot be loaded, and the measure that the engine is held against in tests.
Each item goes through the whole graph before the next one is taken, so edges need no queues.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any

from .graph import ON_ERROR, Graph
from .node import Node
from .ports import listed
from .settle import settle
from .stage import Failed, Packet, SourceStage, Stage, time_of
from .stream_stage import AsyncStreamStage, StreamStage

if TYPE_CHECKING:
    from .progress import Progress

_Inputs = Iterable[Any] | AsyncIterable[Any]


async def execute(
    graph: Graph,
    inputs: Iterable[Any] | None,
    on_error: str = "raise",
    managed: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> list[Any]:
    """Runs a graph over inputs; without any, nodes that are no sources get an empty string.

    Args:
        graph: The nodes and edges.
        inputs: The inputs.
        on_error: As for `execute_pipeline`.
        managed: Somebody else initialises the nodes and cleans them up, but for those that are to run in processes of
            their own; here they run like the others.
        progress: As for `execute_pipeline`.

    Returns:
        The outputs, in order.
    """
    outputs: list[Any] = []
    given = [""] if inputs is None and graph.takes_input() else inputs
    meter = None
    if progress is not None:
        from .progress import Meter

        meter = Meter(progress)
        given = None if given is None else meter.count(given)
    try:
        async for output in stream(graph, given, on_error, managed):
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
    graph: Graph, inputs: _Inputs | None, on_error: str = "raise", managed: bool = False
) -> AsyncGenerator[Any, None]:
    """The outputs of the nodes that no edge leads away from, as they come.

    Args:
        graph: The nodes and edges.
        inputs: They go to every input of the nodes that no edge leads to and that are no sources. Without any, and if
            there is no source, the first node is it.
        on_error: As for `execute_pipeline`.
        managed: As for `execute`.
    """
    if on_error not in ON_ERROR:
        raise ValueError(f"on_error is {on_error!r}; use one of {listed(ON_ERROR)}")
    outputs = _Outputs()
    stages = _stages(graph, on_error, outputs, source=inputs is None and not graph.has_source())
    if inputs is not None and not graph.takes_input():
        ids = ", ".join(graph.ids())
        raise ValueError(f"the pipeline takes no input, because its source makes its own (nodes: {ids})")
    begun: list[Node] = []
    try:
        for stage in stages:
            if managed and stage.node.executor == "inline":
                continue
            if not any(stage.node is node for node in begun):
                begun.append(stage.node)
                await settle(stage.node.initialize())
        try:
            async for _ in _flow(stages, inputs):
                while outputs.values:
                    yield outputs.values.pop(0)
        except Exception:
            for output in outputs.values:
                yield output
            raise
    finally:
        for stage in stages:
            await stage.close()
        for node in begun:
            try:
                await settle(node.cleanup())
            except Exception:
                node.logger.exception("cleanup of node %r failed", node)


async def _flow(stages: list[Stage], inputs: _Inputs | None) -> AsyncIterator[None]:
    """Lets everything flow, step by step: first the sources, one after the other, then the inputs."""
    for stage in stages:
        if isinstance(stage, SourceStage):
            async for step in stage.run():
                yield step
    takers = [(stage, port) for stage in stages if not isinstance(stage, SourceStage) for port in stage.unjoined]
    index = 0
    async for item in _each(() if inputs is None else inputs):
        for stage, port in takers:
            await stage.take(Packet(item, index, time_of(item)), port)
        index += 1
        yield
    for stage in stages:
        await stage.finish()
        yield


async def _each(inputs: _Inputs) -> AsyncIterator[Any]:
    if isinstance(inputs, AsyncIterable):
        async for item in inputs:
            yield item
    else:
        for item in inputs:
            yield item


class _Outputs:
    """The end of a graph: what comes is kept until it is taken."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    async def take(self, packet: Packet, port: int) -> None:
        value = packet.value
        self.values.append(value.error if isinstance(value, Failed) else value)


def _stages(graph: Graph, on_error: str, outputs: _Outputs, source: bool) -> list[Stage]:
    """The stages of a graph, joined, in the order of the flow; `source` says that the first node is one."""
    stages: dict[int, Stage] = {}
    for index in graph.order():
        node = graph.nodes[index]
        kind = SourceStage if source and index == 0 else _kind(node)
        stages[index] = kind(node, graph.id(index), graph.options(index), on_error)
    for edge in graph.edges:
        before, behind = stages[edge.source], stages[edge.target]
        if isinstance(behind, SourceStage):
            raise ValueError(
                f"Invalid manifest: node '{behind.node_id}' is a source and takes no input; remove the connection from "
                f"'{before.node_id}'"
            )
        before.join(edge.output, behind, edge.input)
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
