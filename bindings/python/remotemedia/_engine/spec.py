"""What a caller asks to run, checked: instances, manifest entries, or a whole manifest."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.graph import Graph
from ..core.node import Node


class Spec(NamedTuple):
    """Nodes, each an instance or a manifest with one node, and the edges between them; or one manifest with both."""

    steps: Sequence[tuple[str, Node | str]] = ()
    connections: Sequence[dict[str, Any]] = ()
    """As those of a manifest."""
    options: Sequence[tuple[str, dict[str, Any]]] = ()
    """Ids of nodes, with keys that the nodes of a manifest may have."""
    manifest: str | None = None
    managed: bool = False
    """Whether somebody else initialises the instances and cleans them up."""
    source: bool = False
    """Whether the first node is the source, whatever it says of itself."""


def read(pipeline: Any) -> Spec:
    """Takes whatever `execute_pipeline` takes.

    Raises:
        TypeError: It is of no type that can be run.
        ValueError: It is empty, or a node lacks a method.
    """
    if isinstance(pipeline, Spec):
        return pipeline
    if isinstance(pipeline, str):
        return Spec(manifest=pipeline)
    if isinstance(pipeline, dict):
        return Spec(manifest=_dump(pipeline))
    if isinstance(pipeline, list):
        return _read_list(pipeline)
    graph = getattr(pipeline, "graph", None)
    if isinstance(graph, Graph):
        return read_graph(graph, managed=bool(getattr(pipeline, "is_initialized", False)))
    if hasattr(pipeline, "serialize"):
        return Spec(manifest=pipeline.serialize())
    raise TypeError(f"Expected Pipeline, list of Nodes, dict, or str, got {type(pipeline).__name__}")


def read_instances(nodes: Any) -> Spec:
    """Takes nothing but instances, in order."""
    return read_graph(Graph(list(nodes)))


def read_graph(graph: Graph, managed: bool = False, source: bool = False) -> Spec:
    """Takes instances, joined as a graph has them."""
    if not graph.nodes:
        raise ValueError("the pipeline is empty; add at least one node")
    steps = [(f"{check_node(node).name}_{index}", node) for index, node in enumerate(graph.nodes)]
    options = [(node_id, graph.options(index).to_manifest()) for index, (node_id, _) in enumerate(steps)]
    return Spec(steps, graph.connections(), [entry for entry in options if entry[1]], managed=managed, source=source)


def check_node(node: Any) -> Node:
    """The node, if it is one whose methods can be called."""
    if not isinstance(node, Node):
        raise TypeError(f"Expected Node instance, got {type(node).__name__}")
    return _check_methods(node)


def _check_methods(node: Node) -> Node:
    for method in ("process", "initialize"):
        if not callable(getattr(node, method, None)):
            raise ValueError(f"Node {node.name} missing required {method}() method")
    return node


def _read_list(items: list[Any]) -> Spec:
    if not items:
        raise ValueError("the pipeline list is empty; add at least one node")
    steps: list[tuple[str, Node | str]] = []
    for index, item in enumerate(items):
        if isinstance(item, dict):
            node_id = f"{item.get('id') or item.get('node_type') or 'unknown'}_{index}"
            steps.append((node_id, _dump({"version": "v1", "nodes": [{**item, "id": node_id}]})))
        elif isinstance(item, Node):
            steps.append((f"{_check_methods(item).name}_{index}", item))
        else:
            wrong = [(at, type(item).__name__) for at, item in enumerate(items) if not isinstance(item, (dict, Node))]
            raise TypeError(
                f"List items must be Node instances or dict manifests. Found invalid types at positions: {wrong}"
            )
    return Spec(steps, [{"from": before, "to": after} for (before, _), (after, _) in itertools.pairwise(steps)])


def _path(value: Any) -> str:
    """A path as its text; nothing else that is not JSON has one meaning only."""
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    raise TypeError(f"{value!r} is of type {type(value).__name__}")


def _dump(manifest: dict[str, Any]) -> str:
    try:
        return json.dumps(manifest, default=_path)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Failed to parse manifest: it cannot be written as JSON: {error}") from error
