"""How a program starts: the import, the first result, and what memory they take, beside Python alone."""

from __future__ import annotations

import subprocess
import sys
import time

from .harness.answer import answer, median
from .harness.table import Probe, Table, ours

TABLES = [
    Table("start", "a process from its start to its end, beside one that does nothing", "ms more"),
    Table("import-memory", "memory of a process, beside one that does nothing", "MB more"),
]
PROGRAMS = {
    "import remotemedia": "import remotemedia",
    "import and the first result": (
        "import asyncio, remotemedia as r\n"
        "class Keep(r.Node):\n"
        "    def process(self, item): return item\n"
        "asyncio.run(r.execute_pipeline_with_input([Keep()], [1]))"
    ),
    "import asyncio": "import asyncio",
    "import numpy": "import numpy",
}
RESIDENT = "\nimport sys\nprint(open('/proc/self/statm').read().split()[1], file=sys.stderr)"


def probes() -> list[Probe]:
    """All programs in turn, beside the one that does nothing."""
    return [Probe("", ours("start"), [table.key for table in TABLES])]


def seconds(program: str) -> float:
    """How long a process takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - start


def pages(program: str) -> float:
    """Pages of memory that a process has at its end."""
    command = [sys.executable, "-c", program + RESIDENT]
    return float(subprocess.run(command, check=True, stderr=subprocess.PIPE).stderr.splitlines()[-1])


def main() -> None:
    import resource

    bare, empty = median(lambda: seconds("pass")), median(lambda: pages("pass"), 3)
    size = resource.getpagesize() / 2**20
    answer(
        {
            "start": {name: (median(lambda p=p: seconds(p)) - bare) * 1e3 for name, p in PROGRAMS.items()},
            "import-memory": {name: (median(lambda p=p: pages(p), 3) - empty) * size for name, p in PROGRAMS.items()},
        }
    )


if __name__ == "__main__":
    main()
