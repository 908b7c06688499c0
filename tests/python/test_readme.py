"""The programs of README and docs/python.md print what is said there; what is in C and C++ is part of a tested one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def programs(document: str) -> list[tuple[str, str]]:
    """The programs of a document, and what they print."""
    text = (ROOT / document).read_text()
    return re.findall(r"```python\n(.*?)```\n\nprints\n\n```\n(.*?)```", text, re.DOTALL)


README = programs("README.md")
MANUAL = programs("docs/python.md")


@pytest.mark.parametrize(("program", "output"), README + MANUAL)
def test_program(tmp_path, program, output):
    path = tmp_path / "program.py"
    path.write_text(program)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (output, "", 0)


def test_there_are_programs_and_the_first_is_ten_lines():
    assert (len(README), len(MANUAL)) == (2, 8)
    assert len([line for line in README[0][0].splitlines() if line.strip()]) < 10


SHOWN = [("README.md", "c", 1), ("README.md", "cpp", 1), ("docs/cpp.md", "cpp", 9)]


@pytest.mark.parametrize(("document", "language", "count"), SHOWN)
def test_what_is_shown_of_c_is_a_part_of_a_program_that_is_run(document, language, count):
    suffix = f".{language}"
    folders = [ROOT / "bindings/examples" / language, ROOT / "tests" / language]
    sources = [path.read_text() for folder in folders for path in folder.iterdir() if path.suffix == suffix]
    shown = re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert [excerpt for excerpt in shown if not any(excerpt in source for source in sources)] == []
    assert len(shown) == count


def test_the_node_in_c_has_fifteen_lines_at_most():
    node = re.search(r"```c\n(static rm_status loudest\(.*?\n}\n)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert node is not None and len(node[1].splitlines()) <= 15


def test_the_program_in_cpp_is_shown_whole_and_has_a_node_of_ten_lines():
    _, program = (ROOT / "bindings/examples/cpp/loudest.cpp").read_text().split("\n\n", 1)
    shown = re.search(r"```cpp\n(.*?)```\n\nprints\n\n```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown is not None and shown[1] == program
    node = re.search(r"struct Loudest.*?\n};\n", program, re.DOTALL)
    assert node is not None and len(node[0].splitlines()) <= 10
    # What it prints is what its test expects.
    expected = (ROOT / "bindings/examples/cpp/CMakeLists.txt").read_text().replace('\\"', '"').replace("\\\\.", ".")
    assert shown[2].replace("\n", "\\n") in expected
