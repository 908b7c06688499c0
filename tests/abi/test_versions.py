"""One version, from runtime/Cargo.toml, wherever one is told; one version of the ABI, in the header and the soname."""

from __future__ import annotations

import ctypes
import importlib.metadata
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def version(root: Path) -> str:
    found = tomllib.loads((root / "runtime/Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert isinstance(found, str)
    return found


@pytest.fixture(scope="module")
def loaded(library: Path) -> ctypes.CDLL:
    return ctypes.CDLL(str(library))


def test_every_crate_has_it(root: Path, version: str) -> None:
    manifests = [tomllib.loads(path.read_text()) for path in root.glob("runtime/*/Cargo.toml")]
    assert len(manifests) > 4
    assert [item["package"]["version"] for item in manifests] == [{"workspace": True}] * len(manifests)


def test_the_library_has_it(loaded: ctypes.CDLL, version: str) -> None:
    text, length = ctypes.create_string_buffer(32), ctypes.c_size_t()
    assert loaded.rm_version(text, ctypes.c_size_t(len(text)), ctypes.byref(length)) == 0
    assert text.value.decode() == version


def test_the_wheel_has_it(version: str) -> None:
    assert importlib.metadata.version("remotemedia") == version


@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is missing; install: apt-get install cmake")
def test_cmake_and_pkg_config_have_it(root: Path, version: str, tmp_path: Path) -> None:
    """What is made when CMake configures; tests/package looks at what is installed."""
    options = ["-DREMOTEMEDIA_BUILD_TESTS=OFF", "-DREMOTEMEDIA_BUILD_EXAMPLES=OFF"]
    subprocess.run(["cmake", "-S", root, "-B", tmp_path, *options], check=True, capture_output=True, timeout=120)
    installed = tmp_path / "installed"
    assert f"\nVersion: {version}\n" in (installed / "remotemedia.pc").read_text()
    assert f'set(PACKAGE_VERSION "{version}")' in (installed / "remotemedia-config-version.cmake").read_text()
    assert f"libremotemedia.so.{version}" in (installed / "remotemedia-config.cmake").read_text()


def test_the_abi_is_one(loaded: ctypes.CDLL, library: Path, header: str) -> None:
    """The header, the library and the soname; a major version of the ABI is a soname of its own."""
    (told,) = re.findall(r"^#define RM_ABI_VERSION (\d+)$", header, re.MULTILINE)
    loaded.rm_abi_version.restype = ctypes.c_uint32
    assert loaded.rm_abi_version() == int(told)
    dynamic = subprocess.run(["readelf", "--dynamic", library], check=True, capture_output=True, text=True, timeout=60)
    assert f"[libremotemedia.so.{int(told) >> 16}]" in dynamic.stdout
