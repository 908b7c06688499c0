"""The picture that the example draws: the waveform with the speech marked, and what marked it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np

matplotlib.use("Agg")  # to a file, without a window

from matplotlib import pyplot, ticker  # noqa: E402

COLUMNS = 1500  # the picture holds no more points side by side
TICKS = (0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)  # seconds that may be between two
WAVE, SPEECH, NUMBER, LEVEL, FLOOR, GRID = "#37474f", "#ffe0a3", "#e65100", "#1e88e5", "#d81b60", "#cfd8dc"


class Look(NamedTuple):
    """What a short stretch of audio looks like: its extremes, and its level and the noise floor in dB of full scale."""

    low: float
    high: float
    level: float
    floor: float


def draw(
    path: Path, title: str, looks: Sequence[Look], seconds: float, segments: Sequence[tuple[float, float]]
) -> None:
    """Draws a PNG.

    Args:
        path: The file to write.
        title: What stands above the picture, before the numbers of seconds.
        looks: One of each stretch of the recording; all of them are equally long.
        seconds: How long the recording is.
        segments: From when to when someone speaks, in seconds.
    """
    low, high, level, floor = np.array(looks or [Look(0, 0, np.nan, np.nan)], np.float32).T
    # Stretches that fall into one column of the picture are drawn as one.
    first = np.arange(0, len(low), -(-len(low) // COLUMNS))
    low, floor = np.minimum.reduceat(low, first), np.minimum.reduceat(floor, first)
    high, level = np.maximum.reduceat(high, first), np.maximum.reduceat(level, first)
    times = first * (seconds / max(1, len(looks)))

    figure, (wave, levels) = pyplot.subplots(
        2, sharex=True, figsize=(13, 5.6), height_ratios=(3, 2), layout="constrained", dpi=120
    )
    speech = sum(end - start for start, end in segments)
    heading = f"{title}: {speech:.1f} s of speech in {seconds:.1f} s"
    figure.suptitle(heading, x=0.01, ha="left", weight="bold", parse_math=False)

    peak = 1.2 * max(0.01, high.max(), -low.min())
    wave.fill_between(times, low, high, color=WAVE, linewidth=0.5)
    wave.set(ylabel="amplitude", ylim=(-peak, peak))

    levels.plot(times, level, color=LEVEL, linewidth=1, label="level")
    levels.plot(times, floor, color=FLOOR, linewidth=1.5, label="noise floor")
    levels.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2, frameon=False, borderpad=0)
    levels.set(ylabel="dB of full scale", xlabel="minutes:seconds", xlim=(0, max(seconds, 0.1)))
    step = next((step for step in TICKS if seconds / step <= 16), 3600)
    levels.xaxis.set_major_locator(ticker.MultipleLocator(step))
    digits = "04.1f" if step < 1 else "02.0f"
    levels.xaxis.set_major_formatter(lambda time, _: f"{int(round(time, 1) // 60)}:{round(time, 1) % 60:{digits}}")

    for axes in (wave, levels):
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        for start, end in segments:
            axes.axvspan(start, end, color=SPEECH, linewidth=0, zorder=0)
    if len(segments) <= 50:  # more numbers than that run into each other
        for number, (start, end) in enumerate(segments, 1):
            wave.text((start + end) / 2, 0.98 * peak, str(number), ha="center", va="top", weight="bold", color=NUMBER)
    figure.savefig(path)
    pyplot.close(figure)
