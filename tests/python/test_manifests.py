"""Manifests and mixed lists: contract part 2, X1 to X9, and the errors of section 5."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import threading
from typing import Any

import pytest
from doubles import Recorder

from remotemedia import (
    AddNode,
    BufferNode,
    CalculatorNode,
    MultiplyNode,
    Node,
    PassThroughNode,
    Pipeline,
    execute_pipeline,
    execute_pipeline_with_input,
    list_registered_nodes,
    register_node,
    register_node_class,
    runtime,
)
from remotemedia._engine.engine import engine
from remotemedia._engine.library import library


def manifest(*nodes: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"version": "v1", "nodes": list(nodes), **rest}


def calculator(node_id: str, operation: str, operand: float) -> dict[str, Any]:
    return {"id": node_id, "node_type": "CalculatorNode", "params": {"operation": operation, "operand": operand}}


PASS = {"id": "pass", "node_type": "PassThrough"}


@pytest.mark.parametrize("form", [dict, json.dumps])
def test_x1_every_input_is_used(run, form):
    """X1."""
    assert run(execute_pipeline_with_input(form(manifest(PASS)), ["a", "b", "c"])) == ["a", "b", "c"]
    doubled = manifest(calculator("add", "add", 10), calculator("double", "multiply", 2))
    assert run(execute_pipeline_with_input(form(doubled), [1, 2, 3])) == [22, 24, 26]


def test_x2_bad_input_is_an_error_and_no_hang(run):
    """X2."""
    with pytest.raises(ValueError, match="Invalid input for node 'calc': expected an object .* got the text"):
        run(execute_pipeline(manifest({"id": "calc", "node_type": "CalculatorNode"}, PASS)))
    with pytest.raises(ValueError, match="Invalid input for node 'calc'"):
        run(execute_pipeline_with_input(manifest({"id": "calc", "node_type": "CalculatorNode"}), [{"no": "sum"}]))
    with pytest.raises(ValueError, match="Invalid input for node 'calc': expected json, got object"):
        run(execute_pipeline_with_input(manifest({"id": "calc", "node_type": "CalculatorNode"}), [object()]))


def test_x2_a_node_that_emits_nothing_ends(run):
    """X2."""
    assert run(execute_pipeline(manifest({"id": "b", "node_type": "BufferNode", "params": {"buffer_size": 2}}))) == [""]
    register_node_class(Silent)
    assert run(execute_pipeline(manifest({"id": "s", "node_type": "Silent"}))) is None


class Silent(Node):
    def process(self, data: Any) -> None:
        return None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"version": "v1", "nodes": []}, "Failed to parse manifest: at /nodes"),  # X3
        ({"version": "v9", "nodes": [PASS]}, "Failed to parse manifest: at /version: .*v9"),  # X4
        ({"nodes": [PASS]}, 'Failed to parse manifest: .*"version"'),
        ({"version": "v1"}, 'Failed to parse manifest: .*"nodes"'),
        (manifest(PASS, PASS), "Duplicate node id 'pass'"),  # X5
        (manifest({**PASS, "parms": {}}), "at /nodes/0: unknown key 'parms'; did you mean 'params'"),  # X7
        (manifest({**PASS, "params": {"volume": 1}}), "Parameter validation failed .1 error.s.*unknown key 'volume'"),
        (manifest(PASS, connections=[{"from": "pass", "to": "x"}]), "references unknown target node: x"),
        (manifest(PASS, connections=[{"from": "y", "to": "pass"}]), "references unknown source node: y"),
        (manifest(PASS, connections=[{"from": "pass", "to": "pass"}]), "Pipeline contains a cycle - cannot execute"),
        (manifest({**PASS, "host": "far:1"}), "asks for host 'far:1'"),
        (manifest({**PASS, "id": "a b"}), "/nodes/0/id"),
        ("{", "Failed to parse manifest"),
        ("[1]", "Failed to parse manifest"),
    ],
)
def test_what_is_wrong_is_named_at_once(run, document, message):
    with pytest.raises(ValueError, match=message):
        run(execute_pipeline(document))


@pytest.mark.parametrize(
    ("described", "is_right"),
    [
        ({"capabilities": {"gpu": {"type": "cuda", "min_memory_gb": 4, "required": False}}}, True),
        ({"capabilities": {"cpu": {"cores": 2, "arch": "aarch64"}, "memory_gb": 0.5}}, True),
        ({"capabilities": {"gpu": {"min_memory_gb": 4}}}, False),
        ({"capabilities": {"gpu": {"type": "tpu"}}}, False),
        ({"capabilities": {"gpu": {"type": "any", "min_memory_gb": -1}}}, False),
        ({"capabilities": {"cpu": {"cores": 0}}}, False),
        ({"capabilities": {"cpu": {"arch": "mips"}}}, False),
        ({"capabilities": {"memory_gb": -1}}, False),
        ({"runtime_hint": "cpython", "python_deps": ["numpy"], "fast_path": True, "docker": {}}, True),
        ({"runtime_hint": "jython"}, False),
    ],
)
def test_descriptions_are_checked_and_change_nothing(run, described, is_right):
    """Contract section 8; a pipeline writes what its nodes' `get_capabilities` says."""

    class Describes(PassThroughNode):
        def get_capabilities(self) -> Any:
            return described.get("capabilities")

    (entry,) = json.loads(Pipeline([Describes()]).serialize())["nodes"]
    assert entry.get("capabilities") == described.get("capabilities")
    run_it = execute_pipeline_with_input(manifest({**PASS, **described}), [1])
    if is_right:
        assert run(run_it) == [1]
    else:
        with pytest.raises(ValueError, match=f"Failed to parse manifest: at /nodes/0/{next(iter(described))}"):
            run(run_it)


def test_parameter_errors_are_a_list(run):
    with pytest.raises(ValueError, match=r"Parameter validation failed \(1 error\(s\)\):") as raised:
        run(execute_pipeline(manifest(calculator("calc", "add", "ten"))))  # type: ignore[arg-type]
    (error,) = json.loads(str(raised.value).partition(": ")[2])
    assert (error["node_id"], error["node_type"], error["path"]) == ("calc", "CalculatorNode", "/operand")
    assert error["received"] == "ten"
    assert {"constraint", "expected", "message"} <= error.keys()


def test_an_unknown_type_offers_the_nearest(run):
    with pytest.raises(
        RuntimeError, match="Execution failed: Unknown node type 'PassTrough' for node 'n'.*PassThrough"
    ):
        run(execute_pipeline(manifest({"id": "n", "node_type": "PassTrough"})))


def test_x6_every_output_of_every_sink(run):
    """X6."""

    class Thrice(Node):
        def process(self, data: Any) -> Any:
            yield from [data] * 3

    assert run(execute_pipeline_with_input([Thrice(), PASS], ["x"])) == ["x"] * 3
    fork = [{"from": "pass", "to": "one"}, {"from": "pass", "to": "two"}]
    two_sinks = manifest(PASS, calculator("one", "add", 1), calculator("two", "add", 2), connections=fork)
    assert sorted(run(execute_pipeline_with_input(two_sinks, [10, 20]))) == [11, 12, 21, 22]


def test_is_output_node_taps(run):
    tapped = manifest({**calculator("first", "add", 1), "is_output_node": True}, calculator("second", "add", 1))
    assert sorted(run(execute_pipeline_with_input(tapped, [1]))) == [2, 3]


def test_x8_a_serialized_pipeline_runs_with_its_parameters(run):
    """X8."""
    nodes = [CalculatorNode(operation="add", operand=1), MultiplyNode(factor=3), AddNode(addend=1), BufferNode(2)]
    text = Pipeline([PassThroughNode(), *nodes]).serialize(description="sums")
    assert run(execute_pipeline_with_input(text, [1, 2, 3])) == [[7.0, 10.0], [13.0]]


def test_names_with_and_without_node_and_both_keys(run):
    for name in ("PassThrough", "PassThroughNode"):
        assert run(execute_pipeline_with_input(manifest({"id": "n", "node_type": name}), [1])) == [1]
    config = {"id": "n", "node_type": "Calculator", "config": {"operation": "add", "operand": 1}}
    assert run(execute_pipeline_with_input(manifest(config), [1])) == [2]
    with pytest.raises(ValueError, match="both 'params' and 'config'"):
        run(execute_pipeline(manifest({**config, "params": {}})))


def test_mixed_lists_keep_instances_as_they_are(run):
    node = Recorder()
    mixed = [PASS, node, {"node_type": "CalculatorNode", "params": {"operation": "add", "operand": 1}}]
    result = run(execute_pipeline_with_input(mixed, [1, 2], enable_metrics=True))
    assert result["outputs"] == [2, 3]
    assert node.events == ["init", "proc", "proc", "clean"]
    ids = [entry["node_id"] for entry in result["metrics"]["node_metrics"]]
    assert ids == ["pass_0", "Recorder_1", "CalculatorNode_2"]
    with pytest.raises(ValueError, match="unknown key 'parmas'; did you mean 'params'"):
        run(execute_pipeline([node, {"node_type": "PassThrough", "parmas": {}}]))
    with pytest.raises(ValueError, match="node_type"):
        run(execute_pipeline([node, {"id": "nothing"}]))


def test_registered_classes(run):
    @register_node("Scaler")
    class Scaler(Node):
        def __init__(self, factor: int = 1) -> None:
            super().__init__()
            self.factor = factor

        def process(self, data: int) -> int:
            return data * self.factor

    scaler = {"id": "s", "node_type": "Scaler", "params": {"factor": 5}}
    assert run(execute_pipeline_with_input(manifest(scaler), [1, 2])) == [5, 10]
    assert "Scaler" in list_registered_nodes()
    with pytest.raises(TypeError, match="factr"):
        run(execute_pipeline(manifest({**scaler, "params": {"factr": 5}})))
    for wrong in (int, Scaler(), "Scaler", None):
        with pytest.raises(TypeError, match="Expected a Node class"):
            register_node_class(wrong)


def test_a_constructor_that_raises_comes_home(run):
    class Picky(Node):
        def __init__(self) -> None:
            raise LookupError("no model here")

        def process(self, data: Any) -> Any: ...

    register_node_class(Picky)
    with pytest.raises(LookupError, match="no model here"):
        run(execute_pipeline(manifest({"id": "p", "node_type": "Picky"})))


def test_the_low_level_call_unwraps_one_output(run):
    text = json.dumps(manifest(calculator("add", "add", 1)))
    assert run(runtime.execute_pipeline_with_input(text, [1])) == 2
    assert run(runtime.execute_pipeline_with_input(text, [1, 2])) == [2, 3]
    assert run(runtime.execute_pipeline_with_input([PassThroughNode()], [1])) == [1]


def test_x9_a_call_builds_no_engine(run):
    """X9: the engine, its threads and its handles stay what they are; `benchmarks/run.py` says what a call costs."""
    text = json.dumps(manifest(PASS))

    async def calls(count: int) -> None:
        for number in range(count):
            assert await execute_pipeline_with_input(text, [number]) == [number]

    def held() -> tuple[Any, ...]:
        gc.collect()
        live = ctypes.c_uint64()
        assert library.rm_debug_live(0, live) == 0
        return engine(), {thread.ident for thread in threading.enumerate()}, live.value

    run(calls(20))
    before = held()
    run(calls(1000))
    assert held() == before


def test_i17_metrics_need_not_be_mentioned_at_the_low_level(run):
    """I17."""
    text = json.dumps(manifest(PASS))
    assert run(runtime.execute_pipeline(text)) == run(runtime.execute_pipeline(text, None)) == ""
    assert run(runtime.execute_pipeline_with_input(text, [1, 2])) == [1, 2]
    assert run(runtime.execute_pipeline_with_instances([Recorder()], [1])) == [1]


def test_types_are_registered_while_others_run():
    """From several threads at once: each is known as soon as its registration has returned."""

    def register(name: str) -> None:
        for number in range(20):
            register_node_class(Recorder, f"{name}{number}")
            made = {"id": "made", "node_type": f"{name}{number}"}
            outcomes.append(asyncio.run(execute_pipeline_with_input(manifest(made), [number])) == [number])

    outcomes: list[bool] = []
    threads = [threading.Thread(target=register, args=(name,)) for name in ("First", "Second", "Third")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == 60 * [True]


def test_a_user_dict_is_never_taken_for_media_or_code(run):
    trap = {"__pickled__": True, "data": "gASVHwAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjARleGl0lIWUUpQu"}
    looks = {"type": "text", "value": "x"}
    assert run(execute_pipeline_with_input(manifest(PASS), [trap, looks])) == [trap, looks]
