"""Short audio crosses the border as a clip, long audio as a packet: nobody can tell the difference."""

from __future__ import annotations

import gc
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from remotemedia import AudioFrame, Node, execute_pipeline_with_input  # noqa: E402
from remotemedia._engine import clips  # noqa: E402

SHORT, LONG = 480, 40_000
LEAVES: dict[str, Any] = {"node_type": "FastResampleNode", "params": {"target_rate": 48000}}


class Keeps(Node):
    """Keeps what comes by."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def process(self, data: Any) -> None:
        self.seen.append(data)


def there(run, value: Any) -> AudioFrame:
    """What a Python node gets of a value that goes through a native one."""
    keeps = Keeps()
    run(execute_pipeline_with_input([LEAVES, keeps], [value]))
    (frame,) = keeps.seen
    return frame


def ramp(channels: int, frames: int) -> Any:
    return np.arange(channels * frames, dtype=np.float32).reshape(channels, frames) / (channels * frames)


@pytest.mark.parametrize("frames", [1, SHORT, LONG])
@pytest.mark.parametrize("pts", [None, 0, -5, 10**15])
def test_samples_and_times_come_through(run, frames, pts):
    samples = ramp(2, frames)
    frame = there(run, AudioFrame(samples, 48000, pts=pts))
    assert type(frame) is AudioFrame and frame.sample_rate == 48000 and frame.pts == pts
    assert frame.duration == frames * 10**9 // 48000
    assert frame.samples.dtype == np.float32 and np.array_equal(frame.samples, samples)


@pytest.mark.parametrize("frames", [SHORT, LONG])
@pytest.mark.parametrize(
    "of",
    [
        lambda samples: samples[0],
        lambda samples: samples[:, ::2],
        lambda samples: np.asfortranarray(samples),
        lambda samples: samples.astype(np.float64),
        lambda samples: samples.astype(">f4"),
        lambda samples: (samples * 100).astype(np.int16),
    ],
    ids=["mono", "every other", "Fortran", "double", "big-endian", "int16"],
)
def test_any_array_is_taken(run, frames, of):
    given = of(ramp(2, frames))
    frame = there(run, (given, 48000))
    expected = given.reshape(1, -1) if given.ndim == 1 else given
    if given.dtype == np.int16:
        expected = expected / 32768
    assert np.allclose(frame.samples, expected) and frame.samples.shape == expected.shape


@pytest.mark.parametrize("frames", [SHORT, LONG])
def test_the_samples_outlive_the_run_and_cannot_be_written(run, frames):
    frame = there(run, (ramp(1, frames), 48000))
    there(run, (ramp(1, frames) + 1, 48000))
    gc.collect()
    assert np.array_equal(frame.samples, ramp(1, frames))
    assert not frame.samples.flags.writeable and not frame.samples.flags.owndata


@pytest.mark.parametrize("frames", [SHORT, LONG])
@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda samples: (samples, 0), "sample rate"),
        (lambda samples: (samples.reshape(1, 1, -1), 48000), "shape"),
        (lambda samples: samples, "expected audio"),
        (lambda samples: "words", "expected audio"),
        (lambda samples: (1, 2), "expected audio"),
    ],
)
def test_what_is_no_audio_is_refused_with_the_same_words(run, frames, wrong, message):
    with pytest.raises(Exception, match=message):
        there(run, wrong(ramp(1, frames)))


def test_a_clip_is_written_only_of_what_it_can_say():
    short = ramp(2, SHORT)
    read = clips.read(clips.write(AudioFrame(short, 48000, pts=7)) or b"")
    assert np.array_equal(read.samples, short) and (read.sample_rate, read.pts, read.duration) == (48000, 7, None)
    others = [
        (ramp(2, LONG), 48000),
        (short.astype(np.float64), 48000),
        (short, 48000.0),
        (short, 48000, 1),
        short,
        None,
    ]
    assert all(clips.write(other) is None for other in others)
