"""The header: documented, and like everything that is generated, fresh."""

from __future__ import annotations

import ctypes
import re
import subprocess
from pathlib import Path

import pytest

from remotemedia._engine import _abi

ROOT = Path(__file__).parents[2]
GENERATED = [
    "include/remotemedia.h",
    "bindings/python/remotemedia/_engine/_abi.py",
    "tests/c/layout.c",
    "runtime/abi/tests/layout.rs",
    "docs/manifest.schema.json",
]


def test_every_function_says_who_owns_what_where_and_how_it_fails(declared):
    tags = ["Ownership:", "Threads:", "Errors:", "Since:"]
    wrong = {name for name, comment in declared.items() if re.findall("|".join(tags), comment) != tags}
    assert declared and not wrong


def test_status_codes_are_unique(header):
    codes = re.findall(r"#define (RM_(?:OK|MORE|PENDING|END|ERR_\w+)) \(?(-?\d+)\)?", header)
    assert len(codes) > 20
    assert len({value for _, value in codes}) == len(codes)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    command = ["cargo", "run", "--quiet", "--locked", "-p", "xtask", "--", folder]
    subprocess.run(command, cwd=ROOT / "runtime", check=True, timeout=900)
    return folder


@pytest.mark.parametrize("path", GENERATED)
def test_what_is_generated_is_fresh(generated, path):
    fresh = (generated / path).read_text()
    if path.endswith(".rs"):
        fresh = subprocess.run(
            ["rustfmt", "--edition", "2024", "--config-path", ROOT / "runtime"],
            input=fresh,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert (ROOT / path).read_text() == fresh, "run `make header`"


def test_ctypes_lays_structs_out_as_c_does():
    expected = (ROOT / "tests/c/layout.c").read_text()
    sizes = re.findall(r"LAYOUT\(sizeof\((\w+)\), (\d+)\)", expected)
    offsets = re.findall(r"LAYOUT\(offsetof\((\w+), (\w+)\), (\d+)\)", expected)
    assert sizes and offsets
    for name, size in sizes:
        assert ctypes.sizeof(getattr(_abi, name)) == int(size)
    for name, field, offset in offsets:
        assert getattr(getattr(_abi, name), field).offset == int(offset)


def test_unsafe_code_lives_in_one_crate():
    for crate in ("core", "nodes"):
        assert "#![forbid(unsafe_code)]" in (ROOT / f"runtime/{crate}/src/lib.rs").read_text()
    sources = (ROOT / "runtime").glob("[!at]*/src/**/*.rs")
    assert not [path for path in sources if re.search(r"\bunsafe\s*\{|\bunsafe (fn|impl)", path.read_text())]
