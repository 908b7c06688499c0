"""`Pipeline.export_definition` and `from_definition`: contract section 4, P10 and P13."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from remotemedia import (
    AudioResampleNode,
    BufferNode,
    CalculatorNode,
    DataSinkNode,
    DataSourceNode,
    FormatConverterNode,
    MultiplyNode,
    Node,
    Output,
    PassThroughNode,
    Pipeline,
    PipelineError,
    RemoteExecutorConfig,
    VADNode,
)
from remotemedia.core.state import StateManager


class Gain(Node):
    """Passes a value of its own on to `Node`, beside what it is given."""

    dependencies = ("scipy", "rubberband")

    def __init__(self, factor, *, name=None, **kwargs):
        super().__init__(name=name, unit="dB", **kwargs)
        self._factor = float(factor)

    def process(self, data):
        return data * self._factor


class Outer:
    class Inner(PassThroughNode):
        pass


class Splits(Node):
    outputs = ("even", "odd", "default")

    def process(self, data):
        return Output(self.outputs[data % 2], data)


class Merges(Node):
    inputs = ("left", "right")

    def process(self, data, port):
        return (port, data)


async def again(pipeline, **options):
    return await Pipeline.from_definition(json.loads(json.dumps(pipeline.export_definition())), **options)


def without_time(definition):
    return {**definition, "metadata": {**definition["metadata"], "exported_at": None}}


def test_the_shape():
    before = time.time()
    definition = Pipeline([Gain(2, name="g", threads=4), DataSinkNode()], name="p").export_definition()
    assert before <= definition["metadata"].pop("exported_at") <= time.time()
    assert definition == {
        "name": "p",
        "nodes": [
            {
                "node_id": "g_0",
                "node_type": "Gain",
                "config": {"factor": 2, "threads": 4},
                "is_remote": False,
                "remote_endpoint": None,
                "is_streaming": False,
                "is_source": False,
                "is_sink": False,
                "module": __name__,
                "class_name": "Gain",
                "name": "g",
                "settings": {"unit": "dB"},
            },
            {
                "node_id": "DataSinkNode_1",
                "node_type": "DataSinkNode",
                "config": {},
                "is_remote": False,
                "remote_endpoint": None,
                "is_streaming": False,
                "is_source": False,
                "is_sink": True,
                "module": "remotemedia.nodes.io_nodes",
                "class_name": "DataSinkNode",
                "name": "DataSinkNode",
            },
        ],
        "connections": [
            {"from_node": "g_0", "to_node": "DataSinkNode_1", "output_port": "default", "input_port": "default"}
        ],
        "metadata": {
            "node_count": "2",
            "remote_node_count": "0",
            "has_streaming_nodes": "False",
            "pipeline_type": "linear",
        },
        "dependencies": ["remotemedia", "rubberband", "scipy"],
    }


def test_dependencies_and_remote_nodes():
    remote = RemoteExecutorConfig("render", 7000, pip_packages=["librosa"])("Gain")
    definition = Pipeline([VADNode(), DataSourceNode(), remote]).export_definition()
    assert definition["dependencies"] == ["librosa", "numpy", "remotemedia", "scipy"]
    assert (definition["nodes"][2]["is_remote"], definition["nodes"][2]["remote_endpoint"]) == (True, "render:7000")
    assert definition["metadata"]["remote_node_count"] == "1"
    assert definition["metadata"]["has_streaming_nodes"] == "True"
    assert definition["nodes"][1]["is_source"] is True


@pytest.mark.parametrize(
    ("node", "attributes"),
    [
        (BufferNode(3, name="b"), {"buffer_size": 3}),
        (AudioResampleNode(8000, "low"), {"target_sample_rate": 8000, "quality": "low"}),
        (VADNode(20, 0.1), {"frame_duration_ms": 20, "energy_threshold": 0.1}),
        (FormatConverterNode("i16"), {"target_format": "i16"}),
        (MultiplyNode(3.0), {"config": {"factor": 3.0}}),
        (CalculatorNode(operation="add", operand=1), {"config": {"operation": "add", "operand": 1}}),
        (Gain(2, threads=4), {"_factor": 2.0, "config": {"unit": "dB", "threads": 4}}),
        (RemoteExecutorConfig("h", 7)("Gain", name="r"), {"remote_config": RemoteExecutorConfig("h", 7)}),
        (Outer.Inner(), {}),
    ],
)
def test_p10_names_and_constructor_parameters_survive(run, node, attributes):
    """P10."""
    pipeline = Pipeline([PassThroughNode(name="first"), node], name="p")
    back = run(again(pipeline))
    assert (back.name, [each.name for each in back]) == ("p", ["first", node.name])
    assert type(back.nodes[1]) is type(node)
    assert {key: getattr(back.nodes[1], key) for key in attributes} == attributes
    assert without_time(back.export_definition()) == without_time(pipeline.export_definition())


def test_p10_what_was_changed_later_survives_too(run):
    """P10."""
    node = PassThroughNode(gain=1)
    node.config["gain"], node.config["new"] = 2, 3
    node.is_streaming = True
    (back,) = run(again(Pipeline([node])))
    assert (back.config, back.is_streaming) == ({"gain": 2, "new": 3}, True)
    assert "is_streaming" not in vars(run(again(Pipeline([PassThroughNode()]))).nodes[0])


def test_sessions_survive_as_they_are_kept(run):
    nodes = [PassThroughNode(enable_state=False), PassThroughNode(state_ttl=60, max_sessions=2), PassThroughNode()]
    off, limited, usual = run(again(Pipeline(nodes)))
    assert (off.enable_state, off.state) == (False, None)
    assert (limited.state.default_ttl, limited.state.max_sessions) == (timedelta(minutes=1), 2)
    assert isinstance(usual.state, StateManager) and usual.state.default_ttl == timedelta(hours=24)


def test_edges_ports_and_options_survive(run):
    splits, gain, merges = Splits(name="s"), Gain(2), Merges()
    pipeline = Pipeline([splits, gain, merges])
    pipeline.connect((splits, "odd"), gain).connect(gain, (merges, "right"), capacity=3, policy="drop_oldest")
    pipeline.connect((splits, "default"), (merges, "left")).connect((splits, "even"), (merges, "left"))
    pipeline.configure(gain, deadline=1.5, on_error="skip", retries=2, retry_delay=0.1)
    assert pipeline.export_definition()["metadata"]["pipeline_type"] == "graph"
    back = run(again(pipeline))
    assert list(back.graph.edges) == list(pipeline.graph.edges)
    assert back.graph.options(1) == pipeline.graph.options(1)
    assert sorted(run(back.run([1, 2, 3]))) == sorted(run(pipeline.run([1, 2, 3])))


def test_a_chain_stays_one_and_no_edges_stay_none(run):
    chain = run(again(Pipeline([PassThroughNode(), PassThroughNode()])))
    assert run(chain.add_node(Gain(2)).run([1])) == 2.0
    apart = Pipeline([Gain(1, name="a"), PassThroughNode(name="b"), Gain(3, name="c")])
    apart.connect("a_0", "b_1").remove_node("b")
    assert sorted(run(run(again(apart)).run([1]))) == [1.0, 3.0]
    definition = apart.export_definition()
    del definition["connections"]
    assert run(run(Pipeline.from_definition(definition)).run([1])) == 3.0


class TestP13WhatIsRefused:
    """P13."""

    def refuse(self, run, message, modules=None, **entry):
        definition = {"nodes": [{"node_id": "n_0", "module": __name__, "class_name": "Gain", **entry}]}
        with pytest.raises(PipelineError, match=message):
            run(Pipeline.from_definition(definition, modules=modules))

    @pytest.mark.parametrize("name", ["StateManager", "test_the_shape", "json", "Outer"])
    def test_what_is_no_node_class(self, run, name):
        self.refuse(run, f"Failed to create node n_0: {name} of {__name__} is no Node class", class_name=name)

    def test_nothing_is_made_or_called(self, run):
        made = []

        class Loud:
            def __init__(self, **config):
                made.append(config)

        setattr(sys.modules[__name__], "Loud", Loud)  # noqa: B010
        self.refuse(run, "Loud of .* is no Node class", class_name="Loud")
        assert not made

    @pytest.mark.parametrize(("module", "name"), [("os", "system"), ("subprocess", "Popen"), ("antigravity", "x")])
    def test_the_standard_library_is_not_even_imported(self, run, module, name):
        told = f"Failed to create node n_0: Cannot import {name} from {module}: the standard library has no nodes"
        loaded = module in sys.modules
        self.refuse(run, told, module=module, class_name=name)
        assert (module in sys.modules) == loaded

    @pytest.mark.parametrize(
        ("module", "name", "reason"),
        [
            ("no_such_module", "Gain", "No module named 'no_such_module'"),
            (__name__, "Lost", "has no attribute 'Lost'"),
            (__name__, "test.<locals>.Gain", "not names of a class and a module"),
            (".relative", "Gain", "not names"),
            ("a b", "Gain", "not names"),
            (5, "Gain", "not names"),
            (__name__, None, "not names"),
        ],
    )
    def test_what_cannot_be_imported(self, run, module, name, reason):
        self.refuse(run, f"Cannot import {name} from {module}: .*{reason}", module=module, class_name=name)

    def test_modules_that_are_not_allowed(self, run, tmp_path):
        self.refuse(run, "not among the modules remotemedia, mine", modules=["remotemedia", "mine"])
        self.refuse(run, "not among the modules remotemedia", modules=["remotemedia"], module="remotemedia_evil")
        definition = Pipeline([BufferNode(2)]).export_definition()
        assert run(Pipeline.from_definition(definition, modules=["remotemedia.nodes"])).nodes[0].buffer_size == 2

    def test_arguments_that_do_not_fit(self, run):
        self.refuse(run, "Failed to create node n_0: .*missing 1 required positional argument: 'factor'")
        self.refuse(run, "Failed to create node n_0: could not convert", config={"factor": "x"})
        self.refuse(run, "Failed to create node n_0: retries is -1", config={"factor": 1}, options={"retries": -1})

    @pytest.mark.parametrize(
        ("definition", "message"),
        [
            ({}, "no dict with a list 'nodes'"),
            ([], "no dict with a list 'nodes'"),
            ({"nodes": {}}, "no dict with a list 'nodes'"),
            ({"nodes": [5]}, "Failed to create node 0"),
            ({"nodes": [{}]}, "Failed to create node 0: it has no 'module'"),
        ],
    )
    def test_definitions_that_are_none(self, run, definition, message):
        with pytest.raises(PipelineError, match=message):
            run(Pipeline.from_definition(definition))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"to_node": "c"}, "to_node of a connection is 'c', which is no node_id"),
            ({"from_node": None}, "from_node of a connection is None"),
            ({"output_port": "x"}, "has no output 'x'"),
            ({"policy": "x"}, "policy is 'x'"),
        ],
    )
    def test_connections_that_cannot_be(self, run, change, message):
        definition = Pipeline([PassThroughNode(name="a"), PassThroughNode(name="b")]).export_definition()
        definition["connections"][0].update(change)
        with pytest.raises(PipelineError, match=f"Failed to connect the nodes: .*{message}"):
            run(Pipeline.from_definition(definition))
        definition["connections"] = ["a"]
        with pytest.raises(PipelineError, match="Failed to connect the nodes"):
            run(Pipeline.from_definition(definition))


def test_a_definition_of_an_older_program(run):
    """Without what was added here."""
    definition = {
        "name": "old",
        "nodes": [
            {"node_id": f"n{index}", "module": "remotemedia.nodes.base", "class_name": "BufferNode", "config": config}
            for index, config in enumerate([{"buffer_size": 2}, {}])
        ],
        "connections": [{"from_node": "n0", "to_node": "n1"}],
    }
    pipeline = run(Pipeline.from_definition(definition))
    assert [node.buffer_size for node in pipeline] == [2, 10]
    assert run(pipeline.run([1, 2, 3])) == [[1, 2], [3]]


def test_import_stays_cheap():
    program = "import remotemedia, sys; print('remotemedia.core.definition' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
