"""A node that cuts a stream of audio into blocks of one size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from ._node import AudioNode
from ._samples import parse_audio

if TYPE_CHECKING:
    from numpy.typing import NDArray


class AudioBuffer(AudioNode):
    """Turns a stream of `(samples, rate)` into blocks of exactly `buffer_size_samples` frames.

    A shorter block comes at the end of the stream, and before a change of the rate, the channels or the sample type.
    A block may be a view of an input. Further items of the input tuples are dropped.

    Args:
        buffer_size_samples: Frames in a block; it lands in `config`.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ValueError: `buffer_size_samples` is less than 1.
        TypeError, ValueError: `process`: an item is not audio.
    """

    is_streaming = True

    def __init__(self, buffer_size_samples: int, name: str | None = None, **kwargs: Any) -> None:
        if buffer_size_samples < 1:
            raise ValueError(f"buffer_size_samples must be at least 1, got {buffer_size_samples!r}")
        super().__init__(name=name, buffer_size_samples=buffer_size_samples, **kwargs)

    async def process(self, stream: AsyncIterator[Any]) -> AsyncIterator[tuple[NDArray[Any], int]]:
        pending = _Pending(self.config["buffer_size_samples"])
        current: Any = None
        rate = 0
        async for data in stream:
            samples, new_rate, _ = parse_audio(data)
            form = (new_rate, samples.shape[:-1], samples.dtype)
            if form != current:
                for block in pending.rest():
                    yield block, rate
                current, rate = form, new_rate
            for block in pending.add(samples):
                yield block, rate
        for block in pending.rest():
            yield block, rate


class _Pending:
    """The frames of one format that no block has held yet; always fewer than a block."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._parts: list[NDArray[Any]] = []
        self._frames = 0

    def add(self, samples: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Append samples and yield the blocks that are complete with them."""
        self._parts.append(samples)
        self._frames += samples.shape[-1]
        if self._frames < self._size:
            return
        joined = self._join()
        whole = joined.shape[-1] // self._size * self._size
        self._parts, self._frames = [joined[..., whole:]], joined.shape[-1] - whole
        for start in range(0, whole, self._size):
            yield joined[..., start : start + self._size]

    def rest(self) -> Iterator[NDArray[Any]]:
        """Yield what is left, if anything, and forget it."""
        if self._frames:
            yield self._join()
        self._parts, self._frames = [], 0

    def _join(self) -> NDArray[Any]:
        import numpy as np

        return self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts, axis=-1)
