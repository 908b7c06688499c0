"""What a run measures, as types: the values themselves are plain dicts. Durations are in microseconds."""

from __future__ import annotations

from typing import Generic, NotRequired, TypedDict, TypeVar

_Outputs = TypeVar("_Outputs")


class ProcessMetrics(TypedDict):
    """The process of a node that has one of its own: its number, and how often it was started again."""

    pid: int | None
    restarts: int
    worker: Metrics | None
    """What was measured there, once it has ended."""


class NodeMetrics(TypedDict):
    """The calls of one node, its retries, and the queues before it. `success_rate` is within 0..1."""

    node_id: str
    execution_count: int
    success_count: int
    error_count: int
    retry_count: int
    dropped_count: int
    success_rate: float
    total_duration_us: float
    avg_duration_us: float
    min_duration_us: float
    max_duration_us: float
    p50_duration_us: float
    p99_duration_us: float
    flush_duration_us: float
    host_wait_us: float
    queue_depth: int
    max_queue_depth: int
    process: NotRequired[ProcessMetrics]


_Ends = TypedDict("_Ends", {"from": str, "to": str})


class EdgeMetrics(_Ends):
    """The queue between two nodes, in packets."""

    policy: str
    capacity: int
    queue_depth: int
    max_queue_depth: int
    dropped_count: int


class PathMetrics(_Ends):
    """How long outputs of an end took since the input that caused them."""

    count: int
    avg_duration_us: float
    min_duration_us: float
    max_duration_us: float
    p50_duration_us: float
    p99_duration_us: float


class Metrics(TypedDict):
    """What a run measured."""

    pipeline_id: str
    total_executions: int
    total_duration_us: float
    total_duration_ms: float
    peak_memory_bytes: int
    peak_memory_mb: float
    metrics_overhead_us: float
    node_metrics: list[NodeMetrics]
    edge_metrics: list[EdgeMetrics]
    path_metrics: list[PathMetrics]
    warnings: list[str]


class Measured(TypedDict, Generic[_Outputs]):
    """The result of a run with `enable_metrics`."""

    outputs: _Outputs
    metrics: Metrics
