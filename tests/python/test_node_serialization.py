"""Nodes as bytes, and back: contract section 6, and S1 to S10."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import subprocess
import sys
import threading
import tracemalloc
import warnings
from collections import OrderedDict, defaultdict, deque, namedtuple

import cloudpickle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remotemedia.core import node_payload, node_serialization
from remotemedia.core.exceptions import RemoteMediaError, SerializationError
from remotemedia.core.node import Node, StateManager
from remotemedia.core.node_serialization import (
    MAX_SERIALIZED_SIZE_BYTES,
    deserialize_node_from_ipc,
    serialize_node_for_ipc,
    validate_node_serializable,
)

LOCK = threading.Lock()


class Keeps(Node):
    """Has the attributes that it is given."""

    def __init__(self, **attributes):
        super().__init__()
        self.__dict__.update(attributes)

    def process(self, data):
        return data


class Steps(Node):
    """Notes what is called; takes a lock in `initialize` and gives it back in `cleanup`."""

    def __init__(self, fails=()):
        super().__init__()
        self.fails = fails
        self.events = []
        self.lock = None

    def initialize(self):
        self._step("initialize")
        self.lock = threading.Lock()
        super().initialize()

    def process(self, data):
        with self.lock:
            return data

    def cleanup(self):
        self._step("cleanup")
        self.lock = None
        super().cleanup()

    def _step(self, name):
        self.events.append(name)
        if name in self.fails:
            raise OSError(f"no {name} today")


class AsyncSteps(Steps):
    async def initialize(self):
        await asyncio.sleep(0)
        self._step("initialize")
        await Node.initialize(self)

    async def cleanup(self):
        await asyncio.sleep(0)
        self._step("cleanup")
        await Node.cleanup(self)


def failure(node):
    with pytest.raises(SerializationError) as raised:
        serialize_node_for_ipc(node)
    return raised.value


class TestRoundTrip:
    def test_the_limit_is_the_promised_one(self):
        assert MAX_SERIALIZED_SIZE_BYTES == 104857600

    def test_the_order_of_steps(self):
        node = Steps()
        back = deserialize_node_from_ipc(serialize_node_for_ipc(node))
        assert node.events == ["cleanup"]
        assert back.events == ["cleanup", "initialize"]
        assert back.is_initialized and back.process(1) == 1
        back.cleanup()

    def test_bytes_come_in_any_form(self):
        data = serialize_node_for_ipc(Keeps(gain=2))
        for form in (data, bytearray(data), memoryview(data)):
            assert deserialize_node_from_ipc(form).gain == 2

    def test_what_is_no_node_or_no_bytes(self):
        for call in (serialize_node_for_ipc, validate_node_serializable):
            with pytest.raises(TypeError, match="Expected Node instance, got int"):
                call(5)
        with pytest.raises(TypeError, match="Expected bytes, got str"):
            deserialize_node_from_ipc("text")

    def test_classes_of_main_and_of_functions_travel_by_value(self):
        class Gain(Node):
            def process(self, data):
                return data * self.config["gain"]

        program = (
            "import sys\n"
            "from remotemedia.core.node_serialization import deserialize_node_from_ipc\n"
            "node = deserialize_node_from_ipc(sys.stdin.buffer.read())\n"
            "print(node.process(4))"
        )
        data = serialize_node_for_ipc(Gain(gain=3))
        assert subprocess.run([sys.executable, "-c", program], input=data, capture_output=True).stdout == b"12\n"
        writer = (
            "import sys\n"
            "from remotemedia import Node\n"
            "from remotemedia.core.node_serialization import serialize_node_for_ipc\n"
            "class InMain(Node):\n"
            "    def process(self, data): return -data\n"
            "sys.stdout.buffer.write(serialize_node_for_ipc(InMain()))"
        )
        written = subprocess.run([sys.executable, "-c", writer], capture_output=True, check=True).stdout
        assert deserialize_node_from_ipc(written).process(4) == -4

    def test_modules_registered_by_value_travel_too(self, tmp_path, monkeypatch):
        (tmp_path / "only_here.py").write_text(
            "from remotemedia import Node\nclass Halves(Node):\n    def process(self, data): return data / 2\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        module = __import__("only_here")
        data = serialize_node_for_ipc(module.Halves())
        cloudpickle.register_pickle_by_value(module)
        try:
            by_value = serialize_node_for_ipc(module.Halves())
        finally:
            cloudpickle.unregister_pickle_by_value(module)
        monkeypatch.delitem(sys.modules, "only_here")
        monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(tmp_path)])
        assert deserialize_node_from_ipc(by_value).process(3) == 1.5
        with pytest.raises(SerializationError, match=r"class only_here\.Halves.*No module named 'only_here'") as raised:
            deserialize_node_from_ipc(data)
        assert isinstance(raised.value.__cause__, ModuleNotFoundError)

    @pytest.mark.parametrize("array", [np.arange(30000.0), np.arange(30000.0).reshape(100, 300).T[::2]])
    def test_arrays(self, array):
        back = deserialize_node_from_ipc(serialize_node_for_ipc(Keeps(weights=array))).weights
        assert np.array_equal(back, array) and back.flags.writeable


Pair = namedtuple("Pair", "first second")


class Slots:
    __slots__ = ("held",)

    def __init__(self, held):
        self.held = held


class Reduced:
    """Says itself what it is rebuilt from."""

    def __init__(self, inner):
        self.inner = inner

    def __reduce__(self):
        return Reduced, (self.inner,)


class Fresh:
    """Makes what it is rebuilt from on the spot."""

    def __reduce__(self):
        return Fresh, ([threading.Lock()],)


class Stated:
    def __getstate__(self):
        return {"given out": threading.Lock()}


class Loops:
    """Points back at what it is in, beside something that cannot be pickled."""

    def __init__(self):
        self.back = self
        self.others = [self]
        self.cache = {"lock": threading.Lock()}


class Method:
    def __init__(self):
        self.lock = threading.Lock()

    def call(self): ...


def closure():
    lock = threading.Lock()
    return lambda: lock


def nested_global():
    return [LOCK for _ in ()]


def by_default(lock=LOCK): ...


by_default.__module__ = nested_global.__module__ = "__main__"  # so that they are pickled by value


class TestS1ThePathOfWhatCannotBePickled:
    """S1."""

    @pytest.mark.parametrize(
        ("value", "path"),
        [
            (LOCK, "encoder"),
            ({"k": LOCK}, "encoder['k']"),
            ({1: [0, (2, LOCK)]}, "encoder[1][1][1]"),
            ({LOCK: 1}, "encoder.keys()[0]"),
            (Loops(), "encoder.cache['lock']"),
            (Slots({"k": LOCK}), "encoder.held['k']"),
            (Pair(1, LOCK), "encoder[1]"),
            (deque([1, LOCK]), "encoder[1]"),
            (OrderedDict(a=LOCK), "encoder['a']"),
            (defaultdict(lambda: LOCK), "encoder.__reduce__()[1][0].__globals__['LOCK']"),
            (Reduced(LOCK), "encoder.inner"),
            (Fresh(), "encoder.__reduce__()[1][0][0]"),
            (Stated(), "encoder.__getstate__()['given out']"),
            (functools.partial(print, LOCK), "encoder.args[0]"),
            (functools.partial(print, end=LOCK), "encoder.keywords['end']"),
            (Method().call, "encoder.__self__.lock"),
            (closure(), "encoder.__closure__['lock']"),
            (by_default, "encoder.__defaults__[0]"),
            (nested_global, "encoder.__globals__['LOCK']"),
            ([1] * 5000 + [LOCK] + [2] * 5000, "encoder[5000]"),
            ((n for n in ()), "encoder"),
        ],
    )
    def test_the_path(self, value, path):
        error = failure(Keeps(before=[1], encoder=value, after="x"))
        assert error.attr_name == path
        assert "cannot pickle" in error.reason
        assert str(error).startswith(f"Cannot serialize Node 'Keeps': attribute '{path}'\nReason: TypeError: ")
        assert "Suggestion: Call node.cleanup() before serialization or implement __getstate__" in str(error)

    def test_an_item_of_a_set(self):
        assert failure(Keeps(s={LOCK})).attr_name.startswith("s{<unlocked")

    def test_a_class_that_travels_by_value(self):
        class Shares(Node):
            lock = LOCK

            def process(self, data): ...

        class Uses(Node):
            @staticmethod
            def process(data):
                return closure_lock

        closure_lock = LOCK
        assert failure(Shares()).attr_name == "__class__.lock"
        assert failure(Uses()).attr_name == "__class__.process.__func__.__closure__['closure_lock']"

    def test_a_getstate_that_fails(self):
        class Refuses(Keeps):
            def __getstate__(self):
                raise OSError("not now")

        error = failure(Refuses())
        assert (error.attr_name, error.reason) == (None, "OSError: not now")

    def test_an_object_that_points_at_the_node(self):
        node = Keeps()
        node.helper = Slots(node)
        node.lock = LOCK
        assert failure(node).attr_name == "lock"

    def test_what_is_nested_too_deeply(self):
        deep: list = []
        for _ in range(100_000):
            deep = [deep]
        error = failure(Keeps(head=deep))
        assert error.attr_name == "head…" and "recursion" in error.reason
        while deep:  # not by the interpreter's own recursion
            deep = deep.pop()

    def test_a_long_path_is_cut(self):
        chain = LOCK
        for _ in range(50):
            chain = [chain]
        assert failure(Keeps(chain=chain)).attr_name == "chain" + "[0]" * 31 + "…"

    @given(
        st.recursive(
            st.just(LOCK),
            lambda inner: (
                st.builds(lambda item, n: [*range(n), item], inner, st.integers(0, 3))
                | st.builds(lambda item, key: {"other": 1, key: item}, inner, st.sampled_from("abc"))
            ),
        )
    )
    def test_the_path_leads_to_it(self, value):
        path = failure(Keeps(value=value)).attr_name
        assert eval(f"node.{path}", {"node": Keeps(value=value)}) is LOCK


class TestS2TheNodeIsStillUsable:
    """S2."""

    def test_an_initialized_node_is_initialized_again(self):
        node = Steps()
        node.initialize()
        with pytest.warns(UserWarning, match="Node 'Steps' is initialized"):
            serialize_node_for_ipc(node)
        assert node.events == ["initialize", "cleanup", "initialize"]
        assert node.is_initialized and node.process(1) == 1
        node.cleanup()

    def test_also_after_a_failure(self):
        node = Steps()
        node.initialize()
        node.bad = LOCK
        with pytest.warns(UserWarning):
            assert failure(node).attr_name == "bad"
        assert node.is_initialized and node.process(1) == 1
        node.cleanup()

    def test_one_that_does_not_start_again(self):
        node = Steps()
        node.initialize()
        node.fails = ("initialize",)
        with pytest.warns(UserWarning):
            error = failure(node)
        assert error.reason == "initialize() after the serialization failed: OSError: no initialize today"
        assert isinstance(error.__cause__, OSError)


def test_s3_a_failing_cleanup_is_an_error():
    """S3."""
    node = Steps(fails=("cleanup",))
    error = failure(node)
    assert error.reason == "cleanup() failed: OSError: no cleanup today"
    assert isinstance(error.__cause__, OSError)


class TestS4TheLimit:
    """S4."""

    @pytest.mark.parametrize(
        "make",
        [
            lambda: np.zeros(30_000_000),
            lambda: np.zeros(30_000_000)[::2],
            lambda: np.zeros((3, 10_000_000)).T,
            lambda: {"deep": [bytearray(104857601)]},
        ],
    )
    def test_nothing_of_that_size_is_allocated(self, make):
        node = Keeps(weights=make())
        tracemalloc.start()
        try:
            error = failure(node)
            with pytest.warns(UserWarning, match="exceeds limit"):
                assert not validate_node_serializable(node)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2**20
        assert "Serialized size (at least " in error.reason and error.reason.endswith("exceeds limit (100 MB)")

    def test_many_small_objects(self, monkeypatch):
        monkeypatch.setattr(node_serialization, "MAX_SERIALIZED_SIZE_BYTES", 2**20)
        node = Keeps(words=[str(number) for number in range(1_000_000)])
        node._arguments = ((), {})  # which the node would look through first
        tracemalloc.start()
        try:
            error = failure(node)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2**23
        assert error.reason.endswith("exceeds limit (1 MB)")

    def test_just_below_and_above(self, monkeypatch):
        node = Keeps(weights=bytes(1000))
        size = len(serialize_node_for_ipc(node))
        monkeypatch.setattr(node_serialization, "MAX_SERIALIZED_SIZE_BYTES", size)
        assert len(serialize_node_for_ipc(node)) == size
        monkeypatch.setattr(node_serialization, "MAX_SERIALIZED_SIZE_BYTES", 900)
        failure(node)


VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


class Looks(Keeps):
    """Notes what the context holds."""

    async def cleanup(self):
        self.__dict__.setdefault("seen", []).append(VARIABLE.get())


class TestS5AsyncSteps:
    """S5."""

    def check(self):
        node = AsyncSteps()
        back = deserialize_node_from_ipc(serialize_node_for_ipc(node))
        assert (node.events, back.events) == (["cleanup"], ["cleanup", "initialize"])
        assert back.is_initialized

    def test_without_a_loop(self):
        self.check()

    def test_while_the_callers_loop_runs(self):
        async def inside():
            self.check()

        asyncio.run(inside())

    def test_an_exception_comes_through(self):
        async def inside():
            assert "no cleanup today" in failure(AsyncSteps(fails=("cleanup",))).reason

        asyncio.run(inside())
        assert "no cleanup today" in failure(AsyncSteps(fails=("cleanup",))).reason

    def test_the_callers_context_and_loop_are_kept(self):
        node = Looks()

        async def inside():
            VARIABLE.set("mine")
            serialize_node_for_ipc(node)
            return asyncio.get_running_loop()

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            assert loop.run_until_complete(inside()) is loop
            VARIABLE.set("mine too")
            serialize_node_for_ipc(node)
            assert asyncio.get_event_loop_policy().get_event_loop() is loop
        finally:
            asyncio.set_event_loop(None)
            loop.close()
        assert node.seen == ["mine", "mine too"]


def test_s6_there_is_one_serialization_error():
    """S6."""
    assert node_serialization.SerializationError is SerializationError
    with pytest.raises(RemoteMediaError):
        serialize_node_for_ipc(Keeps(lock=LOCK))


class TestS7FailuresToLoad:
    """S7."""

    def test_bytes_that_hold_no_node(self, monkeypatch):
        node = Keeps()
        monkeypatch.setattr(Keeps, "__reduce_ex__", lambda self, protocol: (dict, ()))
        data = serialize_node_for_ipc(node)
        with pytest.raises(SerializationError) as raised:
            deserialize_node_from_ipc(data)
        error = raised.value
        assert (error.operation, error.node_name) == ("deserialize", "Keeps")
        assert str(error).startswith(
            f"Cannot deserialize Node 'Keeps': Deserialization failed (class {__name__}.Keeps)"
        )
        assert "no Node but an object of type dict" in error.reason
        assert error.suggestion == "Ensure Python version and dependencies match between processes"

    def test_a_setstate_that_fails(self, monkeypatch):
        def refuse(self, state):
            raise KeyError("gain")

        monkeypatch.setattr(Keeps, "__setstate__", refuse)
        with pytest.raises(SerializationError, match=rf"{__name__}\.Keeps.*KeyError: 'gain'"):
            deserialize_node_from_ipc(serialize_node_for_ipc(Keeps()))

    def test_an_initialize_that_fails(self):
        data = serialize_node_for_ipc(Steps(fails=("initialize",)))
        with pytest.raises(
            RuntimeError, match=r"Node 'Steps' deserialized successfully but initialize\(\) failed: no initialize today"
        ) as raised:
            deserialize_node_from_ipc(data)
        assert isinstance(raised.value.__cause__, OSError)


class Unpickled(BaseException):
    """Not an Exception, which would count as a failure to load."""


def never(data):
    raise Unpickled


class TestS8VersionsAndIntegrity:
    """S8."""

    @pytest.fixture(autouse=True)
    def nothing_is_unpickled(self, monkeypatch):
        monkeypatch.setattr(node_payload.pickle, "loads", never)

    @pytest.mark.parametrize("program", ["python", "cloudpickle"])
    def test_another_version(self, monkeypatch, program):
        real = node_payload._versions()
        monkeypatch.setattr(node_payload, "_versions", lambda: {**real, program: "2.7"})
        data = serialize_node_for_ipc(Keeps())
        monkeypatch.setattr(node_payload, "_versions", lambda: real)
        with pytest.raises(
            SerializationError,
            match=rf"{__name__}\.Keeps.*made with {program} 2\.7, and here is {program} {real[program]}",
        ):
            deserialize_node_from_ipc(data)

    @given(st.data())
    def test_damage_is_found(self, data):
        whole = serialize_node_for_ipc(Keeps(payload=b"x" * 50))
        at = data.draw(st.integers(0, len(whole) - 1))
        changed = bytearray(whole)
        changed[at] ^= data.draw(st.integers(1, 255))
        for bad in (bytes(changed), whole[:at], whole + changed[: at + 1]):
            with pytest.raises(SerializationError) as raised:
                deserialize_node_from_ipc(bad)
            assert raised.value.operation == "deserialize"

    def test_the_class_is_named_where_the_header_is_whole(self):
        whole = serialize_node_for_ipc(Keeps())
        for bad in (whole[:-1], whole[:-1] + b"?", whole + b"?"):
            with pytest.raises(
                SerializationError, match=rf"Node 'Keeps': Deserialization failed \(class {__name__}.Keeps"
            ):
                deserialize_node_from_ipc(bad)

    @given(st.binary(max_size=200))
    def test_foreign_bytes(self, data):
        for foreign in (data, cloudpickle.dumps(data)):
            with pytest.raises(SerializationError, match="Cannot deserialize Node 'unknown': Deserialization failed: "):
                deserialize_node_from_ipc(foreign)

    def test_a_header_that_is_no_object(self):
        forged = node_payload._FORMAT.write([1], [b"x"])
        with pytest.raises(SerializationError, match="unknown"):
            deserialize_node_from_ipc(forged)


class TestS9State:
    """S9."""

    @pytest.mark.parametrize("own", ["x", None, {"a": [1]}])
    def test_an_attribute_called_state_survives(self, own):
        node = Keeps()
        node.state = own
        assert deserialize_node_from_ipc(serialize_node_for_ipc(node)).state == own

    def test_sessions_stay_behind_and_their_limits_travel(self):
        node = Keeps()
        node.state = StateManager(60, 3)
        node.get_session_state("s").set("k", 1)
        back = deserialize_node_from_ipc(serialize_node_for_ipc(node))
        assert back.state.get_all_sessions() == {}
        assert (back.state.default_ttl, back.state.max_sessions) == (node.state.default_ttl, 3)
        back.cleanup()


class TestS10Validation:
    """S10."""

    @pytest.mark.parametrize("name", ["_lock", "_thread", "_file_handle", "_connection", "_socket", "other"])
    def test_it_goes_by_what_can_be_pickled(self, name):
        assert validate_node_serializable(Keeps(**{name: "a name only"}))
        node = Keeps(**{name: LOCK})
        with pytest.warns(UserWarning, match=f"attribute '{name}'"):
            assert validate_node_serializable(node) is False
        failure(node)

    def test_an_initialized_node(self):
        node = Steps()
        node.initialize()
        with pytest.warns(UserWarning, match=r"Node 'Steps' is initialized\nSuggestion: Call node\.cleanup\(\)"):
            assert not validate_node_serializable(node)
        assert node.is_initialized
        node.cleanup()
        assert validate_node_serializable(node)

    def test_it_changes_nothing(self):
        node = Steps()
        node.get_session_state("s").set("k", 1)
        assert validate_node_serializable(node) is True
        assert node.events == []
        assert node.get_session_state("s").data == {"k": 1}

    @given(st.dictionaries(st.sampled_from("abc"), st.sampled_from([1, "x", LOCK, [LOCK], {"k": (LOCK,)}, b""])))
    def test_it_says_what_serializing_does(self, attributes):
        node = Keeps(**attributes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            valid = validate_node_serializable(node)
        if valid:
            serialize_node_for_ipc(node)
        else:
            failure(node)


def test_a_constructor_argument_that_holds_itself():
    ring: list = []
    ring.append(ring)
    back = deserialize_node_from_ipc(serialize_node_for_ipc(Keeps(ring=ring)))
    assert back.ring[0] is back.ring
