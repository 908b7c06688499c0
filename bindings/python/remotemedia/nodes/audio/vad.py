"""A node that tells for every piece of audio whether it holds speech."""

from __future__ import annotations

from typing import Any

from ._node import AudioNode
from ._samples import frame_levels, parse_audio


class VADNode(AudioNode):
    """Compares the level of every frame with a fixed threshold.

    The output is `(samples, rate, metadata)`: the samples with shape (channels, frames), and a dict with `is_speech`
    (bool: any frame is above the threshold), `speech_frames` and `total_frames` (ints), besides what a dict as third
    item of the input held. A frame is `frame_duration_ms` long; a shorter rest at the end does not count, unless it is
    all there is.

    Args:
        frame_duration_ms: Length of a frame in milliseconds.
        energy_threshold: RMS over all channels, relative to full scale, above which a frame is speech.
        runtime_hint: Kept for old programs; this node always runs in Python.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ValueError: `frame_duration_ms` is not positive.
        TypeError, ValueError: `process`: the input is not audio.
    """

    def __init__(
        self,
        frame_duration_ms: float = 30,
        energy_threshold: float = 0.02,
        runtime_hint: str = "auto",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if frame_duration_ms <= 0:
            raise ValueError(f"frame_duration_ms must be positive, got {frame_duration_ms!r}")
        super().__init__(name=name, **kwargs)
        self.frame_duration_ms = frame_duration_ms
        self.energy_threshold = energy_threshold
        self.runtime_hint = runtime_hint

    def process(self, data: Any) -> Any:
        import numpy as np

        samples, rate, rest = parse_audio(data)
        levels = frame_levels(samples, rate, self.frame_duration_ms)
        speech_frames = int(np.count_nonzero(levels > self.energy_threshold))
        metadata = dict(rest[0]) if rest and isinstance(rest[0], dict) else {}
        metadata.update(is_speech=speech_frames > 0, speech_frames=speech_frames, total_frames=len(levels))
        return np.atleast_2d(samples), rate, metadata
