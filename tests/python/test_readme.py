"""The programs of README and of docs/python.md print what is said there."""

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
