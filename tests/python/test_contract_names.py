"""The names and signatures that programs rely on: contract sections 1, 3 to 6 and 11."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import remotemedia
from remotemedia.core.exceptions import RemoteMediaError

EXCEPTIONS = "RemoteMediaError PipelineError NodeError RemoteExecutionError SerializationError ConfigurationError"
NODES = (
    "PassThroughNode BufferNode CalculatorNode MultiplyNode AddNode DataSourceNode DataSinkNode AudioTransform "
    "AudioBuffer AudioResampleNode VADNode FormatConverterNode VoiceActivityDetector ExtractAudioDataNode "
    "TextProcessorNode TextTransformNode StatefulCounter RemoteExecutionNode"
)
NAMES = {
    "remotemedia": (
        f"Pipeline Node RemoteExecutorConfig {EXCEPTIONS} execute_pipeline execute_pipeline_with_input "
        "is_rust_runtime_available get_rust_runtime try_load_rust_runtime runtime register_node register_node_class "
        f"list_registered_nodes __version__ {NODES}"
    ),
    "remotemedia.runtime": (
        "execute_pipeline execute_pipeline_with_input execute_pipeline_with_instances get_runtime_version is_available "
        "__version__ numpy_to_audio_dict audio_dict_to_numpy"
    ),
    "remotemedia.runtime_wrapper": "execute_pipeline execute_pipeline_with_input",
    "remotemedia.core": (
        f"Pipeline Node RemoteExecutorConfig RuntimeData DataType AudioMetadata VideoMetadata {EXCEPTIONS}"
    ),
    "remotemedia.core.node": "Node SessionState StateManager RemoteExecutorConfig",
    "remotemedia.core.pipeline": "Pipeline",
    "remotemedia.core.exceptions": EXCEPTIONS,
    "remotemedia.core.node_serialization": (
        "SerializationError serialize_node_for_ipc deserialize_node_from_ipc validate_node_serializable "
        "MAX_SERIALIZED_SIZE_BYTES"
    ),
    "remotemedia.core.multiprocessing.data": (
        "RuntimeData DataType AudioFormat VideoFormat TensorType AudioMetadata VideoMetadata TextMetadata "
        "TensorMetadata ControlMessageType ControlMessageMetadata FileMetadata numpy_to_audio audio_to_numpy"
    ),
    "remotemedia.nodes": NODES,
    "remotemedia.nodes.audio": "AudioTransform AudioBuffer AudioResampleNode VADNode FormatConverterNode",
    "remotemedia.nodes.calculator": "CalculatorNode MultiplyNode AddNode",
    "remotemedia.nodes.io_nodes": "DataSourceNode DataSinkNode",
    "remotemedia.nodes.base": "PassThroughNode BufferNode",
    "remotemedia.nodes.remote": "RemoteExecutionNode",
}
# Of a method without `self`; "…" ends those that may have more.
SIGNATURES = {
    "remotemedia.Node": "name=None, enable_state=True, state_ttl=None, max_sessions=None, **kwargs",
    "remotemedia.Node.process": "data",
    "remotemedia.Node.initialize": "",
    "remotemedia.Node.cleanup": "",
    "remotemedia.Node.set_session_id": "session_id",
    "remotemedia.Node.get_session_id": "",
    "remotemedia.Node.get_session_state": "session_id=None",
    "remotemedia.Node.extract_session_id": "data",
    "remotemedia.Node.split_data_metadata": "data",
    "remotemedia.Node.merge_data_metadata": "data, metadata",
    "remotemedia.Node.get_config": "",
    "remotemedia.Node.get_capabilities": "",
    "remotemedia.Node.to_manifest": "include_capabilities=True",
    "remotemedia.Node._extract_params": "",
    "remotemedia.core.node.SessionState": "session_id, data=None, created_at=None, last_accessed=None, metadata=None",
    "remotemedia.core.node.SessionState.get": "key, default=None",
    "remotemedia.core.node.SessionState.set": "key, value",
    "remotemedia.core.node.SessionState.update": "values",
    "remotemedia.core.node.SessionState.clear": "",
    "remotemedia.core.node.StateManager": "default_ttl=None, max_sessions=None, enable_persistence=False",
    "remotemedia.core.node.StateManager.get_or_create_session": "session_id",
    "remotemedia.core.node.StateManager.get_session": "session_id",
    "remotemedia.core.node.StateManager.delete_session": "session_id",
    "remotemedia.core.node.StateManager.get_all_sessions": "",
    "remotemedia.core.node.StateManager.clear_all_sessions": "",
    "remotemedia.core.node.StateManager.cleanup_expired_sessions": "",
    "remotemedia.core.node.StateManager.start_cleanup_task": "interval=datetime.timedelta(seconds=300)",
    "remotemedia.core.node.StateManager.stop_cleanup_task": "",
    "remotemedia.RemoteExecutorConfig": (
        "host, port, protocol='grpc', auth_token=None, timeout=30.0, max_retries=3, ssl_enabled=True, pip_packages=None"
    ),
    "remotemedia.RemoteExecutionError": "message, remote_traceback=None",
    "remotemedia.SerializationError": "node_name, reason, suggestion=None, *, attr_name=None, …",
    "remotemedia.Pipeline": "nodes=None, name=None, enable_metrics=False",
    "remotemedia.Pipeline.add_node": "node",
    "remotemedia.Pipeline.remove_node": "name",
    "remotemedia.Pipeline.get_node": "name",
    "remotemedia.Pipeline.initialize": "",
    "remotemedia.Pipeline.cleanup": "",
    "remotemedia.Pipeline.managed_execution": "",
    "remotemedia.Pipeline.process": "stream=None",
    "remotemedia.Pipeline.run": "input_data=None, use_rust=True, *, …",
    "remotemedia.Pipeline.get_metrics": "",
    "remotemedia.Pipeline.get_config": "",
    "remotemedia.Pipeline.serialize": "include_capabilities=True, description=None",
    "remotemedia.Pipeline.export_definition": "",
    "remotemedia.Pipeline.from_definition": "definition, *, …",
    "remotemedia.execute_pipeline": "pipeline_or_manifest, enable_metrics=False, *, …",
    "remotemedia.execute_pipeline_with_input": "pipeline_or_manifest, input_data, enable_metrics=False, *, …",
    "remotemedia.runtime.execute_pipeline": "pipeline_or_manifest, enable_metrics=False, *, …",
    "remotemedia.runtime.execute_pipeline_with_input": "pipeline_or_manifest, input_data, enable_metrics=False, *, …",
    "remotemedia.runtime.execute_pipeline_with_instances": "nodes, input_data=None, enable_metrics=False, *, …",
    "remotemedia.runtime.numpy_to_audio_dict": "samples, sample_rate, channels",
    "remotemedia.runtime.audio_dict_to_numpy": "audio",
    "remotemedia.register_node": "node_type",
    "remotemedia.register_node_class": "cls, node_type=None",
    "remotemedia.core.node_serialization.serialize_node_for_ipc": "node",
    "remotemedia.core.node_serialization.deserialize_node_from_ipc": "data",
    "remotemedia.core.node_serialization.validate_node_serializable": "node",
    "remotemedia.BufferNode": "buffer_size=10, …",
    "remotemedia.MultiplyNode": "factor=2.0, …",
    "remotemedia.AddNode": "addend=0.0, …",
    "remotemedia.DataSourceNode": "buffer_size=100, timeout_seconds=30.0, name=None, …",
    "remotemedia.DataSinkNode": "callback=None, buffer_output=False, buffer_size=100, name=None, …",
    "remotemedia.AudioTransform": "output_sample_rate=44100, output_channels=2, …",
    "remotemedia.AudioBuffer": "buffer_size_samples, …",
    "remotemedia.AudioResampleNode": "target_sample_rate=16000, quality='high', runtime_hint='auto', …",
    "remotemedia.VADNode": "frame_duration_ms=30, energy_threshold=0.02, runtime_hint='auto', …",
    "remotemedia.FormatConverterNode": "target_format='f32', runtime_hint='auto', …",
    "remotemedia.VoiceActivityDetector": (
        "frame_duration_ms=30, energy_threshold=0.02, speech_threshold=0.3, filter_mode=False, include_metadata=True, …"
    ),
    "remotemedia.TextTransformNode": "transform_func, …",
    "remotemedia.StatefulCounter": "initial_value=0, …",
    "remotemedia.RemoteExecutionNode": (
        "node_to_execute, remote_config, node_config=None, serialization_format='pickle', …"
    ),
}
DATA = "remotemedia.core.multiprocessing.data"
SIGNATURES |= {
    f"{DATA}.{name}": signature
    for name, signature in {
        "RuntimeData": "type, payload, session_id, timestamp, metadata=None",
        "AudioMetadata": "sample_rate, channels, format, duration_ms, annotations=None",
        "VideoMetadata": "width, height, format, fps",
        "TextMetadata": "encoding='utf-8', language=None, channel='tts'",
        "TensorMetadata": "shape, dtype",
        "FileMetadata": ("path, filename=None, mime_type=None, size=None, offset=None, length=None, stream_id=None"),
        "FileMetadata.from_ipc": (
            "path, filename=None, mime_type=None, size=None, offset=None, length=None, stream_id=None"
        ),
        "RuntimeData.audio": "samples, sample_rate, channels=1, session_id='', format=<AudioFormat.F32: 1>",
        "RuntimeData.video": "frame, width, height, format=<VideoFormat.RGB: 1>, fps=30.0, session_id=''",
        "RuntimeData.text": "text, session_id='', language=None, channel='tts'",
        "RuntimeData.tensor": "data, session_id='', dtype=<TensorType.F32: 1>",
        "RuntimeData.control_message": "message_type, segment_id=None, session_id='', **fields",
        "RuntimeData.file": (
            "path, session_id='', filename=None, mime_type=None, size=None, offset=None, length=None, stream_id=None"
        ),
        "RuntimeData.json": "value, session_id=''",
        "RuntimeData.binary": "data, session_id=''",
        "RuntimeData.as_text": "encoding='utf-8'",
        "RuntimeData.from_bytes": "data",
        **dict.fromkeys(
            (
                f"RuntimeData.{method}"
                for method in (
                    "data_type is_text is_audio is_video is_tensor is_file is_json is_control_message is_cancellation "
                    "as_numpy as_audio as_json as_binary get_file_path to_bytes"
                ).split()
            ),
            "",
        ),
    }.items()
}


def resolve(path):
    """What a dotted path stands for: a module, and attributes of it."""
    parts = path.split(".")
    for size in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:size]))
        except ImportError:
            continue
        for part in parts[size:]:
            found = getattr(found, part)
        return found
    raise AssertionError(path)


def written(path):
    """The signature of something as the table has it."""
    called = inspect.signature(resolve(path)).replace(return_annotation=inspect.Signature.empty)
    parameters = [each.replace(annotation=inspect.Parameter.empty) for each in called.parameters.values()]
    if parameters and parameters[0].name == "self":
        del parameters[0]
    return str(called.replace(parameters=parameters))[1:-1]


@pytest.mark.parametrize("module", NAMES)
def test_names(module):
    found = importlib.import_module(module)
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []
    exported = getattr(found, "__all__", None)
    assert exported is None or [name for name in exported if not hasattr(found, name)] == []


@pytest.mark.parametrize("module", ["remotemedia", "remotemedia.core"])
def test_exported_names(module):
    assert set(NAMES[module].split()) <= set(importlib.import_module(module).__all__)


@pytest.mark.parametrize(("path", "signature"), SIGNATURES.items())
def test_signatures(path, signature):
    beginning, more, _ = signature.partition("…")
    got = written(path)
    assert got.startswith(beginning) if more else got == signature


def test_exceptions():
    for name in EXCEPTIONS.split():
        assert issubclass(getattr(remotemedia, name), RemoteMediaError)
        assert getattr(remotemedia, name) is getattr(remotemedia.core.exceptions, name)


def test_attributes_of_a_pipeline():
    pipeline = remotemedia.Pipeline([remotemedia.PassThroughNode()], name="p")
    assert (pipeline.node_count, pipeline.remote_node_count, pipeline.is_initialized, len(pipeline)) == (1, 0, False, 1)
    assert pipeline.get_config() == {
        "name": "p",
        "node_count": 1,
        "remote_node_count": 0,
        "nodes": [{"name": "PassThroughNode", "class": "PassThroughNode", "config": {}}],
        "is_initialized": False,
    }


TYPED = """
from typing import Any, assert_type
from remotemedia import Node, Pipeline, RemoteExecutorConfig, execute_pipeline, execute_pipeline_with_input, runtime
from remotemedia.core import RuntimeData
from remotemedia.core.node_serialization import deserialize_node_from_ipc, serialize_node_for_ipc
from remotemedia.metrics import Measured, Metrics

class Echo(Node):
    def process(self, data: Any) -> Any:
        return data

async def main(flag: bool) -> None:
    assert_type(await execute_pipeline_with_input([Echo()], [1]), list[Any])
    assert_type(await execute_pipeline_with_input([Echo()], [1], True), Measured[list[Any]])
    assert_type(await execute_pipeline_with_input([Echo(), {"node_type": "X"}], [1], flag),
                list[Any] | Measured[list[Any]])
    measured = await execute_pipeline(Pipeline([Echo()]), enable_metrics=True)
    assert_type(measured["metrics"]["node_metrics"][0]["execution_count"], int)
    assert_type(Pipeline("p").get_metrics(), Metrics | None)
    assert_type(await Pipeline.from_definition({}), Pipeline)
    assert_type(serialize_node_for_ipc(Echo()), bytes)
    assert_type(deserialize_node_from_ipc(b""), Node)
    assert_type(RuntimeData.text("x"), RuntimeData)
    RemoteExecutorConfig("h", 1)("Gain", node_config={})
"""


def test_types_for_strict_programs(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "program.py").write_text(TYPED)
    package = Path(remotemedia.__file__).parents[1]
    # What is installed is found by itself, and refused as a path.
    path = {} if package.name == "site-packages" else {"MYPYPATH": str(package)}
    options = "--strict", "--follow-imports=silent", "--cache-dir", tmp_path / "cache"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, tmp_path / "program.py"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", **path},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
