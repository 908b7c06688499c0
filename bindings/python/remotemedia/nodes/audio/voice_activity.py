"""A streaming node that tells speech from a background whose level it learns."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from ._node import AudioNode
from ._samples import frame_levels, parse_audio

# The background is learnt from so many frames before the current audio, and not from fewer than the second number.
_REMEMBERED_FRAMES = 100
_LEAST_FRAMES = 10


class VoiceActivityDetector(AudioNode):
    """Marks every `(samples, rate)` of a stream as speech or not.

    A frame of `frame_duration_ms` is speech if its RMS level is above
    `0.7 * 2.5 * (30th percentile of the last 100 frames) + 0.3 * energy_threshold`, or above `energy_threshold` while
    fewer than 10 frames have gone before; a piece of audio is speech if more than `speech_threshold` of its frames are.
    The background is learnt anew for every stream.

    The output is `((samples, rate), metadata)` with a dict of `is_speech` (bool), `speech_ratio` (0 … 1), `avg_energy`
    (mean level of the frames, relative to full scale) and `frame_duration_ms`.

    Args:
        frame_duration_ms: Length of a frame in milliseconds.
        energy_threshold: RMS over all channels, relative to full scale.
        speech_threshold: Part of the frames, 0 … 1.
        filter_mode: Give only what is speech.
        include_metadata: False gives `(samples, rate)` alone.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ValueError: `frame_duration_ms` is not positive.
        TypeError, ValueError: `process`: an item is not audio.
    """

    is_streaming = True

    def __init__(
        self,
        frame_duration_ms: float = 30,
        energy_threshold: float = 0.02,
        speech_threshold: float = 0.3,
        filter_mode: bool = False,
        include_metadata: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if frame_duration_ms <= 0:
            raise ValueError(f"frame_duration_ms must be positive, got {frame_duration_ms!r}")
        super().__init__(name=name, **kwargs)
        self.frame_duration_ms = frame_duration_ms
        self.energy_threshold = energy_threshold
        self.speech_threshold = speech_threshold
        self.filter_mode = filter_mode
        self.include_metadata = include_metadata

    async def process(self, stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
        history: deque[float] = deque(maxlen=_REMEMBERED_FRAMES)
        async for data in stream:
            samples, rate, _ = parse_audio(data)
            metadata = self._detect(frame_levels(samples, rate, self.frame_duration_ms), history)
            if metadata["is_speech"] or not self.filter_mode:
                yield ((samples, rate), metadata) if self.include_metadata else (samples, rate)

    def _detect(self, levels: Any, history: deque[float]) -> dict[str, Any]:
        # Judged by the frames before: a loud beginning must not count as its own background.
        ratio = float((levels > self._threshold(history)).mean()) if len(levels) else 0.0
        history.extend(levels.tolist())
        return {
            "is_speech": ratio > self.speech_threshold,
            "speech_ratio": ratio,
            "avg_energy": float(levels.mean()) if len(levels) else 0.0,
            "frame_duration_ms": self.frame_duration_ms,
        }

    def _threshold(self, history: deque[float]) -> float:
        import numpy as np

        if len(history) < _LEAST_FRAMES:
            return self.energy_threshold
        return 0.7 * 2.5 * float(np.percentile(history, 30)) + 0.3 * self.energy_threshold
