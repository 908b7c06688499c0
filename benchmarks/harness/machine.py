"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path


def machine() -> str:
    """The processors and the interpreter, as the system names them; how that was built counts, so also where it is."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = f"{len(names)} x {names[0]}" if names else platform.processor()
    return f"{processor}, {platform.python_implementation()} {platform.python_version()} in {sys.base_prefix}"


def load() -> str:
    """How busy the machine is: a figure of a busy one is worth less."""
    return f"load {os.getloadavg()[0]:.1f}"
