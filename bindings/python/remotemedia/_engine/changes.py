"""Changes of running sessions."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..core.exceptions import NodeError
from .build import text
from .errors import check
from .library import library
from .packets import locate
from .spec import check_node

if TYPE_CHECKING:
    from .engine import Engine, Shared


class Changes:
    """Nodes that join and leave a session. Each call waits until that has come about. [any thread but the loop's]"""

    def __init__(self, engine: Engine, handle: ctypes.c_uint64, shared: list[Shared]) -> None:
        self._engine = engine
        self._handle = handle
        self._shared = shared

    def insert(self, node: Any, node_id: str, after: str, before: str, timeout: float) -> None:
        """Puts a node onto the edge between two others."""
        ends = *text(after), *text(before)
        with self._shared_with_session(node, node_id) as handle:
            check(library.rm_session_insert(self._handle, *text(node_id), handle, *ends, _nanos(timeout)))

    def remove(self, node_id: str, timeout: float) -> None:
        """Lets a node go."""
        check(library.rm_session_remove(self._handle, *text(node_id), _nanos(timeout)))

    def replace(self, node_id: str, node: Any, timeout: float) -> None:
        """Has a node take the place of another."""
        with self._shared_with_session(node, node_id) as handle:
            check(library.rm_session_replace(self._handle, *text(node_id), handle, _nanos(timeout)))

    @contextlib.contextmanager
    def _shared_with_session(self, node: Any, node_id: str) -> Iterator[int]:
        # Until the session has ended, as the ones that it began with; not if it is refused.
        shared = self._engine.share(check_node(node))
        try:
            yield shared.handle
        except TimeoutError:  # the change goes on
            self._shared.append(shared)
            raise
        except BaseException as error:
            failure = shared.adapter.failure if isinstance(error, NodeError) else None
            self._engine.unshare(shared)
            if failure is None:
                raise
            raise locate(failure, node_id, None) from None
        self._shared.append(shared)


def _nanos(seconds: float) -> int:
    return max(0, int(seconds * 1e9))
