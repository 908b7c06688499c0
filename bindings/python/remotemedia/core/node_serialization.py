"""Nodes on their way to another process: as bytes, and back."""

from __future__ import annotations

import contextlib
import warnings

from .container import Bytes
from .exceptions import SerializationError
from .node import Node
from .node_payload import check, pack, unpack
from .settle import settle_now

__all__ = [
    "MAX_SERIALIZED_SIZE_BYTES",
    "SerializationError",
    "deserialize_node_from_ipc",
    "serialize_node_for_ipc",
    "validate_node_serializable",
]

MAX_SERIALIZED_SIZE_BYTES = 100 * 2**20
"""The most bytes that a node may become."""


def serialize_node_for_ipc(node: Node) -> bytes:
    """The bytes of a node, for `deserialize_node_from_ipc` in another process with the same Python and cloudpickle.

    The node is cleaned up first, so that it holds nothing that cannot travel, and a node that was initialised is
    initialised again afterwards: it can be used as before, but its sessions are gone, because `cleanup` forgets them.
    Nor do they travel. Steps that are `async def` are waited for, also where this thread's event loop is running. A
    node that is at work in a session must not be serialised.

    Classes of `__main__`, of notebooks and of functions travel with the node, and so do those of modules given to
    `cloudpickle.register_pickle_by_value`. Other modules must be there where the node arrives.

    Args:
        node: The node.

    Raises:
        TypeError: It is not a Node.
        SerializationError: `cleanup` or the new `initialize` failed; or part of the node cannot be pickled, and
            `attr_name` has the path of that part; or there would be more than `MAX_SERIALIZED_SIZE_BYTES`.
    """
    was_initialized = _check_node(node).is_initialized
    if was_initialized:
        warnings.warn(
            f"Node '{node.name}' is initialized: it is cleaned up before it is serialized, and initialized again after",
            stacklevel=2,
        )
    try:
        settle_now(node.cleanup)
    except Exception as error:
        raise SerializationError(
            node.name, f"cleanup() failed: {type(error).__name__}: {error}", "Call node.cleanup() and see why it fails"
        ) from error
    try:
        return pack(node, MAX_SERIALIZED_SIZE_BYTES)
    finally:
        if was_initialized:
            _initialize_again(node)


def deserialize_node_from_ipc(data: Bytes) -> Node:
    """The node of bytes that `serialize_node_for_ipc` made, initialised.

    All bytes are checked before any is unpickled. That finds damage, and not malice: unpickling runs code that the
    bytes name, so take them from nobody but a process of your own.

    Raises:
        TypeError: `data` is not bytes, bytearray or memoryview.
        SerializationError: They are damaged or foreign, were made by another version of Python or cloudpickle, or name
            a class that is not here. `operation` is "deserialize", and the class is named if it is known.
        RuntimeError: `initialize` failed; the node was cleaned up.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"Expected bytes, got {type(data).__name__}")
    node = unpack(data)
    try:
        settle_now(node.initialize)
    except Exception as error:
        with contextlib.suppress(Exception):  # the first failure is the one to tell
            settle_now(node.cleanup)
        raise RuntimeError(f"Node '{node.name}' deserialized successfully but initialize() failed: {error}") from error
    return node


def validate_node_serializable(node: Node) -> bool:
    """Whether `serialize_node_for_ipc` would succeed; a warning says why not. The node is left as it is.

    It is found out by pickling the node, without keeping the bytes. An initialised node is refused, because what it
    holds now is not what it holds after `cleanup`.

    Raises:
        TypeError: It is not a Node.
    """
    if _check_node(node).is_initialized:
        problem = f"Node '{node.name}' is initialized\nSuggestion: Call node.cleanup() before serialization"
    else:
        try:
            check(node, MAX_SERIALIZED_SIZE_BYTES)
        except SerializationError as error:
            problem = str(error)
        else:
            return True
    warnings.warn(problem, stacklevel=2)
    return False


def _check_node(node: object) -> Node:
    if not isinstance(node, Node):
        raise TypeError(f"Expected Node instance, got {type(node).__name__}")
    return node


def _initialize_again(node: Node) -> None:
    try:
        settle_now(node.initialize)
    except Exception as error:
        raise SerializationError(
            node.name,
            f"initialize() after the serialization failed: {type(error).__name__}: {error}",
            "The node is not initialized any more: call node.initialize() before you use it",
        ) from error
