"""What describes the data of each kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, Self

from .kinds import AudioFormat, ControlMessageType, TensorType, VideoFormat


class Metadata:
    """Base of the metadata of every kind."""

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON can hold them."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]
        return {name: _as_json(value) for name, value in named.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The metadata of fields by name.

        Raises:
            ValueError: One is unknown, missing or impossible.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"these are not the fields of {cls.__name__}: {error}") from error


@dataclass
class AudioMetadata(Metadata):
    """Describes audio.

    Args:
        sample_rate: Samples a second of each channel, in hertz.
        channels: Number of channels.
        format: Type of the samples.
        duration_ms: Length in milliseconds.
        annotations: Anything else that JSON can hold.
    """

    sample_rate: int
    channels: int
    format: AudioFormat
    duration_ms: float
    annotations: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.format = AudioFormat(self.format)
        _check_positive(self, "sample_rate", "channels")


@dataclass
class VideoMetadata(Metadata):
    """Describes a frame of video.

    Args:
        width: In pixels.
        height: In pixels.
        format: How the pixels lie in memory.
        fps: Frames a second.
    """

    width: int
    height: int
    format: VideoFormat
    fps: float

    def __post_init__(self) -> None:
        self.format = VideoFormat(self.format)
        _check_positive(self, "width", "height")


@dataclass
class TextMetadata(Metadata):
    """Describes a text.

    Args:
        encoding: Name of the encoding.
        language: Language of the text, or None.
        channel: What the text is for.
    """

    encoding: str = "utf-8"
    language: str | None = None
    channel: str = "tts"


@dataclass
class TensorMetadata(Metadata):
    """Describes a tensor.

    Args:
        shape: Its extent in each dimension.
        dtype: Type of the elements.
    """

    shape: tuple[int, ...]
    dtype: TensorType

    def __post_init__(self) -> None:
        self.shape = tuple(map(int, self.shape))
        self.dtype = TensorType(self.dtype)


@dataclass
class ControlMessageMetadata(Metadata):
    """What a control message says.

    Args:
        message_type: What it asks for, as a `ControlMessageType` or its value.
        segment_id: The segment that is meant.
        from_timestamp: Begin of what is meant, in the times of the stream.
        to_timestamp: End of what is meant.
        suggested_batch_size: For a batch hint: how many items to take at once.
        deadline_us: For a deadline warning: what is left, in microseconds.
        extra: Anything else that JSON can hold.
    """

    message_type: ControlMessageType
    segment_id: str | None = None
    from_timestamp: float | None = None
    to_timestamp: float | None = None
    suggested_batch_size: int | None = None
    deadline_us: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.message_type = ControlMessageType(self.message_type)


@dataclass
class FileMetadata(Metadata):
    """Names a file, or a part of one; its content stays where it is.

    Args:
        path: Where it is.
        filename: Name for people.
        mime_type: Type of the content.
        size: Bytes of the whole file.
        offset: Where the part begins, in bytes.
        length: Bytes of the part.
        stream_id: The stream that it belongs to.
    """

    path: str
    filename: str | None = None
    mime_type: str | None = None
    size: int | None = None
    offset: int | None = None
    length: int | None = None
    stream_id: str | None = None

    def __post_init__(self) -> None:
        self.path = os.fspath(self.path)

    @classmethod
    def from_ipc(
        cls,
        path: str,
        filename: str | None = None,
        mime_type: str | None = None,
        size: int | None = None,
        offset: int | None = None,
        length: int | None = None,
        stream_id: str | None = None,
    ) -> Self:
        """The metadata of fields as another process sends them."""
        return cls(path, filename, mime_type, size, offset, length, stream_id)


def _as_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, Enum) else value


def _check_positive(metadata: Metadata, *names: str) -> None:
    for name in names:
        value = getattr(metadata, name)
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} of {type(metadata).__name__} must be an integer of at least 1, got {value!r}")
