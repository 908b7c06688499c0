"""One operation, with the first fault point that it passes failing, then the second, until none is left to fail.

Run in a process of its own: `trial.py OPERATION POINT TIMES FOLDER`, where so many points in a row fail. Prints, as
JSON, what was said each time.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from count import attempt, census, left_of, works
from points import Point, arm, failures


def trial(name: str, point: Point, times: int, folder: Path) -> list[str | None]:
    for _ in range(3):  # what is made once and stays
        works(name, folder)
    time.sleep(0.2)
    before = census()
    said: list[str | None] = []
    while True:
        arm(point, len(said) + 1, times)
        words = attempt(name, folder)
        failed = failures(point)
        arm(point, 0)
        left = left_of(before)
        assert left is None, f"fault {len(said) + 1} ({words}) leaves {left}, before it was {before}"
        # Whatever it was, what is there works on.
        works(name, folder)
        left = left_of(before)
        assert left is None, f"after fault {len(said) + 1} ({words}) what works leaves {left}, before it was {before}"
        if failed == 0:
            assert words is None, words
            return said
        said.append(words)


if __name__ == "__main__":
    _, operation, kind, times, folder = sys.argv
    print(json.dumps(trial(operation, Point[kind], int(times), Path(folder))))
