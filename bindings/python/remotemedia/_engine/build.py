"""A spec becomes a pipeline of the library."""

from __future__ import annotations

import ctypes
import json
from typing import Any

from . import _abi
from .engine import Engine, Shared
from .errors import check
from .library import library, quick
from .spec import Spec

POLICIES = {
    None: _abi.RM_EDGE_DEFAULT,
    "block": _abi.RM_EDGE_BLOCK,
    "drop_oldest": _abi.RM_EDGE_DROP_OLDEST,
    "drop_newest": _abi.RM_EDGE_DROP_NEWEST,
    "latest": _abi.RM_EDGE_LATEST,
}


def build(engine: Engine, spec: Spec, pipeline: ctypes.c_uint64, shared: list[Shared]) -> None:
    """Adds what a spec has to a pipeline that is empty.

    Args:
        engine: The engine.
        spec: Nodes and edges.
        pipeline: The pipeline's handle.
        shared: Receives the nodes that were shared, which the caller ends with `unshare`, also after a failure.
    """
    if spec.manifest is not None:
        return _load(pipeline, spec.manifest)
    for index, (node_id, what) in enumerate(spec.steps):
        if isinstance(what, str):
            _load(pipeline, what)
        else:
            node = engine.share(what, spec.managed, spec.source and index == 0)
            shared.append(node)
            check(quick.rm_pipeline_add_node(pipeline, *text(node_id), node.handle))
    for connection in spec.connections:
        _connect(pipeline, connection)
    for node_id, options in spec.options:
        check(quick.rm_pipeline_configure(pipeline, *text(node_id), *text(json.dumps(options))))


def _load(pipeline: ctypes.c_uint64, manifest: str) -> None:
    check(library.rm_pipeline_load(pipeline, *text(manifest)))


def _connect(pipeline: ctypes.c_uint64, connection: dict[str, Any]) -> None:
    config = _abi.rm_edge_config()
    config.struct_size = ctypes.sizeof(config)
    config.policy = POLICIES[connection.get("policy")]
    config.capacity = connection.get("capacity", 0)
    check(quick.rm_pipeline_connect(pipeline, *text(connection["from"]), *text(connection["to"]), config))


def text(value: str) -> tuple[bytes, int]:
    """A text as the library takes it: bytes and their number."""
    encoded = value.encode()
    return encoded, len(encoded)
