"""What belongs to an event loop: one of each kind, kept by the loop itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

_T = TypeVar("_T")


def belonging(loop: asyncio.AbstractEventLoop, make: Callable[[asyncio.AbstractEventLoop], _T]) -> _T:
    """What the loop has of a kind, made when it is asked for first. On the loop.

    It is an attribute of the loop, so that the two go together: a mapping by loop, even a weak one, would keep each
    loop that its own value leads back to, and a task or a waiter that is left over does.
    """
    name = f"_remotemedia_{make.__name__}"
    if not hasattr(loop, name):
        setattr(loop, name, make(loop))
    return cast(_T, getattr(loop, name))
