"""The shared library as a linker and a loader see it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Function

SYMBOLS = Path(__file__).with_name("symbols.txt")
NEEDED = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def exports(library: Path) -> set[str]:
    return {line.split()[-1] for line in output("nm", "-D", "--defined-only", library).splitlines()}


@pytest.fixture(scope="module")
def dynamic(library: Path) -> str:
    return output("readelf", "--dynamic", "--wide", library)


def test_every_export_has_our_prefix(exports: set[str]) -> None:
    assert exports
    assert {name for name in exports if not name.startswith("rm_")} == set()


def test_header_and_library_have_the_same_functions(exports: set[str], functions: list[Function]) -> None:
    assert {function.name for function in functions} == exports


def test_no_symbol_has_gone(exports: set[str]) -> None:
    """Once released, a function stays: lines may be added to the list, but none taken away."""
    listed = SYMBOLS.read_text().split()
    assert listed == sorted(set(listed))
    assert set(listed) - exports == set()


def test_no_line_was_ever_taken_off_the_list(root: Path) -> None:
    """As far back as the history goes that is here."""
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("this is not a repository of git")
    history = output("git", "-C", root, "log", "--format=", "--patch", "--", SYMBOLS)
    listed = set(SYMBOLS.read_text().split())
    assert {line[1:] for line in history.splitlines() if line.startswith("-rm_")} - listed == set()


def test_the_list_of_symbols_is_complete(exports: set[str]) -> None:
    assert exports - set(SYMBOLS.read_text().split()) == set(), f"add these to {SYMBOLS.name}"


def test_the_soname_has_the_major_version(dynamic: str) -> None:
    assert re.findall(r"\(SONAME\).*\[(.*)\]", dynamic) == ["libremotemedia.so.0"]


def test_it_stays_loaded(dynamic: str) -> None:
    """Its threads and their thread-local destructors outlive a dlclose."""
    flags = re.search(r"\(FLAGS_1\)\s+Flags:(.*)", dynamic)
    assert flags is not None
    assert "NODELETE" in flags[1].split()


def test_it_needs_nothing_but_the_system(dynamic: str) -> None:
    assert set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)) <= NEEDED


def test_it_has_no_executable_stack_and_no_text_relocations(dynamic: str, library: Path) -> None:
    stack = re.search(r"GNU_STACK.*\b(R\w+)\b", output("readelf", "--program-headers", "--wide", library))
    assert stack is not None
    assert stack[1] == "RW"
    assert "TEXTREL" not in dynamic


def test_it_knows_nothing_of_python(library: Path) -> None:
    assert "python" not in output("ldd", library).lower()
    undefined = output("nm", "-D", "--undefined-only", library)
    assert re.findall(r"\b_?Py[A-Z_]\w+", undefined) == []
