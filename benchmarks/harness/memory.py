"""The memory of this process."""

from __future__ import annotations

import resource
from pathlib import Path


def resident() -> int:
    """Bytes of memory that the process has now."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
