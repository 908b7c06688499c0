"""Clips: short audio as bytes, in which it crosses the border sooner than in a struct that ctypes reads and fills.

The library calls these through the object table, and falls back on `packets` where they fail or answer None.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any

from ..core.audio import AudioFrame
from ._abi import RM_TIME_NONE

if TYPE_CHECKING:
    import numpy as np

_HEADER = Struct("=IIqq")
"""Sample rate, channels, time and duration."""
_SIZE = _HEADER.size
_LONGEST = 4096
_new: Any = tuple.__new__
# NumPy, once there is audio: an import statement in a function takes as long as all the rest of it.
_array: type[np.ndarray[Any, Any]] | None = None
_float32: np.dtype[np.float32]


def _load() -> type[np.ndarray[Any, Any]]:
    global _array, _float32
    import numpy as np

    _float32 = np.dtype(np.float32)
    _array = np.ndarray
    return _array


def read(clip: bytes) -> AudioFrame:
    """The frame of a clip, over the clip's own bytes."""
    array = _array or _load()
    sample_rate, channels, pts, duration = _HEADER.unpack_from(clip)
    samples = array((channels, (len(clip) - _SIZE) // (4 * channels)), _float32, clip, _SIZE)
    frame: AudioFrame = _new(AudioFrame, (samples, sample_rate))
    frame.pts = None if pts == RM_TIME_NONE else pts
    frame.duration = None if duration == RM_TIME_NONE else duration
    return frame


def write(value: Any) -> bytes | None:
    """The clip of short audio in float32; None for all else, also for what is no audio at all."""
    kind = type(value)
    if kind is not AudioFrame and not (kind is tuple and len(value) == 2):
        return None
    array = _array or _load()
    samples, sample_rate = value
    if type(samples) is not array or samples.dtype != _float32 or samples.nbytes > _LONGEST:
        return None
    if type(sample_rate) is not int or not 1 <= samples.ndim <= 2:
        return None
    channels = samples.shape[0] if samples.ndim == 2 else 1
    pts = value.pts if kind is AudioFrame else None
    # The duration follows from the samples.
    header = _HEADER.pack(sample_rate, channels, RM_TIME_NONE if pts is None else pts, RM_TIME_NONE)
    return header + samples.tobytes()
