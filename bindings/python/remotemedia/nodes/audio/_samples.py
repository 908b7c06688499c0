"""Samples as the audio nodes take them: checking, scaling, channels and frames."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import dtype, float64
    from numpy.typing import NDArray


def parse_audio(data: Any) -> tuple[NDArray[Any], int, tuple[Any, ...]]:
    """Take an audio tuple apart.

    Returns:
        The samples, shape (frames,) or (channels, frames); the rate in Hz; and what else the tuple holds.

    Raises:
        TypeError: Not such a tuple, not an array of real numbers, or a rate that is not a whole number.
        ValueError: The array has other than one or two axes or no channel, or the rate is not positive.
    """
    import numpy as np

    if not isinstance(data, tuple) or len(data) < 2:
        raise TypeError("Input must be a tuple of (audio_data, sample_rate)")
    samples, rate, *rest = data
    if not isinstance(samples, np.ndarray):
        raise TypeError("Audio data must be a numpy array")
    if samples.dtype.kind not in "fiu":
        raise TypeError(f"Audio data must be an array of real numbers, got {samples.dtype}")
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and not samples.shape[0]):
        raise ValueError(f"Audio data must have shape (frames,) or (channels, frames), got {samples.shape}")
    if isinstance(rate, float) and rate.is_integer():
        rate = int(rate)
    try:
        rate = operator.index(rate)
    except TypeError:
        raise TypeError(f"Sample rate must be a whole number of Hz, got {rate!r}") from None
    return samples, check_rate(rate), tuple(rest)


def check_rate(rate: int) -> int:
    """Return `rate` in Hz; ValueError if it is not positive."""
    if rate < 1:
        raise ValueError(f"Sample rate must be positive, got {rate!r}")
    return rate


def to_float(samples: NDArray[Any]) -> NDArray[Any]:
    """Return samples as floats of full scale ±1, float64 if they are that already or need it, else float32.

    Raises:
        TypeError: They are integers of 64 bits, for which there is no usual full scale.
    """
    kind, size = samples.dtype.kind, samples.dtype.itemsize
    if kind != "f" and size > 4:
        raise TypeError(f"Audio data of type {samples.dtype} has no known full scale: use floats, or up to 32 bits")
    wide = "float64" if size > (4 if kind == "f" else 2) else "float32"
    floats: NDArray[Any] = samples.astype(wide, copy=False)
    if kind == "f":
        return floats
    full_scale = 2.0 ** (8 * size - 1)
    # Unsigned samples are silent at half of their range.
    return floats / full_scale - 1 if kind == "u" else floats / full_scale


def from_float(samples: NDArray[Any], target: dtype[Any]) -> NDArray[Any]:
    """Undo `to_float`: round to the nearest value of `target`; what is beyond full scale is clipped, NaN is silence."""
    import numpy as np

    if target.kind == "f":
        return samples.astype(target, copy=False)
    full_scale = 2.0 ** (8 * target.itemsize - 1)
    silence = full_scale if target.kind == "u" else 0.0
    limits = np.iinfo(target)
    # In float64, which holds every value that `to_float` takes.
    scaled = np.rint(np.nan_to_num(samples.astype(np.float64), posinf=1.0, neginf=-1.0) * full_scale + silence)
    return np.clip(scaled, limits.min, limits.max).astype(target)


def mix_channels(samples: NDArray[Any], channels: int) -> NDArray[Any]:
    """Return (channels, frames) of the samples (any number of channels, frames).

    Output channel j is input channel `j % inputs` if there are fewer inputs, else the mean of the input channels whose
    index is j modulo `channels`. So mono is copied to all, and down to mono is the mean of all.
    """
    import numpy as np

    inputs = samples.shape[0]
    if inputs == channels:
        return samples
    mixed: NDArray[Any]
    if inputs < channels:
        mixed = samples[np.arange(channels) % inputs]
    else:
        mixed = np.stack([samples[index::channels].mean(axis=0) for index in range(channels)])
    return mixed


def frame_levels(samples: NDArray[Any], rate: int, frame_duration_ms: float) -> NDArray[float64]:
    """Return the RMS level of every frame, over all channels, relative to full scale.

    A frame is `frame_duration_ms` long. A remainder at the end that is shorter is left out, unless it is all there is.

    Returns:
        Shape (frames of that length,); empty if there are no samples.

    Raises:
        TypeError: As for `to_float`.
    """
    import numpy as np

    floats = np.atleast_2d(to_float(samples))
    length = max(1, min(int(rate * frame_duration_ms / 1000), floats.shape[1]))
    count = floats.shape[1] // length
    framed = floats[:, : count * length].reshape(floats.shape[0], count, length)
    levels: NDArray[float64] = np.sqrt(np.mean(np.square(framed, dtype=np.float64), axis=(0, 2)))
    return levels
