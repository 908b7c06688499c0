"""PassThroughNode, BufferNode, and what holds for every node of the package."""

import subprocess
import sys

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remotemedia import nodes
from remotemedia.core.node import Node
from remotemedia.nodes.base import BufferNode, PassThroughNode

ARGUMENTS = {
    "AudioBuffer": {"buffer_size_samples": 4},
    "AudioResampleNode": {"target_sample_rate": 8000, "quality": "low"},
    "AudioTransform": {"output_sample_rate": 8000, "output_channels": 1},
    "BufferNode": {"buffer_size": 2},
    "CalculatorNode": {"operation": "add", "operand": 10},
    "DataSinkNode": {"buffer_output": True},
    "DataSourceNode": {"buffer_size": 2},
    "FormatConverterNode": {"target_format": "i16"},
    "MultiplyNode": {"factor": 3.0},
    "AddNode": {"addend": 3.0},
    "StatefulCounter": {"initial_value": 5},
    "TextTransformNode": {"transform_func": str.upper},
    "VADNode": {"frame_duration_ms": 20},
    "VoiceActivityDetector": {"filter_mode": True},
}


@pytest.mark.parametrize("class_name", [name for name in nodes.__all__ if not name.startswith("Remote")])
def test_every_node(class_name):
    kind = getattr(nodes, class_name)
    arguments = ARGUMENTS.get(class_name, {})
    node = kind(name="n", **arguments)
    assert isinstance(node, Node)
    assert node.name == "n"
    assert kind(**arguments).name == class_name
    node.initialize()
    node.cleanup()
    entry = node.to_manifest()
    assert entry["node_type"] == class_name
    assert arguments.items() <= entry["params"].items()
    again = kind(**entry["params"])
    assert again.to_manifest()["params"] == entry["params"]
    back = cloudpickle.loads(cloudpickle.dumps(node))
    assert back.to_manifest().keys() == entry.keys()
    assert back.config == node.config


def test_import_stays_cheap():
    program = "import remotemedia.nodes.base, sys; print(*(sys.modules.keys() & {'numpy', 'asyncio'}))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
    assert result.stderr == ""


def test_pass_through_keeps_identity():
    data = object()
    assert PassThroughNode().process(data) is data


def test_buffer():
    node = BufferNode(2)
    assert [node.process(item) for item in "abc"] == [None, ["a", "b"], None]
    assert node.flush() == ["c"]
    assert node.flush() is None


@given(size=st.integers(1, 7), items=st.lists(st.integers()))
def test_buffer_loses_nothing(size, items):
    node = BufferNode(buffer_size=size)
    lists = [out for item in items if (out := node.process(item)) is not None]
    assert all(len(out) == size for out in lists)
    assert sum(lists, []) + (node.flush() or []) == items


def test_buffer_forgets_an_interrupted_run():
    node = BufferNode()
    node.process(1)
    node.cleanup()
    assert node.flush() is None


def test_buffer_refuses_a_bad_size():
    with pytest.raises(ValueError, match="buffer_size"):
        BufferNode(0)
