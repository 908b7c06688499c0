"""At the limits of the system an error says so, nothing is left behind, and what is there works on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent


LIMITS = [
    "files_that_may_not_grow",
    "a_device_that_is_full",
    "descriptors",
    "a_block_that_cannot_be_taken",
    "a_block_that_a_worker_cannot_take",
    "address_space",
]


@pytest.mark.parametrize("limit", LIMITS)
def test_limit(python: Callable[..., str], tmp_path: Path, limit: str) -> None:
    python("limits.py", limit, tmp_path)


def mounted(what: str, limit: str, folder: Path) -> None:
    """Runs a limit where something is mounted that nobody else sees."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("no mounts of its own: 'unshare --mount' is missing or not permitted")
    script = f'mount -t tmpfs {what} && exec "$@"'
    command = [unshare, "--mount", "sh", "-c", script, "sh", sys.executable, "limits.py", limit, str(folder)]
    environment = dict(os.environ, PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(command, env=environment, cwd=HERE, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    mounted(f"-o size=48k none '{tmp_path}'", "a_disk_that_is_full", tmp_path)


def test_no_folder_for_shared_memory(tmp_path: Path) -> None:
    mounted("-o ro,size=4k none /dev/shm", "no_shared_memory_folder", tmp_path)


def test_a_clock_that_jumps(python: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = tmp_path / "jumping_clock.so"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", clock, HERE / "jumping_clock.c"], check=True)
    monkeypatch.setenv("LD_PRELOAD", str(clock))
    python("limits.py", "a_clock_that_jumps", tmp_path)


def test_only_the_clock_that_never_jumps_is_used() -> None:
    """The time of day is asked for nowhere in the engine but for the records of the log, which nobody waits for."""
    sources = [path for path in (HERE.parents[1] / "runtime").glob("*/src/**/*.rs")]
    assert len(sources) > 100
    asking = [path.name for path in sources if "SystemTime" in path.read_text() or "REALTIME" in path.read_text()]
    assert asking == ["log.rs"]
