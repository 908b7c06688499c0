"""A node as bytes, and back: how they are written and checked, but not when the node is cleaned up and initialised."""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING, Any

import cloudpickle

from .bounded import BoundedChunks, BoundedCounter, TooLarge
from .container import Bytes, Container, Damaged
from .culprit import find
from .exceptions import SerializationError
from .node import Node

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_FORMAT = Container(b"RMND", 1, "a serialized node")
_MATCHING = "Ensure Python version and dependencies match between processes"


def pack(node: Node, limit: int) -> bytes:
    """The bytes of a node.

    Args:
        node: The node, as its `__getstate__` shows it.
        limit: The most bytes; the error comes before the memory is spent.

    Raises:
        SerializationError: It cannot be pickled, or is too large.
    """
    cls = type(node)
    header = {**_versions(), "class": f"{cls.__module__}.{cls.__qualname__}", "name": str(node.name)}
    file = BoundedChunks(limit)
    _write(node, file, limit)
    return _FORMAT.write(header, file.chunks)


def check(node: Node, limit: int) -> None:
    """Raises what `pack` would, and keeps no bytes."""
    _write(node, BoundedCounter(limit), limit)


def unpack(data: Bytes) -> Node:
    """The node of bytes that `pack` made. Nothing is unpickled before all of them are found to be whole and to fit.

    Unpickling runs code that the bytes name: take them from nobody but a process of your own.

    Raises:
        SerializationError: The bytes are damaged or foreign, were made by other versions, or name what is not here.
    """
    try:
        header, payload = _FORMAT.read(data)
    except Damaged as error:
        raise _failure(error.header, str(error)) from error
    _check_versions(header)
    try:
        node = pickle.loads(payload)
    except (ImportError, AttributeError) as error:
        raise _failure(header, f"what it needs is not here: {type(error).__name__}: {error}") from error
    except Exception as error:
        raise _failure(header, f"{type(error).__name__}: {error}") from error
    if not isinstance(node, Node):
        raise _failure(header, f"the bytes hold no Node but an object of type {type(node).__name__}")
    return node


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Writes into a bounded file, and asks it before an array is copied.

    NumPy copies an array that is not contiguous before the file sees a byte of it.
    """

    def __init__(self, file: BoundedCounter) -> None:
        # A method would keep the pickler, the node and all of its bytes until the garbage collector comes.
        def reduce_array(array: npt.NDArray[np.generic]) -> Any:
            file.reserve(array.nbytes)
            return array.__reduce_ex__(5)

        numpy = sys.modules.get("numpy")
        if numpy is not None:
            self.dispatch_table = cloudpickle.Pickler.dispatch_table.new_child({numpy.ndarray: reduce_array})
        super().__init__(file, protocol=5)


def _write(node: Node, file: BoundedCounter, limit: int) -> None:
    try:
        _Pickler(file).dump(node)
    except TooLarge as error:
        raise SerializationError(
            node.name,
            f"Serialized size (at least {_megabytes(error.size)}) exceeds limit ({_megabytes(limit)})",
            "Leave large data out in __getstate__, and load it in initialize()",
        ) from None
    except Exception as error:
        # All levels of what is nested too deeply look alike: one is enough.
        path = find(node, levels=1 if isinstance(error.__cause__, RecursionError) else 32)
        raise SerializationError(node.name, f"{type(error).__name__}: {error}", attr_name=path) from error


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.4g} MB"


def _versions() -> dict[str, str]:
    return {"python": f"{sys.version_info[0]}.{sys.version_info[1]}", "cloudpickle": cloudpickle.__version__}


def _check_versions(header: dict[str, Any]) -> None:
    for program, here in _versions().items():
        if header.get(program) != here:
            raise _failure(header, f"it was made with {program} {header.get(program)}, and here is {program} {here}")


def _failure(header: dict[str, Any] | None, reason: str) -> SerializationError:
    known = header or {}
    of = f" (class {known['class']})" if "class" in known else ""
    return SerializationError(
        str(known.get("name", "unknown")), f"Deserialization failed{of}: {reason}", _MATCHING, operation="deserialize"
    )
