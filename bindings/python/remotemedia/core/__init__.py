"""What pipelines are written with: nodes, pipelines, audio, exceptions."""

from __future__ import annotations

import importlib
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
from .remote_config import RemoteExecutorConfig

if TYPE_CHECKING:
    from .multiprocessing.data import AudioMetadata, DataType, RuntimeData, VideoMetadata
    from .progress import Progress

# Imported when they are asked for, because few programs do.
_LATER = {
    "AudioMetadata": "multiprocessing.data",
    "DataType": "multiprocessing.data",
    "Progress": "progress",
    "RuntimeData": "multiprocessing.data",
    "VideoMetadata": "multiprocessing.data",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)


__all__ = [
    "AudioFrame",
    "AudioMetadata",
    "ConfigurationError",
    "DataType",
    "Node",
    "NodeError",
    "Output",
    "Pipeline",
    "PipelineError",
    "Progress",
    "RemoteExecutionError",
    "RemoteExecutorConfig",
    "RemoteMediaError",
    "RuntimeData",
    "SerializationError",
    "VideoMetadata",
]
