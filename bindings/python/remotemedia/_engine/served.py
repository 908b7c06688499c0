"""The session of a worker process: its one node, between the two ends of what connects it with the parent."""

from __future__ import annotations

import ctypes
import threading
from typing import Any

from . import _abi
from .errors import check
from .library import library, quick
from .session import EngineSession
from .spec import Spec


class Served(EngineSession):
    """Runs a node for the parent.

    Args:
        service: The handle of the connection.
        node: The node.
        objects: The parent takes objects as they are; else they are converted to data.
    """

    def __init__(self, service: int, node: Any, objects: bool) -> None:
        super().__init__(Spec([(f"{node.name}_0", node)]), "collect", None)
        self._service = service
        self._node = node
        self._flags = _abi.RM_SERVICE_OBJECTS if objects else 0
        self._ended = threading.Event()
        self.error: BaseException | None = None

    def _config(self) -> _abi.rm_session_config:
        config = self.engine.new_config()
        ends = ctypes.c_uint64(), ctypes.c_uint64()
        ports = [",".join(names).encode() for names in (self._node.inputs, self._node.outputs)]
        check(
            quick.rm_service_nodes(
                self._service,
                self.engine.host,
                self._flags,
                *(argument for names in ports for argument in (names, len(names))),
                None if self._node.is_source else ends[0],
                ends[1],
            )
        )
        config.input, config.output = ends[0].value, ends[1].value
        return config

    def on_end(self) -> None:
        self.error = self.failure()
        self._ended.set()

    def run(self) -> None:
        """Runs until the parent has had enough, is gone, or the node cannot go on; then raises why."""
        self.open(self._config())
        self._ended.wait()
        library.rm_session_free(self._handle)
        if self.error is not None:
            raise self.error
