"""What the library exports and what it needs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

LIST = Path(__file__).parent / "symbols.txt"
ALLOWED = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def run(*command: object) -> str:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout


def exported(library: Path) -> set[str]:
    return {line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()}


def test_exports_and_header_are_the_same_functions(library, declared):
    assert exported(library) == set(declared)
    assert all(name.startswith("rm_") for name in declared)


def test_no_function_has_gone(library):
    listed = set(LIST.read_text().split())
    assert listed <= exported(library), "a function that programs may use is gone"
    assert exported(library) <= listed, f"add the new functions to {LIST.name}"


def test_soname_and_flags(library):
    dynamic = run("readelf", "-d", "-W", library)
    assert "soname: [libremotemedia.so.0]" in dynamic
    assert "NODELETE" in dynamic


def test_it_needs_the_c_library_and_nothing_else(library):
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", "-W", library)))
    assert needed <= ALLOWED
