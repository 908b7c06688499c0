"""How a node runs in a process of its own."""

from __future__ import annotations


class ProcessOptions:
    """What `Node.in_process` takes. Not a dataclass, whose module takes longer to import than all the rest.

    Args:
        restarts: How often the process is started again after it has died.
        restart_delay: How long is waited before that the first time, in seconds; each time twice as long as before.
        start_timeout: How long it may take from the start of the process until the node is initialised, in seconds.
        stop_timeout: How long the process may take to clean up and exit before it is killed, in seconds.

    Raises:
        ValueError: A value is impossible.
    """

    __slots__ = ("restart_delay", "restarts", "start_timeout", "stop_timeout")

    def __init__(
        self,
        restarts: int = 0,
        restart_delay: float = 0.1,
        start_timeout: float = 60.0,
        stop_timeout: float = 5.0,
    ) -> None:
        if not 0 <= restarts < 2**32:
            raise ValueError(f"restarts is {restarts!r}; it is a number, 0 or more")
        times = {"restart_delay": restart_delay, "start_timeout": start_timeout, "stop_timeout": stop_timeout}
        for name, seconds in times.items():
            if not 0 < seconds < 2**33:
                raise ValueError(f"{name} is {seconds!r}; it is a number of seconds, more than 0")
        self.restarts = restarts
        self.restart_delay = restart_delay
        self.start_timeout = start_timeout
        self.stop_timeout = stop_timeout

    def to_manifest(self) -> dict[str, float]:
        """As a manifest has them, with times in milliseconds."""
        return {
            "restarts": self.restarts,
            "restart_delay_ms": self.restart_delay * 1000,
            "start_timeout_ms": self.start_timeout * 1000,
            "stop_timeout_ms": self.stop_timeout * 1000,
        }
