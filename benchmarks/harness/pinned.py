"""Runs a program on one processor: `python -m benchmarks.harness.pinned PROGRAM ARGUMENTS...`.

From its very start: what it finds then may decide how it waits.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.execv(sys.argv[1], sys.argv[1:])
