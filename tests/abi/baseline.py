"""The ABI that the header promises, as libabigail sees it. Run as a program it makes that the baseline."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
BASELINE = Path(__file__).with_name("baseline.abi")
HEADER = ROOT / "include/remotemedia.h"

PROTOTYPE = re.compile(r"^(?!typedef)(\w+ rm_\w+\([^;]*?\));", re.MULTILINE)
# The version is there to be changed, and an initialiser, in braces, becomes part of the program.
CONSTANT = re.compile(r"^#define (RM_(?!ABI_VERSION)\w+) (?!\{)", re.MULTILINE)
WRITE = ["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-parameter-names", "--no-elf-needed"]
COMPARE = ["--leaf-changes-only", "--harmless", "--no-show-locs", "--no-corpus-path"]


@dataclass(frozen=True)
class Difference:
    """What has changed since the baseline."""

    report: str
    # What a program that was compiled before would stumble over. All the rest is added.
    breaks: list[str]


def compile_header(header: str, folder: Path) -> Path:
    """A library with nothing in it but what the header declares. A constant is a variable, whose type has the value."""
    (folder / "remotemedia.h").write_text(header)
    functions = [f"{prototype} {{ return 0; }}" for prototype in PROTOTYPE.findall(header)]
    constants = [f"enum {name}_type {{ {name}_value = {name} }} {name}_;" for name in CONSTANT.findall(header)]
    lines = ["#include <remotemedia.h>", *constants, *functions]
    (folder / "promise.c").write_text("\n".join(lines) + "\n")
    library = folder / "libpromise.so"
    command = ["cc", "-g", "-w", "-shared", "-fPIC", f"-I{folder}", "-o", library, folder / "promise.c"]
    subprocess.run(command, check=True, timeout=60)
    return library


def write(header: str, path: Path) -> None:
    """Writes the ABI of a header down."""
    with TemporaryDirectory() as folder:
        library = compile_header(header, Path(folder))
        subprocess.run(["abidw", *WRITE, "--out-file", path, library], check=True, timeout=60)


def compare(baseline: Path, header: str) -> Difference:
    with TemporaryDirectory() as folder:
        library = compile_header(header, Path(folder))
        command = ["abidiff", *COMPARE, baseline, library]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    # Bits: 1 a failure, 2 a wrong use, 4 a change, 8 one that breaks for certain.
    if done.returncode & 3:
        raise RuntimeError(f"abidiff failed: {done.stdout}{done.stderr}")
    return Difference(done.stdout, breaks(done.stdout))


def breaks(report: str) -> list[str]:
    """The paragraphs of a report that tell of more than additions."""
    lines = [line for line in report.splitlines() if line.strip() and " summary: " not in line]
    paragraphs = [paragraph for paragraph in re.split(r"\n(?=\S)", "\n".join(lines)) if paragraph]
    return [paragraph for paragraph in paragraphs if not is_addition(paragraph)]


def is_addition(paragraph: str) -> bool:
    """Functions, constants, fields behind all others, and a name for what was reserved."""
    title, *lines = paragraph.splitlines()
    if re.fullmatch(r"\d+ Added (function|variable)s?:", title):
        return True
    if not re.fullmatch(r"'struct \w+' changed:", title):
        return False
    grown = re.search(r"type size changed from (\d+) to (\d+) ", paragraph)
    old, new = (int(grown[1]), int(grown[2])) if grown else (0, 0)
    return new >= old and all(is_added(line.strip(), old) for line in lines)


def is_added(line: str, old_size: int) -> bool:
    """Whether a line of a paragraph tells of nothing that was there before."""
    field = re.fullmatch(r"'.*', at offset (\d+) \(in bits\)", line)
    if field:
        return 0 < old_size <= int(field[1])
    harmless = (
        r"type size (changed from \d+ to \d+ \(in bits\)|hasn't changed)",
        r"\d+ data member insertions?:",
        r"there are data member changes:",
        r"name of '\w+::reserved\w*' changed to '.*'",
    )
    return any(re.fullmatch(pattern, line) for pattern in harmless)


def main() -> int:
    header = HEADER.read_text()
    if BASELINE.exists():
        difference = compare(BASELINE, header)
        print(difference.report or "nothing has changed")
        if difference.breaks:
            print(
                "This breaks older programs. If it has to be, raise RM_ABI_VERSION as docs/abi.md says\n"
                f"under Evolution, delete {BASELINE.relative_to(ROOT)} and run this again.",
                file=sys.stderr,
            )
            return 1
    write(header, BASELINE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
