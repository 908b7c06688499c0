"""How a node runs in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """What `Node.in_process` takes.

    Raises:
        ValueError: A value is impossible.
    """

    restarts: int = 0
    """How often the process is started again after it has died."""
    restart_delay: float = 0.1
    """How long is waited before that the first time, in seconds; each time twice as long as before."""
    start_timeout: float = 60.0
    """How long it may take from the start of the process until the node is initialised, in seconds."""
    stop_timeout: float = 5.0
    """How long the process may take to clean up and exit before it is killed, in seconds."""

    def __post_init__(self) -> None:
        if not 0 <= self.restarts < 2**32:
            raise ValueError(f"restarts is {self.restarts!r}; it is a number, 0 or more")
        for name in ("restart_delay", "start_timeout", "stop_timeout"):
            seconds = getattr(self, name)
            if not 0 < seconds < 2**33:
                raise ValueError(f"{name} is {seconds!r}; it is a number of seconds, more than 0")
