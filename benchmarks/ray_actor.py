"""Round trips to a Ray actor, for `process.py`, run by an interpreter that has Ray; prints JSON.

Each call of the actor gives its argument back, and is waited for before the next one. A frame goes there as an
argument, or by `ray.put`, and then the reference is what goes; the answer is read where it lies in the store.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import ray


@ray.remote
class Echo:
    def process(self, data: Any) -> Any:
        return data


def measure(trip: Callable[[], Any], count: int) -> float:
    """Microseconds for one of many trips."""
    for _ in range(count // 10 + 1):
        trip()
    start = time.perf_counter()
    for _ in range(count):
        trip()
    return (time.perf_counter() - start) / count * 1e6


def main() -> None:
    # Nothing of it stays: no token in the home of the user, no session in the folder for temporary files.
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        print(json.dumps(measure_all(folder)))


def measure_all(folder: str) -> dict[str, float]:
    """Microseconds for each way and payload."""
    ray.init(
        _temp_dir=folder,
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        object_store_memory=512 * 2**20,
        _node_ip_address="127.0.0.1",
    )
    actor = Echo.remote()
    small = os.urandom(2048)
    frame = np.full((1080, 1920, 3), 7, np.uint8)
    lying = ray.put(frame)
    figures = {
        "2 KB: a Ray actor": measure(lambda: ray.get(actor.process.remote(small)), 1000),
        "1080p: a Ray actor, given the frame": measure(lambda: ray.get(actor.process.remote(frame)), 50),
        "1080p: a Ray actor, given ray.put of it": measure(lambda: ray.get(actor.process.remote(ray.put(frame))), 50),
        "1080p in Ray's store already: a Ray actor": measure(lambda: ray.get(actor.process.remote(lying)), 50),
    }
    ray.shutdown()
    return figures


if __name__ == "__main__":
    main()
