"""Nodes that make their own data."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from .exceptions import PipelineError


def source_of(node: Any) -> Generator[Any, None, None] | AsyncGenerator[Any, None]:
    """What a source makes: its `process()` is called, without input, and gives a generator or an async generator.

    Raises:
        PipelineError: It is no source.
    """
    made = node.process() if _takes_nothing(node.process) else None
    if isinstance(made, (GeneratorType, AsyncGeneratorType)):
        return made
    if isinstance(made, CoroutineType):
        made.close()
    raise PipelineError(
        f"The first node '{node.name}' is not a valid source: its process() must take no input and be a generator "
        "or an async generator"
    )


def _takes_nothing(process: Any) -> bool:
    import inspect

    try:
        inspect.signature(process).bind()
    except TypeError:
        return False
    except ValueError:  # it has no signature to look at
        return True
    return True
