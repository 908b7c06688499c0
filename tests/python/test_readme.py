"""README's programs print what README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
PROGRAMS = re.findall(r"```python\n(.*?)```\n\nprints\n\n```\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize(("program", "output"), PROGRAMS)
def test_program(tmp_path, program, output):
    path = tmp_path / "program.py"
    path.write_text(program)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (output, "", 0)


def test_there_are_programs_and_the_first_is_ten_lines():
    assert len(PROGRAMS) == 2
    assert len([line for line in PROGRAMS[0][0].splitlines() if line.strip()]) < 10
