"""Programs in processes of their own, on every interpreter of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import remotemedia


def _interpreters() -> list[str]:
    """Every CPython from 3.11 on that is on the path or where pyenv keeps them, one a version."""
    names = [f"python3.{minor}" for minor in range(11, 20)]
    found = [sys.executable, *filter(None, map(shutil.which, names))]
    found += map(str, sorted(Path.home().glob(".pyenv/versions/3.*/bin/python")))
    by_version: dict[str, str] = {}
    for path in found:
        code = "import sys, platform; print(platform.python_implementation(), *sys.version_info[:2])"
        answer = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
        name, *version = answer.stdout.split() or ("",)
        if name == "CPython" and tuple(map(int, version)) >= (3, 11):
            by_version.setdefault(".".join(version), path)
    return list(by_version.values())


INTERPRETERS = _interpreters()


@pytest.fixture(params=INTERPRETERS, ids=lambda path: Path(path).parent.parent.name)
def interpreter(request: pytest.FixtureRequest) -> str:
    """The path of an interpreter."""
    return request.param


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which any interpreter finds the package, and nothing else of this one."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "remotemedia").symlink_to(Path(remotemedia.__file__).parent)
    kept = {name: value for name, value in os.environ.items() if name.startswith("REMOTEMEDIA_")}
    return {"PYTHONPATH": str(folder), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **kept}
