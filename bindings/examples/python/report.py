"""What the example prints: how far it is, and what came of it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

console = Console(highlight=False, markup=False)


@contextmanager
def progress(seconds: Callable[[], float]) -> Iterator[None]:
    """Shows how far the block is: ten times a second the display, on a thread of its own, calls `seconds`.

    How far it is to the end nobody knows before the end, so until then the bar only pulses.
    """
    begin = time.perf_counter()
    bar = ProgressBar(pulse=True, width=30)

    def line() -> Columns:
        speed = seconds() / (time.perf_counter() - begin)
        return Columns([bar, f"{clock(seconds())} of audio, {speed:.0f} times real time"])

    with Live(get_renderable=line, console=console, transient=True, refresh_per_second=10):
        yield
    bar.pulse, bar.completed = False, 100
    console.print(line())


def clock(seconds: float) -> str:
    """Minutes and seconds, to a hundredth."""
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"


def table(title: str, *columns: str) -> Table:
    """A table of which the first column stands left and the others right."""
    made = Table(title=title, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        made.add_column(column, justify="right" if index else "left")
    return made


def show_segments(segments: Sequence[tuple[float, float]]) -> None:
    """When someone speaks."""
    speech = table("Speech", "#", "from", "to", "seconds")
    for number, (start, end) in enumerate(segments, 1):
        speech.add_row(str(number), clock(start), clock(end), f"{end - start:.2f}")
    console.print(speech if segments else "No speech was found.")


def show_metrics(metrics: dict[str, Any]) -> None:
    """How often each node was called, and how long that took."""
    nodes = table("Nodes", "node", "calls", "failed", "total ms", "mean ms", "max ms")
    for node in metrics["node_metrics"]:
        counts = (node[f"{which}_count"] for which in ("execution", "error"))
        times = (node[f"{which}_duration_us"] / 1000 for which in ("total", "avg", "max"))
        nodes.add_row(node["node_id"], *(str(count) for count in counts), *(f"{time:.3f}" for time in times))
    console.print(nodes)


def show_speed(frames: int, rate: int, elapsed: float) -> None:
    """How much audio went through, and how fast."""
    seconds = frames / rate
    done = f"{frames} frames at {rate} Hz ({seconds:.2f} s of audio) in {elapsed:.3f} s"
    console.print(f"Processed {done}:\n{seconds / elapsed:.1f} times faster than real time.")


def show_files(sound: dict[str, Any], picture: object) -> None:
    """What was written."""
    console.print(f"Wrote {sound['path']} ({sound['seconds']:.2f} s)\nand   {picture}", soft_wrap=True)
