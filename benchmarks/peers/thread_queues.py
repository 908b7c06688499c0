"""A thread for each node, and bounded queues between them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from ..harness.chain import TABLES, Work, measure
from ..harness.table import Probe, ours

CAPACITY = 32


def probes() -> list[Probe]:
    """It can be measured everywhere."""
    return [Probe("threads with queues", ours("peers.thread_queues"), TABLES, is_peer=True)]


def through(work: Work, nodes: int, items: list[Any]) -> float:
    """Seconds for all items."""
    queues: list[queue.Queue[Any]] = [queue.Queue(CAPACITY) for _ in range(nodes + 1)]

    def stage(process: Callable[[Any], Any], source: queue.Queue[Any], sink: queue.Queue[Any]) -> None:
        for _ in items:
            sink.put(process(source.get()))

    def feed() -> None:
        for item in items:
            queues[0].put(item)

    threads = [threading.Thread(target=stage, args=(work().process, *queues[at : at + 2])) for at in range(nodes)]
    threads.append(threading.Thread(target=feed))
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for _ in items:
        queues[-1].get()
    taken = time.perf_counter() - start
    for thread in threads:
        thread.join()
    return taken


if __name__ == "__main__":
    measure(through, 3_000)
