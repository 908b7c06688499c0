"""The engine's log in Python's."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import subprocess
import sys
import time

import pytest

from remotemedia import Node, execute_pipeline_with_input
from remotemedia._engine import _abi
from remotemedia._engine.library import library


class Picky(Node):
    def process(self, item):
        if item == "bad":
            raise ValueError("no good")
        return item


def run(*items: str, on_error: str = "raise") -> list:
    return asyncio.run(execute_pipeline_with_input([Picky(name="picky")], list(items), on_error=on_error))


def of_engine(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int, str]]:
    return [record for record in caplog.record_tuples if record[0].startswith("remotemedia.engine.")]


def is_empty() -> bool:
    record = _abi.rm_log_record()
    record.struct_size = ctypes.sizeof(record)
    return library.rm_log_drain(record, None, 0) == _abi.RM_END


def test_nothing_is_written_by_default(caplog):
    assert run("a") == ["a"]
    assert of_engine(caplog) == []
    assert is_empty()


def test_a_logger_gets_what_its_level_asks_for(caplog):
    with caplog.at_level(logging.DEBUG, "remotemedia.engine.session"):
        before = time.time()
        assert run("a") == ["a"]
    records = [record for record in caplog.records if record.name == "remotemedia.engine.session"]
    assert {record.levelno for record in records} == {logging.DEBUG}
    assert "opens" in records[0].getMessage()
    assert "ended after" in records[-1].getMessage()
    assert all(before <= record.created <= time.time() for record in records)


def test_the_engine_writes_no_more_once_the_level_is_back(caplog):
    with caplog.at_level(logging.DEBUG, "remotemedia.engine.session"):
        run("a")
    caplog.clear()
    run("a")
    assert of_engine(caplog) == []
    assert is_empty()


def test_what_is_left_out_is_a_warning(caplog):
    assert run("a", "bad", "b", on_error="skip") == ["a", "b"]
    [(name, level, text)] = of_engine(caplog)
    assert (name, level) == ("remotemedia.engine.node", logging.WARNING)
    assert "picky" in text
    assert "no good" in text
    assert "input 1" in text


def test_what_is_raised_is_not_told_twice(caplog):
    with pytest.raises(ValueError, match="no good"):
        run("bad")
    assert of_engine(caplog) == []


def test_a_logger_that_is_disabled_gets_nothing(caplog):
    logging.disable(logging.CRITICAL)
    try:
        run("bad", on_error="skip")
    finally:
        logging.disable(logging.NOTSET)
    assert of_engine(caplog) == []
    assert is_empty()


def test_a_handler_that_fails_stops_no_run(caplog):
    logger = logging.getLogger("remotemedia.engine.node")

    def refuse(record: logging.LogRecord) -> bool:
        raise RuntimeError("no room")

    logger.addFilter(refuse)
    try:
        assert run("a", "bad", on_error="skip") == ["a"]
    finally:
        logger.removeFilter(refuse)
    assert any("could not be handled" in record.getMessage() for record in caplog.records)


def test_the_environment_comes_first():
    code = (
        "import asyncio, logging, remotemedia as rm\n"
        "logging.basicConfig(level=logging.DEBUG, format='%(name)s %(levelname)s %(message)s')\n"
        "class Same(rm.Node):\n    def process(self, item): return item\n"
        "asyncio.run(rm.execute_pipeline_with_input([Same()], [1]))\n"
    )
    environment = {**os.environ, "REMOTEMEDIA_LOG": "off,session=debug"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("remotemedia.engine.")]
    assert lines
    assert {line.split()[0] for line in lines} == {"remotemedia.engine.session"}
