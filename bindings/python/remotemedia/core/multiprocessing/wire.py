"""`RuntimeData` as bytes. What is read is data and never code, whoever wrote it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..container import Bytes, Container, Damaged
from ..json_value import is_json
from ..optional import is_array, require_numpy
from .kinds import DataType
from .metadata import (
    AudioMetadata,
    ControlMessageMetadata,
    FileMetadata,
    Metadata,
    TensorMetadata,
    TextMetadata,
    VideoMetadata,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from .runtime_data import RuntimeData

_FORMAT = Container(b"RMDT", 1, "runtime data")
_CLASSES: dict[str, type[Metadata]] = {
    cls.__name__: cls
    for cls in (AudioMetadata, VideoMetadata, TextMetadata, TensorMetadata, ControlMessageMetadata, FileMetadata)
}


def encode(data: RuntimeData) -> bytes:
    """The bytes of a piece of data; errors as those of `RuntimeData.to_bytes`."""
    described, payload = _payload(data.payload)
    metadata = data.metadata
    header = {
        "type": data.type.value,
        "session_id": data.session_id,
        "timestamp": data.timestamp,
        "class": type(metadata).__name__ if isinstance(metadata, Metadata) else None,
        "metadata": metadata.to_dict() if isinstance(metadata, Metadata) else metadata,
    }
    if not is_json(header, exactly=True):
        raise TypeError(f"{data!r} has what JSON cannot hold in its metadata; use numbers, strings, lists and dicts")
    header["payload"] = described
    return _FORMAT.write(header, [payload])


def decode(data: Bytes) -> tuple[DataType, Any, str, float, Any]:
    """The fields of what `encode` wrote; errors as those of `RuntimeData.from_bytes`."""
    header, payload = _FORMAT.read(data)
    try:
        metadata = header["metadata"]
        if header["class"] is not None:
            metadata = _CLASSES[header["class"]].from_dict(metadata)
        value = _value(header["payload"], payload)
        return DataType(header["type"]), value, header["session_id"], header["timestamp"], metadata
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        # The checksums fit, so somebody made these bytes who does not know the format, or has another in mind.
        raise Damaged(f"these bytes describe no runtime data: {type(error).__name__}: {error}") from error


def _payload(value: Any) -> tuple[dict[str, Any], Bytes]:
    """What describes a payload, and its bytes."""
    if isinstance(value, Bytes):
        return {"kind": "bytes"}, value if memoryview(value).c_contiguous else bytes(value)
    if is_array(value):
        return _of_array(value)
    if is_json(value, exactly=True):
        return {"kind": "json"}, json.dumps(value).encode()
    raise TypeError(
        f"a payload of type {type(value).__name__} is no data; use an array, bytes, or what JSON gives back unchanged"
    )


def _value(described: dict[str, Any], payload: memoryview) -> Any:
    if described["kind"] == "bytes":
        return bytes(payload)
    if described["kind"] == "json":
        return json.loads(bytes(payload))
    if described["kind"] == "array":
        return _to_array(described, payload)
    raise ValueError(f"payload of kind {described['kind']!r}")


def _of_array(array: npt.NDArray[Any]) -> tuple[dict[str, Any], Bytes]:
    import numpy as np

    if type(array) not in (np.ndarray, np.memmap) or array.dtype.hasobject:
        what = "Python objects" if array.dtype.hasobject else f"more than numbers ({type(array).__name__})"
        raise TypeError(f"an array of {what} is no data; use np.asarray with a dtype of numbers")
    by_columns = array.flags.f_contiguous and not array.flags.c_contiguous
    described = {
        "kind": "array",
        "dtype": np.lib.format.dtype_to_descr(array.dtype),
        "shape": list(array.shape),
        "order": "F" if by_columns else "C",
    }
    flat = np.asarray(array.T if by_columns else array, order="C").reshape(-1).view(np.uint8)
    return described, flat.data


def _to_array(described: dict[str, Any], payload: memoryview) -> npt.NDArray[Any]:
    require_numpy("An array")
    import numpy as np

    dtype = np.lib.format.descr_to_dtype(_tuples(described["dtype"]))
    shape = tuple(described["shape"])
    array = np.frombuffer(payload, dtype) if payload.nbytes else np.empty(0, dtype)
    return array.reshape(shape, order=described["order"])


def _tuples(descr: Any) -> Any:
    """The description of a dtype as NumPy wants it: JSON has lists where that has tuples inside a list."""
    if isinstance(descr, str):
        return descr
    # Each field has a name (or a title and a name), a type, and perhaps a shape.
    return [
        (name if isinstance(name, str) else tuple(name), _tuples(inner), *map(tuple, shape))
        for name, inner, *shape in descr
    ]
