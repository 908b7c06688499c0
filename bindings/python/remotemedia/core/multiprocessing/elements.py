"""Samples, pixels and elements: arrays of payloads, and payloads of arrays. NumPy is imported where it is needed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..container import Bytes
from ..optional import is_array, require_numpy
from .kinds import AudioFormat, TensorType, VideoFormat
from .metadata import AudioMetadata, Metadata, TensorMetadata, VideoMetadata

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

# Those of 24-bit samples are of the array that they become.
_AUDIO = {
    AudioFormat.F32: "<f4",
    AudioFormat.I16: "<i2",
    AudioFormat.I24: "<i4",
    AudioFormat.I32: "<i4",
    AudioFormat.U8: "|u1",
}
_TENSOR = {
    TensorType.F32: "<f4",
    TensorType.F64: "<f8",
    TensorType.I32: "<i4",
    TensorType.I64: "<i8",
    TensorType.U8: "|u1",
    TensorType.U16: "<u2",
}
_PIXEL_BYTES = {VideoFormat.RGB: 3, VideoFormat.BGR: 3, VideoFormat.RGBA: 4}
_SAMPLE_BYTES = {AudioFormat.F32: 4, AudioFormat.I16: 2, AudioFormat.I24: 3, AudioFormat.I32: 4, AudioFormat.U8: 1}


def of_audio(samples: Any, channels: int, format: AudioFormat) -> tuple[Any, AudioFormat, int]:
    """The payload of samples, their format, and their number over all channels."""
    if isinstance(samples, Bytes):
        count, rest = divmod(memoryview(samples).nbytes, _SAMPLE_BYTES[format])
        if rest:
            raise ValueError(f"{rest} bytes are left behind {count} samples of {format.name}")
        return samples, format, _checked(count, channels)
    array = _native(samples) if is_array(samples) else to_numpy(samples, _AUDIO[format])
    if array.ndim > 2 or (array.ndim == 2 and array.shape[1] != channels):
        raise ValueError(f"samples have shape {array.shape}; use (frames,) or (frames, {channels})")
    if array.dtype.kind == "f" and array.dtype.itemsize == 8:
        array = array.astype("float32")
    found = [each for each, dtype in _AUDIO.items() if array.dtype == dtype]
    if not found:
        raise ValueError(f"samples are of dtype {array.dtype}; use float32, int16, int32 or uint8")
    return array, format if format in found else found[-1], _checked(array.size, channels)


def _checked(count: int, channels: int) -> int:
    if count % channels:
        raise ValueError(f"{count} samples cannot be shared by {channels} channels")
    return count


def of_tensor(data: Any, dtype: TensorType) -> tuple[Any, tuple[int, ...], TensorType]:
    """The payload of a tensor, its shape, and the type of its elements."""
    if isinstance(data, Bytes):
        size = int(_TENSOR[dtype][2:])
        count, rest = divmod(memoryview(data).nbytes, size)
        if rest:
            raise ValueError(f"{rest} bytes are left behind {count} elements of {dtype.name}")
        return data, (count,), dtype
    array = _native(data) if is_array(data) else to_numpy(data, _TENSOR[dtype])
    found = [each for each, known in _TENSOR.items() if array.dtype == known]
    if not found:
        names = ", ".join(each.name for each in TensorType)
        raise ValueError(f"elements are of dtype {array.dtype}; a tensor has {names}")
    return array, array.shape, found[0]


def to_numpy(value: Any, dtype: str | None = None) -> Array:
    """An array of a value; itself if it is one."""
    require_numpy("Data of this kind")
    import numpy as np

    return np.asarray(value, dtype)


def _native(array: Array) -> Array:
    """The array in the machine's order of bytes."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def array_of(payload: Any, metadata: Metadata) -> Array:
    """The array of a payload; a view where that is an array or bytes."""
    require_numpy("Data of this kind")
    import numpy as np

    dtype, shape = _layout(metadata)
    if is_array(payload):
        return to_numpy(payload)
    if not isinstance(payload, Bytes):
        return to_numpy(payload, dtype).reshape(shape)
    if isinstance(metadata, AudioMetadata) and metadata.format is AudioFormat.I24:
        return _of_24_bits(np.frombuffer(payload, np.uint8))
    return np.frombuffer(payload, dtype).reshape(shape)


def _layout(metadata: Metadata) -> tuple[str, tuple[int, ...]]:
    """The type of the elements, and the shape of all."""
    if isinstance(metadata, AudioMetadata):
        return _AUDIO[metadata.format], (-1,)
    if isinstance(metadata, TensorMetadata):
        return _TENSOR[metadata.dtype], metadata.shape
    assert isinstance(metadata, VideoMetadata)
    pixel = _PIXEL_BYTES.get(metadata.format)
    return "|u1", (-1,) if pixel is None else (metadata.height, metadata.width, pixel)


def _of_24_bits(data: Array) -> Array:
    import numpy as np

    wide = np.zeros((data.size // 3, 4), np.uint8)
    wide[:, 1:] = data.reshape(-1, 3)
    # The sign comes with the highest byte; the shift brings it down.
    return wide.view("<i4").ravel() >> 8


def size_of(payload: Any, metadata: Metadata) -> int:
    """Bytes of a payload."""
    if is_array(payload):
        return int(payload.nbytes)
    return memoryview(payload).nbytes if isinstance(payload, Bytes) else array_of(payload, metadata).nbytes


def to_float(samples: Array, format: AudioFormat) -> Array:
    """Samples as float32 within -1..1."""
    import numpy as np

    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    bits = 24 if format is AudioFormat.I24 else samples.dtype.itemsize * 8
    middle = math.ldexp(1, bits - 1) if samples.dtype.kind == "u" else 0.0
    return ((samples - middle) / math.ldexp(1, bits - 1)).astype(np.float32)


def are_equal(one: Any, other: Any) -> bool:
    """Whether two payloads are the same; not-a-number is the same as itself."""
    if not is_array(one):
        return bool(one == other)
    import numpy as np

    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))
