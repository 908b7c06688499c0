"""What the tests of the ABI look at: the header, and the shared library."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Function:
    """A function that the header declares, with its comment."""

    name: str
    comment: str


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def header() -> str:
    return (ROOT / "include/remotemedia.h").read_text()


@pytest.fixture(scope="session")
def functions(header: str) -> list[Function]:
    found = re.findall(r"(/\*\*(?:[^*]|\*(?!/))*\*/)?\n[a-z0-9_]+ (rm_[a-z_]+)\((?!\*)", header)
    return [Function(name, comment) for comment, name in found]


@pytest.fixture(scope="session")
def library() -> Path:
    path = Path(os.environ.get("REMOTEMEDIA_LIBRARY") or ROOT / "runtime/target/release/libremotemedia.so")
    if not path.exists():
        pytest.fail(f"{path} is not there; build it with 'cargo build --release -p remotemedia-abi' in runtime/")
    return path
