"""The audio nodes."""

import asyncio
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")

from remotemedia.nodes.audio import (  # noqa: E402
    AudioBuffer,
    AudioResampleNode,
    AudioTransform,
    ExtractAudioDataNode,
    FormatConverterNode,
    VADNode,
    VoiceActivityDetector,
)

ALL = [
    lambda: AudioTransform(8000, 1),
    lambda: AudioBuffer(10),
    lambda: AudioResampleNode(8000),
    lambda: VADNode(),
    lambda: FormatConverterNode("i16"),
    lambda: VoiceActivityDetector(),
]


def sine(frequency, rate, seconds=0.5, channels=1, level=0.5):
    wave = level * np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate)
    return np.tile(wave.astype(np.float32), (channels, 1))


def quiet(rate=16000, seconds=0.5, level=0.001):
    noise = np.random.default_rng(1).standard_normal((1, int(rate * seconds)))
    return (level * noise).astype(np.float32)


async def drain(node, items):
    async def stream():
        for item in items:
            yield item

    return [output async for output in node.process(stream())]


def feed(node, data):
    """Hand one item to a node of either kind, and return what comes."""
    return asyncio.run(drain(node, [data])) if node.is_streaming else node.process(data)


def test_without_numpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    for make in [*ALL, ExtractAudioDataNode]:
        with pytest.raises(ImportError, match=r"pip install remotemedia\[numpy\]"):
            make()


BAD = [
    ("x", "Input must be a tuple of (audio_data, sample_rate)"),
    ((np.zeros(3),), "Input must be a tuple of (audio_data, sample_rate)"),
    (([0.0], 8000), "Audio data must be a numpy array"),
    ((np.zeros(3, complex), 8000), "Audio data must be an array of real numbers, got complex128"),
    ((np.zeros(3), "8000"), "Sample rate must be a whole number of Hz, got '8000'"),
    ((np.zeros(3), 8000.5), "Sample rate must be a whole number of Hz, got 8000.5"),
    ((np.zeros(3), 0), "Sample rate must be positive, got 0"),
    ((np.zeros((1, 1, 3)), 8000), "Audio data must have shape (frames,) or (channels, frames), got (1, 1, 3)"),
    ((np.zeros((0, 3)), 8000), "Audio data must have shape (frames,) or (channels, frames), got (0, 3)"),
]


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize(("data", "message"), BAD)
def test_bad_input(make, data, message):
    node = make()
    if isinstance(node, AudioResampleNode):
        assert node.process(data) == {"error": message, "processed_by": "AudioResampleNode[AudioResampleNode]"}
        return
    with pytest.raises((TypeError, ValueError)) as caught:
        feed(node, data)
    assert str(caught.value) == message


def test_wide_integers_have_no_full_scale():
    data = (np.arange(100), 16000)
    assert "full scale" in AudioResampleNode(8000).process(data)["error"]
    with pytest.raises(TypeError, match="full scale"):
        VADNode().process(data)


class TestResample:
    def test_same_rate_is_untouched(self):
        data = (sine(440, 16000), 16000)
        assert AudioResampleNode().process(data) is data

    @pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int32", "uint8"])
    @pytest.mark.parametrize("channels", [None, 1, 2])
    def test_shape_and_type(self, dtype, channels):
        shape = 441 if channels is None else (channels, 441)
        metadata = {"session_id": "s"}
        samples, rate, rest = AudioResampleNode(16000).process((np.zeros(shape, dtype), 44100, metadata))
        assert rate == 16000
        assert samples.dtype == dtype
        assert samples.shape == (*np.zeros(shape).shape[:-1], 160)
        assert rest is metadata

    @pytest.mark.parametrize("dtype", ["int16", "int32"])
    def test_integers_keep_their_level(self, dtype):
        limits = np.iinfo(dtype)
        whole = sine(440, 48000, level=0.5) * limits.max
        samples, _ = AudioResampleNode(16000).process((whole.astype(dtype), 48000))
        expected = sine(440, 16000, level=0.5) * limits.max
        assert np.abs(samples[:, 200:-200] - expected[:, 200:-200]).max() < limits.max * 1e-4

    def test_integers_are_clipped_and_do_not_wrap(self):
        square = np.where(np.arange(4800) // 24 % 2, 32767, -32768).astype(np.int16)
        samples, _ = AudioResampleNode(44100).process((square, 48000))
        plateau = samples[: 44100 // 1000 // 2]
        assert (plateau < 0).all()

    def test_changing_rate(self):
        node = AudioResampleNode(16000)
        for rate in (48000, 8000, 48000):
            samples, out_rate = node.process((sine(440, rate), rate))
            assert (samples.shape[1], out_rate) == (8000, 16000)

    def test_parameters(self):
        node = AudioResampleNode(8000, "low", "rust")
        assert (node.target_sample_rate, node.quality, node.runtime_hint) == (8000, "low", "rust")
        with pytest.raises(ValueError, match="quality must be one of low, medium, high"):
            AudioResampleNode(quality="best")
        with pytest.raises(ValueError, match="Sample rate"):
            AudioResampleNode(0)


class TestTransform:
    def test_rate_and_channels(self):
        samples, rate = AudioTransform().process((sine(440, 22050, channels=1), 22050))
        assert (samples.shape, samples.dtype, rate) == ((2, 22050), np.float32, 44100)
        assert (samples[0] == samples[1]).all()
        assert np.abs(samples[:, 200:-200] - sine(440, 44100, channels=2)[:, 200:-200]).max() < 1e-4

    def test_nothing_to_do(self):
        audio = sine(440, 44100, channels=2)
        samples, rate, metadata = AudioTransform().process((audio, 44100, {"k": 1}))
        assert samples is audio
        assert (rate, metadata) == (44100, {"k": 1})

    def test_mono_vector_becomes_two_dimensional(self):
        samples, _ = AudioTransform(8000, 1).process((np.ones(10, np.int16), 8000))
        assert samples.shape == (1, 10)

    @pytest.mark.parametrize(
        ("inputs", "outputs", "expected"),
        [
            ([1, 3], 1, [2]),
            ([1], 3, [1, 1, 1]),
            ([1, 2], 4, [1, 2, 1, 2]),
            ([1, 2, 3, 4], 2, [2, 3]),
            ([1, 2, 6], 2, [3.5, 2]),
        ],
    )
    def test_mixing(self, inputs, outputs, expected):
        audio = np.repeat(np.array(inputs, np.float32)[:, None] / 8, 5, axis=1)
        samples, _ = AudioTransform(8000, outputs).process((audio, 8000))
        assert samples.dtype == np.float32
        assert (samples == np.array(expected)[:, None] / 8).all()

    def test_config(self):
        assert AudioTransform(8000, 1, name="t").config == {"output_sample_rate": 8000, "output_channels": 1}
        with pytest.raises(ValueError, match="output_channels"):
            AudioTransform(output_channels=0)
        with pytest.raises(ValueError, match="Sample rate"):
            AudioTransform(output_sample_rate=-1)


class TestBuffer:
    @settings(deadline=None)
    @given(
        size=st.integers(1, 12),
        lengths=st.lists(st.integers(0, 30), max_size=8),
        channels=st.sampled_from([None, 1, 2]),
    )
    def test_blocks(self, size, lengths, channels):
        whole = np.arange(sum(lengths) * (channels or 1), dtype=np.int64)
        whole = whole if channels is None else whole.reshape(channels, -1)
        pieces = np.split(whole, np.cumsum(lengths)[:-1], axis=-1) if lengths else []
        outputs = asyncio.run(drain(AudioBuffer(size), [(piece, 8000) for piece in pieces]))
        blocks = [block for block, _ in outputs]
        assert all(rate == 8000 for _, rate in outputs)
        assert all(block.shape[-1] == size for block in blocks[:-1])
        assert all(0 < block.shape[-1] <= size for block in blocks)
        assert sum(block.shape[-1] for block in blocks) == sum(lengths)
        if blocks:
            assert np.array_equal(np.concatenate(blocks, axis=-1), whole)

    @pytest.mark.parametrize(
        "other",
        [(np.ones((1, 3), np.float32), 16000), (np.ones((2, 3), np.float32), 8000), (np.ones((1, 3)), 8000)],
        ids=["rate", "channels", "type"],
    )
    def test_a_change_of_format_flushes(self, other):
        outputs = asyncio.run(drain(AudioBuffer(5), [(np.zeros((1, 7), np.float32), 8000), other]))
        assert [(block.shape[1], rate) for block, rate in outputs] == [(5, 8000), (2, 8000), (3, other[1])]
        assert outputs[-1][0].dtype == other[0].dtype

    def test_parameters(self):
        assert AudioBuffer(5).is_streaming
        assert AudioBuffer(buffer_size_samples=5).config == {"buffer_size_samples": 5}
        with pytest.raises(ValueError, match="buffer_size_samples"):
            AudioBuffer(0)


class TestVad:
    def test_speech_and_silence(self):
        node = VADNode()
        audio = np.concatenate([quiet(), sine(300, 16000)], axis=1)
        samples, rate, metadata = node.process((audio, 16000))
        assert samples is audio
        assert rate == 16000
        assert metadata["is_speech"] is True
        assert (metadata["speech_frames"], metadata["total_frames"]) == (17, 33)
        assert node.process((quiet(), 16000))[2] == {"is_speech": False, "speech_frames": 0, "total_frames": 16}

    def test_the_result_is_two_dimensional(self):
        assert VADNode().process((np.zeros(960), 16000))[0].shape == (1, 960)

    @pytest.mark.parametrize(("frames", "total"), [(0, 0), (1, 1), (479, 1), (480, 1), (959, 1), (960, 2)])
    def test_frames(self, frames, total):
        assert VADNode().process((np.ones((2, frames)), 16000))[2] == {
            "is_speech": total > 0,
            "speech_frames": total,
            "total_frames": total,
        }

    @pytest.mark.parametrize("dtype", ["float64", "int16", "int32", "uint8"])
    def test_the_level_is_relative_to_full_scale(self, dtype):
        loud, still = (FormatLevels.at(level, dtype) for level in (0.03, 0.01))
        assert VADNode().process((loud, 16000))[2]["is_speech"]
        assert not VADNode().process((still, 16000))[2]["is_speech"]

    def test_earlier_metadata_stays(self):
        metadata = VADNode().process((quiet(), 16000, {"session_id": "s"}))[2]
        assert metadata.keys() == {"session_id", "is_speech", "speech_frames", "total_frames"}

    def test_bad_frame(self):
        with pytest.raises(ValueError, match="frame_duration_ms"):
            VADNode(frame_duration_ms=0)


class FormatLevels:
    """A constant level in any sample type."""

    @staticmethod
    def at(level, dtype):
        dtype = np.dtype(dtype)
        if dtype.kind == "f":
            return np.full(960, level, dtype)
        full_scale = 2 ** (8 * dtype.itemsize - 1)
        return np.full(960, level * full_scale + (full_scale if dtype.kind == "u" else 0), dtype)


class TestFormat:
    def test_values(self):
        audio = np.array([[-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, np.nan, np.inf, -np.inf]], np.float32)
        as16, rate = FormatConverterNode("i16").process((audio, 8000))
        assert rate == 8000
        assert as16.tolist() == [[-32768, -32768, -16384, 0, 16384, 32767, 0, 32767, -32768]]
        as32, _ = FormatConverterNode("i32").process((as16, 8000))
        assert as32.tolist() == [[value * 65536 for value in as16[0].tolist()]]
        back, _ = FormatConverterNode("f32").process((as32, 8000))
        assert back.dtype == np.float32
        assert back[0, :5].tolist() == [-1.0, -1.0, -0.5, 0.0, 0.5]

    def test_rounds_to_the_nearest(self):
        audio = np.array([1.4, 1.6, -1.4, -1.6], np.float32) / 32768
        assert FormatConverterNode("i16").process((audio, 8000))[0].tolist() == [1, 2, -1, -2]

    @given(values=st.lists(st.integers(-32768, 32767), min_size=1), via=st.sampled_from(["f32", "i32"]))
    def test_16_bits_come_back_exactly(self, values, via):
        audio = np.array(values, np.int16)
        there = FormatConverterNode(via).process((audio, 8000))
        back, _ = FormatConverterNode("i16").process(there)
        assert np.array_equal(back, audio)
        assert back.dtype == np.int16

    @pytest.mark.parametrize(("target", "dtype"), [("f32", "float32"), ("i16", "int16"), ("i32", "int32")])
    def test_same_format_is_untouched(self, target, dtype):
        data = (np.ones(3, dtype), 8000, {"k": 1})
        assert FormatConverterNode(target).process(data) is data
        other = np.ones(3, np.dtype(dtype).newbyteorder(">"))
        converted = FormatConverterNode(target).process((other, 8000))[0]
        assert converted.dtype == dtype
        assert np.array_equal(converted, other)

    def test_unknown_format(self):
        with pytest.raises(ValueError, match="target_format must be one of f32, i16, i32, got 'u8'"):
            FormatConverterNode("u8")


class TestVoiceActivity:
    def run(self, node, *pieces):
        return asyncio.run(drain(node, [(piece, 16000) for piece in pieces]))

    def test_speech_over_a_background(self):
        outputs = self.run(VoiceActivityDetector(), quiet(), sine(300, 16000), quiet())
        assert [metadata["is_speech"] for _, metadata in outputs] == [False, True, False]
        (samples, rate), metadata = outputs[1]
        assert (samples.shape, rate) == ((1, 8000), 16000)
        assert metadata["speech_ratio"] == 1.0
        assert metadata["avg_energy"] == pytest.approx(0.5 / np.sqrt(2), rel=0.01)
        assert metadata["frame_duration_ms"] == 30

    def test_a_loud_beginning_is_speech(self):
        assert self.run(VoiceActivityDetector(), sine(300, 16000))[0][1]["is_speech"] is True

    def test_the_threshold_adapts(self):
        hum = sine(50, 16000, level=0.05)
        outputs = self.run(VoiceActivityDetector(), hum, hum, sine(300, 16000), hum)
        assert [metadata["is_speech"] for _, metadata in outputs] == [True, False, True, False]

    def test_the_formula(self):
        # 16 frames of 0.1 have gone before: 0.7 * 2.5 * 0.1 + 0.3 * 0.02 = 0.181
        before, below, above = (np.full((1, 8000), level) for level in (0.1, 0.180, 0.182))
        for piece, speech in ((below, False), (above, True)):
            assert self.run(VoiceActivityDetector(), before, piece)[1][1]["is_speech"] is speech

    def test_the_ratio(self):
        half = np.concatenate([quiet(seconds=0.3), sine(300, 16000, 0.3)], axis=1)
        metadata = self.run(VoiceActivityDetector(), half)[0][1]
        assert metadata["speech_ratio"] == 0.5
        assert metadata["is_speech"]
        assert not self.run(VoiceActivityDetector(speech_threshold=0.5), half)[0][1]["is_speech"]

    def test_filter(self):
        loud = sine(300, 16000)
        outputs = self.run(VoiceActivityDetector(filter_mode=True), quiet(), loud, quiet())
        assert len(outputs) == 1
        assert outputs[0][0][0] is loud
        bare = self.run(VoiceActivityDetector(filter_mode=True, include_metadata=False), quiet(), loud)
        assert len(bare) == 1
        assert bare[0][0] is loud
        assert bare[0][1] == 16000

    def test_every_stream_starts_anew(self):
        node = VoiceActivityDetector()
        hum = sine(50, 16000, level=0.05)
        for _ in range(2):
            assert self.run(node, hum)[0][1]["is_speech"] is True

    def test_no_samples(self):
        metadata = self.run(VoiceActivityDetector(), np.zeros((1, 0)))[0][1]
        assert metadata == {"is_speech": False, "speech_ratio": 0.0, "avg_energy": 0.0, "frame_duration_ms": 30}

    def test_bad_frame(self):
        with pytest.raises(ValueError, match="frame_duration_ms"):
            VoiceActivityDetector(frame_duration_ms=-1)


def test_extract():
    node = ExtractAudioDataNode()
    assert node.process((np.array([[1, 2], [3, 4]]), 8000)).tolist() == [1, 2, 3, 4]
    for other in ("x", None, (np.zeros(2),), ([1.0], 8000)):
        assert node.process(other) is None
