"""What pipelines are written with: nodes, pipelines, audio, exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .audio import AudioFrame
from .exceptions import (
    ConfigurationError,
    NodeError,
    PipelineError,
    RemoteExecutionError,
    RemoteMediaError,
    SerializationError,
)
from .node import Node
from .output import Output
from .pipeline import Pipeline

if TYPE_CHECKING:
    from .progress import Progress


def __getattr__(name: str) -> Any:
    if name != "Progress":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Not before it is asked for: dataclasses take longer to import than all the rest.
    from .progress import Progress

    return Progress


__all__ = [
    "AudioFrame",
    "ConfigurationError",
    "Node",
    "NodeError",
    "Output",
    "Pipeline",
    "PipelineError",
    "Progress",
    "RemoteExecutionError",
    "RemoteMediaError",
    "SerializationError",
]
