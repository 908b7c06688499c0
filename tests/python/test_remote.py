"""Nodes that are to run elsewhere: contract sections 3 and 11."""

from __future__ import annotations

import json

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

import remotemedia
from remotemedia import (
    ConfigurationError,
    PassThroughNode,
    Pipeline,
    RemoteExecutionError,
    RemoteExecutionNode,
    RemoteExecutorConfig,
    execute_pipeline_with_input,
)
from remotemedia.nodes import RemoteObjectExecutionNode

HERE = RemoteExecutorConfig("render", 7000, auth_token="secret")


class TestConfig:
    def test_defaults(self):
        config = RemoteExecutorConfig("h", 1)
        assert (config.protocol, config.auth_token, config.timeout) == ("grpc", None, 30.0)
        assert (config.max_retries, config.ssl_enabled, config.pip_packages) == (3, True, None)
        for module in (remotemedia, remotemedia.core, remotemedia.core.node):
            assert module.RemoteExecutorConfig is RemoteExecutorConfig

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"protocol": "ftp"}, "protocol is 'ftp'; use one of grpc, http"),
            ({"port": 0}, "port is 0; use 1 to 65535"),
            ({"port": 65536}, "port is 65536"),
            ({"port": "80"}, "port is '80'"),
            ({"timeout": 0}, "timeout is 0"),
            ({"timeout": -1.0}, "timeout is -1.0"),
            ({"timeout": float("nan")}, "timeout is nan"),
            ({"max_retries": -1}, "max_retries is -1"),
            ({"host": ""}, "host is ''"),
        ],
    )
    def test_what_is_impossible(self, arguments, message):
        with pytest.raises(ConfigurationError, match=message):
            RemoteExecutorConfig(**{"host": "h", "port": 1, **arguments})

    @given(
        port=st.integers(1, 65535),
        protocol=st.sampled_from(["grpc", "http"]),
        timeout=st.floats(min_value=0.001, max_value=1e6),
        pip_packages=st.none() | st.lists(st.text(), max_size=3),
    )
    def test_params_make_it_again(self, **arguments):
        config = RemoteExecutorConfig("h", **arguments)
        assert RemoteExecutorConfig(**json.loads(json.dumps(config.to_params()))) == config

    def test_the_token_is_told_to_nobody(self):
        pipeline = Pipeline([HERE("Gain"), HERE(PassThroughNode())])
        for text in (repr(HERE), pipeline.serialize(), str(pipeline.get_config())):
            assert "secret" not in text

    def test_calling_it_makes_a_node(self):
        by_type, by_object = HERE("Gain", node_config={"gain": 2}, name="g"), HERE(PassThroughNode())
        assert type(by_type) is RemoteExecutionNode
        assert (by_type.node_to_execute, by_type.node_config, by_type.name) == ("Gain", {"gain": 2}, "g")
        assert type(by_object) is RemoteObjectExecutionNode
        assert by_object.obj_to_execute.name == "PassThroughNode"
        assert by_type.remote_config is by_object.remote_config is HERE
        for wrong in (5, PassThroughNode, None):
            with pytest.raises(TypeError, match="Expected a Node instance or the name of a node type"):
                HERE(wrong)


class TestNodes:
    def test_the_manifest_has_the_host(self):
        node = RemoteExecutionNode("Gain", HERE, {"gain": 2}, "json", name="g")
        entry = node.to_manifest()
        assert entry == {
            "id": "g",
            "node_type": "RemoteExecutionNode",
            "host": "render:7000",
            "params": {
                "node_to_execute": "Gain",
                "remote_config": {"host": "render", "port": 7000},
                "node_config": {"gain": 2},
                "serialization_format": "json",
            },
        }
        assert RemoteExecutionNode(**entry["params"], name="g").to_manifest() == entry
        document = json.loads(Pipeline([HERE(PassThroughNode(name="p"))]).serialize())
        assert document["nodes"][0]["host"] == "render:7000"
        assert document["nodes"][0]["params"]["obj_to_execute"]["node_type"] == "PassThroughNode"

    def test_any_node_may_say_so(self):
        node = PassThroughNode()
        node.is_remote, node.remote_config = True, HERE
        assert node.to_manifest()["host"] == "render:7000"
        assert Pipeline([node, PassThroughNode()]).remote_node_count == 1

    @pytest.mark.parametrize("node", [HERE("Gain", name="far"), HERE(PassThroughNode(), name="far")])
    def test_running_one_fails_at_once(self, run, node):
        told = r"Node 'far' is to run .* on render:7000, but this package has no transport.*and it runs here"
        for use_rust in (True, False):
            with pytest.raises(RemoteExecutionError, match=told):
                run(Pipeline([PassThroughNode(), node]).run([1], use_rust=use_rust))
        with pytest.raises(RemoteExecutionError, match=told):
            run(execute_pipeline_with_input([node], [1]))
        with pytest.raises(RemoteExecutionError, match=told):
            node.process(1)

    def test_a_manifest_with_a_host_is_refused(self, run):
        with pytest.raises(Exception, match="host"):
            run(execute_pipeline_with_input(Pipeline([HERE("Gain")]).serialize(), [1]))

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: RemoteExecutionNode(PassThroughNode(), HERE), "node_to_execute must be the name of a node type"),
            (
                lambda: RemoteExecutionNode("Gain", "render:7000"),
                "remote_config must be a RemoteExecutorConfig, got str",
            ),
            (lambda: RemoteExecutionNode("Gain", {"host": "h", "port": 0}), "port is 0"),
            (lambda: RemoteExecutionNode("Gain", HERE, None, "yaml"), "serialization_format is 'yaml'"),
            (lambda: RemoteObjectExecutionNode("Gain", HERE), "obj_to_execute must be a Node, got str"),
        ],
    )
    def test_arguments_that_are_impossible(self, make, message):
        with pytest.raises((TypeError, ConfigurationError), match=message):
            make()

    def test_it_can_be_pickled(self):
        node = HERE("Gain", name="g")
        back = cloudpickle.loads(cloudpickle.dumps(node))
        assert (back.to_manifest(), back.remote_config) == (node.to_manifest(), HERE)
