"""`Output`: what a node with several outputs returns or yields."""

from __future__ import annotations

from typing import Any, NamedTuple


class Output(NamedTuple):
    """Data for one of a node's outputs. Data that is returned or yielded without it goes to the first one.

    Args:
        port: The output, one of the node's `outputs`.
        data: What goes there; it goes as it is, without a copy.
    """

    port: str
    data: Any
