"""The floor of a round trip to another process: one slot in shared memory and two eventfds, with nothing around them.

Both sides are Python. Each trip has four copies of the payload (into the slot and out of it, on both sides) and four
system calls (a write and a read of an eventfd on each side); nothing is pickled, there are no lengths, no errors and no
queue.
"""

from __future__ import annotations

import mmap
import os
import subprocess
import sys

from ..harness.table import Probe, ours
from ..harness.trips import SIZE, answer_trips, frame, trips
from ..harness.trips import probes as both

OTHER_SIDE = """
import mmap, os, sys
size, memory, there, back = map(int, sys.argv[1:])
slot = mmap.mmap(memory, size)
while True:
    os.eventfd_read(there)
    data = slot[:]
    slot[:] = data
    os.eventfd_write(back, 1)
"""


def probes() -> list[Probe]:
    """It can be measured on any Linux."""
    return both(ours("peers.slot"), "a slot with eventfds")


def through(data: bytes, count: int) -> float:
    """Microseconds a round trip."""
    memory, there, back = os.memfd_create("slot"), os.eventfd(0), os.eventfd(0)
    os.ftruncate(memory, len(data))
    slot = mmap.mmap(memory, len(data))
    arguments = [str(number) for number in (len(data), memory, there, back)]
    with subprocess.Popen([sys.executable, "-c", OTHER_SIDE, *arguments], pass_fds=(memory, there, back)) as child:

        def trip() -> None:
            slot[:] = data
            os.eventfd_write(there, 1)
            os.eventfd_read(back)
            slot[:]

        try:
            return trips(trip, count)
        finally:
            child.kill()


if __name__ == "__main__":
    answer_trips(
        {
            "2 KB: a slot with eventfds (the floor)": through(bytes(SIZE), 3000),
            "1080p: a slot with eventfds (the floor)": through(frame().tobytes(), 100),
        }
    )
