"""The two ends of runs: a node that gives the inputs and one that takes the outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .adapter import Collector, Feeder
from .library import quick

if TYPE_CHECKING:
    from .engine import Engine

# Room on each edge for as many packets as a node is given in a row: nobody looks at a run before it is over.
_CAPACITY = 32


class Ends:
    """The ends of one run at a time, kept from run to run: to make them takes as long as the rest of a short one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._feeder = Feeder(engine)
        self.outputs: list[Any] = []
        """What has come out so far."""
        self.config = engine.new_config()
        """For a session between them."""
        self.config.capacity = _CAPACITY
        self.config.input, key = engine.new_node(self._feeder)
        self.config.output, other = engine.new_node(Collector(engine, self.outputs))
        self._keys = key, other

    def begin(self, inputs: Iterable[Any]) -> None:
        """Has a run get its inputs."""
        self._feeder.items = inputs

    def finish(self) -> bool:
        """Forgets a run that is over; whether another may have the ends: it has taken all of its inputs, or none."""
        self._feeder.items = ()
        self.outputs.clear()
        return not self._feeder.is_busy

    def free(self) -> None:
        """Lets them go."""
        quick.rm_node_free(self.config.input)
        quick.rm_node_free(self.config.output)
        for key in self._keys:
            self._engine.forget(key)
