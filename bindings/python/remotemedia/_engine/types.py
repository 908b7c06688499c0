"""Node types that manifests can name: those of the package, and those that programs register."""

from __future__ import annotations

import itertools
import json
import threading
from typing import TYPE_CHECKING, Any

from ..core.node import Node

if TYPE_CHECKING:
    from .engine import Engine

# The nodes of the package, by name: their modules are imported when one is made. Native nodes are not among them.
_BUILT_IN = (
    "AddNode",
    "AudioBuffer",
    "AudioResampleNode",
    "AudioTransform",
    "BufferNode",
    "DataSinkNode",
    "DataSourceNode",
    "ExtractAudioDataNode",
    "FormatConverterNode",
    "MultiplyNode",
    "StatefulCounter",
    "TextProcessorNode",
    "VADNode",
    "VoiceActivityDetector",
)

_keys = itertools.count(1)
_names: dict[str, int] = {}
_classes: dict[int, type[Node] | str] = {}
_running: list[Engine] = []
# What a program registers while an engine starts must reach it, and once. Re-entrant, because a finaliser may register.
_lock = threading.RLock()


def register(cls: type[Node], name: str) -> None:
    """Makes a class creatable by a name, in the running engine and in one that starts later."""
    if not (isinstance(cls, type) and issubclass(cls, Node)):
        raise TypeError(f"Expected a Node class, got {cls!r}")
    if not name:
        raise ValueError(f"the type name of {cls.__name__} is empty")
    _add(name, cls)


def registered() -> list[str]:
    """The names of all types made in Python, sorted."""
    return sorted({*_BUILT_IN, *_names})


def add_all(engine: Engine) -> None:
    """Tells an engine that has started about every type."""
    with _lock:
        for name in _BUILT_IN:
            if name not in _names:
                _add(name, name)
        _running.append(engine)
        for name, key in list(_names.items()):
            engine.add_type(name, key)


def _add(name: str, what: type[Node] | str) -> None:
    with _lock:
        key = next(_keys)
        _names[name], _classes[key] = key, what
        for engine in _running:
            engine.add_type(name, key)


def create(key: int, node_id: str, parameters: bytes) -> Node:
    """Makes a node of a type: the parameters are the constructor's keyword arguments."""
    cls = _classes[key]
    if isinstance(cls, str):
        from .. import nodes

        cls = getattr(nodes, cls)
    arguments: dict[str, Any] = json.loads(parameters)
    node = cls(**arguments)
    node.name = node_id
    return node


def process_options(options: bytes) -> dict[str, Any]:
    """What `Node.in_process` takes, from the options of a manifest, whose times are in milliseconds."""
    given: dict[str, Any] = json.loads(options)
    return {
        name.removesuffix("_ms"): value / 1000 if name.endswith("_ms") else value
        for name, value in given.items()
        if value is not None
    }
