"""How large it is: the wheel, the library in it, and what lies there once it is installed."""

from __future__ import annotations

import io
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from .harness.answer import answer
from .harness.table import Probe, Table, ours

WHEEL, LIBRARY = "the wheel", "the shared library, stripped"
TABLES = [Table("size", "sizes, without dependencies", "MB")]


def probes() -> list[Probe]:
    """Sizes do not vary."""
    return [Probe("", ours("size"), ["size"], most_rounds=1)]


def main() -> None:
    """Packs what is installed as the wheel was packed that it came from."""
    files = [Path(str(file.locate())) for file in distribution("remotemedia").files or ()]
    there = [file for file in files if file.is_file() and "__pycache__" not in file.parts]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as wheel:
        for file in there:
            wheel.write(file, "/".join(file.parts[-6:]))
    library = sum(file.stat().st_size for file in there if file.name.startswith("libremotemedia"))
    sizes = {WHEEL: packed.tell(), LIBRARY: library, "installed": sum(file.stat().st_size for file in there)}
    answer({"size": {name: size / 1e6 for name, size in sizes.items()}})


if __name__ == "__main__":
    main()
