"""Installs the peers that come from PyPI, each into an environment of its own below build/peers.

    python -m benchmarks.peers.install

What is there already is left alone, so this needs the network once. Where a peer cannot be installed, why is written
down and shown in the report, and nothing else fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from ..harness.places import PEERS, peer_python

PATIENCE = 600
"""Seconds for each."""


@dataclass(frozen=True)
class Environment:
    """An environment, and what is to be in it: exactly these versions."""

    name: str
    packages: tuple[str, ...]
    python: str = sys.executable
    options: tuple[str, ...] = ()


ENVIRONMENTS = (
    Environment("pipecat", ("pipecat-ai==1.14.0",)),
    Environment("remotemedia-ffi", ("remotemedia-ffi==0.4.4", "numpy==2.2.6", "cloudpickle==3.1.2")),
    Environment("ray", ("ray==2.60.0", "numpy==2.2.6")),
    # GStreamer's own bindings come with the system's Python, and no other sees them.
    Environment("gstreamer", ("numpy==2.2.6",), "/usr/bin/python3", ("--system-site-packages",)),
)


def install(environment: Environment) -> None:
    """Makes an environment; raises CalledProcessError, OSError or TimeoutExpired if that fails."""
    folder = PEERS / environment.name
    make = [environment.python, "-m", "venv", "--clear", "--without-pip", *environment.options, os.fspath(folder)]
    pip = [sys.executable, "-m", "pip", "--python", peer_python(environment.name), "install", "--quiet"]
    limits = ["--disable-pip-version-check", "--retries", "1", "--timeout", "20"]
    for command in (make, [*pip, *limits, *environment.packages]):
        subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)


def reason(error: Exception) -> str:
    """Why an installation failed, in a line."""
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
    lines = [line for line in (said or "").splitlines() if "ERROR" in line or "rror:" in line]
    return lines[-1].strip() if lines else str(error)


def main() -> None:
    PEERS.mkdir(parents=True, exist_ok=True)
    for environment in ENVIRONMENTS:
        note, done = PEERS / f"{environment.name}.txt", PEERS / environment.name / "installed"
        if done.exists():
            continue
        note.unlink(missing_ok=True)
        print(f"installing {' '.join(environment.packages)} below build/peers", flush=True)
        try:
            install(environment)
            done.touch()
        except (subprocess.SubprocessError, OSError) as error:
            note.write_text(f"could not be installed: {reason(error)}\n")
            print(f"  {note.read_text().strip()}")


if __name__ == "__main__":
    main()
