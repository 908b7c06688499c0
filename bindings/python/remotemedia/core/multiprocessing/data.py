"""`RuntimeData` and all that describes it, in one place to import from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .kinds import AudioFormat, ControlMessageType, DataType, TensorType, VideoFormat
from .metadata import (
    AudioMetadata,
    ControlMessageMetadata,
    FileMetadata,
    TensorMetadata,
    TextMetadata,
    VideoMetadata,
)
from .runtime_data import RuntimeData

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "AudioFormat",
    "AudioMetadata",
    "ControlMessageMetadata",
    "ControlMessageType",
    "DataType",
    "FileMetadata",
    "RuntimeData",
    "TensorMetadata",
    "TensorType",
    "TextMetadata",
    "VideoFormat",
    "VideoMetadata",
    "audio_to_numpy",
    "numpy_to_audio",
]


def numpy_to_audio(
    samples: npt.NDArray[np.generic], sample_rate: int, channels: int = 1, session_id: str = ""
) -> RuntimeData:
    """Audio of samples: of shape (frames,), interleaved, or (frames, channels); as `RuntimeData.audio`."""
    return RuntimeData.audio(samples, sample_rate, channels, session_id)


def audio_to_numpy(data: RuntimeData) -> npt.NDArray[np.float32]:
    """The samples of audio: float32 within -1..1, of shape (frames,) for mono, else (frames, channels).

    Raises:
        ValueError: It is no audio.
    """
    samples: npt.NDArray[np.float32] = data.as_audio().samples.T
    return samples[:, 0] if samples.shape[1] == 1 else samples
