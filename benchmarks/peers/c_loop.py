"""A bare C loop that calls Python methods: the least that any binding can take.

Once over ctypes callbacks, which is what a binding without a compiled extension has, and once over the entry point that
a compiled extension uses, by its address. The GIL is held throughout, nothing is measured, queued, or looked at.
"""

from __future__ import annotations

import ctypes
import sys
import time
from typing import Any

from ..harness.chain import TABLES, Work, measure
from ..harness.places import lacks_native, native
from ..harness.table import Probe, ours

LIBRARY = "libc_loop.so"
ROWS = {
    "trampolines": "bare C loop over ctypes callbacks",
    "entry": "bare C loop over PyObject_CallOneArg",
}


def probes() -> list[Probe]:
    """Wherever the library was built, as it is with the benchmarks."""
    lacks = lacks_native(LIBRARY)
    return [Probe(row, ours("peers.c_loop", way), TABLES, lacks, is_peer=True) for way, row in ROWS.items()]


def through(way: str, work: Work, nodes: int, items: list[Any]) -> float:
    """Seconds for all items."""
    loop = ctypes.PyDLL(str(native(LIBRARY)))
    chain = [work().process for _ in range(nodes)]
    inputs, size = (ctypes.py_object * len(items))(*items), ctypes.c_size_t(len(items))
    outputs = (ctypes.c_void_p * len(items))()
    release = ctypes.cast(ctypes.pythonapi.Py_DecRef, ctypes.c_void_p)
    if way == "trampolines":
        kind = ctypes.CFUNCTYPE(ctypes.py_object, ctypes.py_object)
        functions = (kind * nodes)(*map(kind, chain))
        start = time.perf_counter()
        loop.through_callbacks(functions, nodes, inputs, outputs, size, release)
    else:
        methods = (ctypes.py_object * nodes)(*chain)
        call = ctypes.cast(ctypes.pythonapi.PyObject_CallOneArg, ctypes.c_void_p)
        start = time.perf_counter()
        loop.through_entry(methods, nodes, inputs, outputs, size, call, release)
    taken = time.perf_counter() - start
    loop.let_all_go(outputs, size, release)
    return taken


if __name__ == "__main__":
    measure(lambda work, nodes, items: through(sys.argv[1], work, nodes, items), 20_000)
