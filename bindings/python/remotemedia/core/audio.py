"""Blocks of audio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[Any]


class AudioFrame(tuple[Any, int]):
    """A block of audio: a tuple `(samples, sample_rate)` that also knows its place in time.

    Native nodes give audio as frames, and take frames or plain tuples; whatever unpacks `(samples, sample_rate)` works
    with both.

    Args:
        samples: Array of shape (channels, frames), or (frames,) for mono. Floating point within -1..1, or integers of
            full scale.
        sample_rate: Samples a second, in hertz.
        pts: Presentation time in nanoseconds, or None.
        duration: Length in nanoseconds; follows from the samples by default.
    """

    pts: int | None
    duration: int | None

    def __new__(
        cls, samples: Samples, sample_rate: int, *, pts: int | None = None, duration: int | None = None
    ) -> Self:
        self = super().__new__(cls, (samples, sample_rate))
        self.pts = pts
        self.duration = duration
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[Any, int], dict[str, Any]]:
        return (self[0], self[1]), {"pts": self.pts, "duration": self.duration}

    @property
    def samples(self) -> Samples:
        """The samples, of shape (channels, frames). Those of a native node are a read-only view of its memory."""
        samples: Samples = self[0]
        return samples.reshape(1, -1) if samples.ndim == 1 else samples

    @property
    def sample_rate(self) -> int:
        """Samples a second, in hertz."""
        return self[1]

    @property
    def channels(self) -> int:
        """The number of channels."""
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """The number of samples in each channel."""
        return int(self.samples.shape[1])

    def as_float32(self) -> npt.NDArray[np.float32]:
        """The samples as float32 within -1..1, of shape (channels, frames); itself if they are that already."""
        import numpy as np

        samples = self.samples
        if np.issubdtype(samples.dtype, np.floating):
            return samples.astype(np.float32, copy=False)
        if np.issubdtype(samples.dtype, np.signedinteger):
            return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
        raise ValueError(f"audio samples are of dtype {samples.dtype}; use a floating-point or signed integer type")

    @classmethod
    def of(cls, value: Any) -> AudioFrame | None:
        """The frame that a value is, or stands for as `(samples, sample_rate[, …])` or an audio dict; else None."""
        if isinstance(value, cls):
            return value
        if isinstance(value, dict) and value.get("type") == "audio":
            return cls._of_dict(value)
        if isinstance(value, tuple) and len(value) in (2, 3) and hasattr(value[0], "ndim") and _is_rate(value[1]):
            if value[0].ndim not in (1, 2):
                raise ValueError(f"audio samples have shape {value[0].shape}; use (channels, frames) or (frames,)")
            return cls(value[0], int(value[1]))
        return None

    @classmethod
    def _of_dict(cls, value: dict[str, Any]) -> AudioFrame:
        import numpy as np

        for field in ("samples", "sample_rate", "channels"):
            if field not in value:
                raise ValueError(f"Audio data missing '{field}' field")
        samples = np.asarray(value["samples"], dtype=np.float32)
        return cls(samples.reshape(-1, value["channels"]).T, value["sample_rate"])

    def __repr__(self) -> str:
        pts = "" if self.pts is None else f", pts={self.pts}"
        return f"AudioFrame({self.channels} x {self.frames} samples, {self.sample_rate} Hz{pts})"


def _is_rate(value: Any) -> bool:
    is_integer = isinstance(value, int) or (hasattr(value, "__index__") and not hasattr(value, "__len__"))
    return is_integer and not isinstance(value, bool)
