"""Older programs: what the header promised them holds."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import baseline
import pytest
from conftest import Function

needs_abidiff = pytest.mark.skipif(
    shutil.which("abidiff") is None or shutil.which("abidw") is None,
    reason="abidiff is missing; install: apt-get install abigail-tools",
)


def changed(header: str, old: str, new: str) -> str:
    assert header.count(old) == 1, old
    return header.replace(old, new)


@pytest.fixture(scope="module")
def written(header: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The baseline that today's header would be."""
    path = tmp_path_factory.mktemp("abi") / "today.abi"
    baseline.write(header, path)
    return path


def test_every_function_and_constant_is_looked_at(header: str, functions: list[Function]) -> None:
    assert len(baseline.PROTOTYPE.findall(header)) == len(functions)
    named = set(re.findall(r"^#define (RM_\w+) ", header, re.MULTILINE))
    left_out = named - set(baseline.CONSTANT.findall(header)) - {"RM_ABI_VERSION"}
    assert len(named) > 50
    assert {name for name in left_out if not name.endswith("_INIT")} == set()


@needs_abidiff
def test_nothing_has_been_taken_away_since_the_baseline(header: str) -> None:
    difference = baseline.compare(baseline.BASELINE, header)
    rules = (baseline.ROOT / "docs/abi.md").read_text().split("\n## Evolution\n\n")[1].split("\n\n")[0]
    assert difference.breaks == [], f"{difference.report}\ndocs/abi.md says under Evolution:\n{rules}"


@needs_abidiff
@pytest.mark.parametrize("old", sorted(baseline.ROOT.glob("tests/abi/old/*.h")), ids=lambda path: path.stem)
def test_nothing_has_been_taken_away_since_older_headers(old: Path, header: str, tmp_path: Path) -> None:
    baseline.write(old.read_text(), tmp_path / "old.abi")
    difference = baseline.compare(tmp_path / "old.abi", header)
    assert difference.breaks == []
    assert "data member insertion" in difference.report, f"{old.name} proves nothing: no struct has grown since"


FIELD = "    int64_t linger;\n"
PUMP = "rm_status rm_pump("
BREAKS = {
    "a function gone": (PUMP, "rm_status rm_pump_it("),
    "another parameter": (
        "rm_status rm_session_end(rm_session session);",
        "rm_status rm_session_end(int32_t session);",
    ),
    "one parameter more": ("rm_status rm_node_free(rm_node node);", "rm_status rm_node_free(rm_node node, int now);"),
    "a field before others": ("    uint32_t trace;\n", "    uint64_t more;\n    uint32_t trace;\n"),
    "a field gone": (FIELD, ""),
    "a field of another type": (FIELD, "    double linger;\n"),
    "a field of another name": (FIELD, "    int64_t lingers;\n"),
    "a field in what was padding": ("    uint32_t restarts;\n", "    uint16_t restarts;\n    uint16_t more;\n"),
    "a callback of another type": ("(*on_event)(void *user_data, uint32_t event)", "(*on_event)(uint32_t event)"),
    "a status of another number": ("#define RM_ERR_NODE (-200)", "#define RM_ERR_NODE (-203)"),
    "a constant gone": ("#define RM_EVENT_ROOM 2\n", ""),
    "a narrower status": ("typedef int32_t rm_status;", "typedef int16_t rm_status;"),
}
ADDITIONS = {
    "nothing": (PUMP, PUMP),
    "a function": (PUMP, f"rm_status rm_new(void);\n{PUMP}"),
    "a field behind all others": (FIELD, f"{FIELD}    int64_t more;\n"),
    "a meaning for a field that was reserved": (
        "    uint32_t restarts;\n    /**\n     * 0.\n     */\n    uint32_t reserved;\n",
        "    uint32_t restarts;\n    uint32_t more;\n",
    ),
    "a constant": ("#define RM_EVENT_ROOM 2\n", "#define RM_EVENT_ROOM 2\n#define RM_EVENT_NEW 99\n"),
    "another version": ("#define RM_ABI_VERSION 1\n", "#define RM_ABI_VERSION 2\n"),
}


@needs_abidiff
@pytest.mark.parametrize("what", BREAKS)
def test_a_break_is_noticed(what: str, header: str, written: Path) -> None:
    assert baseline.compare(written, changed(header, *BREAKS[what])).breaks != []


@needs_abidiff
@pytest.mark.parametrize("what", ADDITIONS)
def test_an_addition_is_no_break(what: str, header: str, written: Path) -> None:
    assert baseline.compare(written, changed(header, *ADDITIONS[what])).breaks == []


def test_no_function_of_the_baseline_is_off_the_list(root: Path) -> None:
    functions = re.findall(r"elf-symbol name='(rm_\w+)' type='func-type'", baseline.BASELINE.read_text())
    assert len(functions) > 50
    assert set(functions) - set((root / "tests/abi/symbols.txt").read_text().split()) == set()
