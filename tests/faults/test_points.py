"""Every place where the system or the host may refuse something does so: what fails says so, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PROCESS = "its process could not be started: "

# What is tried, what is refused, and what each failure says.
TRIALS = [
    ("bytes_are_copied", "MEMORY", "1000 bytes of memory are not to be had"),
    # Without threads of its own the library works on the caller's.
    ("bytes_are_copied", "THREAD", "no failure"),
    ("rings_are_made", "MEMORY", "2 packets of 64 bytes are more than there is memory for"),
    ("rings_are_made", "THREAD", "no thread is to be had for the ring"),
    ("a_file_is_written", "FILE", "cannot (write|replace) .*out.wav': the disk is full"),
    ("a_file_is_read", "FILE", "cannot (open|read) .*in.wav'"),
    ("memory_is_shared", "SHARED", "bytes of shared memory are not to be had: Cannot allocate memory"),
    ("objects_meet_native_nodes", "HOST", "in node '(Calculator|Same)"),
    ("threads_are_hired", "HOST", "'n0' failed: its host lends no thread"),
    ("a_node_runs_in_a_process", "SHARED", "Node 'Same_0' failed: .*shared memory"),
    ("a_node_runs_in_a_process", "PROCESS", f"Node 'Same_0' failed: {PROCESS}.*Resource temporarily unavailable"),
    ("a_node_runs_in_a_process", "THREAD", f"Node 'Same_0' failed: {PROCESS}.*no thread to watch over it"),
    ("a_node_runs_in_a_process", "HOST", "'Same_0': its host could not (take the object|put the object)"),
]

# Once, and from then on; processes take long.
DEEP = os.environ.get("REMOTEMEDIA_DEEP")
CASES = [(*trial, times) for trial in TRIALS for times in (1, 1000) if times == 1 or DEEP or "process" not in trial[0]]


@pytest.mark.parametrize(("operation", "point", "words", "times"), CASES)
def test_faults(
    python: Callable[..., str],
    testing_library: Path,
    tmp_path: Path,
    operation: str,
    point: str,
    words: str,
    times: int,
) -> None:
    printed = python("trial.py", operation, point, str(times), tmp_path, library=testing_library, limit=300)
    said = json.loads(printed)
    assert said, "no fault point was passed"
    for message in filter(None, said):
        assert re.search(words, message), message


def test_the_library_that_is_given_away_has_no_fault_points(testing_library: Path) -> None:
    from remotemedia._engine.library import path

    def exports(library: str | Path) -> str:
        return subprocess.run(
            ["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True
        ).stdout

    assert "rm_testing_fail_at" in exports(testing_library)
    assert "rm_testing" not in exports(path())
