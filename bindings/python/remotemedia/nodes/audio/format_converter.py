"""A node that changes the type of audio samples."""

from __future__ import annotations

from typing import Any

from ._node import AudioNode
from ._samples import from_float, parse_audio, to_float

_TYPES = {"f32": "float32", "i16": "int16", "i32": "int32"}


class FormatConverterNode(AudioNode):
    """Converts the samples of `(samples, rate)` to another type; the rate, the shape and further items stay.

    Full scale is ±1 for floats, 32768 for i16 and 2147483648 for i32, hence 65536 between the two. Values are rounded
    to the nearest, clipped at full scale, and NaN becomes silence. Samples that have the type already are returned
    unchanged, the very object.

    Args:
        target_format: "f32", "i16" or "i32".
        runtime_hint: Kept for old programs; this node always runs in Python.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ValueError: No such format.
        TypeError, ValueError: `process`: the input is not audio.
    """

    def __init__(
        self, target_format: str = "f32", runtime_hint: str = "auto", name: str | None = None, **kwargs: Any
    ) -> None:
        if target_format not in _TYPES:
            raise ValueError(f"target_format must be one of {', '.join(_TYPES)}, got {target_format!r}")
        super().__init__(name=name, **kwargs)
        self.target_format = target_format
        self.runtime_hint = runtime_hint

    def process(self, data: Any) -> Any:
        import numpy as np

        samples, rate, rest = parse_audio(data)
        target = np.dtype(_TYPES[self.target_format])
        if samples.dtype == target:
            return data
        return (from_float(to_float(samples), target), rate, *rest)
