"""What a worker logs and prints is seen where its parent's is."""

from __future__ import annotations

import logging
import subprocess
from typing import Any

from remotemedia import Node, execute_pipeline_with_input


class Logs(Node):
    def __init__(self, *records: tuple[str, int, str]) -> None:
        super().__init__()
        self.records = records

    def process(self, data: Any) -> Any:
        for name, level, text in self.records:
            logging.getLogger(name).log(level, "%s: %s", text, data)
        return data


def test_records_come_with_name_and_level(run, caplog):
    records = [("a.b", logging.WARNING, "one"), ("", logging.ERROR, "two"), ("ä", 35, "drü\n\0")]
    run(execute_pipeline_with_input([Logs(*records).in_process()], [7]))
    found = [(record.name, record.levelno, record.getMessage()) for record in caplog.records]
    assert found == [("a.b", 30, "one: 7"), ("root", 40, "two: 7"), ("ä", 35, "drü\n\0: 7")]


def test_the_level_is_that_of_the_parent(run, caplog):
    node = Logs(("x", logging.DEBUG, "debug"), ("x", logging.INFO, "info"))
    with caplog.at_level(logging.INFO):
        run(execute_pipeline_with_input([node.in_process()], [1]))
    assert [record.getMessage() for record in caplog.records if record.name == "x"] == ["info: 1"]


def test_exceptions_come_with_their_tracebacks(run, caplog):
    class Fails(Node):
        def process(self, data: Any) -> Any:
            try:
                raise LookupError("inner")
            except LookupError:
                self.logger.exception("it failed")
            return data

    run(execute_pipeline_with_input([Fails().in_process()], [1]))
    assert caplog.records[0].name == "Fails"
    assert "LookupError: inner" in caplog.text


def test_many_long_records(run, caplog):
    class Floods(Node):
        def process(self, data: Any) -> Any:
            for number in range(300):
                self.logger.warning("%d %s", number, "x" * 5_000)
            self.logger.warning("x" * 500_000)
            return data

    assert run(execute_pipeline_with_input([Floods().in_process()], [1])) == [1]
    assert [record.getMessage().split()[0] for record in caplog.records[:300]] == [str(n) for n in range(300)]
    assert len(caplog.records[300].getMessage()) == 500_000


def test_a_log_written_while_an_output_is_pickled(run, caplog):
    class Talks:
        def __reduce__(self) -> Any:
            logging.getLogger("talks").warning("on the way")
            return int, (3,)

    class Gives(Node):
        def process(self, data: Any) -> Any:
            return Talks()

    assert run(execute_pipeline_with_input([Gives().in_process()], [1])) == [3]
    assert "on the way" in caplog.text


def test_what_is_printed(interpreter, environment):
    program = """
import asyncio, sys
from remotemedia import Node, execute_pipeline_with_input
class Prints(Node):
    def process(self, data):
        print("out", data)
        print("err", data, file=sys.stderr)
        return data
asyncio.run(execute_pipeline_with_input([Prints().in_process()], [1, 2]))
"""
    done = subprocess.run(
        [interpreter, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "out 1\nout 2\n", "err 1\nerr 2\n")


def test_the_node_of_a_manifest_logs_into_the_log_of_the_engine(run, caplog):
    """The engine alone knows of it."""
    node = {"id": "logs", "node_type": "steps:Logs", "executor": "process"}
    run(execute_pipeline_with_input({"version": "v1", "nodes": [node]}, [7]))
    found = [(record.name, record.levelno, record.getMessage()) for record in caplog.records]
    assert found == [("remotemedia.engine.process", logging.WARNING, "Logs: given 7")]
