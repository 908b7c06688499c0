"""The shared library: found, loaded, its version checked."""

from __future__ import annotations

import ctypes
import os

from . import _abi

NAME = "libremotemedia.so.0"


def path() -> str:
    """Where the library is: in the package, or where REMOTEMEDIA_LIBRARY says."""
    package = os.path.dirname(os.path.dirname(__file__))
    return os.environ.get("REMOTEMEDIA_LIBRARY") or os.path.join(package, "_lib", NAME)


def _load() -> ctypes.CDLL:
    where = path()
    if not os.path.exists(where):
        raise ImportError(
            f"the engine's shared library is not at {where}; reinstall with "
            "'pip install --force-reinstall remotemedia', or set REMOTEMEDIA_LIBRARY to where it is"
        )
    try:
        loaded = ctypes.CDLL(where)
    except OSError as error:
        raise ImportError(f"the engine's shared library {where} does not load: {error}") from error
    loaded.rm_abi_version.restype = ctypes.c_uint32
    version = loaded.rm_abi_version()
    if version >> 16 != _abi.RM_ABI_VERSION >> 16 or version < _abi.RM_ABI_VERSION:
        raise ImportError(
            f"{where} has version {version:#x} of the ABI, this package needs {_abi.RM_ABI_VERSION:#x}; "
            "install the two from one release"
        )
    _abi.declare(loaded)
    return loaded


def _load_quick(name: str) -> ctypes.PyDLL:
    quick = ctypes.PyDLL(name)
    _abi.declare(quick)
    return quick


library = _load()

quick = _load_quick(library._name)
"""The same library, called without letting go of the GIL: for functions that never wait. Handing it to a worker and
getting it back costs more than such a call. The library holds no lock while it waits for the GIL: nobody is stuck."""
