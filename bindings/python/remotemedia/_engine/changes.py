"""Changes of running sessions."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from .build import text
from .errors import check
from .library import library
from .spec import check_node

if TYPE_CHECKING:
    from .session import EngineSession


class Changes:
    """Nodes that join and leave a session. Each call waits until that has come about. [any thread but the loop's]"""

    def __init__(self, session: EngineSession, handle: ctypes.c_uint64, shared: list[Any]) -> None:
        self._session = session
        self._handle = handle
        self._shared = shared

    def insert(self, node: Any, node_id: str, after: str, before: str, timeout: float) -> None:
        """Puts a node onto the edge between two others."""
        node_handle = self._share(node)
        ends = *text(after), *text(before)
        check(library.rm_session_insert(self._handle, *text(node_id), node_handle, *ends, _nanos(timeout)))

    def remove(self, node_id: str, timeout: float) -> None:
        """Lets a node go."""
        check(library.rm_session_remove(self._handle, *text(node_id), _nanos(timeout)))

    def replace(self, node_id: str, node: Any, timeout: float) -> None:
        """Has a node take the place of another."""
        node_handle = self._share(node)
        check(library.rm_session_replace(self._handle, *text(node_id), node_handle, _nanos(timeout)))

    def _share(self, node: Any) -> int:
        # Kept until the session has ended, as the ones that it began with are.
        handle = self._session.engine.share(check_node(node))
        self._shared.append(node)
        return handle


def _nanos(seconds: float) -> int:
    return max(0, int(seconds * 1e9))
