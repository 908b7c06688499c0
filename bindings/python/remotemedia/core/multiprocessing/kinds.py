"""The kinds of data, and the formats of their elements. The values are those on the wire."""

from __future__ import annotations

from enum import Enum


class DataType(Enum):
    """What a `RuntimeData` holds. 8 is the end of the input, which is no data."""

    AUDIO = 1
    VIDEO = 2
    TEXT = 3
    TENSOR = 4
    CONTROL_MESSAGE = 5
    NUMPY = 6
    FILE = 7
    JSON = 9
    BINARY = 10


class AudioFormat(Enum):
    """The type of audio samples; little-endian. F32 is full scale at ±1, integers at the limits of their type."""

    F32 = 1
    I16 = 2
    I24 = 3
    I32 = 4
    U8 = 5


class VideoFormat(Enum):
    """How the pixels of a frame lie in memory, in bytes."""

    RGB = 1
    RGBA = 2
    YUV420 = 3
    YUV422 = 4
    YUV444 = 5
    BGR = 6


class TensorType(Enum):
    """The type of a tensor's elements; little-endian."""

    F32 = 1
    F64 = 2
    I32 = 3
    I64 = 4
    U8 = 5
    U16 = 6


class ControlMessageType(Enum):
    """What a control message asks for."""

    CANCEL_SPECULATION = "CancelSpeculation"
    BATCH_HINT = "BatchHint"
    DEADLINE_WARNING = "DeadlineWarning"
