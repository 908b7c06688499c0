"""remotemedia: media pipelines of Python objects and native nodes, run by one engine.

import asyncio
from remotemedia import Node, execute_pipeline_with_input

class Double(Node):
    def process(self, x):
        return 2 * x

print(asyncio.run(execute_pipeline_with_input([Double()], [1, 2, 3])))
"""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ._engine._abi import VERSION
from .core import (
    AudioFrame,
    ConfigurationError,
    Node,
    NodeError,
    Output,
    Pipeline,
    PipelineError,
    RemoteExecutionError,
    RemoteExecutorConfig,
    RemoteMediaError,
    SerializationError,
)
from .nodes import *  # noqa: F403
from .nodes import __all__ as _nodes
from .registration import list_registered_nodes, register_node, register_node_class
from .runtime_wrapper import execute_pipeline, execute_pipeline_with_input

if TYPE_CHECKING:
    from .core.progress import Progress
    from .packet import Packet
    from .plugin import load_plugin
    from .session import Session, open_session
    from .shared import shared_array
    from .sync_session import SyncSession

__version__ = VERSION

# Imported when they are asked for: asyncio and the like would double the time that importing the package takes.
_LATER = {
    "Packet": "packet",
    "Progress": "core.progress",
    "Session": "session",
    "SyncSession": "sync_session",
    "load_plugin": "plugin",
    "open_session": "session",
    "shared_array": "shared",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)


_rust_runtime: ModuleType | None = None
_rust_runtime_available = False


def try_load_rust_runtime() -> tuple[bool, ModuleType | None, str | None]:
    """Loads the engine.

    Returns:
        (True, the module `remotemedia.runtime`, None), or (False, None, why not).
    """
    try:
        # Not `from . import`: that is content with the attribute of the package, which is None after a failure.
        loaded = importlib.import_module(f"{__name__}.runtime")
    except ImportError as error:
        return False, None, f"Module not found: {error}"
    except Exception as error:
        return False, None, f"Failed to load: {error}"
    return True, loaded, None


def is_rust_runtime_available() -> bool:
    """Whether the engine can be used; warns with the reason if it cannot."""
    global _rust_runtime, _rust_runtime_available
    if _rust_runtime is not None:
        return _rust_runtime_available
    _rust_runtime_available, _rust_runtime, error = try_load_rust_runtime()
    if not _rust_runtime_available:
        warnings.warn(f"Rust runtime unavailable, pipelines run in Python: {error}", UserWarning, stacklevel=2)
    return _rust_runtime_available


def get_rust_runtime() -> ModuleType | None:
    """The module `remotemedia.runtime`, or None if the engine cannot be used."""
    return _rust_runtime if is_rust_runtime_available() else None


_rust_runtime_available, _rust_runtime, _ = try_load_rust_runtime()
runtime = _rust_runtime

__all__ = [
    "AudioFrame",
    "ConfigurationError",
    "Node",
    "NodeError",
    "Output",
    "Packet",
    "Pipeline",
    "PipelineError",
    "Progress",
    "RemoteExecutionError",
    "RemoteExecutorConfig",
    "RemoteMediaError",
    "SerializationError",
    "Session",
    "SyncSession",
    "__version__",
    "execute_pipeline",
    "execute_pipeline_with_input",
    "get_rust_runtime",
    "is_rust_runtime_available",
    "list_registered_nodes",
    "load_plugin",
    "open_session",
    "register_node",
    "register_node_class",
    "runtime",
    "shared_array",
    "try_load_rust_runtime",
    *_nodes,
]
