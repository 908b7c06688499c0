"""The bytes that arrays cross as: any plain array comes back equal, and nothing else is taken for one."""

from __future__ import annotations

import pickle
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from remotemedia import AudioFrame
from remotemedia._engine import arrays, frames, parcels

DTYPES = st.one_of(
    arrays_of.scalar_dtypes(),
    arrays_of.byte_string_dtypes(),
    arrays_of.unicode_string_dtypes(),
    arrays_of.datetime64_dtypes(),
    arrays_of.timedelta64_dtypes(),
    st.sampled_from(["V1", "V7", "g", ">c16"]).map(np.dtype),
)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
STRUCTURED = np.dtype([("a", "<i2"), ("b", ">f8", (2,))])


def filled(dtype: Any, shape: tuple[int, ...]) -> Any:
    """An array with another byte in each place."""
    made = np.zeros(shape, dtype)
    if made.dtype.kind not in "USMm?":
        flat = np.arange(made.nbytes, dtype=np.uint8) % 63
        made = flat.view(made.dtype).reshape(shape) if made.nbytes else made
    return made


def cross(value: Any) -> Any:
    """What an object is after it has been in bytes, as it would be after it has been in another process."""
    given: list[Any] = []
    first = parcels.pack(value, lambda owner, address, size: given.append((owner, address, size)))
    assert not given
    return parcels.unpack(first)


def assert_same(one: Any, other: Any) -> None:
    assert type(one) is type(other) is np.ndarray
    assert (one.dtype, one.dtype.str, one.shape) == (other.dtype, other.dtype.str, other.shape)
    assert one.tobytes() == other.tobytes()


@UNHURRIED
@given(DTYPES, arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3), st.data())
def test_any_plain_array_comes_back(dtype, shape, data):
    array = filled(dtype, shape)
    array = data.draw(st.sampled_from([array, np.asfortranarray(array), array[::-1] if shape else array]))
    array.flags.writeable = data.draw(st.booleans())
    back = cross(array)
    assert_same(back, array)
    assert back.flags.aligned
    if array.flags.forc:
        assert back.flags.f_contiguous == array.flags.f_contiguous
        assert back.flags.c_contiguous == array.flags.c_contiguous
        assert back.flags.writeable == array.flags.writeable
    else:
        assert back.flags.writeable
    (inside,) = cross([array])
    assert_same(inside, array)
    assert inside.flags.writeable == back.flags.writeable


def test_what_is_read_only_stays_so():
    array = np.arange(5)
    array.flags.writeable = False
    with pytest.raises(ValueError, match="WRITEABLE"):
        cross(array).flags.writeable = True


def test_what_is_read_only_stays_so_in_something_else():
    memory = memoryview(bytes(6_000))
    array = arrays.read_buffer(header(b"|u1", 20, 300, flags=0), memory)
    assert (array.shape, array.flags.writeable) == ((20, 300), False)
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


def test_what_comes_is_a_copy():
    array = np.arange(5)
    back = cross(array)
    back += 1
    assert list(array) == [0, 1, 2, 3, 4]


class Derived(np.ndarray):
    """An array with something more."""


@pytest.mark.parametrize(
    "value",
    [
        np.array([1, "x", None], object),
        np.zeros(3, STRUCTURED),
        np.zeros(3, STRUCTURED)[::2],
        np.zeros((2, 2)).view(np.matrix),
        np.zeros(3).view(Derived),
        np.ma.masked_array([1, 2], [True, False]),
        np.array(["a", "b"], np.dtypes.StringDType()),
        np.float32(1.5),
        np.empty(3, "V0"),
        [1.0, 2.0],
    ],
)
def test_what_is_no_plain_array_is_pickled(value):
    assert arrays.write(value, pytest.fail) is None
    if getattr(value, "dtype", None) != "V0":
        back = cross(value)
        assert type(back) is type(value)
        assert repr(back) == repr(value)


def whole(array: Any) -> bytes:
    data = arrays.write(array, pytest.fail)
    assert data is not None
    return data


def header(dtype: bytes, *shape: int, flags: int = 2, blocks: int | None = None) -> bytes:
    """A header as whoever likes may write it."""
    body = b"".join(side.to_bytes(8, "little", signed=True) for side in shape) + dtype
    needed = -(-(4 + len(body)) // 16)
    start = arrays.TAG + bytes([needed if blocks is None else blocks, flags, len(shape)])
    return (start + body).ljust(16 * needed, b"\0")


def test_a_header_is_what_it_is_taken_for():
    assert whole(np.zeros((2, 3), "<i2")) == header(b"<i2", 2, 3) + bytes(12)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a",
        b"a\0",
        b"a\1\2",
        b"a\0\2\1" + bytes(12),
        header(b"<i2", 2) + bytes(3),
        header(b"<i2", 2) + bytes(5),
        header(b"<i2", -2),
        header(b"<i2", -2, -2) + bytes(8),
        header(b"<i2", 2**62, 4),
        header(b"<i2", 2**62, 2**62, 0, 1) + b"x",
        header(b"|O", 1) + bytes(8),
        header(b"O", 1) + bytes(8),
        header(b"i2,O", 1) + bytes(10),
        header(b"i2,i2", 1) + bytes(4),
        header(b"(2,)i2", 1) + bytes(4),
        header(b"i2", 1) + bytes(2),
        header(b"=i2", 1) + bytes(2),
        header(b"|V0", 1),
        header(b"", 1) + bytes(8),
        header(b"nonsense", 1) + bytes(8),
        header(b"\xff\xfe", 1) + bytes(8),
        header(b"__import__('os')", 1) + bytes(8),
        header(b"<i2", 2, flags=255) + bytes(4),
        header(b"<i2", 2, flags=4) + bytes(4),
        header(b"<i2", *[1] * 65) + bytes(2),
        header(b"<i2", 2, blocks=2) + bytes(4),
        header(b"<i2", 2, blocks=255) + bytes(4),
        frames.TAG,
        frames.TAG + bytes(31),
        frames.TAG + bytes(31) + header(b"<i2", 2) + bytes(3),
        frames.TAG + bytes(31) + header(b"|O", 1) + bytes(8),
        b"z",
    ],
)
def test_bytes_that_are_no_array_are_refused(data):
    with pytest.raises((ValueError, IndexError)):
        parcels.unpack(data)


@UNHURRIED
@given(st.data())
@example(None)
def test_bytes_that_were_changed_are_refused_or_an_array(data):
    original = whole(np.arange(6, dtype="<f8").reshape(2, 3))
    if data is None:
        changed = original
    else:
        at = data.draw(st.integers(1, 47))
        changed = original[:at] + data.draw(st.binary(min_size=1, max_size=8)) + original[at + 1 :]
        changed = changed[: data.draw(st.integers(1, len(changed)))]
    try:
        back = parcels.unpack(changed)
    except (ValueError, IndexError):
        assert data is not None
        return
    # A NumPy array of all the bytes behind its header, and of nothing else.
    assert type(back) is np.ndarray
    assert not back.dtype.hasobject
    assert back.nbytes == len(changed) - 16 * changed[1]


TIMES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))


@UNHURRIED
@given(
    arrays_of.array_shapes(max_dims=2, max_side=3), st.sampled_from(["<f4", ">i2"]), TIMES, TIMES, st.integers(0, 2**40)
)
def test_plain_audio_comes_back(shape, dtype, pts, duration, sample_rate):
    frame = AudioFrame(filled(np.dtype(dtype), shape), sample_rate, pts=pts, duration=duration)
    assert parcels.pack(frame, pytest.fail)[:1] == frames.TAG
    back = cross(frame)
    assert type(back) is AudioFrame
    assert_same(back[0], frame[0])
    assert back[0].flags.aligned
    assert (back[1], vars(back)) == (frame[1], vars(frame))


class Loud(AudioFrame):
    """A frame with something more."""


def test_audio_that_is_not_plain_is_pickled():
    samples = np.zeros(3, np.float32)
    named = AudioFrame(samples, 8_000)
    named.name = "a name"  # type: ignore[attr-defined]
    odd: Any = [
        named,
        Loud(samples, 8_000),
        AudioFrame(samples, 8_000.5),  # type: ignore[arg-type]
        AudioFrame(samples, 2**63),
        AudioFrame(samples, 8_000, pts=2**63),
        AudioFrame(samples, 8_000, duration=-(2**63) - 1),
        AudioFrame(samples, True),
        AudioFrame([1.0], 8_000),  # type: ignore[arg-type]
        AudioFrame(samples, 8_000, pts=samples),  # type: ignore[arg-type]
    ]
    for frame in odd:
        assert frames.write(frame, pytest.fail) is None
        back = cross(frame)
        assert type(back) is type(frame)
        assert repr((back[1], vars(back))) == repr((frame[1], vars(frame)))


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.path),)


def test_a_pickle_in_the_memory_of_an_array_is_not_run(tmp_path):
    trace = tmp_path / "trace"
    bomb = pickle.dumps(Bomb(str(trace)))
    data = header(b"|u1", len(bomb)) + bomb
    assert parcels.unpack(data).tobytes() == bomb
    assert cross(bomb) == bomb
    for bad in (header(b"|O", 1) + bomb, header(b"|u1", 1) + bomb, bomb[1:], b"a" + bomb):
        with pytest.raises((ValueError, IndexError)):
            parcels.unpack(bad)
    assert not trace.exists()


def test_numpy_is_not_imported_for_it(interpreter, environment):
    program = """
import sys
from remotemedia import Node, PassThroughNode, execute_pipeline_with_input
import asyncio
class Says(Node):
    def process(self, data):
        return (data, "numpy" in sys.modules)
given = [1, b"x" * 3000, b"x" * 100_000, {"a": object}, (1, [2])]
print([said for _, said in asyncio.run(execute_pipeline_with_input([Says().in_process()], given))])
print("numpy" in sys.modules)
"""
    done = subprocess.run(
        [interpreter, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("[False, False, False, False, False]\nFalse\n", "")
