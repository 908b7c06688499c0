"""`Pipeline`, with the engine and with the executor written in Python: contract section 4 and P1, P2, P11."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from doubles import Recorder, Refuses

import remotemedia
from remotemedia import BufferNode, Node, PassThroughNode, Pipeline, PipelineError

both = pytest.mark.parametrize("use_rust", [True, False])


@both
def test_p1_an_exception_reaches_the_caller(run, use_rust):
    """P1."""
    node = Recorder()
    with pytest.raises(ValueError, match="will not take 2") as raised:
        run(Pipeline([node, Refuses(2)]).run([1, 2, 3], use_rust=use_rust))
    assert raised.value.partial_results == [1]
    assert (raised.value.node_id, raised.value.input_index) == ("Refuses_1", 1)
    assert node.events[0] == "init" and node.events[-1] == "clean"


@both
def test_p2_a_failure_runs_nothing_twice(run, use_rust):
    """P2."""
    node = Recorder()
    with pytest.raises(ValueError, match="will not take 3"):
        run(Pipeline([node, Refuses(3)]).run([1, 2, 3], use_rust=use_rust))
    assert node.events == ["init", "proc", "proc", "proc", "clean"]


@both
def test_results_are_unwrapped(run, use_rust):
    def result(*inputs: Any, nodes: list[Node]) -> Any:
        return run(Pipeline(nodes).run(*inputs, use_rust=use_rust))

    assert result([1, 2], nodes=[PassThroughNode()]) == [1, 2]
    assert result([1], nodes=[PassThroughNode()]) == 1
    assert result("one", nodes=[PassThroughNode()]) == "one"
    assert result([[1, 2]], nodes=[PassThroughNode()]) == [1, 2]
    assert result([None], nodes=[PassThroughNode()]) is None
    assert result([1, 2, 3], nodes=[BufferNode(2)]) == [[1, 2], [3]]


def test_p11_the_name_may_come_first():
    """P11."""
    assert Pipeline("speech").name == "speech"
    assert Pipeline(name="speech").name == "speech"
    assert Pipeline().name.startswith("Pipeline_")


def test_the_chain_can_be_changed_until_it_is_initialized(run):
    pipeline = Pipeline("p").add_node(PassThroughNode(name="a")).add_node(PassThroughNode(name="b"))
    assert (len(pipeline), pipeline.node_count, pipeline.remote_node_count) == (2, 2, 0)
    assert [node.name for node in pipeline] == ["a", "b"]
    assert repr(pipeline) == "Pipeline(name='p', nodes=2, not initialized)"
    assert pipeline.get_node("b").name == "b" and pipeline.get_node("c") is None
    assert pipeline.remove_node("a") and not pipeline.remove_node("a")
    with pytest.raises(PipelineError, match="Expected Node instance, got <class 'int'>"):
        pipeline.add_node(5)

    async def inside() -> None:
        async with pipeline.managed_execution() as managed:
            assert managed is pipeline and pipeline.is_initialized
            with pytest.raises(PipelineError, match="Cannot add nodes to an initialized pipeline"):
                pipeline.add_node(PassThroughNode())
            with pytest.raises(PipelineError, match="Cannot remove nodes from an initialized pipeline"):
                pipeline.remove_node("b")

    run(inside())
    assert not pipeline.is_initialized


def test_initialize_cleans_up_when_it_fails(run):
    class NoStart(Node):
        def initialize(self) -> None:
            raise OSError("no device")

        def process(self, data: Any) -> Any: ...

    before, after = Recorder(), Recorder()
    with pytest.raises(PipelineError, match="Pipeline initialization failed: no device") as raised:
        run(Pipeline([before, NoStart(), after]).initialize())
    assert isinstance(raised.value.__cause__, OSError)
    assert (before.events, after.events) == (["init", "clean"], ["clean"])
    with pytest.raises(PipelineError, match="Cannot initialize empty pipeline"):
        run(Pipeline().initialize())
    with pytest.raises(PipelineError, match="empty"):
        run(Pipeline().run([1]))


def test_metrics_only_where_asked_for(run):
    silent, measured = Pipeline([PassThroughNode()]), Pipeline([PassThroughNode()], enable_metrics=True)
    for pipeline in (silent, measured):
        run(pipeline.run([1, 2]))
    assert silent.get_metrics() is None
    metrics = measured.get_metrics()
    assert metrics["node_metrics"][0]["execution_count"] == 2
    assert {"pipeline_id", "total_executions", "peak_memory_mb", "metrics_overhead_us"} <= metrics.keys()


@both
def test_p12_debug_logging_shows_what_happens(run, use_rust, caplog):
    """P12: no level is forced; whoever asks for DEBUG gets it."""
    pipeline = Pipeline([PassThroughNode(name="n")], name="p")
    run(pipeline.run([1], use_rust=use_rust))
    assert pipeline.logger.level == logging.NOTSET and not caplog.records

    async def managed() -> None:
        async with pipeline.managed_execution():
            await pipeline.run([1, 2], use_rust=use_rust)

    with caplog.at_level(logging.DEBUG):
        run(managed())
    assert [record.message for record in caplog.records if record.name == "Pipeline"] == [
        "pipeline 'p': initialize node 'n'",
        f"pipeline 'p': run in {'the engine' if use_rust else 'Python'}",
        "pipeline 'p': 2 outputs",
        "pipeline 'p': clean up node 'n'",
    ]


def test_serialize():
    document = json.loads(Pipeline([BufferNode(3), PassThroughNode(name="last")], name="p").serialize(description="d"))
    assert document["version"] == "v1"
    assert document["metadata"]["description"] == "d" and document["metadata"]["created_at"].endswith("Z")
    assert [(node["id"], node["params"]) for node in document["nodes"]] == [
        ("BufferNode_0", {"buffer_size": 3}),
        ("last_1", {}),
    ]
    assert document["connections"] == [{"from": "BufferNode_0", "to": "last_1"}]
    assert json.loads(Pipeline("empty").serialize())["nodes"] == []


def test_runtime_detection(monkeypatch):
    assert remotemedia.try_load_rust_runtime() == (True, remotemedia.runtime, None)
    assert remotemedia.is_rust_runtime_available() and remotemedia.get_rust_runtime() is remotemedia.runtime
    assert remotemedia.runtime.is_available()
    assert remotemedia.runtime.get_runtime_version() == remotemedia.__version__
    monkeypatch.setattr(remotemedia, "_rust_runtime", None)
    monkeypatch.setattr(remotemedia, "try_load_rust_runtime", lambda: (False, None, "Module not found: x"))
    # Restored with the module: else every later test would run in Python.
    monkeypatch.setattr(remotemedia, "_rust_runtime_available", True)
    with pytest.warns(UserWarning, match="Rust runtime unavailable.*Module not found: x"):
        assert not remotemedia.is_rust_runtime_available()


def test_without_the_library_pipelines_run_in_python(run, monkeypatch):
    monkeypatch.setattr(remotemedia, "is_rust_runtime_available", lambda: False)
    assert run(Pipeline([PassThroughNode()]).run([1, 2])) == [1, 2]
