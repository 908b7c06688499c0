"""`Pipeline`: nodes, in a chain or joined by edges."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack
from weakref import WeakSet

from .exceptions import PipelineError
from .graph import End, Graph, Options
from .node import Node
from .settle import settle

if TYPE_CHECKING:
    from ..metrics import Metrics
    from ..options import SessionOptions
    from ..session import Session
    from ..sync_session import SyncSession
    from .progress import Progress

    _S = TypeVar("_S", Session, SyncSession)


class Pipeline:
    """Nodes run by the engine, in a chain unless `connect` says otherwise.

    Args:
        nodes: The nodes in order; or, as a str, the name.
        name: Name of the pipeline; `Pipeline_<id>` by default.
        enable_metrics: Have `get_metrics` tell what the last run measured.
    """

    def __init__(
        self, nodes: Iterable[Node] | str | None = None, name: str | None = None, enable_metrics: bool = False
    ) -> None:
        if isinstance(nodes, str):
            nodes, name = None, name or nodes
        self.name = name or f"Pipeline_{id(self)}"
        self.nodes: list[Node] = []
        self.graph = Graph(self.nodes)
        self.enable_metrics = enable_metrics
        import logging  # it takes most of a megabyte, and importing the package does not need it

        self.logger = logging.getLogger(type(self).__name__)
        self._is_initialized = False
        self._metrics: Metrics | None = None
        # Those whose nodes are initialised here: they must not be at work when the nodes are cleaned up.
        self._sessions: WeakSet[Session | SyncSession] = WeakSet()
        # Sessions without input that keep the workers of nodes in processes alive from run to run.
        self._workers: list[SyncSession] = []
        for node in nodes or ():
            self.add_node(node)

    # The graph

    def add_node(self, node: Node) -> Self:
        """Adds a node at the end; returns the pipeline, so that calls can be chained."""
        if self._is_initialized:
            raise PipelineError("Cannot add nodes to an initialized pipeline")
        if not isinstance(node, Node):
            raise PipelineError(f"Expected Node instance, got {type(node)}")
        self.nodes.append(node)
        return self

    def remove_node(self, name: str) -> bool:
        """Removes the first node of a name, and its edges; whether there was one."""
        if self._is_initialized:
            raise PipelineError("Cannot remove nodes from an initialized pipeline")
        node = self.get_node(name)
        if node is None:
            return False
        self.graph.remove(next(at for at, other in enumerate(self.nodes) if other is node))
        return True

    def connect(self, source: End, target: End, *, capacity: int | None = None, policy: str | None = None) -> Self:
        """Adds an edge; returns the pipeline. From the first call on the edges are those given and no others.

        Nodes that no edge leads to get the input, at every port, unless they are sources; nodes that no edge leads away
        from give the outputs. An end is a node, a pair of a node and the name of a port, or text: `"id"` or
        `"id/port"`, where ids are `f"{name}_{index}"`. Without a port it is the first.

        Args:
            source: Where packets come from.
            target: Where they go to.
            capacity: How many packets wait on the edge at most; the session's by default: 16, or 32 in a whole call.
            policy: What happens to a packet for which there is no room: "block" has the source wait (the default),
                "drop_oldest" drops the one that waits longest, "drop_newest" drops it, "latest" keeps nothing but the
                newest packet.

        Raises:
            ValueError: A node or port is unknown, or the edge is there already, or capacity or policy are impossible.
            PipelineError: The pipeline is initialized.
        """
        if self._is_initialized:
            raise PipelineError("Cannot connect nodes of an initialized pipeline")
        self.graph.connect(source, target, capacity, policy)
        return self

    def configure(
        self,
        node: Node | str,
        *,
        deadline: float | None = None,
        on_error: str | None = None,
        retries: int | None = None,
        retry_delay: float | None = None,
    ) -> Self:
        """Says what a node does about time and failure; returns the pipeline. What is None stays as it is.

        Args:
            node: The node, or its id.
            deadline: How long one call may take, in seconds. A call that takes longer fails.
            on_error: For this node instead of for the run; as for `execute_pipeline`.
            retries: How often an item at which the node failed is given to it again. One for which a generator has
                begun is not.
            retry_delay: How long it waits before that the first time, in seconds, 0.01 by default; each time twice as
                long as before.

        Raises:
            ValueError: The node is unknown, or a value impossible.
            PipelineError: The pipeline is initialized.
        """
        if self._is_initialized:
            raise PipelineError("Cannot configure nodes of an initialized pipeline")
        self.graph.configure(node, Options(deadline, on_error, retries, retry_delay))
        return self

    def get_node(self, name: str) -> Node | None:
        """The first node of a name, or None."""
        return next((node for node in self.nodes if node.name == name), None)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def node_count(self) -> int:
        """The number of nodes."""
        return len(self.nodes)

    @property
    def remote_node_count(self) -> int:
        """The number of nodes that run elsewhere."""
        return sum(bool(node.is_remote) for node in self.nodes)

    @property
    def is_initialized(self) -> bool:
        """Whether `initialize` has run and `cleanup` has not run since."""
        return self._is_initialized

    # Lifecycle

    async def initialize(self) -> None:
        """Initialises the nodes in order; if one fails, all are cleaned up. Does nothing a second time.

        Nodes that run in processes of their own are initialised there, side by side, and stay until `cleanup`: their
        state lasts from run to run. A source makes its data anew in each run, and so its process is another one.
        """
        if self._is_initialized:
            return
        if not self.nodes:
            raise PipelineError("Cannot initialize empty pipeline")
        import asyncio

        try:
            self._start_workers()
            for node in self._inline():
                self.logger.debug("pipeline '%s': initialize node '%s'", self.name, node.name)
                await settle(node.initialize())
            for session in self._workers:
                await asyncio.to_thread(session.ready)
        except BaseException as error:
            await self.cleanup()
            if not isinstance(error, Exception):
                raise
            raise PipelineError(f"Pipeline initialization failed: {error}") from error
        self._is_initialized = True

    async def cleanup(self) -> None:
        """Cleans the nodes up in order. A failure is logged, and the next node's turn comes all the same.

        Sessions that were opened since `initialize` and still run are cancelled first.
        """
        for session in list(self._sessions):
            await settle(session.give_up())
        for node in self._inline():
            self.logger.debug("pipeline '%s': clean up node '%s'", self.name, node.name)
            try:
                await settle(node.cleanup())
            except Exception:
                self.logger.exception("cleanup of node %r failed", node)
        while self._workers:
            await self._stop_worker(self._workers.pop())
        self._is_initialized = False

    def _inline(self) -> list[Node]:
        return [node for node in self.nodes if node.executor == "inline"]

    def _start_workers(self) -> None:
        import remotemedia

        from ..sync_session import SyncSession

        kept = [node for node in self.nodes if node.executor == "process" and not node.is_source]
        if kept and remotemedia.is_rust_runtime_available():
            self._workers.extend(SyncSession([node], stall=None) for node in kept)

    async def _stop_worker(self, session: SyncSession) -> None:
        import asyncio

        session.cancel()
        try:
            await asyncio.to_thread(session.wait)
        except Exception:
            self.logger.exception("a node in a process of its own did not end well")

    @asynccontextmanager
    async def managed_execution(self) -> AsyncIterator[Self]:
        """The pipeline, initialised on the way in and cleaned up on the way out."""
        await self.initialize()
        try:
            yield self
        finally:
            await self.cleanup()

    # Running

    def session(self, **options: Unpack[SessionOptions]) -> Session:
        """Starts a `Session` of the pipeline: inputs are sent and outputs received while it runs."""
        from ..session import Session

        return self._note(Session(self, **options))

    def sync_session(self, **options: Unpack[SessionOptions]) -> SyncSession:
        """Starts a `SyncSession` of the pipeline, for programs without an event loop."""
        from ..sync_session import SyncSession

        return self._note(SyncSession(self, **options))

    def _note(self, session: _S) -> _S:
        if self._is_initialized:
            self._sessions.add(session)
        return session

    async def process(self, stream: Iterable[Any] | AsyncIterable[Any] | None = None) -> AsyncGenerator[Any, None]:
        """The outputs of the nodes over a stream, each as soon as it is there.

        Args:
            stream: The inputs; without any, the first node is the source.

        Raises:
            PipelineError: The pipeline is not initialised, or its first node is no source.
            Exception: Whatever a node raised.
        """
        import remotemedia

        if not self._is_initialized:
            raise PipelineError("Pipeline must be initialized before processing")
        if remotemedia.is_rust_runtime_available():
            from .._engine import spec
            from ..session import Session

            checked: Any = spec.read_graph(
                self.graph, managed=True, source=stream is None and not self.graph.has_source()
            )
            async with self._note(Session(checked, inputs=stream)) as session:
                async for output in session:
                    yield output
        else:
            from .executor import stream as outputs

            async with aclosing(outputs(self.graph, stream, managed=True)) as opened:
                async for output in opened:
                    yield output

    async def run(
        self,
        input_data: Any = None,
        use_rust: bool = True,
        *,
        on_error: str = "raise",
        progress: Callable[[Progress], object] | None = None,
    ) -> Any:
        """Runs the nodes over the input.

        Args:
            input_data: A list holds one input an item, anything else is one input, None lets the first node be the
                source.
            use_rust: False runs the nodes in the small executor written in Python, as happens by itself where the
                engine's library cannot be loaded. A run that fails is not repeated there.
            on_error: As for `execute_pipeline`.
            progress: As for `execute_pipeline`.

        Returns:
            None if there was no output, the output if there was one, else the list of them in order.

        Raises:
            PipelineError: The pipeline is empty, or needs a source that its first node is not.
            Exception: Whatever a node raised.
        """
        import remotemedia

        if not self.nodes:
            raise PipelineError("Cannot run empty pipeline")
        inputs = input_data if isinstance(input_data, list) else [input_data]
        source = input_data is None
        use_rust = use_rust and remotemedia.is_rust_runtime_available()
        self.logger.debug("pipeline '%s': run in %s", self.name, "the engine" if use_rust else "Python")
        if use_rust:
            from .._engine import spec
            from .._engine.run import run

            checked = spec.read(self)
            given = None if source else inputs
            outputs, self._metrics = await run(checked, given, on_error, self.enable_metrics, progress)
        else:
            from .executor import execute

            outputs = await execute(self.graph, None if source else inputs, on_error, self._is_initialized, progress)
        self.logger.debug("pipeline '%s': %d outputs", self.name, len(outputs))
        return None if not outputs else outputs[0] if len(outputs) == 1 else outputs

    def get_metrics(self) -> Metrics | None:
        """What the engine measured in the last run, if `enable_metrics` is set: a dict with `total_duration_us`,
        `peak_memory_bytes` and a list `node_metrics`, times in microseconds."""
        return self._metrics if self.enable_metrics else None

    # Description

    def get_config(self) -> dict[str, Any]:
        """Name, counts, the nodes' configurations."""
        return {
            "name": self.name,
            "node_count": self.node_count,
            "remote_node_count": self.remote_node_count,
            "nodes": [node.get_config() for node in self.nodes],
            "is_initialized": self._is_initialized,
        }

    def serialize(self, include_capabilities: bool = True, description: str | None = None) -> str:
        """The manifest, version 1, as JSON: it names the nodes' types and parameters, and has none of their state.

        Raises:
            ValueError: A parameter cannot be written as JSON.
        """
        from datetime import UTC, datetime

        metadata = {"name": self.name, "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z")}
        if description is not None:
            metadata["description"] = description
        nodes = self.graph.entries(include_capabilities)
        manifest = {"version": "v1", "metadata": metadata, "nodes": nodes, "connections": self.graph.connections()}
        try:
            return json.dumps(manifest, indent=2)
        except TypeError as error:
            raise ValueError(f"pipeline '{self.name}' cannot be written as JSON: {error}") from error

    def export_definition(self) -> dict[str, Any]:
        """The nodes with their classes and constructor arguments, and the edges: what `from_definition` takes.

        Arguments that JSON cannot hold stay what they are, so it can be written as JSON if they all can.
        """
        from .definition import export

        return export(self)

    @classmethod
    async def from_definition(cls, definition: Mapping[str, Any], *, modules: Iterable[str] | None = None) -> Self:
        """A pipeline of what `export_definition` gave.

        The modules that the definition names are imported, which runs their code. Name those that may be, if the
        definition comes from somebody else.

        Args:
            definition: Nodes and edges; without `connections` the nodes form a chain.
            modules: Modules and packages that nodes may come from; None for any but those of the standard library.

        Raises:
            PipelineError: A class cannot be imported, may not be, is no `Node`, or cannot be made with its arguments;
                or an edge is impossible. The message names the node.
        """
        from .definition import build

        return build(cls, definition, modules)

    def __repr__(self) -> str:
        state = "initialized" if self._is_initialized else "not initialized"
        return f"Pipeline(name='{self.name}', nodes={len(self.nodes)}, {state})"
