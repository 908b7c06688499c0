"""The resampler behind AudioResampleNode and AudioTransform, against exact sines."""

import pickle
from math import gcd

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")

from remotemedia.nodes.audio import _resample  # noqa: E402
from remotemedia.nodes.audio._resample import Resampler  # noqa: E402

RATES = [(44100, 16000), (48000, 16000), (16000, 48000), (44100, 48000), (8000, 44100), (44101, 16000)]
# What the class documents: the pass band as a part of the lower Nyquist frequency, and how many dB below the signal
# errors and aliases are. The ripple is highest close to the edge of the band, so that is where the tests look closest.
QUALITIES = {"low": (0.74, 56), "medium": (0.81, 77), "high": (0.90, 100)}


def sine(frequency, rate, frames):
    return np.sin(2 * np.pi * frequency * np.arange(frames) / rate)


def decibels(signal):
    return 10 * np.log10(np.mean(np.square(signal)))


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("part", [0.01, 0.5, 0.93, 0.95, 0.975, 0.985, 0.9926, 1.0])
def test_signal_to_noise(rates, quality, part):
    source, target = rates
    band, floor = QUALITIES[quality]
    frequency = part * band * min(source, target) / 2
    output = Resampler(source, target, quality)(sine(frequency, source, source // 2))
    exact = sine(frequency, target, len(output))
    inner = slice(target // 50, -target // 50)
    assert decibels(exact[inner]) - decibels((output - exact)[inner]) > floor


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("rates", [pair for pair in RATES if pair[0] > pair[1]])
@pytest.mark.parametrize("above", [1.0, 1.01, 1.05, 1.3])
def test_nothing_aliases(rates, quality, above):
    source, target = rates
    output = Resampler(source, target, quality)(sine(above * target / 2, source, source // 2))
    inner = slice(target // 50, -target // 50)
    assert decibels(output[inner]) - decibels([2**-0.5]) < -QUALITIES[quality][1]


@settings(deadline=None)
@given(
    source=st.integers(1, 400),
    target=st.integers(1, 400),
    frames=st.integers(0, 300),
    quality=st.sampled_from(sorted(QUALITIES)),
)
def test_length_level_and_slope(source, target, frames, quality):
    convert = Resampler(source, target, quality)
    constant = convert(np.full((2, frames), 0.25))
    assert constant.shape == (2, -(-frames * target // source))
    assert np.allclose(constant, 0.25, rtol=0, atol=1e-12)
    if frames > 1:
        ramp = convert(np.arange(frames, dtype=np.float64))
        inside = slice(0, (frames - 1) * target // source + 1)
        exact = np.arange(len(ramp)) * source / target
        assert np.allclose(ramp[inside], exact[inside], rtol=0, atol=0.01 * frames)


def test_the_ends_do_not_drop():
    exact = np.cos(2 * np.pi * 200 * np.arange(16000) / 16000)
    output = Resampler(48000, 16000)(np.cos(2 * np.pi * 200 * np.arange(48000) / 48000))
    assert np.abs(output - exact).max() < 0.01


def test_types():
    for dtype in (np.float32, np.float64):
        audio = sine(440, 48000, 4800).astype(dtype)
        assert Resampler(48000, 16000)(audio).dtype == dtype
    single = Resampler(48000, 16000)(sine(440, 48000, 4800).astype(np.float32))
    assert np.abs(single - Resampler(48000, 16000)(sine(440, 48000, 4800))).max() < 1e-6


@pytest.mark.parametrize("rates", RATES)
def test_channels_and_blocks_of_work_change_nothing(rates, monkeypatch):
    audio = np.random.default_rng(3).standard_normal((3, 5000))
    whole = Resampler(*rates)(audio)
    assert np.allclose(whole[1], Resampler(*rates)(audio[1]), rtol=0, atol=1e-12)
    monkeypatch.setattr(_resample, "_GATHERED", 1 << 15)
    assert np.allclose(whole, Resampler(*rates)(audio), rtol=0, atol=1e-12)


def test_a_short_input_first():
    convert = Resampler(44101, 16000)
    long = np.random.default_rng(4).standard_normal(40000)
    convert(long[:10])
    assert gcd(44101, 16000) == 1
    assert np.array_equal(convert(long), Resampler(44101, 16000)(long))


def test_pickling():
    convert = Resampler(48000, 44100, "low")
    audio = sine(440, 48000, 1000)
    assert np.array_equal(pickle.loads(pickle.dumps(convert))(audio), convert(audio))
