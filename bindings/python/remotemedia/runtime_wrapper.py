"""`execute_pipeline` and its sibling, as the package exports them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

if TYPE_CHECKING:
    from .core.pipeline import Pipeline
    from .core.progress import Progress
    from .metrics import Measured

    # Of a list that mixes nodes and dicts, type checkers infer that it holds objects.
    Runnable: TypeAlias = Pipeline | Sequence[object] | dict[str, Any] | str
    OnProgress: TypeAlias = Callable[[Progress], object] | None


@cache
def _runtime() -> Any:
    # Not `from . import`: that is content with the attribute of the package, which is None after a failure.
    try:
        return importlib.import_module(f"{__package__}.runtime")
    except ImportError as error:
        raise ImportError(f"remotemedia.runtime cannot be imported: {error}") from error


@overload
async def execute_pipeline(
    pipeline_or_manifest: Runnable,
    enable_metrics: Literal[False] = False,
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> Any: ...
@overload
async def execute_pipeline(
    pipeline_or_manifest: Runnable,
    enable_metrics: Literal[True],
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> Measured[Any]: ...
@overload
async def execute_pipeline(
    pipeline_or_manifest: Runnable,
    enable_metrics: bool,
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> Any: ...
async def execute_pipeline(
    pipeline_or_manifest: Runnable,
    enable_metrics: bool = False,
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> Any:
    """Runs a pipeline that needs no input, or whose first node does with an empty string.

    Args:
        pipeline_or_manifest: A `Pipeline`; a list of `Node` objects and manifest entries; a manifest, as a dict or as
            JSON. Instances run as they are, with their state.
        enable_metrics: Return `{"outputs", "metrics"}`.
        on_error: What happens when a node fails at an item: "raise" ends the run, "skip" leaves the item out, "collect"
            puts the exception in its place.
        progress: Called with a `Progress` about ten times a second, on the caller's event loop, and once at the end of
            a run that ends well. An exception in it ends the run and is raised.

    Returns:
        None if the last nodes gave no output, the output if they gave one, else the list of them in order.

    Raises:
        TypeError, ValueError: The pipeline is not one that can be run; the message says why.
        RuntimeError: A node type is unknown.
        Exception: Whatever a node raised, with notes of the node and the input, and with the attributes `node_id`,
            `input_index` and `partial_results`.
    """
    return await _runtime().execute_pipeline(pipeline_or_manifest, enable_metrics, on_error=on_error, progress=progress)


@overload
async def execute_pipeline_with_input(
    pipeline_or_manifest: Runnable,
    input_data: list[Any],
    enable_metrics: Literal[False] = False,
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> list[Any]: ...
@overload
async def execute_pipeline_with_input(
    pipeline_or_manifest: Runnable,
    input_data: list[Any],
    enable_metrics: Literal[True],
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> Measured[list[Any]]: ...
@overload
async def execute_pipeline_with_input(
    pipeline_or_manifest: Runnable,
    input_data: list[Any],
    enable_metrics: bool,
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> list[Any] | Measured[list[Any]]: ...
async def execute_pipeline_with_input(
    pipeline_or_manifest: Runnable,
    input_data: list[Any],
    enable_metrics: bool = False,
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> Any:
    """Runs a pipeline over a list of inputs, in order, through the same nodes.

    Args:
        pipeline_or_manifest: As for `execute_pipeline`.
        input_data: The inputs; not empty.
        enable_metrics: As for `execute_pipeline`.
        on_error: As for `execute_pipeline`.
        progress: As for `execute_pipeline`.

    Returns:
        The list of every output of the last nodes, in order: one an input if every node is one-to-one.

    Raises:
        TypeError, ValueError, RuntimeError, Exception: As for `execute_pipeline`; and if `input_data` is no list or
            empty.
    """
    runtime = _runtime()
    outputs, metrics = await runtime.run_over(pipeline_or_manifest, input_data, on_error, enable_metrics, progress)
    return runtime.result(outputs, metrics)
