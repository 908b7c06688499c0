"""Nodes in a process of their own, as the parent sees them."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from . import _abi
from .adapter import Adapter
from .errors import check
from .library import quick

if TYPE_CHECKING:
    from .engine import Engine

# Modules are found where this program finds them, because it may have its packages from wherever it likes.
_START = "import sys; sys.path[:0] = sys.argv[1:-1]; from remotemedia.worker import main; main(int(sys.argv[-1]))"


class ProcessAdapter(Adapter):
    """What the library calls for a node that runs elsewhere: to send it there, and for its log."""

    managed = False

    def __init__(self, engine: Engine, node: Any, source: bool = False) -> None:
        from ..core.ports import check_ports

        super().__init__(engine)
        check_ports(node.name, node)
        self.node = node
        self.name, self.inputs, self.outputs = node.name, node.inputs, node.outputs
        self.match_tolerance = node.match_tolerance
        self.is_source = source or bool(node.is_source)

    def pack(self) -> None:
        """Gives the library what the worker makes the node of."""
        from ..core.node_payload import pack
        from ..core.node_serialization import MAX_SERIALIZED_SIZE_BYTES, serialize_node_for_ipc

        node = self.node
        packed = (
            serialize_node_for_ipc(node)
            if getattr(node, "is_initialized", False)
            else pack(node, MAX_SERIALIZED_SIZE_BYTES)
        )
        settings = {
            "sys_path": sys.path,
            "level": logging.getLogger().getEffectiveLevel(),
            "is_source": self.is_source,
        }
        header = json.dumps(settings).encode()
        for part in (len(header).to_bytes(8, "little"), header, packed):
            check(quick.rm_call_part(part, len(part)))


class Processes:
    """How an engine makes nodes in processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pack = _abi.rm_process_config_pack(self._on_pack)
        self._log = _abi.rm_process_config_on_log(self._on_log)

    def new_node(self, adapter: ProcessAdapter, key: int) -> int:
        """The handle of a node that runs in a process; `key` is that of its adapter."""
        config = _abi.rm_process_config()
        config.struct_size = ctypes.sizeof(config)
        config.user_data = key
        config.pack, config.on_log = self._pack, self._log
        config.flags = adapter.is_source * _abi.RM_NODE_SOURCE
        if adapter.match_tolerance is not None:
            config.flags |= _abi.RM_NODE_MATCH
            config.match_tolerance = round(adapter.match_tolerance * 1e9)
        texts = worker_command(), ",".join(adapter.inputs).encode(), ",".join(adapter.outputs).encode()
        config.command, config.inputs, config.outputs = map(_address, texts)
        config.command_size, config.inputs_size, config.outputs_size = map(len, texts)
        options = adapter.node.process_options
        config.start_timeout = round(options.start_timeout * 1e9)
        config.stop_timeout = round(options.stop_timeout * 1e9)
        config.restart_delay = round(options.restart_delay * 1e9)
        config.restarts = options.restarts
        handle = ctypes.c_uint64()
        check(quick.rm_process_new(self._engine.host, config, handle))
        return handle.value

    # Callbacks of the library. None of them may raise.

    def _on_pack(self, key: int) -> int:
        try:
            adapter: Any = self._engine.adapters[key]
            adapter.pack()
            return _abi.RM_OK
        except BaseException as error:
            self._engine.fail(error)
            return _abi.RM_ERR_NODE

    def _on_log(self, _: int, level: int, name: int, name_size: int, text: int, size: int) -> None:
        try:
            logger = logging.getLogger(ctypes.string_at(name, name_size).decode() or None)
            logger.log(level, "%s", ctypes.string_at(text, size).decode())
        except BaseException:
            logging.getLogger("remotemedia").exception("a worker's record of the log could not be taken")


def worker_command() -> bytes:
    """The program of a worker and its arguments, as the library takes them."""
    import remotemedia

    folder = os.path.dirname(os.path.dirname(os.path.abspath(remotemedia.__file__)))
    folders = [folder, *(os.path.abspath(path) for path in sys.path if path)]
    return "".join(f"{part}\0" for part in (sys.executable, "-c", _START, *dict.fromkeys(folders))).encode()


def _address(text: bytes) -> int | None:
    return ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value if text else None
