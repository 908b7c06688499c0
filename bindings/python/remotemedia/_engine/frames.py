"""Audio on its way to another process: where it is in time, and its samples as an array goes.

Only what is plain goes this way: frames themselves, with nothing else on them, and samples that are a plain array.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any

from ..core.audio import AudioFrame
from . import arrays

if TYPE_CHECKING:
    from .parts import Give, Part

TAG = b"f"
"""What such bytes begin with."""
_FIELDS = Struct("=cB6xqqq")
"""The tag, what is known, the sample rate, the time and the duration. As long as keeps what follows aligned."""
_PTS, _DURATION = 1, 2
_MOST = 1 << 63
_TIMES = int, type(None)
_new: Any = tuple.__new__


def write(value: Any, give: Give) -> bytes | None:
    """The first part of audio, and the samples as another one if they are large; None if it is nothing of the kind."""
    if type(value) is not AudioFrame or len(vars(value)) != 2:
        return None
    samples, sample_rate = value
    pts, duration = value.pts, value.duration
    if type(sample_rate) is not int or type(pts) not in _TIMES or type(duration) not in _TIMES:
        return None
    numbers = sample_rate, pts or 0, duration or 0
    if not all(-_MOST <= number < _MOST for number in numbers):
        return None
    first = arrays.write(samples, give)
    if first is None:
        return None
    return _FIELDS.pack(TAG, (pts is not None) * _PTS | (duration is not None) * _DURATION, *numbers) + first


def read(data: bytes) -> AudioFrame:
    """The frame of bytes that have all of it.

    Raises:
        ValueError: They have not.
    """
    return _frame(data, arrays.read(data, _FIELDS.size))


def read_part(first: bytes, part: Part) -> AudioFrame:
    """The frame whose samples came behind it.

    Raises:
        ValueError: They are too few, or too many.
    """
    return _frame(first, arrays.read_part(first[_FIELDS.size :], part))


def _frame(first: bytes, samples: Any) -> AudioFrame:
    _, known, sample_rate, pts, duration = _FIELDS.unpack_from(first)
    frame: AudioFrame = _new(AudioFrame, (samples, sample_rate))
    frame.pts = pts if known & _PTS else None
    frame.duration = duration if known & _DURATION else None
    return frame
