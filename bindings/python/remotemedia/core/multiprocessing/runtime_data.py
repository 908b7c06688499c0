"""`RuntimeData`: one piece of data on its way between processes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from ..container import Bytes
from ..json_value import is_json
from ..optional import is_array
from . import elements
from .kinds import AudioFormat, ControlMessageType, DataType, TensorType, VideoFormat
from .metadata import (
    AudioMetadata,
    ControlMessageMetadata,
    FileMetadata,
    Metadata,
    TensorMetadata,
    TextMetadata,
    VideoMetadata,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..audio import AudioFrame

_NEEDED: dict[DataType, type[Metadata]] = {
    DataType.AUDIO: AudioMetadata,
    DataType.VIDEO: VideoMetadata,
    DataType.TENSOR: TensorMetadata,
}


@dataclass(eq=False)
class RuntimeData:
    """One piece of data, with what describes it. The factories (`audio`, `text`, …) are the easy way to make one.

    Args:
        type: What it is.
        payload: The data: an array or bytes of audio (interleaved samples), video and tensors, an array, text (kept as
            UTF-8), bytes, or a value that JSON can hold.
        session_id: The session that it belongs to.
        timestamp: When it was made, in seconds since 1970.
        metadata: Describes the payload. Audio, video and tensors need theirs; that of control messages and files is
            made of the payload, if that is a dict (or JSON in bytes, for a control message).

    Raises:
        ValueError: The metadata that it needs is missing.
    """

    type: DataType
    payload: Any
    session_id: str
    timestamp: float
    metadata: Any = None

    def __post_init__(self) -> None:
        self.type = DataType(self.type)
        needed = _NEEDED.get(self.type)
        if needed is not None and not isinstance(self.metadata, needed):
            raise ValueError(f"{self.data_type().capitalize()} data requires {needed.__name__}")
        if self.type is DataType.TEXT and isinstance(self.payload, str):
            self.payload = self.payload.encode()
        elif self.type is DataType.CONTROL_MESSAGE and not isinstance(self.metadata, ControlMessageMetadata):
            self.metadata = ControlMessageMetadata.from_dict(_control_fields(self.payload))
        elif self.type is DataType.FILE and not isinstance(self.metadata, FileMetadata):
            if not isinstance(self.payload, Mapping) or "path" not in self.payload:
                raise ValueError("File requires FileMetadata or dict payload with 'path' field")
            self.metadata = FileMetadata.from_dict(self.payload)

    # Factories

    @classmethod
    def audio(
        cls,
        samples: Any,
        sample_rate: int,
        channels: int = 1,
        session_id: str = "",
        format: AudioFormat = AudioFormat.F32,
    ) -> Self:
        """Audio.

        Args:
            samples: An array of shape (frames,), interleaved, or (frames, channels); a sequence of numbers; or bytes.
            sample_rate: In hertz.
            channels: Number of channels.
            session_id: The session.
            format: Type of the samples in bytes or a sequence. An array has its own type; float64 becomes float32.

        Raises:
            ValueError: The samples are of no type that audio has, or do not fit the channels.
        """
        metadata = AudioMetadata(sample_rate, channels, format, 0.0)
        payload, metadata.format, count = elements.of_audio(samples, channels, metadata.format)
        metadata.duration_ms = count / channels / sample_rate * 1000
        return cls(DataType.AUDIO, payload, session_id, time.time(), metadata)

    @classmethod
    def video(
        cls,
        frame: Any,
        width: int,
        height: int,
        format: VideoFormat = VideoFormat.RGB,
        fps: float = 30.0,
        session_id: str = "",
    ) -> Self:
        """A frame of video, as an array or bytes.

        Raises:
            ValueError: It is neither.
        """
        if not is_array(frame) and not isinstance(frame, Bytes):
            raise ValueError(f"A frame of video must be a numpy array or bytes, got {type(frame).__name__}")
        return cls(DataType.VIDEO, frame, session_id, time.time(), VideoMetadata(width, height, format, fps))

    @classmethod
    def text(cls, text: str, session_id: str = "", language: str | None = None, channel: str = "tts") -> Self:
        """A text."""
        metadata = TextMetadata(language=language, channel=channel)
        return cls(DataType.TEXT, text, session_id, time.time(), metadata)

    @classmethod
    def tensor(cls, data: Any, session_id: str = "", dtype: TensorType = TensorType.F32) -> Self:
        """A tensor.

        Args:
            data: An array, a sequence of numbers, or bytes.
            session_id: The session.
            dtype: Type of the elements in bytes or a sequence. An array has its own.

        Raises:
            ValueError: An array's elements are of no type that tensors have, or bytes hold a part of one.
        """
        payload, shape, dtype = elements.of_tensor(data, TensorType(dtype))
        return cls(DataType.TENSOR, payload, session_id, time.time(), TensorMetadata(shape, dtype))

    @classmethod
    def control_message(
        cls, message_type: ControlMessageType | str, segment_id: str | None = None, session_id: str = "", **fields: Any
    ) -> Self:
        """A control message; `fields` are those of `ControlMessageMetadata`."""
        metadata = ControlMessageMetadata.from_dict({"message_type": message_type, "segment_id": segment_id, **fields})
        return cls(DataType.CONTROL_MESSAGE, None, session_id, time.time(), metadata)

    @classmethod
    def file(
        cls,
        path: str | os.PathLike[str],
        session_id: str = "",
        filename: str | None = None,
        mime_type: str | None = None,
        size: int | None = None,
        offset: int | None = None,
        length: int | None = None,
        stream_id: str | None = None,
    ) -> Self:
        """A file, by its path; the parameters are those of `FileMetadata`."""
        metadata = FileMetadata(os.fspath(path), filename, mime_type, size, offset, length, stream_id)
        return cls(DataType.FILE, metadata.path, session_id, time.time(), metadata)

    @classmethod
    def json(cls, value: Any, session_id: str = "") -> Self:
        """A value of JSON: None, bools, numbers, strings, lists, dicts with string keys.

        Raises:
            ValueError: JSON would not give the same value back.
        """
        if not is_json(value, exactly=True):
            raise ValueError(f"JSON cannot hold this {type(value).__name__} as it is; tuples become lists first")
        return cls(DataType.JSON, value, session_id, time.time())

    @classmethod
    def binary(cls, data: Bytes, session_id: str = "") -> Self:
        """Bytes of any kind.

        Raises:
            ValueError: They are not bytes, bytearray or memoryview.
        """
        if not isinstance(data, Bytes):
            raise ValueError(f"Binary data must be bytes, got {type(data).__name__}")
        return cls(DataType.BINARY, data, session_id, time.time())

    # What it is

    def data_type(self) -> str:
        """The name of the type, in lower case."""
        return self.type.name.lower()

    def is_text(self) -> bool:
        """Whether it is text."""
        return self.type is DataType.TEXT

    def is_audio(self) -> bool:
        """Whether it is audio."""
        return self.type is DataType.AUDIO

    def is_video(self) -> bool:
        """Whether it is a frame of video."""
        return self.type is DataType.VIDEO

    def is_tensor(self) -> bool:
        """Whether it is a tensor."""
        return self.type is DataType.TENSOR

    def is_file(self) -> bool:
        """Whether it names a file."""
        return self.type is DataType.FILE

    def is_json(self) -> bool:
        """Whether it is a value of JSON."""
        return self.type is DataType.JSON

    def is_control_message(self) -> bool:
        """Whether it is a control message."""
        return self.type is DataType.CONTROL_MESSAGE

    def is_cancellation(self) -> bool:
        """Whether it is the control message that cancels a speculation."""
        return self.is_control_message() and self.metadata.message_type is ControlMessageType.CANCEL_SPECULATION

    @property
    def size(self) -> int:
        """Bytes of the data; for a file what its metadata says, or 0."""
        if self.type is DataType.FILE:
            return self.metadata.size or 0
        if self.type in _NEEDED:
            return elements.size_of(self.payload, self.metadata)
        if self.payload is None and self.type is not DataType.JSON:
            return 0
        if is_array(self.payload):
            return int(self.payload.nbytes)
        return memoryview(self.payload).nbytes if isinstance(self.payload, Bytes) else len(json.dumps(self.payload))

    # What is inside

    def as_numpy(self) -> npt.NDArray[Any]:
        """The array of audio, video, a tensor or an array, without a copy where there is one or bytes of one.

        An array has the shape that it was given with. Of bytes, audio has shape (frames * channels,), interleaved, and
        24-bit samples become int32; video has shape (height, width, channels), or (n,) in the YUV formats; tensors have
        the shape of their metadata.

        Raises:
            ValueError: It is something else.
        """
        self._expect("array", *_NEEDED, DataType.NUMPY)
        if self.type is DataType.NUMPY:
            return elements.to_numpy(self.payload)
        return elements.array_of(self.payload, self.metadata)

    def as_audio(self) -> AudioFrame:
        """The audio as a frame of float32 samples within -1..1, of shape (channels, frames).

        Raises:
            ValueError: It is no audio.
        """
        from ..audio import AudioFrame

        self._expect("audio", DataType.AUDIO)
        samples = elements.to_float(self.as_numpy(), self.metadata.format)
        return AudioFrame(samples.reshape(-1, self.metadata.channels).T, self.metadata.sample_rate)

    def as_text(self, encoding: str = "utf-8") -> str:
        """The text; ValueError if it is none."""
        self._expect("text", DataType.TEXT)
        return str(self.payload, encoding)

    def as_json(self) -> Any:
        """The value of JSON; ValueError if it is none."""
        self._expect("JSON", DataType.JSON)
        return self.payload

    def as_binary(self) -> bytes:
        """The bytes; ValueError if it is something else."""
        self._expect("bytes", DataType.BINARY)
        return bytes(self.payload)

    def get_file_path(self) -> str:
        """The path of the file; ValueError if it is none."""
        self._expect("path", DataType.FILE)
        return str(self.metadata.path)

    def _expect(self, what: str, *types: DataType) -> None:
        if self.type not in types:
            names = " or ".join(each.name for each in types)
            raise ValueError(f"Can only get {what} from {names} data, got {self.type.name}")

    # On the wire

    def to_bytes(self) -> bytes:
        """All of it as bytes that describe themselves: a header in JSON, and the payload as it is.

        Raises:
            TypeError: The payload or the metadata is of a type that is no data, such as an array of Python objects.
        """
        from .wire import encode

        return encode(self)

    @classmethod
    def from_bytes(cls, data: Bytes) -> Self:
        """What `to_bytes` wrote. Nothing in the bytes is ever run.

        Arrays are views of `data`, and can be written to if that can.

        Raises:
            ValueError: The bytes are damaged, foreign or of another version.
        """
        from .wire import decode

        return cls(*decode(data))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RuntimeData):
            return NotImplemented
        described = [
            (each.type, each.session_id, each.timestamp, each.metadata, is_array(each.payload))
            for each in (self, other)
        ]
        return described[0] == described[1] and elements.are_equal(self.payload, other.payload)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        where = f"session_id={self.session_id!r}, timestamp={self.timestamp!r}"
        return f"RuntimeData({self.type.name}, {self.size} bytes, {where}, metadata={self.metadata!r})"


def _control_fields(payload: Any) -> Mapping[str, Any]:
    if isinstance(payload, Bytes):
        payload = json.loads(bytes(payload))
    if not isinstance(payload, Mapping):
        raise ValueError("Control message requires ControlMessageMetadata, or a dict or JSON payload")
    return payload
