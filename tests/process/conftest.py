"""Programs in processes of their own, on every interpreter of the machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from census import Children

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
    for package in remotemedia, cloudpickle:
        (folder / package.__name__).symlink_to(Path(package.__file__).parent)
    kept = {name: value for name, value in os.environ.items() if name.startswith("REMOTEMEDIA_")}
    return {"PYTHONPATH": str(folder), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **kept}


LIMIT = 30.0


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine to its end; a run that hangs fails instead."""

    def run_limited(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async def limited() -> Any:
            return await asyncio.wait_for(coroutine, LIMIT)

        return asyncio.run(limited())

    return run_limited


@pytest.fixture
def children() -> Children:
    """The workers that a test starts."""
    return Children()
