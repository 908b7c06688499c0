"""CalculatorNode in its three forms, MultiplyNode, AddNode."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remotemedia.nodes.calculator import AddNode, CalculatorNode, MultiplyNode

NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6)
EXPECTED = {
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "subtract": lambda a, b: a - b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "modulo": lambda a, b: a % b,
}


def test_supported_operations():
    assert set(CalculatorNode().get_supported_operations()) == EXPECTED.keys()


class TestConfigured:
    @pytest.mark.parametrize(
        ("operation", "operand", "inputs", "outputs"),
        [
            ("add", 10, [1, 2, 3], [11, 12, 13]),
            ("multiply", 2, [1, 2, 3, 4, 5], [2, 4, 6, 8, 10]),
            ("subtract", 1, [1, 2.5], [0, 1.5]),
            ("power", 2, [3], [9]),
        ],
    )
    def test_numbers(self, operation, operand, inputs, outputs):
        node = CalculatorNode(operation=operation, operand=operand)
        assert node.config == {"operation": operation, "operand": operand}
        assert [node.process(number) for number in inputs] == outputs

    def test_dicts_still_work(self):
        node = CalculatorNode(operation="add", operand=10)
        assert node.process({"operation": "multiply", "args": [2, 3]})["result"] == 6

    def test_errors(self):
        assert CalculatorNode(operation="divide", operand=0).process(1)["error"] == "Division by zero"
        assert CalculatorNode(operation="root", operand=2).process(1)["error"] == "Unknown operation: root"
        assert "operand" in CalculatorNode(operation="add").process(1)["error"]
        assert "error" in CalculatorNode(operation="add", operand="x").process(1)


class TestArgs:
    def test_answer(self):
        node = CalculatorNode(name="calc", precision=2)
        assert node.process({"operation": "add", "args": [1, 2, 3]}) == {
            "operation": "add",
            "args": [1, 2, 3],
            "result": 6,
            "processed_by": "CalculatorNode[calc]",
            "node_config": {"precision": 2},
        }

    @given(operation=st.sampled_from(sorted(EXPECTED)), a=NUMBERS, b=NUMBERS)
    def test_against_python(self, operation, a, b):
        answer = CalculatorNode().process({"operation": operation, "args": [a, b]})
        try:
            expected = EXPECTED[operation](a, b)
        except ZeroDivisionError:
            assert answer["error"] == "Division by zero"
        except OverflowError:
            assert "error" in answer
        else:
            assert answer["result"] == expected or math.isnan(expected)

    def test_from_the_left(self):
        process = CalculatorNode().process
        assert process({"operation": "subtract", "args": [10, 3, 2]})["result"] == 5
        assert process({"operation": "divide", "args": (24, 4, 3)})["result"] == 2.0

    @pytest.mark.parametrize(
        ("data", "error"),
        [
            ("x", "Input must be a dictionary"),
            (5, "Input must be a dictionary"),
            (None, "Input must be a dictionary"),
            ({}, "Input must contain 'operation' and 'args' keys"),
            ({"args": [1, 2]}, "Input must contain 'operation' and 'args' keys"),
            ({"operation": "add"}, "Input must contain 'operation' and 'args' keys"),
            ({"operation": "divide", "args": [1, 0]}, "Division by zero"),
            ({"operation": "modulo", "args": [1, 0]}, "Division by zero"),
            ({"operation": "root", "args": [1, 2]}, "Unknown operation: root"),
            ({"operation": ["add"], "args": [1, 2]}, "Unknown operation: ['add']"),
            ({"operation": "add", "args": ["a", "b"]}, "Operation 'add' takes a list of numbers"),
            ({"operation": "add", "args": 5}, "Operation 'add' takes a list of numbers"),
            ({"operation": "power", "args": [1, 2, 3]}, "Wrong number of arguments for operation 'power': 3"),
            ({"operation": "add", "args": [1]}, "Wrong number of arguments for operation 'add': 1"),
        ],
    )
    def test_errors(self, data, error):
        assert CalculatorNode(name="c").process(data) == {"error": error, "processed_by": "CalculatorNode[c]"}


class TestOperands:
    @pytest.mark.parametrize(
        ("operation", "result"), [("add", 5.0), ("subtract", 1.0), ("multiply", 6.0), ("divide", 1.5)]
    )
    def test_answer(self, operation, result):
        answer = CalculatorNode().process({"operation": operation, "operands": [3, 2]})
        assert answer == {"result": result, "operation": operation, "operands": [3, 2]}
        assert type(answer["result"]) is float

    @pytest.mark.parametrize(
        "data",
        [
            {"operation": "add", "operands": [1]},
            {"operation": "add", "operands": [1, 2, 3]},
            {"operation": "add", "operands": "12"},
            {"operation": "divide", "operands": [1, 0]},
            {"operation": "multiply", "operands": [10**400, 1]},
            {"operation": "power", "operands": [-1, 0.5]},
        ],
    )
    def test_errors(self, data):
        assert CalculatorNode().process(data).keys() == {"error", "processed_by"}


class TestElementwise:
    def test_numbers_and_lists(self):
        assert MultiplyNode().process(3) == 6.0
        assert MultiplyNode(factor=3).process([1, 2.5, [2]]) == [3, 7.5, [6]]
        assert AddNode().process(3) == 3.0
        assert AddNode(addend=3).process([1, Fraction(1, 2)]) == [4, Fraction(7, 2)]

    def test_parameters_land_in_config(self):
        assert MultiplyNode().config == {"factor": 2.0}
        assert AddNode(5, name="a", note="x").config == {"addend": 5, "note": "x"}
        node = AddNode(1)
        node.config["addend"] = 2
        assert node.process(1) == 3

    def test_arrays(self):
        np = pytest.importorskip("numpy")
        assert MultiplyNode(3).process(np.array([1, 2])).tolist() == [3, 6]

    @pytest.mark.parametrize("data", ["ab", ("a",), None, {"a": 1}, [1, "a"]])
    def test_other_input(self, data):
        with pytest.raises(TypeError, match="number"):
            MultiplyNode(2).process(data)
        with pytest.raises(TypeError, match="number"):
            AddNode(2).process(data)
