"""Pipelines as definitions: nodes by class and constructor arguments, and edges; and pipelines of definitions.

Beside what older programs know, a node has `name`, and where they differ from the defaults `settings` (what `config`
holds and the constructor was not given), `sessions` and `options`; a connection may have `capacity` and `policy`.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from .exceptions import PipelineError
from .graph import Edge, End, Graph
from .node import Node
from .state import StateManager

if TYPE_CHECKING:
    from .pipeline import Pipeline

    _P = TypeVar("_P", bound=Pipeline)

_DEFAULT_PORT = "default"
# What nodes of the package need besides, by the beginning of their module.
_NEEDED = {
    "remotemedia.nodes.audio": ("numpy", "scipy"),
    "remotemedia.nodes.ml": ("torch", "transformers"),
    "remotemedia.nodes.webrtc": ("aiohttp", "aiortc"),
}


def export(pipeline: Pipeline) -> dict[str, Any]:
    """The definition of a pipeline."""
    graph = pipeline.graph
    return {
        "name": pipeline.name,
        "nodes": [_export_node(graph, index) for index in range(len(graph.nodes))],
        "connections": [_export_edge(graph, edge) for edge in graph.edges],
        "metadata": {
            "exported_at": time.time(),
            "node_count": str(pipeline.node_count),
            "remote_node_count": str(pipeline.remote_node_count),
            "has_streaming_nodes": str(any(node.is_streaming for node in graph.nodes)),
            "pipeline_type": "linear" if graph.is_chain else "graph",
        },
        "dependencies": sorted({"remotemedia"}.union(*map(_dependencies, graph.nodes))),
    }


def _export_node(graph: Graph, index: int) -> dict[str, Any]:
    node = graph.nodes[index]
    cls = type(node)
    config, settings = _arguments(node)
    remote = node.remote_config if node.is_remote else None
    entry = {
        "node_id": graph.id(index),
        "node_type": cls.__name__,
        "config": config,
        "is_remote": bool(node.is_remote),
        "remote_endpoint": None if remote is None else f"{remote.host}:{remote.port}",
        "is_streaming": bool(node.is_streaming),
        "is_source": bool(node.is_source),
        "is_sink": bool(node.is_sink),
        "module": cls.__module__,
        "class_name": cls.__qualname__,
        "name": node.name,
    }
    options = {key: value for key, value in graph.options(index)._asdict().items() if value is not None}
    optional = {"settings": settings, "sessions": _sessions(node), "options": options}
    return {**entry, **{key: value for key, value in optional.items() if value}}


def _arguments(node: Node) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the constructor is to be called with, and what `config` holds besides.

    A constructor that passes a fixed value on to `Node` would get it twice.
    """
    params = node._extract_params()
    taken = node._named_arguments().keys() | _parameters(type(node))
    own = node.config if isinstance(node.config, dict) else {}
    config = {key: value for key, value in params.items() if key in taken or key not in own}
    return config, {key: value for key, value in params.items() if key not in config}


def _parameters(cls: type[Node]) -> set[str]:
    from inspect import signature

    return set(signature(cls.__init__).parameters)


def _sessions(node: Node) -> dict[str, Any]:
    manager, usual = node.state, StateManager()
    if isinstance(manager, StateManager):
        values = {"ttl": manager.default_ttl.total_seconds(), "most": manager.max_sessions}
        return values if (manager.default_ttl, manager.max_sessions) != (usual.default_ttl, None) else {}
    return {} if node.enable_state else {"off": True}


def _export_edge(graph: Graph, edge: Edge) -> dict[str, Any]:
    queue = {"capacity": edge.capacity, "policy": edge.policy}
    return {
        "from_node": graph.id(edge.source),
        "to_node": graph.id(edge.target),
        "output_port": edge.output or _DEFAULT_PORT,
        "input_port": edge.input or _DEFAULT_PORT,
        **{key: value for key, value in queue.items() if value is not None},
    }


def _dependencies(node: Node) -> Iterable[str]:
    yield from node.dependencies
    yield from getattr(node.remote_config, "pip_packages", None) or ()
    for prefix, packages in _NEEDED.items():
        if f"{type(node).__module__}.".startswith(f"{prefix}."):
            yield from packages


def build(cls: type[_P], definition: Mapping[str, Any], modules: Iterable[str] | None) -> _P:
    """The pipeline of a definition; errors as those of `Pipeline.from_definition`."""
    entries = definition.get("nodes") if isinstance(definition, Mapping) else None
    if not isinstance(entries, list):
        raise PipelineError("The definition is no dict with a list 'nodes'")
    pipeline = cls(name=definition.get("name"))
    allowed = None if modules is None else tuple(modules)
    for index, entry in enumerate(entries):
        node_id = entry.get("node_id", index) if isinstance(entry, Mapping) else index
        try:
            node = _make(entry, allowed)
            pipeline.add_node(node)
            if options := entry.get("options"):
                pipeline.configure(node, **options)
        except Exception as error:
            raise PipelineError(f"Failed to create node {node_id}: {error}") from error
    if definition.get("connections") is not None:
        try:
            _connect(pipeline.graph, [entry.get("node_id") for entry in entries], definition["connections"])
        except (AttributeError, TypeError, ValueError) as error:
            raise PipelineError(f"Failed to connect the nodes: {error}") from error
    return pipeline


def _make(entry: Mapping[str, Any], allowed: tuple[str, ...] | None) -> Node:
    for key in ("module", "class_name"):
        if key not in entry:
            raise ValueError(f"it has no '{key}'")
    node = _find_class(entry["module"], entry["class_name"], allowed)(**entry.get("config", {}))
    node.name = entry.get("name", node.name)
    if entry.get("is_streaming", node.is_streaming) != node.is_streaming:
        node.is_streaming = not node.is_streaming
    if settings := entry.get("settings"):
        node.config.update(settings)
    if sessions := entry.get("sessions"):
        node.enable_state = "off" not in sessions
        node.state = StateManager(sessions["ttl"], sessions["most"]) if node.enable_state else None
    return node


def _find_class(module: Any, name: Any, allowed: tuple[str, ...] | None) -> type[Node]:
    """The class, if it is one of nodes. What cannot be one is refused before anything is imported."""
    if not all(isinstance(path, str) and all(map(str.isidentifier, path.split("."))) for path in (module, name)):
        raise PipelineError(f"Cannot import {name} from {module}: these are not names of a class and a module")
    if allowed is not None and not any(f"{module}.".startswith(f"{package}.") for package in allowed):
        raise PipelineError(f"Cannot import {name} from {module}: it is not among the modules {', '.join(allowed)}")
    if module.split(".")[0] in sys.stdlib_module_names:
        raise PipelineError(f"Cannot import {name} from {module}: the standard library has no nodes")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise PipelineError(f"Cannot import {name} from {module}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Node)):
        raise PipelineError(f"{name} of {module} is no Node class")
    return found


def _connect(graph: Graph, node_ids: list[Any], connections: list[Mapping[str, Any]]) -> None:
    """Joins the nodes; connections that make a chain leave it one, to which nodes can be added."""
    at = {node_id: index for index, node_id in enumerate(node_ids)}
    if len(at) < len(node_ids):
        raise ValueError("two nodes have the same node_id")
    for connection in connections:
        for end in ("from_node", "to_node"):
            if connection.get(end) not in at:
                raise ValueError(f"{end} of a connection is {connection.get(end)!r}, which is no node_id")
    if [_as_exported(connection) for connection in connections] == [
        {"from_node": before, "to_node": after} for before, after in pairwise(node_ids)
    ]:
        return
    graph.unchain()
    for connection in connections:
        source, target = graph.nodes[at[connection["from_node"]]], graph.nodes[at[connection["to_node"]]]
        graph.connect(
            _end(source, source.outputs, connection.get("output_port")),
            _end(target, target.inputs, connection.get("input_port")),
            connection.get("capacity"),
            connection.get("policy"),
        )


def _as_exported(connection: Mapping[str, Any]) -> dict[str, Any]:
    """What a connection says that is no default."""
    return {key: value for key, value in connection.items() if value not in (None, _DEFAULT_PORT)}


def _end(node: Node, names: Iterable[str], port: str | None) -> End:
    return node if port is None or (port == _DEFAULT_PORT and port not in names) else (node, port)
