"""The search for what cannot be pickled."""

from __future__ import annotations

import copyreg
import dis
import functools
import reprlib
import sys
from collections.abc import Iterable, Iterator
from time import monotonic
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any, TypeAlias

import cloudpickle

from .bounded import BoundedCounter

_Part: TypeAlias = tuple[str, Any]

# Such values can always be pickled, and of a million numbers none needs a path.
_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})

PATIENCE = 1.0
"""Seconds after which the search goes no deeper: a failure is told soon."""


def find(root: Any, levels: int) -> str | None:
    """The path from an object to the smallest part of it that cannot be pickled, e.g. ``encoder.cache['lock']``.

    Args:
        root: An object that cannot be pickled.
        levels: The most steps of the path. One that was cut short ends in "…".

    Returns:
        The path, or None if no part of the object fails by itself.
    """
    end = monotonic() + PATIENCE
    # Objects, not only their ids: a part may be made for the search alone, and its id would be another's after it.
    path, value = "", root
    above = {id(root): root}
    for _ in range(levels):
        failing = _first_failing(_parts(value), above)
        if failing is None:
            return path.removeprefix(".") or None
        suffix, value = failing
        path += suffix
        above[id(value)] = value
        if monotonic() > end and _parts(value):
            break
    return path.removeprefix(".") + "…"


def _first_failing(parts: list[_Part], above: dict[int, Any]) -> _Part | None:
    # By halves: a list may have a million items.
    while parts and not _pickles([value for _, value in parts], above):
        if len(parts) == 1:
            return parts[0]
        half = len(parts) // 2
        first = parts[:half]
        parts = parts[half:] if _pickles([value for _, value in first], above) else first
    return None


class _Trial(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles to nowhere, and leaves the objects above out: else each that points back up would fail with them."""

    def __init__(self, above: dict[int, Any]) -> None:
        super().__init__(BoundedCounter(sys.maxsize), protocol=5)
        self._above = above

    def persistent_id(self, item: Any) -> str | None:
        return "above" if id(item) in self._above else None


def _pickles(value: Any, above: dict[int, Any]) -> bool:
    try:
        _Trial(above).dump(value)
    except Exception:
        return False
    return True


def _parts(value: Any) -> list[_Part]:
    """What an object is pickled with, and how each part is written behind the object's own path."""
    try:
        return [(suffix, part) for suffix, part in _list_parts(value) if type(part) not in _PLAIN]
    except Exception:  # it is the object itself that cannot be taken apart
        return []


def _list_parts(value: Any) -> Iterable[_Part]:
    if type(value) is dict:
        return [*_items(value.items()), *_indexed(".keys()", value)]
    if isinstance(value, tuple) or type(value) is list:
        return _indexed("", value)
    if type(value) in (set, frozenset):
        return [(f"{{{reprlib.repr(item)}}}", item) for item in value]
    if isinstance(value, CellType):
        return [(".cell_contents", value.cell_contents)]
    if isinstance(value, FunctionType):
        return _of_function(value)
    if isinstance(value, type):
        return _attributes(value, (name for name in vars(value) if name not in _OF_EVERY_CLASS))
    if isinstance(value, tuple(_MEMBERS)):
        return _attributes(value, next(names for kind, names in _MEMBERS.items() if isinstance(value, kind)))
    return _of_object(value)


# cloudpickle makes these of a class anew.
_OF_EVERY_CLASS = ("__dict__", "__weakref__", "_abc_impl")
# What these are made of; their own `__reduce__` shows less, or nothing.
_MEMBERS: dict[type, tuple[str, ...]] = {
    MethodType: ("__self__", "__func__"),
    functools.partial: ("func", "args", "keywords"),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    property: ("fget", "fset", "fdel"),
}


def _of_function(function: FunctionType) -> Iterator[_Part]:
    closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    yield ".__closure__", {name: cell.cell_contents for name, cell in closure.items() if cell != CellType()}
    names = _globals_of(function.__code__)
    yield ".__globals__", {name: value for name, value in function.__globals__.items() if name in names}
    yield from _attributes(function, ("__defaults__", "__kwdefaults__", *vars(function)))


def _globals_of(code: CodeType) -> set[str]:
    """The names of the global variables that a function uses, or a function inside it."""
    names = {line.argval for line in dis.get_instructions(code) if line.opname.endswith("_GLOBAL")}
    return names.union(*(_globals_of(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _of_object(value: Any) -> Iterator[_Part]:
    """Goes by what the object says that it is rebuilt from."""
    reduce = copyreg.dispatch_table.get(type(value))
    reduced = value.__reduce_ex__(5) if reduce is None else reduce(value)
    if isinstance(reduced, str):  # the name of a global variable
        return
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    if make in (copyreg.__newobj__, copyreg.__newobj_ex__):  # type: ignore[attr-defined]
        cls, *arguments = arguments
        yield ".__class__", cls
    else:
        yield ".__reduce__()[0]", make
    for index, argument in enumerate(arguments):
        names = [name for name, held in getattr(value, "__dict__", {}).items() if held is argument]
        yield f".{names[0]}" if names else f".__reduce__()[1][{index}]", argument
    yield from _of_state(state)
    yield from _indexed("", items or ())
    yield from _items(pairs or ())


def _of_state(state: Any) -> Iterator[_Part]:
    # Slots come as a second dict.
    dicts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    if not all(part is None or isinstance(part, dict) for part in dicts):
        yield ".__getstate__()", state
        return
    for name, value in (item for part in dicts if part for item in part.items()):
        plain = isinstance(name, str) and name.isidentifier()
        yield f".{name}" if plain else f".__getstate__()[{reprlib.repr(name)}]", value


def _indexed(prefix: str, values: Iterable[Any]) -> Iterator[_Part]:
    return ((f"{prefix}[{index}]", value) for index, value in enumerate(values) if type(value) not in _PLAIN)


def _items(items: Iterable[tuple[Any, Any]]) -> Iterator[_Part]:
    return ((f"[{reprlib.repr(key)}]", value) for key, value in items if type(value) not in _PLAIN)


def _attributes(value: Any, names: Iterable[str]) -> Iterator[_Part]:
    # Of a class what its dict holds: `getattr` would unwrap static methods and call descriptors.
    held = vars(value) if isinstance(value, type) else None
    return ((f".{name}", getattr(value, name) if held is None else held[name]) for name in names)
