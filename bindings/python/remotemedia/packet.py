"""One output of a session, with what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Packet:
    """One output of a session."""

    data: Any
    """The output itself; with `on_error="collect"` it may be the exception of an item that failed."""
    pts: int | None = None
    """When it is to be presented, in nanoseconds, or None if that is not known."""
    duration: int | None = None
    """How long it lasts, in nanoseconds, or None if that is not known."""
    index: int | None = None
    """The number of the input that caused it, from 0, or None if none did."""
