"""Plugins in Python, where the library itself was loaded with RTLD_LOCAL: they find it by its soname."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import remotemedia
from remotemedia._engine import library

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "bindings/examples/plugin"
MODULE = ROOT / "tests/c/plugin_module.c"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to build in, with the library as a linker looks for it. No loader looks there."""
    folder = tmp_path_factory.mktemp("plugins")
    shutil.copy(library.path(), folder / "libremotemedia.so")
    return folder


def build(folder: Path, source: Path, name: str, *options: str, linked: bool = True) -> Path:
    made = folder / name
    link = [f"-L{folder}", "-lremotemedia"] if linked else []
    command = ["cc", "-shared", "-fPIC", "-I", ROOT / "include", *options, source, *link, "-o", made]
    subprocess.run(command, check=True, timeout=60)
    return made


@pytest.fixture(scope="module")
def gain(folder: Path) -> Path:
    return build(folder, EXAMPLES / "gain.c", "gain.so")


def test_the_example_runs(gain: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "gain.py", gain], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[0.5]\n"


def test_its_types_can_be_named_beside_nodes_in_python(folder: Path) -> None:
    class Quiet(remotemedia.Node):
        def process(self, text: str) -> str:
            return text.lower()

    remotemedia.load_plugin(build(folder, MODULE, "good.so"))
    remotemedia.load_plugin(str(folder / "good.so"))
    nodes = [Quiet(), {"node_type": "Shout"}]
    assert asyncio.run(remotemedia.execute_pipeline_with_input(nodes, ["HEY"])) == ["hey!"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-DPLUGIN_VERSION=0x10001"], "compiled for version 0x10001 of the ABI"),
        (["-DPLUGIN_SIZE=8"], "struct_size of the rm_plugin is 8"),
        (['-DPLUGIN_TYPE="Licensed"', '-DPLUGIN_FAILURE="no licence"'], "init failed with status -100: no licence"),
        (['-DPLUGIN_TYPE="CalculatorNode"'], "there is a node type 'CalculatorNode' already"),
    ],
)
def test_what_cannot_be_used_says_why(folder: Path, tmp_path: Path, options: list[str], words: str) -> None:
    made = build(folder, MODULE, f"{tmp_path.name}.so", *options)
    with pytest.raises(ImportError, match=words):
        remotemedia.load_plugin(made)


def test_one_that_is_not_linked_with_the_library_says_what_to_do(folder: Path) -> None:
    made = build(folder, MODULE, "unlinked.so", linked=False)
    with pytest.raises(ImportError, match=r"undefined symbol: rm_.*; link it with -lremotemedia"):
        remotemedia.load_plugin(made)


def test_what_is_no_plugin_is_refused(folder: Path) -> None:
    with pytest.raises(ImportError, match="cannot open shared object file"):
        remotemedia.load_plugin(folder / "nowhere.so")
    with pytest.raises(ImportError, match="invalid ELF header"):
        remotemedia.load_plugin(__file__)
    with pytest.raises(ImportError, match="it has no 'rm_plugin_entry'"):
        remotemedia.load_plugin(build(folder, ROOT / "tests/c/header.c", "empty.so"))


def test_a_path_relative_to_the_folder_is_taken(gain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(gain.parent)
    remotemedia.load_plugin("gain.so")
