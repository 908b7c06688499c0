"""Clips: short audio as bytes, in which it crosses the border sooner than in a struct that ctypes reads and fills.

The library calls these through the object table, and falls back on `packets` where they fail or answer None.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from ..core.audio import AudioFrame
from . import _abi

_HEADER = Struct("=IIqq")
"""Sample rate, channels, time and duration."""
_LONGEST = 4096
_new: Any = tuple.__new__


def read(clip: bytes) -> AudioFrame:
    """The frame of a clip, over the clip's own bytes."""
    import numpy as np

    sample_rate, channels, pts, duration = _HEADER.unpack_from(clip)
    frames = (len(clip) - _HEADER.size) // (4 * channels)
    samples = np.ndarray((channels, frames), np.float32, clip, _HEADER.size)
    frame: AudioFrame = _new(AudioFrame, (samples, sample_rate))
    frame.pts = None if pts == _abi.RM_TIME_NONE else pts
    frame.duration = None if duration == _abi.RM_TIME_NONE else duration
    return frame


def write(value: Any) -> bytes | None:
    """The clip of short audio in float32; None for all else, also for what is no audio at all."""
    kind = type(value)
    if kind is not AudioFrame and not (kind is tuple and len(value) == 2):
        return None
    import numpy as np

    samples, sample_rate = value
    if type(samples) is not np.ndarray or samples.dtype != np.float32 or samples.nbytes > _LONGEST:
        return None
    if type(sample_rate) is not int or not 1 <= samples.ndim <= 2:
        return None
    channels = samples.shape[0] if samples.ndim == 2 else 1
    pts = value.pts if kind is AudioFrame else None
    # The duration follows from the samples.
    header = _HEADER.pack(sample_rate, channels, _abi.RM_TIME_NONE if pts is None else pts, _abi.RM_TIME_NONE)
    return header + samples.tobytes()
