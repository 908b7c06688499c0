"""The example in Python, as its user runs it: on the recording, on every kind of file, and on what is none."""

import array
import json
import math
import os
import random
import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the example draws with Matplotlib; pip install matplotlib rich")
pytest.importorskip("rich", reason="the example prints with rich; pip install matplotlib rich")

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "bindings/examples/python"
RECORDINGS = ROOT / "bindings/examples/recordings"
FIXTURES = ROOT / "runtime/nodes/tests/fixtures"
RATE = 16000
PADDING = RATE // 10


@pytest.fixture
def demo(tmp_path):
    """Runs the example; what it printed, and the WAV and the PNG that it should have written."""
    # As on a terminal without colours and wide enough for any line.
    settings = {**os.environ, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        settings.pop(name, None)

    def run(path):
        out = tmp_path / "out"
        command = [sys.executable, EXAMPLE / "speech_segments.py", path, "--out", out]
        ended = subprocess.run(command, env=settings, capture_output=True, encoding="utf-8", timeout=120)
        stem = out / f"{Path(path).stem}.cut"
        return ended, stem.with_name(stem.name + ".wav"), stem.with_name(stem.name + ".png")

    return run


@pytest.fixture
def example(monkeypatch):
    """The example as a module."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    import speech_segments

    return speech_segments


def table(printed, columns):
    """The rows of the printed table that has so many columns."""
    rows = [line.strip("│ ").split("│") for line in printed.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in row] for row in rows if len(row) == columns]


def segments(printed):
    def seconds(clock):
        minutes, rest = clock.split(":")
        return 60 * int(minutes) + float(rest)

    rows = table(printed, 4)
    assert [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    return [(seconds(start), seconds(end)) for _, start, end, _ in rows]


def read_wav(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return array.array("h", file.readframes(file.getnframes()))


def write_wav(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(array.array("h", samples).tobytes())


def is_png(path):
    content = path.read_bytes()
    return content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82") and len(content) > 5000


def noise(*parts):
    """Noise of (seconds, level in dB of full scale), one after the other."""
    source = random.Random(7)
    return [
        round(source.uniform(-1, 1) * 3**0.5 * 32767 * 10 ** (level / 20))
        for seconds, level in parts
        for _ in range(round(seconds * RATE))
    ]


def test_recording(demo):
    ended, sound, picture = demo(RECORDINGS / "speech.flac")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    truth = json.loads((RECORDINGS / "speech.json").read_text())
    found = segments(ended.stdout)
    assert len(found) == len(truth["segments"])
    for (start, end), true in zip(found, truth["segments"], strict=True):
        assert start == pytest.approx(true["start"], abs=0.1)
        assert end == pytest.approx(true["end"], abs=0.1)

    # The pauses are all longer than what is left of them.
    samples = read_wav(sound)
    kept = sum(end - start for start, end in found) + len(found) * 2 * PADDING / RATE
    assert len(samples) / RATE == pytest.approx(kept, abs=0.1)
    assert max(samples) > 0.25 * 32768

    assert is_png(picture)
    nodes = [row[0].rpartition("_")[0] for row in table(ended.stdout, 6)]
    assert nodes == ["source", "resampler", "finder", "cutter", "sink"]
    frames, seconds, wall = re.search(
        r"Processed (\d+) frames at 16000 Hz \((\d+\.\d+) s of audio\) in (\d+\.\d+) s", ended.stdout
    ).groups()
    assert int(frames) / RATE == pytest.approx(truth["seconds"], abs=0.001)
    assert float(seconds) == pytest.approx(truth["seconds"], abs=0.01)
    speed = float(re.search(r"([\d.]+) times faster than real time", ended.stdout)[1])
    assert speed == pytest.approx(float(seconds) / float(wall), rel=0.02)
    # Far below what any machine reaches: this is no benchmark.
    assert speed > 5


def test_recording_is_small():
    assert (RECORDINGS / "speech.flac").stat().st_size < 2_000_000


# Without what tells how much an encoder added, the bare one is longer than its half a second.
@pytest.mark.parametrize(
    "name, seconds",
    [
        ("sine.flac", 0.5),
        ("sine_unsized.flac", 0.5),
        ("sine.mp3", 0.5),
        ("sine_vbr.mp3", 0.5),
        ("sine_bare.mp3", 0.57),
        ("sine.ogg", 0.5),
        ("sine_long.ogg", 3.0),
    ],
)
def test_kinds_of_files(demo, name, seconds):
    ended, sound, picture = demo(FIXTURES / name)
    assert ended.returncode == 0, ended.stderr
    ((start, end),) = segments(ended.stdout)
    assert start < 0.06
    assert end == pytest.approx(seconds, abs=0.02)
    assert len(read_wav(sound)) / RATE == pytest.approx(seconds, abs=0.02)
    assert is_png(picture)


def test_wav_of_which_the_speech_stays_as_it_is(demo, tmp_path):
    # Already at 16 kHz in mono, so that every sample passes; and pieces end within windows.
    samples = noise((0.7, -60), (1.003, -20), (0.9, -60), (0.5, -25), (0.2, -60), (0.4, -25), (1.0, -60))
    write_wav(tmp_path / "talk.wav", samples)
    ended, sound, picture = demo(tmp_path / "talk.wav")
    assert ended.returncode == 0, ended.stderr
    found = segments(ended.stdout)
    borders = [(0.7, 1.703), (2.603, 3.703)]  # the pause of 0.2 s is too short
    assert len(found) == len(borders)
    kept = []
    for (start, end), (true_start, true_end) in zip(found, borders, strict=True):
        assert start == pytest.approx(true_start, abs=0.02)
        assert end == pytest.approx(true_end, abs=0.02)
        kept += samples[round(start * RATE) - PADDING : round(end * RATE) + PADDING]
    assert read_wav(sound).tolist() == kept
    assert is_png(picture)


@pytest.mark.parametrize(
    "samples",
    [[], noise((0.01, -20)), [0] * RATE, noise((3, -60)), noise((0.5, -60), (0.04, -20), (0.5, -60))],
    ids=["empty", "shorter than a window", "digital silence", "noise", "click"],
)
def test_no_speech(demo, tmp_path, samples):
    write_wav(tmp_path / "none.wav", samples)
    ended, sound, picture = demo(tmp_path / "none.wav")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert "No speech was found." in ended.stdout
    assert len(read_wav(sound)) == 0
    assert is_png(picture)


def test_name_that_looks_like_markup(demo, tmp_path):
    path = tmp_path / "[red]$x_{$ é.wav"
    write_wav(path, noise((1, -20)))
    ended, sound, picture = demo(path)
    assert ended.returncode == 0, ended.stderr
    assert sound.name in ended.stdout
    assert sound.exists() and is_png(picture)


def missing(folder):
    return folder / "missing.flac"


def text(folder):
    path = folder / "notes.wav"
    path.write_text("Dear diary,\n" * 100)
    return path


def truncated(folder):
    path = folder / "truncated.flac"
    whole = (RECORDINGS / "speech.flac").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def a_folder(folder):
    return folder


@pytest.mark.parametrize("make", [missing, text, truncated, a_folder])
def test_errors(demo, tmp_path, make):
    path = make(tmp_path)
    ended, sound, picture = demo(path)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert str(path) in ended.stderr
    assert not sound.exists() and not picture.exists()


def test_output_folder_that_cannot_be(demo, tmp_path):
    (tmp_path / "out").write_text("in the way")
    ended, _, _ = demo(RECORDINGS / "speech.flac")
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1 and str(tmp_path / "out") in ended.stderr


def test_pieces_may_end_anywhere(example):
    import numpy as np

    parts = (0.31, -60), (0.7, -20), (0.5, -60), (0.025, -20), (0.4, -60), (0.41, -30), (0.1, -60), (0.207, -20)
    samples = np.array(noise(*parts), np.float32) / 32768

    def find(borders):
        finder, cutter = example.SpeechFinder(), example.SilenceCutter()
        found = []
        for piece in np.split(samples, borders):
            found += finder.process(example.AudioFrame(piece, RATE))
        found.append(finder.flush())
        assert np.array_equal(np.concatenate([part.audio for part in found]), samples)
        kept = [frame.samples[0] for frame in map(cutter.process, found) if frame is not None]
        return finder.segments, np.concatenate(kept)

    whole, speech = find([])
    assert [segment.start for segment in whole] == pytest.approx([0.31, 1.935], abs=0.02)
    assert whole[-1].end == len(samples) / RATE
    source = random.Random(3)
    for count in (1, 10, 100, 1000):
        borders = sorted(source.randrange(len(samples) + 1) for _ in range(count))
        pieces, same = find(borders)
        assert pieces == whole
        assert np.array_equal(same, speech)


def test_speech_from_the_first_sample_to_the_last(example):
    import numpy as np

    finder = example.SpeechFinder()
    samples = [round(8000 * math.sin(index / 5)) for index in range(5 * RATE + 77)]
    frames = list(finder.process(example.AudioFrame(np.array(samples, np.int16).astype(np.float32) / 32768, RATE)))
    frames.append(finder.flush())
    assert finder.segments == [(0.0, len(samples) / RATE)]
    assert all(part.speech for part in frames)


def test_noise_that_becomes_louder_is_noise_again_soon(example):
    import numpy as np

    finder = example.SpeechFinder()
    samples = np.array(noise((2, -65), (20, -50)), np.float32) / 32768
    list(finder.process(example.AudioFrame(samples, RATE)))
    finder.flush()
    assert all(segment.end < 14 for segment in finder.segments)
