"""The program of a worker process: runs one node for the process that has started it.

    python -m remotemedia.worker SOCKET

It ends when the node has been cleaned up, and soon after its parent at the latest.
"""

from __future__ import annotations

import ctypes
import json
import logging
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.node import Node


def main(socket: int) -> None:
    """Runs the node that comes over a socket."""
    # Ctrl-C is the parent's to deal with: it ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from ._engine.errors import check
    from ._engine.library import library
    from ._engine.packets import new_packet

    service, payload = ctypes.c_uint64(), new_packet()
    check(library.rm_service_join(socket, service, payload))
    try:
        data = ctypes.string_at(payload.data, payload.size)
        library.rm_buffer_free(payload.buffer)
        _serve(service.value, data)
    except BaseException as error:
        _fail(service.value, error)
        sys.exit(1)


def _serve(service: int, payload: bytes) -> None:
    size = int.from_bytes(payload[:8], "little")
    header = json.loads(payload[8 : 8 + size])
    known = set(sys.path)
    sys.path.extend(path for path in header.get("sys_path", ()) if path not in known)
    logging.getLogger().addHandler(_Home(service))
    logging.getLogger().setLevel(header.get("level", logging.WARNING))
    node = _make_by_type(header) if "type" in header else _make(payload[8 + size :])
    # Where the pipeline has no other one, a node may be its source without saying so.
    node.is_source = node.is_source or header.get("is_source", False)
    from ._engine.served import Served

    served = Served(service, node, header.get("objects", True))

    def stop(_: int, __: FrameType | None) -> None:
        served.cancel()

    signal.signal(signal.SIGTERM, stop)
    served.run()


def _make(packed: bytes) -> Node:
    from .core.node_payload import unpack

    node = unpack(packed)
    # It is where it was to go.
    node.executor = "inline"
    return node


def _make_by_type(header: dict[str, Any]) -> Node:
    """A node of a type `module:Class`, made as a manifest's node is."""
    import importlib

    from .core.node import Node

    module, _, name = header["type"].partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not (isinstance(found, type) and issubclass(found, Node)):
        raise TypeError(f"{header['type']} is no class of nodes, but {found!r}")
    node = found(**header["params"])
    node.name = header["id"]
    node.executor = "inline"
    return node


def _fail(service: int, error: BaseException) -> None:
    from ._engine.engine import engine
    from ._engine.errors import encoded
    from ._engine.library import library

    text = encoded(error)
    library.rm_service_fail(service, text, len(text), engine().host, engine().objects.new(error))


class _Home(logging.Handler):
    """Sends the log to the parent."""

    def __init__(self, service: int) -> None:
        super().__init__()
        self._service = service

    def emit(self, record: logging.LogRecord) -> None:
        from ._engine.library import library

        try:
            name, text = record.name.encode(), self.format(record).encode("utf-8", "replace")
            library.rm_service_log(self._service, record.levelno, name, len(name), text, len(text))
        except Exception:
            self.handleError(record)


if __name__ == "__main__":
    main(int(sys.argv[1]))
