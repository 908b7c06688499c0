"""`Graph`: the edges between the nodes of a pipeline, and what each node does about time and failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from .node import Node
from .ports import check_ports, find_port, listed, nearest

POLICIES = ("block", "drop_oldest", "drop_newest", "latest")
ON_ERROR = ("raise", "skip", "collect")

End: TypeAlias = Node | tuple[Node, str] | str
"""One end of an edge: a node, a node and a port, or `"id"` or `"id/port"`."""


class Edge(NamedTuple):
    """An edge: the numbers of the nodes, their ports (None is the first), and the queue between them."""

    source: int
    target: int
    output: str | None = None
    input: str | None = None
    capacity: int | None = None
    policy: str | None = None


class Options(NamedTuple):
    """What a node does about time and failure; None leaves it to the run. Times are in seconds."""

    deadline: float | None = None
    on_error: str | None = None
    retries: int | None = None
    retry_delay: float | None = None

    def to_manifest(self) -> dict[str, Any]:
        """The keys of a manifest's node, with times in milliseconds."""
        entries = {
            "deadline_ms": _milliseconds(self.deadline),
            "on_error": self.on_error,
            "retries": self.retries,
            "retry_delay_ms": _milliseconds(self.retry_delay),
        }
        return {key: value for key, value in entries.items() if value is not None}


class Graph:
    """Nodes, the edges between them and their options.

    Args:
        nodes: The nodes; the list is shared with whoever adds to it.
    """

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self._edges: list[Edge] | None = None
        self._options: dict[int, Options] = {}

    def id(self, index: int) -> str:
        """The id of a node."""
        return f"{self.nodes[index].name}_{index}"

    def ids(self) -> list[str]:
        """The ids of the nodes, in order."""
        return [self.id(index) for index in range(len(self.nodes))]

    @property
    def edges(self) -> Sequence[Edge]:
        """The edges: those that were connected, or else a chain."""
        if self._edges is None:
            return [Edge(index, index + 1) for index in range(len(self.nodes) - 1)]
        return self._edges

    def options(self, index: int) -> Options:
        """The options of a node."""
        return self._options.get(index, Options())

    def heads(self) -> list[int]:
        """The nodes that no edge leads to."""
        targets = {edge.target for edge in self.edges}
        return [index for index in range(len(self.nodes)) if index not in targets]

    def has_source(self) -> bool:
        """Whether one of them makes its own data."""
        return any(self.nodes[index].is_source for index in self.heads())

    def takes_input(self) -> bool:
        """Whether one of them does not."""
        return any(not self.nodes[index].is_source for index in self.heads())

    def connect(self, source: End, target: End, capacity: int | None, policy: str | None) -> None:
        """Adds an edge; the first one ends the chain. Errors as those of `Pipeline.connect`."""
        if policy is not None and policy not in POLICIES:
            raise ValueError(f"policy is {policy!r}; use one of {listed(POLICIES)}{nearest(str(policy), POLICIES)}")
        if capacity is not None and not (isinstance(capacity, int) and 0 < capacity < 2**32):
            raise ValueError(f"capacity is {capacity!r}; use a number of packets, at least 1")
        from_, output = self._find(source, "outputs")
        to, input_ = self._find(target, "inputs")
        edges = self._edges or []
        if any((edge.source, edge.output, edge.target, edge.input) == (from_, output, to, input_) for edge in edges):
            raise ValueError(f"'{self._text(from_, output)}' and '{self._text(to, input_)}' are connected already")
        self._edges = [*edges, Edge(from_, to, output, input_, capacity, policy)]

    def unchain(self) -> None:
        """Ends the chain: the edges are those that are connected, also if there are none."""
        self._edges = self._edges or []

    @property
    def is_chain(self) -> bool:
        """Whether the nodes form a chain, because no edge was ever connected."""
        return self._edges is None

    def configure(self, node: Node | str, given: Options) -> None:
        """Overlays the options of a node. Errors as those of `Pipeline.configure`."""
        if given.on_error is not None and given.on_error not in ON_ERROR:
            raise ValueError(
                f"on_error is {given.on_error!r}; use one of {listed(ON_ERROR)}{nearest(str(given.on_error), ON_ERROR)}"
            )
        if given.retries is not None and not (isinstance(given.retries, int) and 0 <= given.retries <= 1000):
            raise ValueError(f"retries is {given.retries!r}; use a number of times, at most 1000")
        if given.deadline is not None and not 1e-6 <= given.deadline < 2**32:
            raise ValueError(f"deadline is {given.deadline!r}; use seconds, at least 1e-6")
        if given.retry_delay is not None and not 0 <= given.retry_delay < 2**32:
            raise ValueError(f"retry_delay is {given.retry_delay!r}; use seconds, 0 for none")
        index = self._find_id(node) if isinstance(node, str) else self._find_node(node)
        changes = {name: value for name, value in given._asdict().items() if value is not None}
        self._options[index] = self.options(index)._replace(**changes)

    def remove(self, index: int) -> None:
        """Removes a node, its edges and its options."""
        del self.nodes[index]
        move = [*range(index), -1, *range(index, len(self.nodes))]
        if self._edges is not None:
            kept = [edge for edge in self._edges if index not in (edge.source, edge.target)]
            self._edges = [edge._replace(source=move[edge.source], target=move[edge.target]) for edge in kept]
        self._options = {move[at]: options for at, options in self._options.items() if at != index}

    def order(self) -> list[int]:
        """The nodes in an order in which every edge points forward.

        Raises:
            ValueError: There is a cycle.
        """
        missing = [0] * len(self.nodes)
        for edge in self.edges:
            missing[edge.target] += 1
        order = [index for index, count in enumerate(missing) if not count]
        for index in order:
            for edge in self.edges:
                if edge.source == index:
                    missing[edge.target] -= 1
                    if not missing[edge.target]:
                        order.append(edge.target)
        if len(order) < len(self.nodes):
            stuck = ", ".join(self.id(index) for index, count in enumerate(missing) if count)
            raise ValueError(f"Invalid manifest: Pipeline contains a cycle - cannot execute (among nodes: {stuck})")
        return order

    def entries(self, include_capabilities: bool) -> list[dict[str, Any]]:
        """The nodes, as a manifest has them."""
        return [
            {**node.to_manifest(include_capabilities), "id": self.id(index), **self.options(index).to_manifest()}
            for index, node in enumerate(self.nodes)
        ]

    def connections(self) -> list[dict[str, Any]]:
        """The edges, as a manifest has them."""
        return [self._connection(edge) for edge in self.edges]

    def _connection(self, edge: Edge) -> dict[str, Any]:
        ends = {"from": self._text(edge.source, edge.output), "to": self._text(edge.target, edge.input)}
        queue = {"capacity": edge.capacity, "policy": edge.policy}
        return {**ends, **{key: value for key, value in queue.items() if value is not None}}

    def _text(self, index: int, port: str | None) -> str:
        return self.id(index) if port is None else f"{self.id(index)}/{port}"

    def _find(self, end: Any, kind: str) -> tuple[int, str | None]:
        """The node of an end, and its port: None where it has no name, else the first by default."""
        port = None
        if isinstance(end, str):
            ids = self.ids()
            name, slash, rest = (end, "", "") if end in ids else end.partition("/")
            index, port = self._find_id(name), rest if slash else None
        elif isinstance(end, tuple) and len(end) == 2 and isinstance(end[1], str):
            index, port = self._find_node(end[0]), end[1]
        else:
            index = self._find_node(end)
        check_ports(self.id(index), self.nodes[index])
        names = getattr(self.nodes[index], kind)
        at = find_port(self.id(index), kind.removesuffix("s"), names, port)
        return index, names[at] if names else None

    def _find_id(self, node_id: str) -> int:
        ids = self.ids()
        if node_id not in ids:
            raise ValueError(
                f"the pipeline has no node '{node_id}', only {listed(ids) or 'nothing yet'}{nearest(node_id, ids)}"
            )
        return ids.index(node_id)

    def _find_node(self, node: Any) -> int:
        if not isinstance(node, Node):
            raise TypeError(f"Expected a Node, a (Node, port) pair or an id, got {node!r}")
        found = [index for index, other in enumerate(self.nodes) if other is node]
        if not found:
            raise ValueError(f"node '{node.name}' is not in the pipeline; add it first")
        if len(found) > 1:
            ids = listed(self.id(index) for index in found)
            raise ValueError(f"node '{node.name}' is in the pipeline several times; use one of the ids {ids}")
        return found[0]


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
