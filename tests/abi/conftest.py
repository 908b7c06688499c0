"""The library and the header, as the tests of the ABI look at them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from remotemedia._engine.library import path

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def library() -> Path:
    """The shared library that the package loads."""
    return Path(path())


@pytest.fixture(scope="session")
def header() -> str:
    """The text of the header."""
    return (ROOT / "include/remotemedia.h").read_text()


@pytest.fixture(scope="session")
def declared(header: str) -> dict[str, str]:
    """The comment of every function that the header declares, by name."""
    return {
        name: comment for comment, name in re.findall(r"/\*\*((?:(?!\*/).)*)\*/\s*\w+\s+(rm_\w+)\(", header, re.DOTALL)
    }
