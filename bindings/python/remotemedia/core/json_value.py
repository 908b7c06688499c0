"""Values that JSON can hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_PLAIN = {type(None), bool, int, float, str}


def is_json(value: Any, *, exactly: bool = False) -> bool:
    """Whether JSON can hold a value; it must hold itself nowhere, and not be nested too deeply.

    Args:
        value: The value.
        exactly: Whether the same value must come back, so that tuples and subclasses are refused. NaN and infinity
            count as numbers, as they do for Python's `json`.
    """
    try:
        return _all_json((value,), exactly)
    except RecursionError:
        return False


def _all_json(values: Iterable[Any], exactly: bool) -> bool:
    # By types first, which takes no Python code for each of a million numbers.
    kinds = set(map(type, values))
    return kinds <= _PLAIN or all(_is_json(value, exactly) for value in values)


def _is_json(value: Any, exactly: bool) -> bool:
    kind = type(value)
    if kind is dict or (isinstance(value, dict) and not exactly):
        return _has_text_keys(value, exactly) and _all_json(value.values(), exactly)
    if kind is list or (isinstance(value, (list, tuple)) and not exactly):
        return _all_json(value, exactly)
    return kind in _PLAIN or (isinstance(value, (str, int, float)) and not exactly)


def _has_text_keys(value: dict[Any, Any], exactly: bool) -> bool:
    kinds = set(map(type, value))
    return kinds <= {str} or (not exactly and all(issubclass(kind, str) for kind in kinds))
