"""The engine, as Python programs call it. Importing this module loads the shared library."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ._engine.errors import read_text
from ._engine.library import library

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    import numpy.typing as npt

    from .core.node import Node
    from .metrics import Metrics
    from .runtime_wrapper import OnProgress


def get_runtime_version() -> str:
    """The version of the shared library."""
    return read_text(library.rm_version)


__version__ = get_runtime_version()


def is_available() -> bool:
    """Whether the engine can be used: True, because this module could be imported."""
    return True


async def execute_pipeline(
    pipeline_or_manifest: Any,
    enable_metrics: bool | None = False,
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> Any:
    """Runs a pipeline without input; as `remotemedia.execute_pipeline`."""
    spec, run = _machinery()
    outputs, metrics = await run(spec.read(pipeline_or_manifest), None, on_error, enable_metrics, progress)
    return result(unwrap(outputs), metrics)


async def execute_pipeline_with_input(
    pipeline_or_manifest: Any,
    input_data: list[Any],
    enable_metrics: bool | None = False,
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> Any:
    """Runs a pipeline over a list of inputs. A manifest in JSON over one input gives its one output, not a list."""
    outputs, metrics = await run_over(pipeline_or_manifest, input_data, on_error, enable_metrics, progress)
    bare = isinstance(pipeline_or_manifest, str) and len(input_data) == 1 and len(outputs) == 1
    return result(outputs[0] if bare else outputs, metrics)


async def execute_pipeline_with_instances(
    nodes: Sequence[Node],
    input_data: list[Any] | None = None,
    enable_metrics: bool | None = False,
    *,
    on_error: str = "raise",
    progress: OnProgress = None,
) -> Any:
    """Runs instances in order, over a list of inputs or without any."""
    spec, run = _machinery()
    checked = spec.read_instances(nodes)
    inputs = None if input_data is None else check_input(input_data)
    outputs, metrics = await run(checked, inputs, on_error, enable_metrics, progress)
    return result(unwrap(outputs) if inputs is None else outputs, metrics)


def run_over(
    pipeline_or_manifest: Any,
    input_data: Any,
    on_error: str,
    enable_metrics: bool | None,
    progress: OnProgress,
) -> Coroutine[Any, Any, tuple[list[Any], Metrics | None]]:
    """What runs a pipeline over a list of inputs: it answers the outputs, and the metrics if asked for."""
    spec, run = _machinery()
    checked = spec.read(pipeline_or_manifest)
    return run(checked, check_input(input_data), on_error, enable_metrics, progress)


@cache
def _machinery() -> tuple[ModuleType, Callable[..., Coroutine[Any, Any, tuple[list[Any], Metrics | None]]]]:
    """What reads pipelines and what runs them, imported at the first use: it needs asyncio."""
    from ._engine import spec
    from ._engine.run import run

    return spec, run


def check_input(input_data: Any) -> list[Any]:
    """The inputs, if they are a list with something in it."""
    if not isinstance(input_data, list):
        raise TypeError(f"input_data must be a list, got {type(input_data).__name__}")
    if not input_data:
        raise ValueError("input_data cannot be empty")
    return input_data


def unwrap(outputs: list[Any]) -> Any:
    """None for no output, the output itself if there is one, else the list."""
    return None if not outputs else outputs[0] if len(outputs) == 1 else outputs


def result(outputs: Any, metrics: Metrics | None) -> Any:
    """What a call answers: the outputs, with the metrics if they were asked for."""
    return outputs if metrics is None else {"outputs": outputs, "metrics": metrics}


def numpy_to_audio_dict(samples: npt.NDArray[np.float32], sample_rate: int, channels: int) -> dict[str, Any]:
    """An audio dict of samples.

    Args:
        samples: float32, of shape (frames,) or (frames, channels), interleaved in the latter.
        sample_rate: Samples a second, in hertz.
        channels: The number of channels.

    Returns:
        `{"type": "audio", "samples", "sample_rate", "channels"}`, the samples flat and interleaved.
    """
    return {"type": "audio", "samples": samples.reshape(-1), "sample_rate": sample_rate, "channels": channels}


def audio_dict_to_numpy(audio: dict[str, Any]) -> npt.NDArray[np.float32]:
    """The samples of an audio dict: float32, of shape (frames,) for mono, else (frames, channels)."""
    import numpy as np

    for field in ("samples", "sample_rate", "channels"):
        if field not in audio:
            raise ValueError(f"Audio data missing '{field}' field")
    samples = np.asarray(audio["samples"], dtype=np.float32)
    return samples if audio["channels"] == 1 else samples.reshape(-1, audio["channels"])
