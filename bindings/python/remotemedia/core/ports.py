"""The named inputs and outputs of nodes, checked and found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .output import Output


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the known one that was meant, if any is alike enough."""
    from difflib import get_close_matches  # only for a message, and it takes a while to import

    near = get_close_matches(name, list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def check_ports(node_id: str, node: Any) -> None:
    """Checks what a node says about its ports.

    Raises:
        ValueError: It says something that cannot be; the message names the node and what to change.
    """
    if node.inputs == () and node.outputs == () and node.match_tolerance is None:
        return
    for kind in ("inputs", "outputs"):
        names = getattr(node, kind)
        right = isinstance(names, (tuple, list)) and all(isinstance(name, str) for name in names)
        if not right or len(set(names)) < len(names) or any(not name or set(name) & set(",/") for name in names):
            raise ValueError(
                f"{kind} of node '{node_id}' are {names!r}; use a tuple of different names without comma and slash"
            )
    if node.inputs and (node.is_streaming or node.is_source):
        what = "streaming, and takes one stream" if node.is_streaming else "a source, and takes nothing"
        raise ValueError(f"node '{node_id}' has the inputs {listed(node.inputs)}, but it is {what}; remove them")
    tolerance = node.match_tolerance
    if tolerance is not None and len(node.inputs) < 2:
        raise ValueError(f"node '{node_id}' has a match_tolerance, but no inputs to match; name two or more")
    if tolerance is not None and not (isinstance(tolerance, (int, float)) and 0 <= tolerance < 2**33):
        raise ValueError(f"match_tolerance of node '{node_id}' is {tolerance!r}; use seconds, 0.0 for exact")


def find_port(node_id: str, kind: str, names: Sequence[str], port: str | None) -> int:
    """The index of a port; without a name, of the first.

    Args:
        node_id: The node, for the message.
        kind: "input" or "output", for the message.
        names: The names of all ports; empty for one that has no name.
        port: The name, or None.

    Raises:
        ValueError: There is no such port.
    """
    if port is None:
        return 0
    if port in names:
        return list(names).index(port)
    if not names:
        raise ValueError(f"node '{node_id}' has no {kind} '{port}': it has one {kind}, without a name; leave it out")
    raise ValueError(f"node '{node_id}' has no {kind} '{port}', only {listed(names)}{nearest(port, names)}")


def route(node_id: str, outputs: Sequence[str], value: Any) -> tuple[int, Any]:
    """Where a value that a node gave goes: the index of the output, and the data.

    Raises:
        ValueError: It is an `Output` for a port that the node does not have.
    """
    if type(value) is not Output:
        return 0, value
    return find_port(node_id, "output", outputs, value.port), value.data


def listed(names: Iterable[str]) -> str:
    """Names as a message shows them."""
    return ", ".join(f"'{name}'" for name in names)
