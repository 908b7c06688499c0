"""A Ray actor: each call gives its argument back, and is waited for before the next one.

A frame goes there as an argument, or by `ray.put`, and then the reference is what goes; the answer is read where it
lies in the store. Ray has no network but the machine's own, where this process may leave it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

from ..harness.places import lacks_environment, peer_python
from ..harness.table import Probe
from ..harness.trips import SIZE, answer_trips, frame, trips
from ..harness.trips import probes as both

NAME = "ray"
ALONE = ["/usr/bin/unshare", "--net", "/bin/sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def probes() -> list[Probe]:
    """Where it could be installed, and may be cut off from the network."""
    command = [*ALONE, peer_python(NAME), "-m", "benchmarks.peers.ray_actor"]
    return both(command, "a Ray actor", lacks_environment(NAME) or lacks_seclusion())


def lacks_seclusion() -> str:
    """Why it cannot be cut off from the network, if it cannot."""
    try:
        done = subprocess.run([*ALONE, "/bin/true"], stderr=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        return str(error)
    return f"no network of its own: {done.stderr.strip()}" if done.returncode else ""


def start(folder: str) -> tuple[Any, Callable[[Any], Any]]:
    """Ray, and a call of an actor that is waited for."""
    import ray

    class Echo:
        def process(self, data: Any) -> Any:
            return data

    ray.init(
        _temp_dir=folder,
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        object_store_memory=512 * 2**20,
        _node_ip_address="127.0.0.1",
    )
    actor = ray.remote(Echo).remote()
    return ray, lambda data: ray.get(actor.process.remote(data))


def main() -> None:
    # Nothing of it stays: no token in the home of the user, no session in the folder for temporary files.
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        ray, call = start(folder)
        small, large = bytes(SIZE), frame()
        lying = ray.put(large)
        figures = {
            "2 KB: a Ray actor": trips(lambda: call(small), 500),
            "1080p: a Ray actor, given the frame": trips(lambda: call(large), 30),
            "1080p: a Ray actor, given ray.put of it": trips(lambda: call(ray.put(large)), 30),
            "1080p in Ray's store already: a Ray actor": trips(lambda: call(lying), 30),
        }
        ray.shutdown()
    answer_trips(figures)


if __name__ == "__main__":
    main()
