"""Audio between native nodes and Python: what arrives, what is taken, who owns the memory."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from remotemedia import AudioFrame, Node, execute_pipeline, execute_pipeline_with_input  # noqa: E402
from remotemedia._engine import _abi, packets  # noqa: E402
from remotemedia._engine.objects import AddressObjects, SlotObjects  # noqa: E402
from remotemedia.runtime import audio_dict_to_numpy, numpy_to_audio_dict  # noqa: E402

FIXTURES = Path(__file__).parents[2] / "runtime/nodes/tests/fixtures"
TONE = FIXTURES / "sine.flac"


def source(path: Path, block_size: int = 1024) -> dict[str, Any]:
    return {"node_type": "AudioFileSourceNode", "params": {"path": path, "block_size": block_size}}


class Keeps(Node):
    """Keeps what comes by, and passes it on."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def process(self, data: Any) -> Any:
        self.seen.append(data)
        return data


def test_a_native_source_gives_frames(run):
    keeps = Keeps()
    run(execute_pipeline([source(TONE, 1000), keeps]))
    first, second = keeps.seen[:2]
    assert isinstance(first, AudioFrame) and (first.channels, first.frames) == (2, 1000)
    assert first.samples.dtype == np.float32 and first.samples.shape == (2, 1000)
    assert (first.pts, second.pts) == (0, 1000 * 10**9 // first.sample_rate)
    samples, rate = first
    assert samples is first.samples and rate == first.sample_rate


def test_the_memory_outlives_everything_and_cannot_be_written(run):
    keeps = Keeps()
    run(execute_pipeline([source(TONE), keeps]))
    before = [frame.samples.copy() for frame in keeps.seen]
    gc.collect()
    run(execute_pipeline([source(TONE), Keeps()]))
    assert all(np.array_equal(frame.samples, copied) for frame, copied in zip(keeps.seen, before, strict=True))
    assert not any(frame.samples.flags.owndata for frame in keeps.seen)
    with pytest.raises(ValueError, match="read-only"):
        keeps.seen[0].samples[0, 0] = 1


def test_samples_are_not_copied_on_the_way_back(run):
    """A frame from native memory, through a native node, into Python again: the same address."""
    before, after = Keeps(), Keeps()
    same_rate = {"node_type": "FastResampleNode", "params": {"target_rate": 22050}}
    run(execute_pipeline([source(TONE), before, same_rate, after]))
    addresses = [[frame.samples.ctypes.data for frame in keeps.seen] for keeps in (before, after)]
    assert addresses[0] == addresses[1]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int32"])
@pytest.mark.parametrize("shape", [(480,), (1, 480), (2, 480)])
def test_arrays_of_any_kind_are_taken(run, dtype, shape):
    wave = np.sin(np.arange(480) / 10) * 0.5 * np.ones(shape)
    samples = wave.astype(dtype) if dtype.startswith("f") else (wave * -np.iinfo(dtype).min).astype(dtype)
    resample = {"node_type": "FastResampleNode", "params": {"target_rate": 16000}}
    (frame,) = run(execute_pipeline_with_input([Keeps(), resample], [(samples, 16000)]))
    assert frame.samples.shape == (1 if len(shape) == 1 else shape[0], 480)
    assert np.allclose(frame.samples, wave, atol=1e-4)


def test_strided_and_transposed_arrays_are_taken(run):
    wave = np.random.default_rng(1).uniform(-1, 1, (480, 2)).astype(np.float32)
    resample = {"node_type": "FastResampleNode", "params": {"target_rate": 16000}}
    for samples in (wave.T, wave.T[:, ::2], wave.T[::-1]):
        (frame,) = run(execute_pipeline_with_input([Keeps(), resample], [AudioFrame(samples, 16000, pts=5)]))
        assert np.array_equal(frame.samples, samples) and frame.pts == 5


def test_an_audio_dict_is_taken_by_nodes_that_take_audio(run):
    interleaved = np.arange(8, dtype=np.float32).reshape(4, 2) / 10
    audio = numpy_to_audio_dict(interleaved, 16000, 2)
    assert np.array_equal(audio_dict_to_numpy(audio), interleaved)
    resample = {"node_type": "FastResampleNode", "params": {"target_rate": 16000}}
    (frame,) = run(execute_pipeline_with_input([Keeps(), resample], [audio]))
    assert np.array_equal(frame.samples, interleaved.T)
    del audio["channels"]
    with pytest.raises(ValueError, match="Audio data missing 'channels' field"):
        run(execute_pipeline_with_input([Keeps(), resample], [audio]))


@pytest.mark.parametrize(
    "wrong",
    [
        "text",
        5,
        None,
        (1, 2),
        (np.zeros(4), True),
        [np.zeros(4)],
        (np.zeros((2, 2, 2)), 16000),
        (np.zeros(4, complex), 8000),
    ],
)
def test_what_is_no_audio_is_refused(run, wrong):
    class Gives(Node):
        def process(self, data: Any) -> Any:
            yield data
            yield wrong

    resample = {"node_type": "FastResampleNode", "params": {"target_rate": 16000}}
    good = (np.zeros(160, np.float32), 16000)
    if wrong is None:
        assert len(run(execute_pipeline_with_input([Gives(), resample], [good]))) == 1
        return
    with pytest.raises(ValueError, match="Invalid input for node 'FastResampleNode_1'") as raised:
        run(execute_pipeline_with_input([Gives(), resample], [good]))
    assert len(raised.value.partial_results) == 1


def test_a_frame_is_a_tuple_that_can_be_copied():
    frame = AudioFrame(np.zeros((2, 4), np.float32), 8000, pts=7, duration=9)
    for other in (copy.copy(frame), pickle.loads(pickle.dumps(frame))):
        assert (other.sample_rate, other.pts, other.duration) == (8000, 7, 9)
    assert repr(frame) == "AudioFrame(2 x 4 samples, 8000 Hz, pts=7)"


@pytest.mark.parametrize("broken", ["missing", "text", "cut", "folder"])
def test_files_that_are_no_audio_are_named(run, tmp_path, broken):
    path = tmp_path / "sound.flac"
    if broken == "text":
        path.write_text("nothing to hear")
    elif broken == "cut":
        path.write_bytes(TONE.read_bytes()[:-1000])
    elif broken == "folder":
        path.mkdir()
    with pytest.raises(Exception, match="sound.flac") as raised:
        run(execute_pipeline([source(path), Keeps()]))
    assert raised.value.node_id == "AudioFileSourceNode_0"


@pytest.mark.parametrize("objects", [AddressObjects, SlotObjects])
def test_a_frame_that_cannot_be_given_is_let_go(objects):
    samples = np.zeros((1, 4), dtype=np.float32)
    frame = AudioFrame(samples, 8000, pts="soon")  # type: ignore[arg-type]
    before = sys.getrefcount(samples)
    with pytest.raises(TypeError):
        packets.export(objects(), frame, 1 << _abi.RM_KIND_AUDIO, packets.new_packet())
    gc.collect()
    assert sys.getrefcount(samples) == before
