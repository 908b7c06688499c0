"""The one place that knows that NumPy is optional."""

from __future__ import annotations

import sys
from typing import Any


def require_numpy(who: str) -> None:
    """Imports NumPy.

    Args:
        who: What needs it, for the message.

    Raises:
        ImportError: It is not installed; the message says how to install it.
    """
    try:
        import numpy  # noqa: F401
    except ImportError as error:
        raise ImportError(f"{who} needs NumPy: pip install remotemedia[numpy]") from error


def is_array(value: Any) -> bool:
    """Whether a value is a NumPy array. Nothing is imported for that: while NumPy is not, there is no array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)
