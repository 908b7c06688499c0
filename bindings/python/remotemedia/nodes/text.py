"""Nodes that work on text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.node import Node


def _first_word(text: str) -> str:
    return next(iter(text.split()), "")


def _last_word(text: str) -> str:
    return next(reversed(text.split()), "")


_OPERATIONS: dict[str, Callable[[str], str | int]] = {
    "uppercase": str.upper,
    "lowercase": str.lower,
    "reverse": lambda text: text[::-1],
    "word_count": lambda text: len(text.split()),
    "char_count": len,
    "title_case": str.title,
    "remove_spaces": lambda text: text.replace(" ", ""),
    "first_word": _first_word,
    "last_word": _last_word,
}


class TextProcessorNode(Node):
    """Applies named operations to a text, each to the original.

    The input is `{"text": str, "operations": [name, …]}`; the names are those of `get_supported_operations`. The
    output is `{original_text, operations, results, processed_by, node_config}`, where `results` maps each name to its
    str or int. Input that cannot be worked on gives `{"error": …, "processed_by": …}`.
    """

    def process(self, data: Any) -> dict[str, Any]:
        try:
            answer = self._answer(data)
        except ValueError as problem:
            answer = {"error": str(problem)}
        return {**answer, "processed_by": f"{type(self).__name__}[{self.name}]"}

    def get_supported_operations(self) -> list[str]:
        """Return the names of the operations."""
        return list(_OPERATIONS)

    def _answer(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise ValueError("Input must be a dictionary")
        if "text" not in data or "operations" not in data:
            raise ValueError("Input must contain 'text' and 'operations' keys")
        text, operations = data["text"], data["operations"]
        if not isinstance(text, str):
            raise ValueError("'text' must be a string")
        if not isinstance(operations, (list, tuple)):
            raise ValueError("'operations' must be a list")
        unknown = [str(name) for name in operations if not isinstance(name, str) or name not in _OPERATIONS]
        if unknown:
            raise ValueError(f"Unknown operation: {', '.join(unknown)}")
        return {
            "original_text": text,
            "operations": operations,
            "results": {name: _OPERATIONS[name](text) for name in operations},
            "node_config": self.config,
        }


class TextTransformNode(Node):
    """Applies a function to a text, alone or as the first item of a tuple, whose other items pass through.

    Args:
        transform_func: Takes a str; what it returns is the output, or stands first in the output tuple.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        TypeError: `transform_func` is not callable; `process`: the input is neither a str nor a tuple that starts
            with one.
    """

    def __init__(self, transform_func: Callable[[str], Any], name: str | None = None, **kwargs: Any) -> None:
        if not callable(transform_func):
            raise TypeError(f"transform_func must be callable, got {type(transform_func).__name__}")
        super().__init__(name=name, **kwargs)
        self.transform_func = transform_func

    def process(self, data: Any) -> Any:
        if isinstance(data, str):
            return self.transform_func(data)
        if isinstance(data, tuple) and data and isinstance(data[0], str):
            return (self.transform_func(data[0]), *data[1:])
        raise TypeError(f"Input must be a str or a tuple starting with one, got {type(data).__name__}")
