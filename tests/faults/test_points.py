"""Every place where the system or the host may refuse something refuses it once: what fails says so, and nothing is left."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

TRIALS = [
    ("bytes_are_copied", "MEMORY", ["no memory for a copy of 1000 bytes"]),
    ("bytes_are_copied", "THREAD", []),
    ("rings_are_made", "MEMORY", ["2 packets of 64 bytes are more than there is memory for"]),
    ("rings_are_made", "THREAD", ["no thread is to be had for the ring"]),
    ("a_file_is_written", "FILE", ["out.wav", "disk is full"]),
    ("a_file_is_read", "FILE", ["in.wav"]),
    ("memory_is_shared", "SHARED", ["bytes of shared memory are not to be had"]),
    ("objects_meet_native_nodes", "HOST", []),
    ("calls_that_block_get_more_workers", "HOST", []),
    ("a_node_runs_in_a_process", "SHARED", []),
    ("a_node_runs_in_a_process", "PROCESS", ["its process could not be started", "Same"]),
    ("a_node_runs_in_a_process", "THREAD", ["its process could not be started", "Same"]),
    ("a_node_runs_in_a_process", "HOST", ["object", "Same"]),
]


@pytest.mark.parametrize(("operation", "point", "words"), TRIALS, ids=lambda value: value if isinstance(value, str) else "")
def test_faults(
    python: Callable[..., str], testing_library: Path, tmp_path: Path, operation: str, point: str, words: list[str]
) -> None:
    said = json.loads(python("trial.py", operation, point, tmp_path, library=testing_library, limit=300))
    assert said, "no fault point was passed"
    for message in filter(None, said):
        print(message)
        assert all(word in message for word in words)


def test_the_library_that_is_given_away_has_no_fault_points(testing_library: Path) -> None:
    from remotemedia._engine.library import path

    def exports(library: str | Path) -> str:
        return subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout

    assert "rm_testing_fail_at" in exports(testing_library)
    assert "rm_testing" not in exports(path())
