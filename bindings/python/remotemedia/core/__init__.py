"""What pipelines are written with: nodes, pipelines, audio, exceptions."""

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

__all__ = [
    "AudioFrame",
    "ConfigurationError",
    "Node",
    "NodeError",
    "Output",
    "Pipeline",
    "PipelineError",
    "RemoteExecutionError",
    "RemoteMediaError",
    "SerializationError",
]
