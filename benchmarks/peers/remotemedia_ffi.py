"""The package `remotemedia-ffi`: an engine in Rust that runs Python objects, by PyO3.

It takes one item a call, so what is measured is what a further node adds to a call.
"""

from __future__ import annotations

import asyncio
import ctypes
import time
from typing import Any

from ..harness.chain import TABLES, Work, measure
from ..harness.places import lacks_environment, lacks_native, native, peer_python
from ..harness.table import Probe

NAME = "remotemedia-ffi"
NAMES = "libisoc23.so"


def probes() -> list[Probe]:
    """Where it could be installed."""
    lacks = lacks_environment(NAME) or lacks_native(NAMES)
    command = [peer_python(NAME), "-m", "benchmarks.peers.remotemedia_ffi"]
    return [Probe("remotemedia-ffi (PyO3), a call for each item", command, TABLES, lacks, is_peer=True)]


def through(runtime: Any, work: Work, nodes: int, items: list[Any]) -> float:
    """Seconds for all items."""

    def instance(number: int) -> Any:
        node: Any = type(work.__name__, (work,), {"initialize": lambda self: None, "cleanup": lambda self: None})()
        node.name = f"node{number}"
        return node

    chain = [instance(number) for number in range(nodes)]

    async def timed() -> float:
        start = time.perf_counter()
        for item in items:
            await runtime.execute_pipeline_with_instances(chain, item, False)
        return time.perf_counter() - start

    return asyncio.run(timed())


def main() -> None:
    # Its library was built against a newer libc, and asks for names that an older one does not have.
    ctypes.CDLL(str(native(NAMES)), mode=ctypes.RTLD_GLOBAL)
    from remotemedia import runtime  # that of this interpreter's environment, not ours

    measure(lambda work, nodes, items: through(runtime, work, nodes, items), 500)


if __name__ == "__main__":
    main()
