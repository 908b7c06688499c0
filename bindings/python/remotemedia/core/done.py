"""The result of a lifecycle step that is already finished, whether or not its caller awaits it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Done:
    """Awaits to None at once, and may as well be ignored.

    `Node.initialize` and `Node.cleanup` return it, so that a subclass can write `super().initialize()` in a plain
    method and `await super().initialize()` in an `async def` one. Unlike a coroutine, it gives no warning when it is
    dropped and costs no allocation.
    """

    __slots__ = ()

    def __await__(self) -> Iterator[Any]:
        return iter(())


DONE = Done()
"""The only instance that is needed; an executor may skip the await when a step returned this very object."""
