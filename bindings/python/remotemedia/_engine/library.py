"""The shared library: found, loaded, its version checked."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from . import _abi

NAME = "libremotemedia.so.0"


def _path() -> Path:
    chosen = os.environ.get("REMOTEMEDIA_LIBRARY")
    return Path(chosen) if chosen else Path(__file__).parent.parent / "_lib" / NAME


def _load() -> ctypes.CDLL:
    path = _path()
    if not path.exists():
        raise ImportError(
            f"the engine's shared library is not at {path}; reinstall with 'pip install --force-reinstall remotemedia', "
            "or set REMOTEMEDIA_LIBRARY to where it is"
        )
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise ImportError(f"the engine's shared library {path} does not load: {error}") from error
    loaded.rm_abi_version.restype = ctypes.c_uint32
    version = loaded.rm_abi_version()
    if version >> 16 != _abi.RM_ABI_VERSION >> 16 or version < _abi.RM_ABI_VERSION:
        raise ImportError(
            f"{path} has version {version:#x} of the ABI, this package needs {_abi.RM_ABI_VERSION:#x}; "
            "install the two from one release"
        )
    _abi.declare(loaded)
    return loaded


library = _load()
