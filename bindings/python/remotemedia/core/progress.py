"""How far a run has come."""

from __future__ import annotations

from dataclasses import dataclass

INTERVAL = 0.1
"""How often a run tells, in seconds."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come, as its `progress` callback is told."""

    inputs: int
    """The inputs taken so far. The last nodes may not have seen them yet; 0 for a pipeline with a source of its own."""
    outputs: int
    """The outputs so far."""
    elapsed: float
    """Seconds since the start."""
