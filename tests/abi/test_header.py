"""The header, and everything that is generated with it."""

from __future__ import annotations

import ctypes
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from conftest import Function

TAGS = ["Ownership:", "Threads:", "Errors:", "Since:"]
GENERATED = [
    "include/remotemedia.h",
    "bindings/python/remotemedia/_engine/_abi.py",
    "tests/c/layout.c",
    "runtime/abi/tests/layout.rs",
    "docs/manifest.schema.json",
]


@pytest.fixture(scope="module")
def abi(root: Path) -> ModuleType:
    """The ctypes prototypes alone: they need neither the package nor the library."""
    path = root / "bindings/python/remotemedia/_engine/_abi.py"
    spec = importlib.util.spec_from_file_location("abi_prototypes", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def statuses(header: str) -> dict[str, int]:
    found = re.findall(r"#define (RM_OK|RM_MORE|RM_PENDING|RM_END|RM_ERR_\w+) \(?(-?\d+)\)?\n", header)
    return {name: int(value) for name, value in found}


def test_every_function_says_what_a_caller_must_know(functions: list[Function]) -> None:
    assert len(functions) > 30
    for function in functions:
        lines = [line.removeprefix(" *").strip() for line in function.comment.splitlines()[1:-1]]
        assert lines and lines[0], f"{function.name} has no comment"
        tags = [tag for line in lines for tag in TAGS if line.startswith(tag)]
        assert tags == TAGS, f"{function.name}: {', '.join(tags)}"
        assert re.fullmatch(r"Since: \d+\.\d+", lines[-1]), f"{function.name}: {lines[-1]}"


def test_the_errors_that_a_function_lists_exist(functions: list[Function], header: str) -> None:
    for function in functions:
        for name in re.findall(r"RM_[A-Z0-9_]*[A-Z0-9]\b", function.comment):
            assert f"#define {name} " in header, f"{function.name} mentions {name}"


def test_statuses_are_all_different(statuses: dict[str, int]) -> None:
    assert len(set(statuses.values())) == len(statuses) > 20
    assert {name for name, value in statuses.items() if (value < 0) != name.startswith("RM_ERR_")} == set()


def test_python_has_the_same_constants(abi: ModuleType, header: str) -> None:
    known = set(re.findall(r"#define (RM_[A-Z0-9_]+) [^{]", header))
    assert known == {name for name in vars(abi) if name.startswith("RM_")}


def test_python_has_the_same_statuses(abi: ModuleType, statuses: dict[str, int]) -> None:
    assert {name: getattr(abi, name) for name in statuses} == statuses


def test_python_has_the_same_layout(abi: ModuleType, root: Path) -> None:
    table = (root / "tests/c/layout.c").read_text()
    sizes = {name: int(value) for name, value in re.findall(r"LAYOUT\(sizeof\((\w+)\), (\d+)\)", table)}
    offsets = {
        (name, field): int(value)
        for name, field, value in re.findall(r"LAYOUT\(offsetof\((\w+), (\w+)\), (\d+)\)", table)
    }
    structs = {name: item for name, item in vars(abi).items() if is_struct(item)}
    assert {name: ctypes.sizeof(item) for name, item in structs.items()} == sizes
    assert {
        (name, field): getattr(item, field).offset for name, item in structs.items() for field, *_ in item._fields_
    } == offsets


def is_struct(item: object) -> bool:
    return isinstance(item, type) and issubclass(item, ctypes.Structure) and item is not ctypes.Structure


def test_every_struct_begins_with_its_size(header: str) -> None:
    structs = re.findall(r"typedef struct (rm_\w+) \{\s*/\*\*[^/]*\*/\s*(\w+ \w+);", header)
    assert len(structs) == header.count("typedef struct ") > 5
    assert {first for _, first in structs} == {"uint32_t struct_size"}


def test_every_struct_that_a_caller_fills_has_an_initialiser(header: str) -> None:
    structs = set(re.findall(r"typedef struct (rm_\w+) \{", header)) - {"rm_part"}
    initialisers = re.findall(r"#define (RM_\w+)_INIT \{ sizeof\((\w+)\)", header)
    assert {name for _, name in initialisers} == structs
    assert all(macro == name.upper() for macro, name in initialisers)


@pytest.mark.slow
def test_what_is_generated_is_fresh(root: Path, tmp_path: Path) -> None:
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed")
    command = ["cargo", "run", "-q", "--locked", "-p", "xtask", "--", str(tmp_path)]
    subprocess.run(command, cwd=root / "runtime", check=True, timeout=900)
    stale = [name for name in GENERATED if (tmp_path / name).read_bytes() != (root / name).read_bytes()]
    assert stale == [], "run 'make header'"


def test_the_header_for_cpp_defines_no_macro(root: Path) -> None:
    headers = [root / "include/remotemedia.hpp", *(root / "include/remotemedia").glob("*.hpp")]
    assert len(headers) > 1
    assert [header.name for header in headers if re.search(r"^\s*#\s*define\b", header.read_text(), re.MULTILINE)] == []


@pytest.mark.parametrize("crate", ["core", "nodes"])
def test_the_engine_forbids_unsafe_code(root: Path, crate: str) -> None:
    assert "#![forbid(unsafe_code)]" in (root / "runtime" / crate / "src/lib.rs").read_text().splitlines()


def test_unsafe_code_is_in_one_crate(root: Path) -> None:
    """And in the one file that shared memory demands it in."""
    runtime = root / "runtime"
    demanded = Path("process/src/shm.rs")
    outside = [
        path.relative_to(runtime)
        for path in runtime.rglob("*.rs")
        if path.relative_to(runtime).parts[0] not in {"abi", "target"} and has_unsafe(path.read_text())
    ]
    assert outside == [demanded]
    assert "#![deny(unsafe_code)]" in (runtime / "process/src/lib.rs").read_text().splitlines()


def has_unsafe(source: str) -> bool:
    """Whether the keyword stands anywhere but in a comment, a string or the name of a lint."""
    code = re.sub(r'//[^\n]*|"(?:[^"\\]|\\.)*"', "", source)
    return re.search(r"\bunsafe\b", code) is not None
