"""What comes out of a pipeline is what went in: contract part 2, M1 to M16."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from remotemedia import AudioFrame, Node, PassThroughNode, execute_pipeline_with_input
from remotemedia.core import RuntimeData
from remotemedia.core.multiprocessing.data import ControlMessageType, TensorType


class Sees(Node):
    """Keeps what it gets, and passes it on."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def process(self, data):
        self.seen.append(data)
        return data


NATIVE = {"node_type": "PassThrough"}
WAYS = {
    "between Python nodes": lambda sees: [PassThroughNode(), sees],
    "through a native node": lambda sees: [PassThroughNode(), NATIVE, sees, NATIVE],
}


@pytest.fixture(params=WAYS)
def send(request, run):
    """Sends values through a pipeline, and checks that each node got the very objects."""

    def send(*values):
        sees = Sees()
        outputs = run(execute_pipeline_with_input(WAYS[request.param](sees), list(values)))
        assert list(map(id, sees.seen)) == list(map(id, values))
        return outputs

    return send


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([1, 2, 3], id="M1 list"),
        pytest.param((1, 2), id="M1 tuple"),
        pytest.param([], id="M1 empty"),
        pytest.param(2**70, id="M5 large int"),
        pytest.param(-(2**70), id="M5 large negative int"),
        pytest.param((np.zeros(4, np.float32), 16000), id="M6 audio tuple"),
        pytest.param({1: 2}, id="M7 keys that are no text"),
        pytest.param({"type": 5}, id="M7 type that is no text"),
        pytest.param({"type": "text", "value": "x"}, id="M8 looks like text"),
        pytest.param({"type": "audio"}, id="M8 looks like audio"),
        pytest.param({"__pickled__": True, "data": "gASVAAAA"}, id="M14 looks like a pickle"),
        pytest.param(np.float32(1.5), id="M15 scalar"),
        pytest.param(np.bool_(True), id="M15 bool"),
        pytest.param(np.datetime64("2024-01-01"), id="M15 date"),
        pytest.param(threading.Lock(), id="I19 what cannot be pickled"),
    ],
)
def test_values_come_out_as_themselves(send, value):
    (output,) = send(value)
    assert output is value


@pytest.mark.parametrize(
    "dtype", ["int8", "int16", "int64", "uint8", "bool", "complex64", "float16", "<U3", ">f4", "O"]
)
def test_m2_m3_arrays_of_every_type(send, dtype):
    """M2, M3: no dtype is replaced, reinterpreted or refused."""
    array = np.arange(6).reshape(2, 3).astype(dtype)
    (output,) = send(array)
    assert output is array and output.dtype == dtype and output.tobytes() == array.tobytes()


def test_m4_numbers_that_are_none(send):
    """M4: not-a-number and infinity stay."""
    nan, infinite, negative = send(math.nan, math.inf, -math.inf)
    assert math.isnan(nan) and (infinite, negative) == (math.inf, -math.inf)


def test_m9_none_as_input(run):
    """M9: a node sees None itself; as an output it is none."""
    sees = Sees()
    assert run(execute_pipeline_with_input([sees], [None])) == []
    assert sees.seen == [None]


def test_m10_m11_m16_arrays_are_not_copied(send):
    """M10, M11, M16: however large, an array keeps its address on every hop; and its strides, which mean something."""
    large, frame = np.zeros(10 * 2**20 // 4, np.float32), np.zeros(48000, np.float32)
    for array in (large, frame, large[::2], large.reshape(-1, 4).T):
        (output,) = send(array)
        assert output is array
        assert output.__array_interface__["data"] == array.__array_interface__["data"]
        assert output.strides == array.strides


def test_m16_native_audio_is_a_read_only_view(run):
    """M16: where a native node takes float32 samples it takes them where they are, and gives its own as a view."""
    resample = {"node_type": "FastResampleNode", "params": {"target_rate": 16000}}
    (frame, *_) = run(execute_pipeline_with_input([resample, Sees()], [(np.zeros((1, 48000), np.float32), 48000)]))
    assert isinstance(frame, AudioFrame) and not frame.samples.flags.owndata and not frame.samples.flags.writeable


def test_m12_what_belongs_to_audio_stays_with_it(send):
    """M12: times, streams and metadata survive, of frames, tuples, dicts and `RuntimeData`."""
    samples = np.zeros((1, 4), np.float32)
    data = RuntimeData.audio(samples[0], 16000, session_id="s")
    data.metadata.annotations = {"speaker": "a"}
    frame = AudioFrame(samples, 16000, pts=40_000_000, duration=250_000)
    audio = {"type": "audio", "samples": samples, "sample_rate": 16000, "channels": 1, "stream_id": "s"}
    outputs = send(frame, (samples, 16000, {"stream_id": "s", "timestamp": 1.5}), audio, data)
    assert (outputs[0].pts, outputs[0].duration) == (40_000_000, 250_000)
    assert outputs[1][2] == {"stream_id": "s", "timestamp": 1.5} and outputs[2]["stream_id"] == "s"
    assert outputs[3].metadata.annotations == {"speaker": "a"}
    assert RuntimeData.from_bytes(data.to_bytes()) == data


def test_m13_every_kind_of_data(send):
    """M13: nothing is replaced by a placeholder, neither on the way through a pipeline nor through bytes."""
    kinds = [
        RuntimeData.video(np.zeros((2, 4, 3), np.uint8), 4, 2),
        RuntimeData.tensor(np.arange(6, dtype=np.int64).reshape(2, 3)),
        RuntimeData.tensor(bytes(8), dtype=TensorType.U16),
        RuntimeData.control_message(ControlMessageType.DEADLINE_WARNING, "seg", deadline_us=500),
        RuntimeData.file("a.wav", mime_type="audio/wav"),
        RuntimeData.text("x"),
        RuntimeData.json({"a": [1]}),
        RuntimeData.binary(b"\x00"),
    ]
    assert [*map(id, send(*kinds))] == [*map(id, kinds)]
    assert [RuntimeData.from_bytes(data.to_bytes()) for data in kinds] == kinds


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | arrays.arrays("int16", 3),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.integers() | st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=30)
@given(values=st.lists(ANYTHING.filter(lambda value: value is not None), min_size=1, max_size=4))
@pytest.mark.parametrize("way", WAYS)
def test_any_values_at_all(way, values):
    import asyncio

    outputs = asyncio.run(execute_pipeline_with_input(WAYS[way](Sees()), values))
    assert [*map(id, outputs)] == [*map(id, values)]
