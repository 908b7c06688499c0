"""The package as it is installed: its import, its types, its wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import remotemedia

ROOT = Path(__file__).parents[2]


def python(code: str, executable: str | Path = sys.executable, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, **options)


def test_k2_import_is_silent_and_leaves_nothing_behind():
    """K2."""
    code = """
import logging, sys, threading
import remotemedia
print(logging.root.handlers, logging.getLogger("remotemedia").handlers, threading.active_count())
print([name for name in ("numpy", "asyncio", "cloudpickle") if name in sys.modules])
"""
    done = python(code)
    assert (done.stdout, done.stderr) == ("[] [] 1\n[]\n", "")


def test_the_version_has_one_source():
    (version,) = [line for line in (ROOT / "runtime/Cargo.toml").read_text().splitlines() if line.startswith("version")]
    assert version == f'version = "{remotemedia.__version__}"'
    assert remotemedia.runtime.__version__ == remotemedia.__version__


def test_a_missing_or_wrong_library_is_told(tmp_path):
    code = """
import warnings
import remotemedia
print(remotemedia.runtime)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(remotemedia.is_rust_runtime_available(), str(caught[0].message))
import asyncio
from remotemedia import PassThroughNode, Pipeline, execute_pipeline
warnings.simplefilter("ignore")
print(asyncio.run(Pipeline([PassThroughNode()]).run([1, 2])))
try:
    asyncio.run(execute_pipeline([PassThroughNode()]))
except ImportError as error:
    print("remotemedia.runtime" in str(error))
"""
    (tmp_path / "broken.so").write_text("not a library")
    for path, said in ((tmp_path / "none.so", "is not at"), (tmp_path / "broken.so", "does not load")):
        package = Path(remotemedia.__file__).parents[1]
        done = python(code, env={"REMOTEMEDIA_LIBRARY": str(path), "PYTHONPATH": str(package)})
        none, warning, result, told = done.stdout.splitlines()
        assert (none, result, told) == ("None", "[1, 2]", "True"), done.stderr
        assert warning.startswith("False") and said in warning


@pytest.mark.slow
def test_the_wheel_runs_outside_the_tree(tmp_path):
    """`pip install .` in an empty environment."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, timeout=1500)
    (wheel,) = tmp_path.glob("remotemedia-*.whl")
    assert wheel.name.startswith(f"remotemedia-{remotemedia.__version__}-py3-none-")
    assert wheel.stat().st_size < 10 * 2**20
    names = zipfile.ZipFile(wheel).namelist()
    libraries = [name for name in names if ".so" in name]
    assert libraries == ["remotemedia/_lib/libremotemedia.so.0"]
    assert "remotemedia/py.typed" in names
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    interpreter = tmp_path / "venv/bin/python"
    subprocess.run([interpreter, "-m", "pip", "install", "--quiet", wheel], check=True, timeout=300)
    pip_list = [interpreter, "-m", "pip", "list", "--format=freeze"]
    listed = subprocess.run(pip_list, capture_output=True, text=True, check=True)
    packages = {line.split("==")[0] for line in listed.stdout.split()} - {"pip", "setuptools"}
    assert packages == {"remotemedia", "cloudpickle"}
    code = """
import asyncio
from remotemedia import PassThroughNode, execute_pipeline_with_input
print(asyncio.run(execute_pipeline_with_input([PassThroughNode()], [1])))
"""
    done = python(code, interpreter, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"})
    assert (done.stdout, done.stderr) == ("[1]\n", "")


@pytest.mark.skipif(shutil.which("ldd") is None, reason="ldd is not on this machine")
def test_k7_the_library_is_small_and_needs_no_python():
    """K7."""
    library = remotemedia._engine.library.path()
    needed = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
    assert not [name for name in ("python", "avcodec", "avformat", "onnx") if name in needed]
    # What is loaded of it; symbols for debuggers are not.
    loaded = 0
    for line in subprocess.run(["size", "-B", library], capture_output=True, text=True, check=True).stdout.splitlines():
        loaded = int(line.split()[3]) if line.split()[3].isdigit() else loaded
    assert 0 < loaded < 10 * 2**20
