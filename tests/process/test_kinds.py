"""Nodes of every kind in a process of their own: they do what they do inline."""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
import steps

from remotemedia import (
    BufferNode,
    CalculatorNode,
    Node,
    PassThroughNode,
    Pipeline,
    StatefulCounter,
    execute_pipeline,
    execute_pipeline_with_input,
)

Make = Callable[[], Node]


def outer(factor: int) -> Callable[[int], int]:
    return lambda data: data * factor


KINDS: dict[str, tuple[Make, list[Any]]] = {
    "plain": (steps.Plain, [1, 2, 3]),
    "coroutine": (steps.Coroutine, [1, 2, 3]),
    "generator": (steps.Generator, [1, 2]),
    "async generator": (steps.AsyncGenerator, [1, 2]),
    "many outputs": (steps.Many, [1, 2]),
    "stream": (steps.Stream, [1, 2, 3, 4]),
    "async stream": (steps.AsyncStream, [1, 2, 3, 4]),
    "filter": (steps.Odd, [1, 2, 3, 4]),
    "async filter": (steps.AsyncOdd, [2, 1, 4, 3]),
    "filter of all": (steps.Odd, [2, 4]),
    "flush": (steps.Flushes, [1, 2]),
    "flush of many": (steps.FlushesMany, [1, 2]),
    "flush, later": (steps.FlushesLater, [1, 2]),
    "flush of many, later": (steps.FlushesManyLater, [1, 2]),
    "state": (lambda: steps.Counts(5, step=2, name="mine", model="small"), ["a", "b"]),
    "sessions": (steps.CountsInSessions, [{"session_id": session} for session in "aba"]),
    "life": (steps.Ready, [1, 2]),
    "life, later": (steps.ReadyLater, [1, 2]),
    "lambda": (lambda: steps.Calls(lambda data: data + 1), [1, 2]),
    "closure": (lambda: steps.Calls(outer(3)), [1, 2]),
    "package's own": (PassThroughNode, [1, None, "x"]),
    "buffer": (lambda: BufferNode(2), [1, 2, 3]),
    "calculator": (CalculatorNode, [{"operation": "add", "operands": [1, 2]}]),
    "counter": (lambda: StatefulCounter(3), [1, 2]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_those_of_the_same_node_inline(run, kind):
    make, inputs = KINDS[kind]
    inline = run(execute_pipeline_with_input([make()], inputs))
    assert run(execute_pipeline_with_input([make().in_process()], inputs)) == inline
    assert inline or kind == "filter of all"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_it_may_stand_anywhere(run, place):
    nodes: list[Node] = [steps.Plain(), steps.Generator(), steps.Coroutine()]
    expected = run(execute_pipeline_with_input(nodes, [1, 2]))
    nodes[place].in_process()
    assert run(execute_pipeline_with_input(nodes, [1, 2])) == expected


def test_each_has_a_process_of_its_own(run):
    class Ids(steps.Where):
        def process(self, data: Any) -> Any:
            return (*data, super().process(data)[0])

    nodes = [Ids().in_process(), Ids(), Ids().in_process()]
    ((first, second, third),) = run(execute_pipeline_with_input(nodes, [()]))
    assert second == os.getpid()
    assert len({first, second, third}) == 3


def test_executor_says_the_same(run):
    class Here(Node):
        def process(self, data: Any) -> int:
            return os.getpid()

    assert run(execute_pipeline(Pipeline([Here(executor="process")]))) != os.getpid()
    assert run(execute_pipeline(Pipeline([Here(executor="inline")]))) == os.getpid()


@pytest.mark.parametrize("kind", [steps.Numbers, steps.NumbersLater])
@pytest.mark.parametrize("behind", [[], [steps.Plain]])
def test_sources(run, kind, behind):
    nodes = [kind(), *(make() for make in behind)]
    inline = run(Pipeline(nodes).run())
    for node in nodes:
        node.in_process()
    assert run(Pipeline(nodes).run()) == inline
    assert len(inline) == 5


def test_a_source_that_gives_a_lot(run):
    assert run(Pipeline([steps.Numbers(3000).in_process(), steps.Odd()]).run()) == list(range(1, 3000, 2))


def test_a_source_that_does_not_say_so(run):
    async def made(node: Node) -> list[Any]:
        async with Pipeline([node, PassThroughNode()]).managed_execution() as pipeline:
            return [output async for output in pipeline.process()]

    assert run(made(steps.Undeclared().in_process())) == run(made(steps.Undeclared())) == ["a", "b", "c"]


def graph(middle: list[Node], joins: Node) -> Pipeline:
    """Numbers, the odd ones by one way and the even ones by another one."""
    splits, *rest = middle
    pipeline = Pipeline([splits, *rest, joins])
    for port, node, end in zip(("even", "odd"), rest, ("left", "right"), strict=True):
        pipeline.connect((splits, port), node)
        pipeline.connect(node, (joins, end))
    return pipeline


@pytest.mark.parametrize("joins", [steps.Joins, steps.JoinsLater])
@pytest.mark.parametrize("elsewhere", [{0}, {3}, {0, 1, 2, 3}])
def test_named_inputs_and_outputs(run, joins, elsewhere):
    nodes = [steps.Splits(), steps.Plain(), steps.Coroutine(), joins()]
    for index in elsewhere:
        nodes[index].in_process()
    outputs = run(graph(nodes[:3], nodes[3]).run(list(range(10))))
    left = [("left", ("plain", number)) for number in range(0, 10, 2)]
    right = [("right", ("coroutine", number)) for number in range(1, 10, 2)]
    assert [output for output in outputs if output[0] == "left"] == left
    assert [output for output in outputs if output[0] == "right"] == right
    assert len(outputs) == 10


@pytest.mark.parametrize("elsewhere", [{2}, {0, 1}, {0, 1, 2}])
def test_matched_inputs(run, elsewhere):
    nodes = [steps.Plain(), steps.Coroutine(), steps.Pairs()]
    for index in elsewhere:
        nodes[index].in_process()
    pipeline = Pipeline(nodes).connect(nodes[0], (nodes[2], "left")).connect(nodes[1], (nodes[2], "right"))
    pairs = [(("plain", number), ("coroutine", number)) for number in range(5)]
    assert run(pipeline.run(list(range(5)))) == pairs


def test_its_life_there(run, tmp_path):
    """Once initialised, once flushed, once cleaned up; what is here is left as it is."""
    path = tmp_path / "notes"
    node = steps.Notes(str(path)).in_process()
    for _ in range(2):
        assert run(execute_pipeline_with_input([node], [1, 2])) == [1, 2]
        assert path.read_text().split("\n") == ["init", "process 1", "process 2", "flush", "clean", ""]
        assert not node.is_initialized
        path.unlink()


def test_every_run_begins_with_the_state_that_is_here(run):
    node = steps.Counts(0).in_process()
    for _ in range(2):
        assert [total for *_, total in run(execute_pipeline_with_input([node], ["a", "b"]))] == [1, 2]
    node.total = 10
    assert [total for *_, total in run(execute_pipeline_with_input([node], ["a", "b"]))] == [11, 12]


def test_a_pipeline_that_was_initialized(run, recwarn):
    async def main() -> None:
        node = steps.Ready().in_process()
        async with Pipeline([node, PassThroughNode()]).managed_execution() as pipeline:
            for _ in range(2):
                assert [output async for output in pipeline.process([1])] == [(("init",), True, 1)]

    run(main())
    assert not recwarn.list


def test_nodes_may_run_pipelines_there(run):
    class Runs(Node):
        async def process(self, data: Any) -> Any:
            return await execute_pipeline_with_input([steps.Plain().in_process()], [data])

    assert run(execute_pipeline_with_input([Runs().in_process()], [1])) == [[("plain", 1)]]


def test_w1_a_manifest_makes_it_there_with_its_parameters(interpreter, environment, tmp_path):
    """W1: of a class that is imported in the worker, where this program would find it; and session ids arrive."""
    (tmp_path / "my_gain.py").write_text("""
import os
from remotemedia import Node
class Gain(Node):
    def __init__(self, gain=1, **others):
        super().__init__(**others)
        self.gain = gain
    def process(self, data):
        return [data["x"] * self.gain, self.extract_session_id(data), self.name, self.config, os.getppid()]
""")
    program = f"""
import asyncio, os, sys
sys.path.append({str(tmp_path)!r})
from remotemedia import execute_pipeline_with_input
gain = {{"id": "g", "node_type": "my_gain:Gain", "params": {{"gain": 2, "extra": 1}}, "executor": "process"}}
for pipeline in {{"version": "v1", "nodes": [gain]}}, [gain]:
    ((value, session, name, config, parent),) = asyncio.run(
        execute_pipeline_with_input(pipeline, [{{"x": 3, "session_id": "s"}}])
    )
    print(value, session, name, config, parent == os.getpid(), "my_gain" in sys.modules)
"""
    done = subprocess.run(
        [interpreter, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    said = "6 s {} {{'extra': 1}} True False\n"
    assert (done.stdout, done.stderr) == (said.format("g") + said.format("g_0"), "")


def test_two_runs_of_one_node_at_once(run):
    async def main() -> None:
        import asyncio

        node = steps.Plain().in_process()
        runs = [execute_pipeline_with_input([node], [number]) for number in range(3)]
        assert await asyncio.gather(*runs) == [[("plain", number)] for number in range(3)]

    run(main())


PROGRAM = """
import asyncio
from remotemedia import Node, execute_pipeline_with_input

LIMIT = 3

class Value:
    def __init__(self, n):
        self.n = n

def double(n):
    return 2 * n

class Mine(Node):
    def __init__(self, factor):
        self.factor = factor

    def process(self, data):
        if data.n > LIMIT:
            raise Strange(data.n)
        return Value(double(data.n) * self.factor)

class Strange(Exception):
    pass

if __name__ == "__main__":
    node = Mine(5).in_process()
    (made,) = asyncio.run(execute_pipeline_with_input([node], [Value(2)]))
    print(made.n, isinstance(made, Value))
    try:
        asyncio.run(execute_pipeline_with_input([node], [Value(4)]))
    except Strange as error:
        print("strange", error.args)
"""


@pytest.mark.parametrize(("by", "guarded"), [("file", True), ("file", False), ("-c", False), ("-m", True)])
def test_classes_of_the_main_program(interpreter, environment, tmp_path, by, guarded):
    """Whether the program guards what it does or not: it is not run there."""
    program = PROGRAM
    if not guarded:
        head, _, body = PROGRAM.partition('if __name__ == "__main__":\n')
        program = head + textwrap.dedent(body)
    path = tmp_path / "program_of_mine.py"
    path.write_text(program)
    arguments = {"file": [str(path)], "-c": ["-c", program], "-m": ["-m", "program_of_mine"]}[by]
    done = subprocess.run(
        [interpreter, *arguments],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "20 True\nstrange (4,)\n", "")


def test_modules_are_found_where_the_parent_has_them(interpreter, environment, tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "my_nodes.py").write_text(
        "from remotemedia import Node\nclass Mine(Node):\n    def process(self, data):\n        return __name__\n"
    )
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(folder)!r})
from my_nodes import Mine
from remotemedia import execute_pipeline
print(asyncio.run(execute_pipeline([Mine().in_process()])))
"""
    done = subprocess.run(
        [interpreter, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "my_nodes\n", "")
