"""What a session in which nothing moves has to say."""

from __future__ import annotations

import sys
import threading
import traceback
from typing import Any


def describe(report: dict[str, Any], warning: str) -> str:
    """The library's words, and the stack of every Python thread that is inside a node."""
    threads = {thread.native_id: thread for thread in threading.enumerate()}
    frames = sys._current_frames()
    lines = [warning]
    for node in report["nodes"]:
        thread = threads.get(node["thread"])
        frame = None if thread is None or thread.ident is None else frames.get(thread.ident)
        if frame is not None:
            lines.append(f"Stack of node '{node['node_id']}':")
            lines += (line.rstrip("\n") for line in traceback.format_stack(frame))
    return "\n".join(lines)
