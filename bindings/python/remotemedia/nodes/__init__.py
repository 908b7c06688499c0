"""The nodes that come with the package and are written in Python. None of the modules imports NumPy or asyncio."""

from .audio import (
    AudioBuffer,
    AudioResampleNode,
    AudioTransform,
    ExtractAudioDataNode,
    FormatConverterNode,
    VADNode,
    VoiceActivityDetector,
)
from .base import BufferNode, PassThroughNode
from .calculator import AddNode, CalculatorNode, MultiplyNode
from .counter import StatefulCounter
from .io_nodes import DataSinkNode, DataSourceNode
from .remote import RemoteExecutionNode, RemoteObjectExecutionNode
from .text import TextProcessorNode, TextTransformNode

__all__ = [
    "AddNode",
    "AudioBuffer",
    "AudioResampleNode",
    "AudioTransform",
    "BufferNode",
    "CalculatorNode",
    "DataSinkNode",
    "DataSourceNode",
    "ExtractAudioDataNode",
    "FormatConverterNode",
    "MultiplyNode",
    "PassThroughNode",
    "RemoteExecutionNode",
    "RemoteObjectExecutionNode",
    "StatefulCounter",
    "TextProcessorNode",
    "TextTransformNode",
    "VADNode",
    "VoiceActivityDetector",
]
