"""A node that changes the sample rate."""

from __future__ import annotations

from typing import Any

from ._node import AudioNode
from ._resample import Resampler, check_quality
from ._samples import check_rate, from_float, parse_audio, to_float


class AudioResampleNode(AudioNode):
    """Converts `(samples, rate)` to `(samples, target_sample_rate)`; type, channels and further items stay.

    Audio that has the rate already is returned unchanged, the very object. Every input is converted by itself; for a
    stream of short blocks the native `FastResampleNode` keeps the history between them. Input that is not audio gives
    `{"error": …, "processed_by": …}`.

    Args:
        target_sample_rate: In Hz.
        quality: "low", "medium" or "high".
        runtime_hint: Kept for old programs; this node always runs in Python.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ValueError: The rate is not positive, or there is no such quality.
    """

    def __init__(
        self,
        target_sample_rate: int = 16000,
        quality: str = "high",
        runtime_hint: str = "auto",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.target_sample_rate = check_rate(target_sample_rate)
        self.quality = check_quality(quality)
        self.runtime_hint = runtime_hint
        self._resampler: tuple[int, Resampler] | None = None

    def process(self, data: Any) -> Any:
        try:
            samples, rate, rest = parse_audio(data)
            if rate == self.target_sample_rate:
                return data
            floats = to_float(samples)
        except (TypeError, ValueError) as problem:
            return {"error": str(problem), "processed_by": f"{type(self).__name__}[{self.name}]"}
        if self._resampler is None or self._resampler[0] != rate:
            self._resampler = rate, Resampler(rate, self.target_sample_rate, self.quality)
        converted = from_float(self._resampler[1](floats), samples.dtype)
        return (converted, self.target_sample_rate, *rest)
