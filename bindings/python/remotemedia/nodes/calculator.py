"""Nodes that do arithmetic."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from numbers import Number
from typing import Any

from ..core.node import Node

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "multiply": operator.mul,
    "subtract": operator.sub,
    "divide": operator.truediv,
    "power": operator.pow,
    "modulo": operator.mod,
}
_STRICTLY_BINARY = frozenset({"power", "modulo"})


class CalculatorNode(Node):
    """Calculates, with the operations add, subtract, multiply, divide, power and modulo.

    Three forms of input, and what each gives:

    - a number, with `operation` and `operand` given to the constructor: the number `input operation operand`;
    - `{"operation", "args": [a, b, …]}`: `{operation, args, result, processed_by, node_config}`. More than two
      arguments are taken from the left; power and modulo take exactly two;
    - `{"operation", "operands": [a, b]}`: `{result, operation, operands}` with a float as result, as the native node
      of this name.

    Anything else, and arithmetic that fails, gives a dict with `error` and `processed_by`.
    """

    def process(self, data: Any) -> Any:
        try:
            return self._answer(data)
        except ZeroDivisionError:
            problem = "Division by zero"
        except (ArithmeticError, TypeError, ValueError) as error:
            problem = str(error)
        return {"error": problem, "processed_by": self._signature()}

    def get_supported_operations(self) -> list[str]:
        """Return the names of the operations."""
        return list(_OPERATIONS)

    def _answer(self, data: Any) -> Any:
        if isinstance(data, Number) and isinstance(self.config, dict) and "operation" in self.config:
            if "operand" not in self.config:
                raise ValueError("The configured 'operation' needs an 'operand'")
            return self._calculate(self.config["operation"], [data, self.config["operand"]])
        if not isinstance(data, dict):
            raise ValueError("Input must be a dictionary")
        if "operation" in data and "args" in data:
            operation, args = data["operation"], data["args"]
            return {
                "operation": operation,
                "args": args,
                "result": self._calculate(operation, args),
                "processed_by": self._signature(),
                "node_config": self.config,
            }
        if "operation" in data and "operands" in data:
            operation, operands = data["operation"], data["operands"]
            if not isinstance(operands, (list, tuple)) or len(operands) != 2:
                raise ValueError("'operands' must be a list of two numbers")
            return {
                "result": float(self._calculate(operation, operands)),
                "operation": operation,
                "operands": operands,
            }
        raise ValueError("Input must contain 'operation' and 'args' keys")

    def _calculate(self, operation: Any, args: Any) -> Any:
        if not isinstance(operation, str) or operation not in _OPERATIONS:
            raise ValueError(f"Unknown operation: {operation}")
        # Without this check, "add" would join strings and lists.
        if not isinstance(args, (list, tuple)) or not all(isinstance(arg, Number) for arg in args):
            raise ValueError(f"Operation '{operation}' takes a list of numbers")
        if len(args) < 2 or (len(args) > 2 and operation in _STRICTLY_BINARY):
            raise ValueError(f"Wrong number of arguments for operation '{operation}': {len(args)}")
        return reduce(_OPERATIONS[operation], args)

    def _signature(self) -> str:
        return f"{type(self).__name__}[{self.name}]"


class MultiplyNode(Node):
    """Multiplies a number, or every item of a list, by `factor`; NumPy arrays too.

    Args:
        factor: The multiplier; it lands in `config`.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        TypeError: `process`: the input, or an item of it, is not a number.
    """

    def __init__(self, factor: float = 2.0, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, factor=factor, **kwargs)

    def process(self, data: Any) -> Any:
        return _elementwise(operator.mul, data, self.config["factor"])


class AddNode(Node):
    """Adds `addend` to a number, or to every item of a list; NumPy arrays too.

    Args:
        addend: The summand; it lands in `config`.
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        TypeError: `process`: the input, or an item of it, is not a number.
    """

    def __init__(self, addend: float = 0.0, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, addend=addend, **kwargs)

    def process(self, data: Any) -> Any:
        return _elementwise(operator.add, data, self.config["addend"])


def _elementwise(function: Callable[[Any, Any], Any], data: Any, operand: Any) -> Any:
    if isinstance(data, list):
        return [_elementwise(function, item, operand) for item in data]
    # Without this check, a factor would repeat strings and tuples.
    if isinstance(data, Number) or hasattr(data, "__array_ufunc__"):
        return function(data, operand)
    raise TypeError(f"Input must be a number or a list of numbers, got {type(data).__name__}")
