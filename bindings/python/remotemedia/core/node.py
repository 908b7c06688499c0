"""`Node`, the base of everything that can stand in a pipeline."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from .done import DONE
from .json_value import is_json
from .process_options import ProcessOptions
from .remote_config import RemoteExecutorConfig
from .state import SessionState, StateManager

if TYPE_CHECKING:
    import logging
    from datetime import timedelta

__all__ = ["Node", "RemoteExecutorConfig", "SessionState", "StateManager"]

# Parameters of `Node` itself. They configure this instance, and are no part of what a manifest calls `params`.
_BASE_PARAMETERS = frozenset({"self", "name", "enable_state", "state_ttl", "max_sessions", "executor"})
EXECUTORS = ("inline", "process")
_METADATA_KEYS = frozenset({"session_id", "metadata", "user_name", "timestamp"})


class _Arguments:
    """What keeps the arguments that a node was made with. Not `Node` itself: its signature is that of `__init__`."""

    # A slot and not a key of `__dict__`: a subclass whose `__getstate__` copies `__dict__` and leaves out what cannot
    # be pickled must not find that very thing here again.
    __slots__ = ("__dict__", "__weakref__", "_arguments")
    _arguments: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        # For `_extract_params`: most subclasses turn their parameters into attributes of other names and types.
        self._arguments = (args, kwargs)
        return self


class Node(_Arguments, ABC):
    """One step of a pipeline. A subclass defines `process`; everything else has a default.

    `process(data)` may be a plain method, `async def`, a generator or an async generator. A generator's yields are the
    outputs; of the others the returned value is, and None means no output. With `is_streaming` it is called once, with
    the stream of inputs. An optional method `flush()` is called at the end of the input of a node that is not
    streaming; what it returns, if not None, is one more output, or several if it is a generator.

    A node has one input and one output, unless it names several in `inputs` and `outputs`. With named inputs it is
    called as `process(data, port)`; to a named output it sends by returning or yielding an `Output`, and anything else
    goes to the first. With `match_tolerance` the items of all inputs are matched by their times, and it is called once
    for each set, as `process({name: data, ...})`; what finds no match is dropped. The time of an item is the `pts` of
    an `AudioFrame`, or else that of the item which it was made of; items without any match each other in their order.

    A subclass need not call `super().__init__()`, and may use the names `state`, `config` and `logger` for things of
    its own: every attribute has a default of its own, and nothing here relies on those three being what it set.

    Args:
        name: Name of the instance; the class name by default.
        enable_state: Keep a `StateManager` in `state`.
        state_ttl: How long an unused session lives, as a timedelta or in seconds; 24 hours by default.
        max_sessions: The most sessions kept; None means no limit.
        **kwargs: Become `config`, but for `executor`: "inline", or "process" to run it in a process of its own; see
            `in_process`.

    Raises:
        ValueError: `state_ttl` is not positive, `max_sessions` is less than 1, or `executor` is unknown.
    """

    is_streaming: bool = False
    is_source: bool = False
    is_sink: bool = False
    is_remote: bool = False
    remote_config: Any = None
    dependencies: Iterable[str] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    match_tolerance: float | None = None
    """How far apart the times of a set may be, in seconds; 0.0 is exact, None has inputs in order of arrival."""
    executor: str = "inline"
    """Where it runs: "inline" in this process, or "process" in one of its own."""
    process_options: ProcessOptions = ProcessOptions()
    enable_state: bool = True
    _is_initialized: bool = False
    _current_session_id: str | None = None

    def __init__(
        self,
        name: str | None = None,
        enable_state: bool = True,
        state_ttl: timedelta | float | None = None,
        max_sessions: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = name or type(self).__name__
        self.executor = kwargs.pop("executor", self.executor)
        if self.executor not in EXECUTORS:
            raise ValueError(f"executor is {self.executor!r}; use one of {', '.join(map(repr, EXECUTORS))}")
        self.config = kwargs
        self.enable_state = enable_state
        self.state = StateManager(state_ttl, max_sessions) if enable_state else None
        self._is_initialized = False
        self._current_session_id = None

    # The defaults that differ from instance to instance. Assigning to the name replaces them, as for any
    # `cached_property`.

    @cached_property
    def name(self) -> str:
        """Name of the instance; need not be unique in a pipeline."""
        return type(self).__name__

    @cached_property
    def config(self) -> dict[str, Any]:
        """The keyword arguments that the constructor had no parameter for."""
        return {}

    @cached_property
    def state(self) -> StateManager | None:
        """The sessions, or None when state is off."""
        return StateManager() if self.enable_state else None

    @cached_property
    def logger(self) -> logging.Logger:
        """The logger named after the class."""
        import logging

        return logging.getLogger(type(self).__name__)

    @abstractmethod
    def process(self, data: Any) -> Any:
        """Turn one input into output, or with `is_streaming` the stream of inputs into outputs."""

    # Lifecycle. Both return an awaitable that is already done, so that `super().initialize()` and
    # `await super().initialize()` both work. The type is Any because an override may be a plain method that returns
    # None or an `async def` one, and no narrower type admits both.

    def initialize(self) -> Any:
        """Make ready for `process`; called once before the first input. Does nothing if it is ready."""
        if not self._is_initialized:
            if isinstance(self.state, StateManager):
                self.state.start_cleanup_task()
            self._is_initialized = True
        return DONE

    def cleanup(self) -> Any:
        """Forget all sessions and give back what `initialize` took; called once after the last input."""
        if isinstance(self.state, StateManager):
            self.state.stop_cleanup_task()
            self.state.clear_all_sessions()
        self._is_initialized = False
        return DONE

    @property
    def is_initialized(self) -> bool:
        """Whether `initialize` has run and `cleanup` has not run since."""
        return self._is_initialized

    def in_process(
        self,
        *,
        restarts: int = 0,
        restart_delay: float = 0.1,
        start_timeout: float = 60.0,
        stop_timeout: float = 5.0,
    ) -> Self:
        """Has the node run in a process of its own, which begins and ends with each run; returns the node.

        The node is pickled, with the state that it has then, and the copy is initialised there; this one stays as it
        is. What goes to it and comes from it is pickled too, but for the memory of arrays, which is shared. A process
        that dies, or does not answer within the deadline of the node (`Pipeline.configure`), fails the call it was in,
        with `NodeError` or `TimeoutError`: whether the item is given again, `retries` say.

        Args:
            restarts: How often the process is started again after it has died.
            restart_delay: How long is waited before that the first time, in seconds; each time twice as long as before.
            start_timeout: How long it may take until the node is initialised there, in seconds.
            stop_timeout: How long it may take to clean up and exit before it is killed, in seconds.

        Raises:
            ValueError: A value is impossible.
        """
        self.process_options = ProcessOptions(restarts, restart_delay, start_timeout, stop_timeout)
        self.executor = "process"
        return self

    # Sessions

    def set_session_id(self, session_id: str | None) -> None:
        """Set the session that the inputs to come belong to."""
        self._current_session_id = session_id

    def get_session_id(self) -> str | None:
        """Return the current session's id, or None."""
        return self._current_session_id

    def get_session_state(self, session_id: str | None = None) -> SessionState | None:
        """Return the state of a session, made on demand.

        Args:
            session_id: The session; the current one by default.

        Returns:
            The state, or None if state is off or no session is known.
        """
        key = session_id or self._current_session_id
        if not key or not isinstance(self.state, StateManager):
            return None
        return self.state.get_or_create_session(key)

    def extract_session_id(self, data: Any) -> str | None:
        """Return `session_id` of a dict, or of the dict that ends a tuple of two or more; else None."""
        if isinstance(data, tuple) and len(data) >= 2:
            data = data[-1]
        return data.get("session_id") if isinstance(data, dict) else None

    def split_data_metadata(self, data: Any) -> tuple[Any, dict[str, Any] | None]:
        """Take a tuple apart into its data and the metadata dict at its end.

        Returns:
            (`data[0]` of a pair or else `data[:-1]`, the dict) if the last of two or more items is a dict with any of
            the keys session_id, metadata, user_name, timestamp; else (`data`, None).
        """
        if not isinstance(data, tuple) or len(data) < 2:
            return data, None
        metadata = data[-1]
        if not isinstance(metadata, dict) or _METADATA_KEYS.isdisjoint(metadata):
            return data, None
        return (data[0] if len(data) == 2 else data[:-1]), metadata

    def merge_data_metadata(self, data: Any, metadata: dict[str, Any] | None) -> Any:
        """Undo `split_data_metadata`: append `metadata` to a tuple, or make a pair of `data` and `metadata`."""
        if metadata is None:
            return data
        return (*data, metadata) if isinstance(data, tuple) else (data, metadata)

    # Description

    def get_config(self) -> dict[str, Any]:
        """Return `{"name", "class", "config"}`."""
        return {"name": self.name, "class": type(self).__name__, "config": self.config}

    def get_capabilities(self) -> dict[str, Any] | None:
        """Return what the node needs to run, as the manifest's `capabilities`; None if nothing special."""
        return None

    def to_manifest(self, include_capabilities: bool = True) -> dict[str, Any]:
        """Return the node's entry of a manifest.

        The values of `params` are the constructor's arguments as they are, also those that JSON cannot hold.
        """
        entry: dict[str, Any] = {"id": self.name, "node_type": type(self).__name__, "params": self._extract_params()}
        if self.is_streaming:
            entry["is_streaming"] = True
        if self.executor != "inline":
            entry["executor"] = self.executor
            entry["process"] = self.process_options.to_manifest()
        if include_capabilities and (capabilities := self.get_capabilities()):
            entry["capabilities"] = capabilities
        if self.is_remote and self.remote_config is not None:
            entry["host"] = f"{self.remote_config.host}:{self.remote_config.port}"
        return entry

    def _extract_params(self) -> dict[str, Any]:
        """Return the constructor arguments that build such a node again, for a manifest.

        They are the arguments given, by name, without those of `Node` itself, overlaid with `config`. A subclass may
        return something else.
        """
        arguments = self._named_arguments()
        # A constructor that has a parameter of its own called `config` keeps that there, not our leftovers.
        if "config" not in arguments and isinstance(self.config, dict):
            arguments.update(self.config)
        return arguments

    def _named_arguments(self) -> dict[str, Any]:
        args, kwargs = getattr(self, "_arguments", ((), {}))
        if not args and not kwargs:
            return {}
        # Here and not above, because few processes ever write a manifest and the import takes milliseconds.
        from inspect import Parameter, signature

        constructor = signature(type(self).__init__)
        named: dict[str, Any] = {}
        # Partial, because a subclass's `__new__` may pass on less than its constructor takes.
        for key, value in constructor.bind_partial(self, *args, **kwargs).arguments.items():
            kind = constructor.parameters[key].kind
            if kind is Parameter.VAR_KEYWORD:
                named.update(value)
            elif kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY):
                named[key] = value
        return {key: value for key, value in named.items() if key not in _BASE_PARAMETERS}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"

    # Pickling. Sessions stay behind: the copy starts with none.

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("logger", None)
        state["_is_initialized"] = False
        manager = state.get("state")
        if isinstance(manager, StateManager):
            del state["state"]
            state["_state_config"] = {
                "enable_state": self.enable_state,
                "default_ttl": manager.default_ttl,
                "max_sessions": manager.max_sessions,
            }
        elif manager is None and not self.enable_state:
            state.pop("state", None)
        # Of the constructor's arguments those that a manifest can hold, so that a copy writes the same manifest.
        arguments = {key: value for key, value in self._named_arguments().items() if is_json(value)}
        if arguments:
            state["_arguments"] = arguments
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        rest = dict(state)
        self._arguments = ((), rest.pop("_arguments", {}))
        saved = rest.pop("_state_config", None)
        self.__dict__.update(rest)
        if saved is not None:
            self.state = StateManager(saved["default_ttl"], saved["max_sessions"])
