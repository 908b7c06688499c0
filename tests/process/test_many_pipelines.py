"""Memory and objects are the same after many pipelines as after some."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "pipelines.py"


@pytest.mark.parametrize(
    ("count", "limit"),
    [
        (4000, 120),
        pytest.param(
            100_000,
            600,
            marks=pytest.mark.skipif("REMOTEMEDIA_DEEP" not in os.environ, reason="a minute; `make deep` runs it"),
        ),
    ],
)
@pytest.mark.parametrize("objects", ["table", "trampolines"])
def test_nothing_grows(count, limit, objects):
    done = subprocess.run(
        [sys.executable, PROGRAM, str(count)],
        env={**os.environ, "REMOTEMEDIA_OBJECTS": objects},
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    print(f"{count} pipelines, {objects}: {done.stdout}")
    more = json.loads(done.stdout)
    # What differs is what happens to be there at a moment. In the long run, 14 bytes a pipeline would be too many.
    assert more["handles"] < 10
    assert more["blocks"] < 1000
    assert more["bytes"] < 2**20
