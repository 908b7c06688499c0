"""What the audio nodes share: the need for NumPy."""

from __future__ import annotations

from typing import Any

from ...core.node import Node
from ...core.optional import require_numpy


class AudioNode(Node):
    """A node on NumPy audio.

    Args:
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        ImportError: NumPy is not installed.
    """

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        # Here rather than at the first input: a missing dependency is known before the pipeline starts.
        require_numpy("This node")
        super().__init__(name=name, **kwargs)
