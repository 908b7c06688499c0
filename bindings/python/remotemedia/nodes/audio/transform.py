"""A node that brings audio to one sample rate and number of channels."""

from __future__ import annotations

from typing import Any

from ._node import AudioNode
from ._resample import Resampler
from ._samples import check_rate, from_float, mix_channels, parse_audio, to_float


class AudioTransform(AudioNode):
    """Converts `(samples, rate)` to `output_channels` channels at `output_sample_rate`; type and further items stay.

    The output has shape (output_channels, frames). With more channels than wanted, output channel j is the mean of
    every `output_channels`-th input channel from j on; with fewer they are repeated.

    Args:
        output_sample_rate: In Hz; it lands in `config`.
        output_channels: Number of channels; it lands in `config`.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ValueError: The rate or the number of channels is less than 1.
        TypeError, ValueError: `process`: the input is not audio.
    """

    def __init__(
        self,
        output_sample_rate: int = 44100,
        output_channels: int = 2,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if output_channels < 1:
            raise ValueError(f"output_channels must be at least 1, got {output_channels!r}")
        super().__init__(
            name=name, output_sample_rate=check_rate(output_sample_rate), output_channels=output_channels, **kwargs
        )
        self._resampler: tuple[int, Resampler] | None = None

    def process(self, data: Any) -> Any:
        import numpy as np

        samples, rate, rest = parse_audio(data)
        samples = np.atleast_2d(samples)
        target, channels = self.config["output_sample_rate"], self.config["output_channels"]
        if rate == target and samples.shape[0] == channels:
            return (samples, rate, *rest)
        floats = to_float(samples)
        # The fewer channels, the less to resample.
        if channels < samples.shape[0]:
            floats = mix_channels(floats, channels)
        if rate != target:
            if self._resampler is None or self._resampler[0] != rate:
                self._resampler = rate, Resampler(rate, target)
            floats = self._resampler[1](floats)
        return (from_float(mix_channels(floats, channels), samples.dtype), target, *rest)
