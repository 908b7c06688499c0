"""Where things are that are built or installed for the benchmarks."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
NATIVE = BUILD / "bench" / "benchmarks" / "native"
"""What CMake builds of benchmarks/native."""
PEERS = BUILD / "peers"
"""The environments of peers that come from PyPI."""


def native(name: str) -> Path:
    """A program or library that CMake builds."""
    return NATIVE / name


def lacks_native(name: str) -> str:
    """Why a native program is not there, if it is not."""
    return "" if native(name).exists() else f"its development package is not installed ({name} was not built)"


def peer_python(name: str) -> str:
    """The interpreter of a peer's environment."""
    return os.fspath(PEERS / name / "bin" / "python")


def lacks_environment(name: str) -> str:
    """Why a peer from PyPI cannot be measured, if it cannot."""
    reason = PEERS / f"{name}.txt"
    if reason.exists():
        return reason.read_text().strip()
    return "" if (PEERS / name).exists() else "not installed; `python -m benchmarks.peers.install` does it"
