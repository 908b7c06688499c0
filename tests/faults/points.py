"""The fault points of a library that was built for tests. Their numbers are in runtime/core/src/fault.rs."""

from __future__ import annotations

import ctypes
from enum import IntEnum

from engine import check

from remotemedia._engine.library import library

library.rm_testing_fail_at.argtypes = [ctypes.c_uint32, ctypes.c_uint64, ctypes.c_uint64]
library.rm_testing_failures.argtypes = [ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint64)]


class Point(IntEnum):
    """What can be refused."""

    MEMORY = 1
    THREAD = 2
    FILE = 3
    SHARED = 4
    PROCESS = 5
    HOST = 6


def arm(point: Point, nth: int, times: int = 1) -> None:
    """Has the nth point from now on fail, and those after it, so many in all; none if it is 0."""
    check(library.rm_testing_fail_at(point, nth, times))


def failures(point: Point) -> int:
    """How many points have failed since then."""
    count = ctypes.c_uint64()
    check(library.rm_testing_failures(point, count))
    return count.value
