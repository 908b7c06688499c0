"""Registration: names by which manifests make nodes of a class."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ._engine import types
from .core.node import Node

_Class = TypeVar("_Class", bound=type[Node])


def register_node(node_type: str) -> Callable[[_Class], _Class]:
    """Registers the class below it under a type name; `params` of a manifest become constructor arguments.

    @register_node("Loudness")
    class Loudness(Node): ...
    """

    def decorate(cls: _Class) -> _Class:
        types.register(cls, node_type)
        return cls

    return decorate


def register_node_class(cls: type[Node], node_type: str | None = None) -> None:
    """Registers a class under a type name, by default its own.

    Raises:
        TypeError: It is not a `Node` class.
        ValueError: The name is empty.
    """
    types.register(cls, node_type if node_type is not None else getattr(cls, "__name__", ""))


def list_registered_nodes() -> list[str]:
    """The type names of all nodes written in Python, sorted."""
    return types.registered()
