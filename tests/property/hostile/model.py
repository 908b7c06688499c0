"""What there is, as a program knows it that has kept count."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from remotemedia._engine import _abi

RUNTIME, HOST, NODE, PIPELINE, SESSION, BUFFER, COMPLETION, SERVICE, RING = range(1, 10)
KINDS = {
    RUNTIME: "runtime",
    HOST: "host",
    NODE: "node",
    PIPELINE: "pipeline",
    SESSION: "session",
    BUFFER: "buffer",
    COMPLETION: "completion",
    SERVICE: "service",
    RING: "ring",
}

OK, STATE, CANCELLED, TIMEOUT = _abi.RM_OK, _abi.RM_ERR_STATE, _abi.RM_ERR_CANCELLED, _abi.RM_ERR_TIMEOUT

FAILURES = frozenset(
    {
        _abi.RM_ERR_NODE,
        _abi.RM_ERR_INPUT,
        _abi.RM_ERR_ARGUMENT,
        _abi.RM_ERR_STATE,
        _abi.RM_ERR_DEADLINE,
        _abi.RM_ERR_CANCELLED,
        _abi.RM_ERR_MEMORY,
        _abi.RM_ERR_PARAMETERS,
    }
)
"""What a session may end with whose nodes fail as they like."""

numbers = itertools.count(1)


class Wrong(AssertionError):
    """The library has done what it must not."""


@dataclass(eq=False)
class Thing:
    """Something that has a handle."""

    kind: int
    handle: int = 0
    shared: bool = False
    """Whether callbacks may free it at any moment."""

    @property
    def phase(self) -> str:
        return ""


@dataclass(eq=False)
class Runtime(Thing):
    shut: bool = False
    types: set[str] = field(default_factory=set)
    """The types of its own."""

    @property
    def phase(self) -> str:
        return "shut down" if self.shut else ""


@dataclass(eq=False)
class Host(Thing):
    runtime: Runtime | None = None
    script: Any = None

    @property
    def phase(self) -> str:
        return self.script.hires


@dataclass(eq=False)
class Node(Thing):
    script: Any = None
    host: Host | None = None
    source: bool = False
    failures: frozenset[int] = frozenset()


@dataclass(eq=False)
class Pipeline(Thing):
    runtime: Runtime | None = None
    nodes: dict[str, Node | str] = field(default_factory=dict)
    """Nodes by their ids, or the names of their types."""
    edges: set[tuple[str, str]] = field(default_factory=set)

    @property
    def phase(self) -> str:
        return "empty" if not self.nodes else "of one" if len(self.nodes) == 1 else ""

    def has_cycle(self) -> bool:
        left = set(self.nodes)
        while left:
            ends = {at for at in left if not any(to == at and source in left for source, to in self.edges)}
            if not ends:
                return True
            left -= ends
        return False


@dataclass(eq=False)
class Session(Thing):
    runtime: Runtime | None = None
    nodes: list[Node] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    number: int = 0
    fed: bool = True
    """Whether it takes packets."""
    failures: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()
    """How the session may have ended by itself, if its nodes or those who have their calls made fail."""
    unsure: bool = False
    """Whether a callback may have cancelled it."""
    ending: bool = False
    """Whether it may have ended already, or will soon."""
    ended: bool = False
    cancelled: bool = False

    @property
    def phase(self) -> str:
        said = [word for word, so in (("ended", self.ended), ("cancelled", self.is_cancelled())) if so]
        return " ".join(said or ["running"])

    def is_cancelled(self) -> bool:
        return self.cancelled or bool(self.runtime and self.runtime.shut)

    def endings(self) -> frozenset[int]:
        """What a call may answer because the session is over, or will be."""
        cancelled = {CANCELLED} if self.is_cancelled() or self.unsure else set()
        return self.failures | self.lost | cancelled

    def pushing(self) -> frozenset[int]:
        """What a push or a flush may answer."""
        if not self.fed:
            return frozenset({STATE})
        if self.ended:
            return self.endings() | {STATE}
        if self.is_cancelled() and not self.unsure:
            # Unless it had ended before.
            return self.endings() | {CANCELLED, STATE}
        return self.endings() | {OK, TIMEOUT} | ({STATE} if self.unsure or self.ending else set())


@dataclass(eq=False)
class Buffer(Thing):
    address: int = 0
    size: int = 0
    ours: bool = False
    """Whether its memory is the library's, and nobody else has it."""
    memory: Any = None


@dataclass(eq=False)
class Ring(Thing):
    session: Session | None = None
    input: bool = True
    size: int = 0

    @property
    def phase(self) -> str:
        return "input" if self.input else "output"
