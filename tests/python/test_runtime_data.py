"""`RuntimeData`: contract section 7, and W5's "data never becomes code"."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import remotemedia
import remotemedia.core
from remotemedia.core.multiprocessing.data import (
    AudioFormat,
    AudioMetadata,
    ControlMessageMetadata,
    ControlMessageType,
    DataType,
    FileMetadata,
    RuntimeData,
    TensorMetadata,
    TensorType,
    TextMetadata,
    VideoFormat,
    VideoMetadata,
    audio_to_numpy,
    numpy_to_audio,
)


def back(data):
    return RuntimeData.from_bytes(data.to_bytes())


class TestNames:
    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            (
                DataType,
                {
                    **{"AUDIO": 1, "VIDEO": 2, "TEXT": 3, "TENSOR": 4, "CONTROL_MESSAGE": 5, "NUMPY": 6, "FILE": 7},
                    **{"JSON": 9, "BINARY": 10},
                },
            ),
            (AudioFormat, {"F32": 1, "I16": 2, "I24": 3, "I32": 4, "U8": 5}),
            (VideoFormat, {"RGB": 1, "RGBA": 2, "YUV420": 3, "YUV422": 4, "YUV444": 5, "BGR": 6}),
            (TensorType, {"F32": 1, "F64": 2, "I32": 3, "I64": 4, "U8": 5, "U16": 6}),
        ],
    )
    def test_the_numbers_of_the_contract(self, kind, values):
        assert {each.name: each.value for each in kind} == values

    def test_control_messages(self):
        assert {each.value for each in ControlMessageType} == {"CancelSpeculation", "BatchHint", "DeadlineWarning"}

    def test_they_come_when_they_are_asked_for(self):
        for name in ("RuntimeData", "DataType", "AudioMetadata", "VideoMetadata"):
            assert getattr(remotemedia.core, name).__name__ == name
        program = (
            "import sys, remotemedia\n"
            "loaded = [name for name in sys.modules if 'remotemedia.core.multiprocessing' in name]\n"
            "import remotemedia.core.multiprocessing.data\n"
            "print(loaded, sys.modules.keys() & {'numpy', 'asyncio', 'cloudpickle', 'multiprocessing'})\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout == "[] set()\n"


class TestFactories:
    def test_audio(self):
        before = time.time()
        samples = np.zeros(4800, np.float32)
        data = RuntimeData.audio(samples, 48000, 2, "s")
        assert (data.type, data.session_id, data.data_type(), data.size) == (DataType.AUDIO, "s", "audio", 19200)
        assert data.payload is samples
        assert data.metadata == AudioMetadata(48000, 2, AudioFormat.F32, 50.0)
        assert before <= data.timestamp <= time.time()
        assert data.is_audio() and not data.is_text()

    @pytest.mark.parametrize(
        ("samples", "format", "found"),
        [
            (np.zeros(4, np.int16), AudioFormat.F32, AudioFormat.I16),
            (np.zeros(4, np.int32), AudioFormat.F32, AudioFormat.I32),
            (np.zeros(4, np.int32), AudioFormat.I24, AudioFormat.I24),
            (np.zeros(4, np.uint8), AudioFormat.F32, AudioFormat.U8),
            (np.zeros(4), AudioFormat.F32, AudioFormat.F32),
            (np.zeros(4, ">f4"), AudioFormat.F32, AudioFormat.F32),
            (np.zeros(4, ">i2"), AudioFormat.F32, AudioFormat.I16),
            ([0.5, 0.5, 0, 0], AudioFormat.F32, AudioFormat.F32),
            (bytes(12), AudioFormat.I24, AudioFormat.I24),
        ],
    )
    def test_audio_of_every_format(self, samples, format, found):
        data = RuntimeData.audio(samples, 1000, 2, format=format)
        assert (data.metadata.format, data.metadata.duration_ms) == (found, 2.0)
        assert data.as_numpy().shape == (4,)

    def test_audio_full_scale(self):
        low = {
            AudioFormat.I16: np.array([-(2**15), 2**14], "<i2"),
            AudioFormat.I24: b"\x00\x00\x80\x00\x00\x40",
            AudioFormat.I32: np.array([-(2**31), 2**30], "<i4"),
            AudioFormat.U8: bytes([0, 192]),
            AudioFormat.F32: np.array([-1, 0.5], "<f4"),
        }
        for format, samples in low.items():
            frame = RuntimeData.audio(samples, 8000, format=format).as_audio()
            assert frame.samples.dtype == np.float32 and frame.sample_rate == 8000
            assert frame.samples.tolist() == [[-1.0, 0.5]]
        assert RuntimeData.audio(low[AudioFormat.I24], 8000, format=AudioFormat.I24).as_numpy().tolist() == [
            -(2**23),
            2**22,
        ]

    @pytest.mark.parametrize(
        ("samples", "channels", "message"),
        [
            (np.zeros(3, np.float32), 2, "3 samples cannot be shared by 2 channels"),
            (np.zeros((4, 3), np.float32), 2, r"shape \(4, 3\); use \(frames,\) or \(frames, 2\)"),
            (np.zeros(4, complex), 2, "dtype complex128"),
            (bytes(7), 1, "3 bytes are left behind 1 samples of F32"),
            (np.zeros(4, np.float32), 0, "channels of AudioMetadata must be an integer of at least 1, got 0"),
        ],
    )
    def test_audio_that_cannot_be(self, samples, channels, message):
        with pytest.raises(ValueError, match=message):
            RuntimeData.audio(samples, 8000, channels)

    def test_video(self):
        frame = np.zeros((2, 3, 3), np.uint8)
        data = RuntimeData.video(frame, 3, 2)
        assert data.metadata == VideoMetadata(3, 2, VideoFormat.RGB, 30.0)
        assert (data.is_video(), data.size) == (True, 18)
        assert RuntimeData.video(bytes(24), 3, 2, VideoFormat.RGBA).as_numpy().shape == (2, 3, 4)
        assert RuntimeData.video(bytes(9), 3, 2, VideoFormat.YUV420).as_numpy().shape == (9,)
        with pytest.raises(ValueError, match="must be a numpy array or bytes, got list"):
            RuntimeData.video([1, 2], 1, 2)

    def test_text(self):
        data = RuntimeData.text("grüß", language="de")
        assert data.payload == "grüß".encode() and data.size == 6
        assert data.metadata == TextMetadata("utf-8", "de", "tts")
        assert (data.is_text(), data.as_text()) == (True, "grüß")
        assert RuntimeData(DataType.TEXT, "x".encode("utf-16"), "", 0.0).as_text("utf-16") == "x"

    @pytest.mark.parametrize("kind", list(TensorType))
    def test_tensor(self, kind):
        dtype = {"F": "float", "I": "int", "U": "uint"}[kind.name[0]] + kind.name[1:]
        array = np.arange(6, dtype=dtype).reshape(2, 3)
        data = RuntimeData.tensor(array)
        assert data.metadata == TensorMetadata((2, 3), kind)
        assert (data.is_tensor(), data.as_numpy() is array) == (True, True)
        flat = RuntimeData.tensor(array.tobytes(), dtype=kind)
        assert flat.metadata.shape == (6,) and flat.as_numpy().tolist() == list(range(6))
        assert RuntimeData.tensor(array.tolist(), dtype=kind).as_numpy().dtype == dtype
        with pytest.raises(ValueError, match="dtype bool; a tensor has F32, F64"):
            RuntimeData.tensor(array == 1)

    def test_control_message(self):
        data = RuntimeData.control_message("CancelSpeculation", "seg", "s", from_timestamp=1.5, extra={"k": 1})
        assert data.metadata == ControlMessageMetadata(
            ControlMessageType.CANCEL_SPECULATION, "seg", from_timestamp=1.5, extra={"k": 1}
        )
        assert data.is_control_message() and data.is_cancellation() and data.size == 0
        hint = RuntimeData.control_message(ControlMessageType.BATCH_HINT, suggested_batch_size=4)
        assert not hint.is_cancellation()
        fields = hint.metadata.to_dict()
        for payload in (fields, json.dumps(fields).encode()):
            assert RuntimeData(DataType.CONTROL_MESSAGE, payload, "", 0.0).metadata == hint.metadata
        with pytest.raises(ValueError, match="not the fields of ControlMessageMetadata.*'sugested'"):
            RuntimeData.control_message("BatchHint", sugested=1)
        with pytest.raises(ValueError, match="'Stop' is not a valid ControlMessageType"):
            RuntimeData.control_message("Stop")
        with pytest.raises(ValueError, match="Control message requires ControlMessageMetadata, or a dict or JSON"):
            RuntimeData(DataType.CONTROL_MESSAGE, 5, "", 0.0)

    def test_file(self, tmp_path):
        data = RuntimeData.file(tmp_path / "a.wav", "s", mime_type="audio/wav", size=7)
        assert data.metadata == FileMetadata(str(tmp_path / "a.wav"), mime_type="audio/wav", size=7)
        assert (data.get_file_path(), data.is_file(), data.size) == (str(tmp_path / "a.wav"), True, 7)
        from_dict = RuntimeData(DataType.FILE, {"path": "p", "offset": 3}, "", 0.0)
        assert from_dict.metadata == FileMetadata.from_ipc("p", None, None, None, 3)
        assert from_dict.size == 0
        for payload in ("p", {"filename": "p"}, None):
            with pytest.raises(ValueError, match="File requires FileMetadata or dict payload with 'path' field"):
                RuntimeData(DataType.FILE, payload, "", 0.0)

    def test_json_and_binary(self):
        value = {"a": [1, None, {"b": 2.5}]}
        data = RuntimeData.json(value)
        assert data.is_json() and data.as_json() is value and data.data_type() == "json" and data.size == 28
        assert RuntimeData.binary(bytearray(b"abc")).as_binary() == b"abc"
        for wrong in ({1: 2}, (1,), object(), b"x", float):
            with pytest.raises(ValueError, match="JSON cannot hold this"):
                RuntimeData.json(wrong)
        with pytest.raises(ValueError, match="Binary data must be bytes, got str"):
            RuntimeData.binary("x")

    @pytest.mark.parametrize(
        ("kind", "message"),
        [
            (DataType.AUDIO, "Audio data requires AudioMetadata"),
            (DataType.VIDEO, "Video data requires VideoMetadata"),
            (DataType.TENSOR, "Tensor data requires TensorMetadata"),
        ],
    )
    def test_metadata_that_is_missing(self, kind, message):
        for metadata in (None, TextMetadata(), {}):
            with pytest.raises(ValueError, match=message):
                RuntimeData(kind, b"", "", 0.0, metadata)

    def test_what_it_is_not(self):
        text = RuntimeData.text("x")
        for call, what in (
            (text.get_file_path, "Can only get path from FILE data, got TEXT"),
            (text.as_numpy, "Can only get array from AUDIO or VIDEO or TENSOR or NUMPY data, got TEXT"),
            (text.as_audio, "Can only get audio from AUDIO data, got TEXT"),
            (text.as_json, "Can only get JSON from JSON data, got TEXT"),
            (text.as_binary, "Can only get bytes from BINARY data, got TEXT"),
            (RuntimeData.json(1).as_text, "Can only get text from TEXT data, got JSON"),
        ):
            with pytest.raises(ValueError, match=what):
                call()


def test_audio_and_numpy_are_inverse():
    stereo = np.arange(6, dtype=np.float32).reshape(3, 2) / 10
    assert np.array_equal(audio_to_numpy(numpy_to_audio(stereo, 8000, 2)), stereo)
    assert np.array_equal(audio_to_numpy(numpy_to_audio(stereo.reshape(-1), 8000, 2)), stereo)
    mono = stereo[:, 0]
    assert np.array_equal(audio_to_numpy(numpy_to_audio(mono, 8000)), mono)
    frame = numpy_to_audio(stereo, 8000, 2).as_audio()
    assert (frame.channels, frame.frames) == (2, 3)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ARRAYS = arrays.arrays(
    st.one_of(
        arrays.scalar_dtypes(),
        arrays.byte_string_dtypes(),
        arrays.unicode_string_dtypes(),
        arrays.nested_dtypes(max_leaves=3),
    ),
    arrays.array_shapes(min_dims=0, min_side=0, max_side=4),
)


class TestWire:
    @given(value=JSON, session=st.text())
    def test_json(self, value, session):
        data = RuntimeData.json(value, session)
        assert back(data) == data

    @given(data=st.binary(), timestamp=st.floats(allow_nan=False))
    def test_bytes(self, data, timestamp):
        for form in (data, bytearray(data), memoryview(data), memoryview(data)[::2]):
            given = RuntimeData(DataType.BINARY, form, "", timestamp)
            assert back(given).as_binary() == bytes(form)
            assert back(given).timestamp == timestamp

    @given(array=ARRAYS, way=st.sampled_from(["as it is", "transposed", "strided", "by columns"]))
    def test_arrays(self, array, way):
        array = {"transposed": array.T, "strided": array[..., ::-1] if array.ndim else array}.get(way, array)
        array = np.asfortranarray(array) if way == "by columns" and array.ndim else array
        got = back(RuntimeData(DataType.NUMPY, array, "s", 1.0)).payload
        assert (got.dtype, got.shape) == (array.dtype, array.shape)
        assert got.tobytes() == array.tobytes()
        assert got.flags.f_contiguous or not array.flags.f_contiguous

    @pytest.mark.parametrize(
        "data",
        [
            RuntimeData.audio(np.linspace(-1, 1, 480, dtype=np.float32), 48000, 2, "s"),
            RuntimeData.audio(b"\x01\x02\x03" * 4, 8000, 2, format=AudioFormat.I24),
            RuntimeData(DataType.AUDIO, [0.5, 1], "s", 1.0, AudioMetadata(1, 1, AudioFormat.F32, 2.0, {"k": [1]})),
            RuntimeData.video(np.arange(24, dtype=np.uint8).reshape(2, 4, 3), 4, 2, VideoFormat.BGR, 25.0),
            RuntimeData.text("grüß \ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"), "s", "de"),
            RuntimeData.tensor(np.array([[1, 2**62]]), "s"),
            RuntimeData.tensor(np.array([np.nan, np.inf])),
            RuntimeData.control_message("BatchHint", "seg", "s", suggested_batch_size=3, extra={"a": [1]}),
            RuntimeData.file("a.wav", "s", "a", "audio/wav", 1, 2, 3, "t"),
            RuntimeData(DataType.FILE, {"path": "p"}, "", 0.0),
            RuntimeData.json(2**70),
            RuntimeData.binary(b""),
            RuntimeData(DataType.NUMPY, np.arange(4, dtype=">f4"), "", 0.0, {"free": [1]}),
        ],
        ids=lambda data: data.data_type(),
    )
    def test_every_type(self, data):
        got = back(data)
        assert got == data
        assert type(got.metadata) is type(data.metadata)

    def test_w5_pickles_are_not_read(self):
        """W5."""
        with pytest.raises(ValueError, match="are not runtime data"):
            RuntimeData.from_bytes(pickle.dumps(RuntimeData.text("x")))

    def test_m14_nothing_becomes_code(self):
        """M14."""

        class Bomb:
            def __reduce__(self):
                return print, ("boom",)

        for payload in (Bomb(), [Bomb()], np.array([Bomb()]), np.ma.masked_array([1], [True]), (1, 2)):
            with pytest.raises(TypeError, match="is no data"):
                RuntimeData(DataType.NUMPY, payload, "", 0.0).to_bytes()
        with pytest.raises(TypeError, match="has what JSON cannot hold in its metadata"):
            RuntimeData(DataType.NUMPY, 1, "", 0.0, {"k": Bomb()}).to_bytes()
        pickled = {"__pickled__": True, "data": "gASVCgAAAAAAAACMAWGULg=="}
        assert back(RuntimeData.json(pickled)).as_json() == pickled

    @given(st.data())
    def test_damage_is_found(self, data):
        whole = RuntimeData.text("hello", "s").to_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        changed = bytearray(whole)
        changed[at] ^= data.draw(st.integers(1, 255))
        for bad in (bytes(changed), whole[:at], whole + b"x"):
            with pytest.raises(ValueError):
                RuntimeData.from_bytes(bad)

    @pytest.mark.parametrize(
        "change",
        [
            {"type": 8},
            {"type": None},
            {"class": "Popen"},
            {"class": "AudioMetadata", "metadata": {}},
            {"class": "AudioMetadata", "metadata": 5},
            {"payload": {"kind": "pickle"}},
            {"payload": {}},
            {"payload": []},
            {"payload": {"kind": "json"}},
            {"payload": {"kind": "array", "dtype": "|O", "shape": [1], "order": "C"}},
            {"payload": {"kind": "array", "dtype": [["a", "|O"]], "shape": [1], "order": "C"}},
            {"payload": {"kind": "array", "dtype": "no such", "shape": [1], "order": "C"}},
            {"payload": {"kind": "array", "dtype": "<f8", "shape": [99], "order": "C"}},
            {"payload": {"kind": "array", "dtype": "<f8", "shape": "x", "order": "Z"}},
        ],
    )
    def test_forged_headers_are_refused(self, change):
        from remotemedia.core.multiprocessing import wire

        header, payload = wire._FORMAT.read(RuntimeData.binary(b"\xff2345678").to_bytes())
        forged = wire._FORMAT.write({**header, **change}, [payload])
        with pytest.raises(ValueError, match="these bytes describe no runtime data"):
            RuntimeData.from_bytes(forged)

    def test_arrays_are_views_that_are_aligned(self):
        data = RuntimeData.tensor(np.arange(100.0)).to_bytes()
        for form, writeable in ((data, False), (bytearray(data), True)):
            got = RuntimeData.from_bytes(form).payload
            assert np.shares_memory(got, np.frombuffer(form, np.uint8))
            assert got.flags.aligned and got.flags.writeable is writeable


def test_equality_and_text():
    one = RuntimeData(DataType.NUMPY, np.array([1.0, np.nan]), "", 0.0)
    assert one == RuntimeData(DataType.NUMPY, np.array([1.0, np.nan]), "", 0.0)
    assert one != RuntimeData(DataType.NUMPY, np.array([1.0, 2.0]), "", 0.0)
    assert one != RuntimeData(DataType.NUMPY, np.array([1.0, np.nan], np.float32), "", 0.0)
    assert one != RuntimeData(DataType.NUMPY, [1.0], "", 0.0) and one != 1
    assert repr(RuntimeData(DataType.BINARY, b"x" * 10**6, "s", 1.0)) == (
        "RuntimeData(BINARY, 1000000 bytes, session_id='s', timestamp=1.0, metadata=None)"
    )
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_without_numpy(tmp_path):
    (tmp_path / "numpy.py").write_text("raise ImportError('no numpy here')")
    program = (
        "from remotemedia.core.multiprocessing.data import RuntimeData as R\n"
        "print(R.from_bytes(R.text('x').to_bytes()).as_text(), R.audio(bytes(8), 8).size, R.json([1]).as_json())\n"
        "try: R.audio([0.5], 8)\n"
        "except ImportError as error: print(error)\n"
    )
    package = str(remotemedia.__file__).rsplit("/", 2)[0]
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{tmp_path}:{package}"},
    )
    assert done.stdout.splitlines() == ["x 8 [1]", "Data of this kind needs NumPy: pip install remotemedia[numpy]"]
