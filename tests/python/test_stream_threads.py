"""Streaming nodes in threads of their own, where there is no thread to be had."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from doubles import Recorder

from remotemedia import SyncSession


class Streams(Recorder):
    is_streaming = True

    def process(self, stream: Any) -> Iterator[Any]:
        yield from stream


def test_a_node_whose_thread_does_not_begin_fails_and_is_cleaned_up(monkeypatch):
    begin = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == node.name:
            raise RuntimeError("can't start new thread")
        begin(thread)

    node = Streams()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        session = SyncSession([node])
        session.send(1)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            session.receive(timeout=10)
        session.wait(timeout=10)
    assert node.events.count("clean") == 1
