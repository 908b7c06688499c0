"""GStreamer with elements written in Python, `BaseTransform` in place, as its Python plugin loader has them."""

from __future__ import annotations

import subprocess
import time
from functools import cache
from typing import Any

from ..harness.chain import TABLES, Keep, Work, frame, measure
from ..harness.places import lacks_environment, peer_python
from ..harness.table import Probe

NAME = "gstreamer"


def probes() -> list[Probe]:
    """Where the system's Python has GStreamer, and NumPy could be installed beside it."""
    command = [peer_python(NAME), "-m", "benchmarks.peers.gstreamer_python"]
    return [Probe("GStreamer Python element", command, TABLES, lacks(), is_peer=True)]


def lacks() -> str:
    """Why it cannot be measured here, if it cannot."""
    if reason := lacks_environment(NAME):
        return reason
    program = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst, GstBase"
    done = subprocess.run([peer_python(NAME), "-c", program], stderr=subprocess.PIPE, text=True, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


@cache
def element(work: Work) -> str:
    """The name of an element that does what a node does."""
    import numpy as np
    from gi.repository import GObject, Gst, GstBase

    process = work().process

    class Transform(GstBase.BaseTransform):
        __gstmetadata__ = (work.__name__, "Filter", "Does what a node does", "remotemedia")
        __gsttemplates__ = tuple(
            Gst.PadTemplate.new(name, direction, Gst.PadPresence.ALWAYS, Gst.Caps.new_any())
            for name, direction in (("sink", Gst.PadDirection.SINK), ("src", Gst.PadDirection.SRC))
        )

        def do_transform_ip(self, buffer: Any) -> Any:
            if work is Keep:
                process(buffer)
                return Gst.FlowReturn.OK
            with buffer.map(Gst.MapFlags.READ | Gst.MapFlags.WRITE) as memory:
                samples = np.ndarray(memory.size // 4, np.float32, buffer=memory.data)
                samples[:] = process(samples)
            return Gst.FlowReturn.OK

    name = f"python{work.__name__.lower()}"
    GObject.type_register(Transform)
    Gst.Element.register(None, name, Gst.Rank.NONE, Transform)
    return name


def through(work: Work, nodes: int, items: list[Any]) -> float:
    """Seconds for as many buffers of 10 ms as there are items."""
    from gi.repository import Gst

    source = f"fakesrc num-buffers={len(items)} sizetype=fixed sizemax={frame().nbytes} filltype=zero"
    chain = " ! ".join([source, *[element(work)] * nodes, "fakesink sync=false"])
    pipeline = Gst.parse_launch(chain)
    pipeline.set_state(Gst.State.PAUSED)
    pipeline.get_state(Gst.CLOCK_TIME_NONE)
    start = time.perf_counter()
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(60 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    taken = time.perf_counter() - start
    pipeline.set_state(Gst.State.NULL)
    if message is None or message.type != Gst.MessageType.EOS:
        raise SystemExit("the stream did not end as it should")
    return taken


def main() -> None:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstBase", "1.0")
    from gi.repository import Gst

    Gst.init(None)
    measure(through, 3_000)


if __name__ == "__main__":
    main()
