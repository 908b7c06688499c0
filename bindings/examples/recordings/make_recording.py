#!/usr/bin/env python3
"""Makes speech.flac, half a minute of people speaking with pauses, and speech.json: when they really do.

Needs espeak-ng, flac and NumPy. Nothing of it is random, but another version of espeak-ng speaks a little differently:
commit both files together.
"""

import io
import json
import pathlib
import subprocess
import wave

import numpy as np
import numpy.typing as npt

HERE = pathlib.Path(__file__).parent
Samples = npt.NDArray[np.float64]

RATE = 44100

# Seconds of pause before a sentence, voice of espeak-ng, words a minute, place from 0 (left) to 1 (right).
SENTENCES = [
    (0.9, "en-us", 155, 0.5, "Good evening, and welcome to the night train."),
    (0.7, "en-gb+f2", 170, 0.3, "Is this seat taken?"),
    (0.4, "en-us+m3", 160, 0.7, "No, please sit down."),
    (1.6, "en-gb-scotland+m7", 165, 0.2, "Tickets, please, we arrive at ten past six."),
    (2.0, "en-gb+f4", 185, 0.8, "I always sleep badly on trains, so I brought a very long book."),
    (0.5, "en-us+m3", 130, 0.7, "What is it about?"),
    (1.2, "en-gb+f2", 160, 0.3, "It is about a man who measures silence and never says a word about it."),
    (0.8, "en-us", 150, 0.5, "Next stop in twenty minutes."),
    (1.4, "en-gb+f4", 120, 0.8, "Good night."),
]
PAUSE_AT_END = 1.1


def speak(voice: str, speed: int, text: str) -> Samples:
    """The sentence at RATE in mono, peaking at 1, without the silence before and after it."""
    command = ["espeak-ng", "--stdout", "-v", voice, "-s", str(speed), text]
    # The header of what espeak-ng writes to a pipe does not know the length: `readframes` gives what there is.
    with wave.open(io.BytesIO(subprocess.run(command, check=True, capture_output=True).stdout)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE // 2, 1, 2)
        speech = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    audible = np.flatnonzero(np.abs(speech) > 0.01 * np.abs(speech).max())
    speech = speech[audible[0] : audible[-1] + 1]
    # Twice the rate: more room in the spectrum, and nothing in it.
    speech = 2 * np.fft.irfft(np.fft.rfft(speech), 2 * len(speech))
    speech /= np.abs(speech).max()
    return speech


def background(frames: int) -> Samples:
    """The carriage, around 60 dB below full scale: two channels of noise that fades towards the treble, and a hum."""
    random = np.random.default_rng(1935)
    spectrum = np.fft.rfft(random.standard_normal((2, frames)))
    frequencies = np.fft.rfftfreq(frames, 1 / RATE)
    noise = np.fft.irfft(spectrum / np.hypot(1, frequencies / 150), frames)
    times = np.arange(frames) / RATE
    hum = np.sin(2 * np.pi * 50 * times) + 0.5 * np.sin(2 * np.pi * 150 * times)
    audio: Samples = 10 ** (-61 / 20) * noise / noise.std() + 10 ** (-63 / 20) * hum
    return audio


def main() -> None:
    pieces, segments, position = [], [], 0
    for pause, voice, speed, place, text in SENTENCES:
        speech = speak(voice, speed, text)
        position += round(pause * RATE)
        angle = (0.2 + 0.6 * place) * np.pi / 2
        pieces.append((position, 0.5 * np.outer([np.cos(angle), np.sin(angle)], speech)))
        start, position = position, position + len(speech)
        segments.append({"start": round(start / RATE, 3), "end": round(position / RATE, 3), "text": text})

    audio = background(position + round(PAUSE_AT_END * RATE))
    for start, piece in pieces:
        audio[:, start : start + piece.shape[1]] += piece
    samples = np.rint(audio * 32767).astype("<i2").T.tobytes()
    form = ["--endian=little", "--sign=signed", "--channels=2", "--bps=16", f"--sample-rate={RATE}"]
    # By way of a file, unlike through a pipe, the header gets to know the length.
    raw = HERE / "speech.raw"
    raw.write_bytes(samples)
    try:
        subprocess.run(
            ["flac", "--silent", "--force", "--best", "--force-raw-format", *form, "-o", HERE / "speech.flac", raw],
            check=True,
        )
    finally:
        raw.unlink()

    truth = {"seconds": round(audio.shape[1] / RATE, 3), "segments": segments}
    (HERE / "speech.json").write_text(json.dumps(truth, indent=2) + "\n")


if __name__ == "__main__":
    main()
