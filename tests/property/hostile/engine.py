"""The library itself: each call of a rule is counted, and what it answered is noted."""

from __future__ import annotations

import ctypes
import re
import threading
from collections import Counter
from pathlib import Path

from remotemedia._engine import _abi
from remotemedia._engine import library as installed

SYMBOLS = Path(__file__).parents[2] / "abi" / "symbols.txt"


class Engine:
    """The library file of the installed package, with the generated prototypes, and nothing else of the binding."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL(installed.path())
        _abi.declare(self.library)
        self.symbols = SYMBOLS.read_text().split()
        self.functions = {name: getattr(self.library, name) for name in self.symbols}
        self.transitions: Counter[tuple[str, int, str]] = Counter()
        """How often a function, called with what is described in words, has answered a status."""
        self._lock = threading.Lock()

    def call(self, name: str, *values: object, words: str = "") -> int:
        """Makes a call, and answers its status."""
        status = self.functions[name](*values)
        with self._lock:
            self.transitions[name, status, words] += 1
        return status

    def look(self, name: str, *values: object) -> None:
        """Asks for what the model is compared with; there are so many of these calls that they are not counted."""
        assert self.functions[name](*values) == 0

    def calls(self) -> Counter[str]:
        """How often each function was called."""
        calls: Counter[str] = Counter()
        for (name, _, _), count in self.transitions.items():
            calls[name] += count
        return calls

    def live(self, kind: int) -> int:
        """How many objects of a kind the library has."""
        count = ctypes.c_uint64()
        self.look("rm_debug_live", kind, ctypes.byref(count))
        return count.value

    def last_error(self) -> str:
        """The message of the last call that failed on this thread."""
        text, length = ctypes.create_string_buffer(4096), ctypes.c_size_t()
        self.look("rm_last_error", text, len(text), ctypes.byref(length))
        return text.raw[: length.value].decode("utf-8", "strict" if length.value <= len(text) else "ignore")


def name_of(status: int) -> str:
    """A status as the header calls it."""
    return NAMES.get(status, str(status))


NAMES = {
    value: name
    for name, value in vars(_abi).items()
    if re.fullmatch(r"RM_(OK|MORE|PENDING|END|ERR_\w+)", name) and isinstance(value, int)
}
