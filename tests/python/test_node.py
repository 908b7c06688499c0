"""Node: construction, lifecycle, sessions, description, pickling."""

import asyncio
import copy
import functools
import logging
import pickle
import threading
from datetime import timedelta
from types import SimpleNamespace

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remotemedia.core.node import Node, SessionState, StateManager


class Echo(Node):
    def process(self, data):
        return data


class NoSuper(Node):
    """Never calls the base constructor."""

    def __init__(self, gain):
        self.gain = gain

    def process(self, data):
        return data * self.gain


class OwnNames(Node):
    """Uses `state` and `config` for things of its own."""

    def __init__(self, config, state="x"):
        super().__init__()
        self.config = config
        self.state = state

    def process(self, data):
        return self.state


class Model(Node):
    """Turns its parameters into something else, and passes one on."""

    def __init__(self, path, *more, scale=1.0, name=None, **kwargs):
        super().__init__(name=name, device="cpu", **kwargs)
        self._model = (path, more, scale)

    def process(self, data):
        return data


class Locked(Node):
    """Takes something that cannot be pickled, and leaves it out as the docs say."""

    def __init__(self, lock, limit=3):
        super().__init__()
        self.lock = lock
        self.limit = limit

    def process(self, data):
        return data

    def __getstate__(self):
        state = self.__dict__.copy()
        del state["lock"], state["state"]
        return state


class TestConstruction:
    def test_defaults(self):
        node = Echo()
        assert node.name == "Echo"
        assert node.config == {}
        assert node.enable_state is True
        assert isinstance(node.state, StateManager)
        assert node._is_initialized is False
        assert node._current_session_id is None
        assert node.logger is logging.getLogger("Echo")
        assert repr(node) == "Echo(name='Echo')"

    def test_arguments(self):
        node = Echo("e", True, timedelta(minutes=1), 5, gain=2, path="p")
        assert node.name == "e"
        assert node.config == {"gain": 2, "path": "p"}
        assert (node.state.default_ttl, node.state.max_sessions) == (timedelta(minutes=1), 5)
        assert Echo(enable_state=False).state is None

    def test_process_is_required(self):
        class Empty(Node):
            pass

        with pytest.raises(TypeError, match="process"):
            Empty()

    def test_without_the_base_constructor(self):
        node, other = NoSuper(2), NoSuper(3)
        assert (node.name, node.is_initialized, node.get_session_id()) == ("NoSuper", False, None)
        assert repr(node) == "NoSuper(name='NoSuper')"
        node.config["k"] = 1
        assert other.config == {}
        node.initialize()
        node.get_session_state("s").set("k", 1)
        assert other.get_session_state("s").data == {}
        assert node.is_initialized
        node.cleanup()
        assert not node.is_initialized
        assert node.to_manifest()["params"] == {"gain": 2, "k": 1}
        node.name = "renamed"
        assert (node.name, other.name) == ("renamed", "NoSuper")

    def test_optional_attributes_have_defaults(self):
        node = Echo()
        assert not any([node.is_streaming, node.is_source, node.is_sink, node.is_remote])
        assert node.remote_config is None
        assert list(node.dependencies) == []
        assert node.get_capabilities() is None


def expiry_threads():
    # By name, because other tests of the process may have the engine's threads come and go.
    return sum(thread.name == "remotemedia-session-expiry" for thread in threading.enumerate())


class TestLifecycle:
    def test_plain(self):
        node = Echo()
        node.initialize()
        assert node.is_initialized
        node.initialize()
        node.cleanup()
        assert not node.is_initialized
        node.cleanup()

    def test_awaited_super(self):
        class Awaiting(Echo):
            async def initialize(self):
                assert await super().initialize() is None

            async def cleanup(self):
                assert await super().cleanup() is None

        node = Awaiting()
        asyncio.run(node.initialize())
        assert node.is_initialized
        asyncio.run(node.cleanup())
        assert not node.is_initialized

    def test_cleanup_ends_the_thread_and_forgets_the_sessions(self):
        before = expiry_threads()
        nodes = [Echo() for _ in range(10)]
        for node in nodes:
            node.initialize()
            assert expiry_threads() == before
        for node in nodes:
            node.get_session_state("s").set("k", 1)
        assert expiry_threads() == before + 10
        for node in nodes:
            node.cleanup()
            assert node.state.get_all_sessions() == {}
        assert expiry_threads() == before

    def test_own_state_is_left_alone(self):
        node = OwnNames({"k": 1})
        node.initialize()
        node.cleanup()
        assert (node.state, node.config) == ("x", {"k": 1})
        assert node.get_session_state("s") is None


class TestSessions:
    def test_current_session(self):
        node = Echo()
        assert node.get_session_state() is None
        node.set_session_id("a")
        assert node.get_session_id() == "a"
        state = node.get_session_state()
        assert isinstance(state, SessionState)
        assert state is node.get_session_state("a")
        assert node.get_session_state("b") is not state
        assert Echo(enable_state=False).get_session_state("a") is None

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ({"session_id": "a"}, "a"),
            ({}, None),
            (("x", {"session_id": "a"}), "a"),
            (("x", "y", {"session_id": "a"}), "a"),
            (("x", {}), None),
            (({"session_id": "a"},), None),
            (({"session_id": "a"}, "x"), None),
            (["x", {"session_id": "a"}], None),
            ("session_id", None),
            (None, None),
        ],
    )
    def test_extract_session_id(self, data, expected):
        assert Echo().extract_session_id(data) == expected

    @pytest.mark.parametrize("key", ["session_id", "metadata", "user_name", "timestamp"])
    def test_split(self, key):
        metadata = {key: 1, "other": 2}
        assert Echo().split_data_metadata(("x", metadata)) == ("x", metadata)
        assert Echo().split_data_metadata(("x", "y", metadata)) == (("x", "y"), metadata)

    @pytest.mark.parametrize("data", ["x", ("x", {"other": 1}), ({"session_id": "a"},), [1, {"session_id": 2}], ()])
    def test_split_nothing(self, data):
        assert Echo().split_data_metadata(data) == (data, None)

    @given(
        data=st.integers() | st.text() | st.lists(st.integers(), min_size=2).map(tuple),
        metadata=st.none() | st.fixed_dictionaries({"session_id": st.text()}),
    )
    def test_merge_and_split_are_inverse(self, data, metadata):
        node = Echo()
        assert node.split_data_metadata(node.merge_data_metadata(data, metadata)) == (data, metadata)


class TestDescription:
    def test_config(self):
        assert Echo("e", gain=2).get_config() == {"name": "e", "class": "Echo", "config": {"gain": 2}}

    def test_manifest(self):
        node = Echo("e", gain=2)
        entry = node.to_manifest()
        assert entry == {"id": "e", "node_type": "Echo", "params": {"gain": 2}}
        entry["params"]["gain"] = 3
        assert node.config == {"gain": 2}

    def test_manifest_extras(self):
        class Rich(Echo):
            is_streaming = True
            is_remote = True
            remote_config = SimpleNamespace(host="h", port=7)

            def get_capabilities(self):
                return {"memory_gb": 2}

        entry = Rich().to_manifest()
        assert entry["is_streaming"] is True
        assert entry["capabilities"] == {"memory_gb": 2}
        assert entry["host"] == "h:7"
        assert "capabilities" not in Rich().to_manifest(include_capabilities=False)
        half = Rich()
        half.remote_config = None
        assert "host" not in half.to_manifest()

    def test_params_are_what_the_constructor_got(self):
        node = Model("m.bin", scale=2.0, name="n", threads=4)
        assert node.to_manifest()["params"] == {"path": "m.bin", "scale": 2.0, "threads": 4, "device": "cpu"}
        assert Model("m.bin").to_manifest()["params"] == {"path": "m.bin", "device": "cpu"}

    def test_params_leave_out_what_is_the_nodes_own(self):
        assert Echo("e", enable_state=False, state_ttl=None, max_sessions=None).to_manifest()["params"] == {}

    def test_params_follow_a_changed_config(self):
        node = Echo(gain=1)
        node.config["gain"] = 2
        assert node.to_manifest()["params"] == {"gain": 2}

    def test_params_that_json_cannot_hold_stay(self):
        function = functools.partial(print)
        assert Model(function).to_manifest()["params"]["path"] is function

    def test_a_parameter_called_config(self):
        assert OwnNames({"k": 1}).to_manifest()["params"] == {"config": {"k": 1}}
        assert OwnNames(config="c", state="s").get_config()["config"] == "c"

    def test_a_constructor_behind_another_new(self):
        class Picky(Echo):
            def __new__(cls, path):
                return super().__new__(cls)

            def __init__(self, path):
                super().__init__()

        assert Picky("p").to_manifest()["params"] == {}

    def test_extract_params_is_a_hook(self):
        class Hooked(Echo):
            def _extract_params(self):
                return {"mine": 1}

        assert Hooked(gain=2).to_manifest()["params"] == {"mine": 1}


def copies(node):
    return [pickle.loads(pickle.dumps(node)), cloudpickle.loads(cloudpickle.dumps(node)), copy.deepcopy(node)]


class TestPickling:
    def test_getstate(self):
        node = Echo("e", True, timedelta(minutes=1), 5)
        node.logger.debug("makes the logger")
        node.initialize()
        state = node.__getstate__()
        assert not {"state", "logger"} & state.keys()
        assert state["_is_initialized"] is False
        assert state["_state_config"] == {
            "enable_state": True,
            "default_ttl": timedelta(minutes=1),
            "max_sessions": 5,
        }
        assert node.is_initialized
        assert node.state is not None

    def test_round_trip(self):
        node = Echo("e", True, timedelta(minutes=1), 5, gain=2)
        node.initialize()
        node.get_session_state("s").set("k", threading.Lock())
        for each in copies(node):
            assert (each.name, each.config, each.is_initialized) == ("e", {"gain": 2}, False)
            assert each.logger is node.logger
            assert each.state is not node.state
            assert each.state.get_all_sessions() == {}
            assert (each.state.default_ttl, each.state.max_sessions) == (timedelta(minutes=1), 5)
            assert "_state_config" not in vars(each)
        node.cleanup()

    def test_state_off(self):
        node = Echo(enable_state=False)
        assert "state" not in node.__getstate__()
        for each in copies(node):
            assert each.state is None
            assert each.enable_state is False

    @pytest.mark.parametrize("own", ["x", None, 0, {"a": [1]}])
    def test_own_state_and_config_survive(self, own):
        for each in copies(OwnNames(config=own, state=own)):
            assert each.state == own
            assert each.config == own

    def test_without_the_base_constructor(self):
        for each in copies(NoSuper(4)):
            assert each.process(2) == 8
            assert isinstance(each.state, StateManager)
            assert each.to_manifest()["params"] == {"gain": 4}

    def test_a_copy_writes_the_same_manifest(self):
        node = Model("m.bin", scale=[1, (2.0, {"a": None})], threads=4)
        for each in copies(node):
            assert each.to_manifest() == node.to_manifest()
            assert copy.copy(each).to_manifest() == node.to_manifest()

    def test_the_kept_arguments_are_no_obstacle(self):
        lock = threading.Lock()
        for each in copies(Locked(lock, limit=5)):
            assert each.limit == 5
            assert isinstance(each.state, StateManager)
        # Nor with the base's own pickling, once the attribute is gone.
        node = Model(lock, scale=2.0)
        node._model = None
        for each in copies(node):
            assert each.to_manifest()["params"] == {"scale": 2.0, "device": "cpu"}
