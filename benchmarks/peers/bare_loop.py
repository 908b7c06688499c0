"""A bare Python loop: what the interpreter itself takes to call the nodes, one after the other."""

from __future__ import annotations

import time
from typing import Any

from ..harness.chain import TABLES, Work, measure
from ..harness.table import Probe, ours


def probes() -> list[Probe]:
    """It can be measured everywhere."""
    return [Probe("bare Python loop", ours("peers.bare_loop"), TABLES, is_peer=True)]


def through(work: Work, nodes: int, items: list[Any]) -> float:
    """Seconds for all items. The loops are written out for their number of nodes: nothing is faster in Python."""
    chain = [work().process for _ in range(nodes)]
    outputs: list[Any] = []
    append = outputs.append
    start = time.perf_counter()
    if nodes == 1:
        (first,) = chain
        for item in items:
            append(first(item))
    else:
        first, second, third = chain
        for item in items:
            append(third(second(first(item))))
    return time.perf_counter() - start


if __name__ == "__main__":
    measure(through, 20_000)
