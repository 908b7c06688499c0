#!/usr/bin/env python3
"""Finds where someone speaks in a recording, and writes it again without the silence.

    python speech_segments.py talk.mp3 --out talk

Five nodes do it, one after the other. Those that decode the file, bring it to 16 kHz in mono and write the result come
with the library. The two in between are written here: one finds the speech, the other cuts out the rest.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import report
import waveform

from remotemedia import AudioFrame, Node, RemoteMediaError, execute_pipeline

Samples = npt.NDArray[np.float32]

RATE = 16_000
WINDOW = RATE // 50  # 20 ms, the least that is looked at


class Segment(NamedTuple):
    """A time in which someone speaks, in seconds from the beginning."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Labelled:
    """A stretch of audio that is speech, or is not."""

    audio: Samples
    speech: bool


class SpeechFinder(Node):
    """Tells speech from silence by how far it stands out above the noise.

    The noise floor follows the quietest windows: down at once, up slowly. Speech begins when all were well above it for
    a little while, and ends when for some time none was even slightly above it. Until that is certain they wait.

    Args:
        begin: How many dB above the noise floor speech begins.
        end: How many dB above it speech still goes on.
        min_speech: Seconds that must be loud to be speech, and not a click.
        min_silence: Seconds that must be quiet to be silence, and not a pause for breath.
        rise: dB by which the noise floor may rise in a second.
    """

    QUIET = 1e-7  # the power of what is silence in any recording: 70 dB below full scale
    FIRST_FLOOR = -40.0  # at most: the recording may begin with speech

    def __init__(
        self, begin: float = 12, end: float = 6, min_speech: float = 0.06, min_silence: float = 0.3, rise: float = 1
    ) -> None:
        super().__init__(name="finder")
        # Of silence and of speech: the dB above the floor that contradict it, and how many such windows end it.
        self.limits = {False: begin, True: end}
        self.patience = {False: min_speech * RATE / WINDOW, True: min_silence * RATE / WINDOW}
        self.rise = rise * WINDOW / RATE
        self.floor = self.FIRST_FLOOR
        self.speaking = False
        self.rest = np.zeros(0, np.float32)  # less than a window
        self.waiting: list[Samples] = []  # windows that contradict `speaking`
        self.passed = 0  # how many samples have been passed on
        self.start = 0.0
        self.segments: list[Segment] = []
        self.looks: list[waveform.Look] = []

    @property
    def seconds(self) -> float:
        """How far it has come. Any thread may ask."""
        return self.passed / RATE

    def process(self, audio: AudioFrame) -> Iterator[Labelled]:
        # Audio comes in pieces that end anywhere. What is not a whole window is kept for the next one.
        heard = np.concatenate([self.rest, audio.samples[0]])
        whole = len(heard) - len(heard) % WINDOW
        self.rest = heard[whole:]
        windows = heard[:whole].reshape(-1, WINDOW)
        levels = 10 * np.log10(np.mean(np.square(windows), axis=1) + self.QUIET)
        for window, level in zip(windows, levels, strict=True):
            self.floor = min(level, self.floor + self.rise)
            self.looks.append(waveform.Look(window.min(), window.max(), level, self.floor))
            self.waiting.append(window)
            loud = level > self.floor + self.limits[self.speaking]
            if loud != self.speaking:
                if len(self.waiting) < self.patience[self.speaking]:
                    continue
                self.turn()
            yield self.release()

    def flush(self) -> Labelled:
        """The recording ends, and with it whatever was said."""
        if self.speaking and self.waiting:
            self.turn()  # the silence at the end was too short to be sure of, until now
        self.waiting.append(self.rest)
        last = self.release()
        if self.speaking:
            self.turn()
        return last

    def turn(self) -> None:
        """Someone began or ceased to speak, with the first of the windows that wait."""
        if self.speaking:
            self.segments.append(Segment(self.start, self.seconds))
        self.start = self.seconds
        self.speaking = not self.speaking

    def release(self) -> Labelled:
        """All windows that wait, for now it is known what they are."""
        audio = np.concatenate(self.waiting)
        self.waiting = []
        self.passed += len(audio)
        return Labelled(audio, self.speaking)


class SilenceCutter(Node):
    """Passes on what is speech, and a little of the silence on both sides of it.

    Args:
        padding: Seconds of silence to keep on each side.
    """

    def __init__(self, padding: float = 0.1) -> None:
        super().__init__(name="cutter")
        self.padding = round(padding * RATE)
        self.before = np.zeros(0, np.float32)  # the silence to keep if speech comes next
        self.after = 0  # how much of the silence that comes next to keep

    def process(self, found: Labelled) -> AudioFrame | None:
        if found.speech:
            keep = np.concatenate([self.before, found.audio])
            self.before = keep[:0]
            self.after = self.padding
        else:
            keep, silence = np.split(found.audio, [self.after])
            self.after -= len(keep)
            silence = np.concatenate([self.before, silence])
            self.before = silence[max(0, len(silence) - self.padding) :]
        return AudioFrame(keep, RATE) if len(keep) else None


async def cut_silence(recording: Path, finder: SpeechFinder, result: Path) -> dict[str, Any]:
    """Runs the nodes; what the last of them gives, and what was measured."""
    pipeline: list[Node | dict[str, Any]] = [
        {"id": "source", "node_type": "AudioFileSourceNode", "params": {"path": str(recording), "block_size": 8192}},
        {"id": "resampler", "node_type": "FastResampleNode", "params": {"target_rate": RATE, "channels": 1}},
        finder,
        SilenceCutter(),
        {"id": "sink", "node_type": "WavSinkNode", "params": {"path": str(result)}},
    ]
    outcome: dict[str, Any] = await execute_pipeline(pipeline, enable_metrics=True)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description="Finds where someone speaks in a recording, and cuts the silence out.")
    parser.add_argument("audio", type=Path, help="a WAV, FLAC, MP3 or Ogg Vorbis file")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for what is written")
    options = parser.parse_args()
    # Not of the same name as the recording, which may be in that very folder.
    sound, picture = (options.out / f"{options.audio.stem}.cut{kind}" for kind in (".wav", ".png"))

    finder = SpeechFinder()
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        with report.progress(lambda: finder.seconds):
            begin = time.perf_counter()
            result = asyncio.run(cut_silence(options.audio, finder, sound))
            elapsed = time.perf_counter() - begin
        waveform.draw(picture, options.audio.name, finder.looks, finder.seconds, finder.segments)
    except (RemoteMediaError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130

    report.show_segments(finder.segments)
    report.show_metrics(result["metrics"])
    report.show_speed(finder.passed, RATE, elapsed)
    report.show_files(result["outputs"], picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
