"""docs/manifest.md: its manifests run, and it has every built-in type with every parameter."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import remotemedia

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs/manifest.md").read_text()
BUILT_IN = re.findall(r'add_native\("(\w+)"', (ROOT / "runtime/nodes/src/lib.rs").read_text())


@remotemedia.register_node("Loudest")
class Loudest(remotemedia.Node):
    def process(self, frame: Any) -> float:
        return float(np.abs(frame.samples).max())


def shown(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", MANUAL, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_manifest_in_yaml_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    noise = np.full(4800, 0.25, np.float32)
    write = [{"node_type": "WavSinkNode", "params": {"path": "talk.wav"}}]
    asyncio.run(remotemedia.execute_pipeline_with_input(write, [(noise, 48_000)]))
    outputs = asyncio.run(remotemedia.execute_pipeline(shown("yaml")))
    written = [output for output in outputs if isinstance(output, dict)]
    assert [output["sample_rate"] for output in written] == [16_000]
    peaks = [output for output in outputs if isinstance(output, float)]
    assert len(peaks) + 1 == len(outputs)
    assert max(peaks) == pytest.approx(0.25, abs=0.1)


def test_the_manifest_in_json_runs() -> None:
    frame = remotemedia.AudioFrame(np.array([0.5, -1.0], np.float32), 48_000)
    assert asyncio.run(remotemedia.execute_pipeline_with_input(shown("json"), [frame])) == [1.0]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_type_is_there_with_its_parameters(name: str) -> None:
    row = re.search(rf"^\| `{name}` \|.*$", MANUAL, re.MULTILINE)
    assert row is not None
    with pytest.raises(ValueError, match="unknown key 'nonsense'") as refused:
        wrong = {"version": "v1", "nodes": [{"id": "x", "node_type": name, "params": {"nonsense": 1}}]}
        asyncio.run(remotemedia.execute_pipeline_with_input(wrong, [1]))
    known = re.search(r"known keys are ([\w, ]+)", str(refused.value))
    parameters = known[1].split(", ") if known else []
    assert [key for key in parameters if f"`{key}`" not in row[0]] == []
