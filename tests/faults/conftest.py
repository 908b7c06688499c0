"""Faults are tried in processes of their own: what hangs is killed, and what crashes is seen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTING = HERE.parents[1] / "build/testing/libremotemedia.so.0"


@pytest.fixture(scope="session")
def testing_library() -> Path:
    """The library with fault points."""
    if not TESTING.exists():
        pytest.skip(f"{TESTING} is not there; 'make build/testing/libremotemedia.so.0' builds it")
    return TESTING


@pytest.fixture
def python() -> Callable[..., str]:
    """Runs a program of this folder to its end, and answers what it printed."""

    def run(*arguments: str | Path, library: Path | None = None, limit: float = 120.0) -> str:
        environment = dict(os.environ, PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1")
        if library is not None:
            environment["REMOTEMEDIA_LIBRARY"] = str(library)
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, cwd=HERE, capture_output=True, text=True, timeout=limit
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
