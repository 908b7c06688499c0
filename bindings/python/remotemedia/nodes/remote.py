"""Nodes that stand for others, which are to run on another machine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, NoReturn

from ..core.exceptions import ConfigurationError, RemoteExecutionError
from ..core.node import Node
from ..core.remote_config import RemoteExecutorConfig

_FORMATS = ("pickle", "json")


class _RemoteNode(Node):
    """What they share: they are described, and refuse to run."""

    is_remote = True

    def __init__(
        self,
        remote_config: RemoteExecutorConfig | Mapping[str, Any],
        serialization_format: str,
        name: str | None,
        **kwargs: Any,
    ) -> None:
        if isinstance(remote_config, Mapping):
            remote_config = RemoteExecutorConfig(**remote_config)
        if not isinstance(remote_config, RemoteExecutorConfig):
            raise TypeError(f"remote_config must be a RemoteExecutorConfig, got {type(remote_config).__name__}")
        if serialization_format not in _FORMATS:
            raise ConfigurationError(
                f"serialization_format is {serialization_format!r}; use one of {', '.join(_FORMATS)}"
            )
        super().__init__(name=name, **kwargs)
        self.remote_config: RemoteExecutorConfig = remote_config
        self.serialization_format = serialization_format

    def initialize(self) -> NoReturn:
        self._refuse()

    def process(self, data: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise RemoteExecutionError(
            f"Node '{self.name}' is to run {self._what()} on {self.remote_config.address}, but this package has no "
            "transport to other machines; put that node into the pipeline itself, and it runs here"
        )

    @abstractmethod
    def _what(self) -> str:
        """What is to run there."""

    def _extract_params(self) -> dict[str, Any]:
        return {**super()._extract_params(), "remote_config": self.remote_config.to_params()}


class RemoteExecutionNode(_RemoteNode):
    """Stands for a node of a type that is to run on another machine. Manifests have its `host`; here it cannot run.

    Args:
        node_to_execute: Name of the node type.
        remote_config: The machine; or the arguments of a `RemoteExecutorConfig`, as a manifest has them.
        node_config: Parameters of the node.
        serialization_format: How items are to travel: "pickle" or "json".
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        TypeError, ConfigurationError: An argument is impossible.
        RemoteExecutionError: `initialize` and `process`: always.
    """

    def __init__(
        self,
        node_to_execute: str,
        remote_config: RemoteExecutorConfig | Mapping[str, Any],
        node_config: dict[str, Any] | None = None,
        serialization_format: str = "pickle",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(node_to_execute, str):
            raise TypeError(f"node_to_execute must be the name of a node type, got {type(node_to_execute).__name__}")
        super().__init__(remote_config, serialization_format, name, **kwargs)
        self.node_to_execute = node_to_execute
        self.node_config = node_config or {}

    def _what(self) -> str:
        return f"a {self.node_to_execute}"


class RemoteObjectExecutionNode(_RemoteNode):
    """Stands for a node that is to run on another machine. Manifests have its `host`; here it cannot run.

    Args:
        obj_to_execute: The node.
        remote_config: The machine; or the arguments of a `RemoteExecutorConfig`.
        serialization_format: How items are to travel: "pickle" or "json".
        name: Name of the instance.
        **kwargs: As for `Node`.

    Raises:
        TypeError, ConfigurationError: An argument is impossible.
        RemoteExecutionError: `initialize` and `process`: always.
    """

    def __init__(
        self,
        obj_to_execute: Node,
        remote_config: RemoteExecutorConfig | Mapping[str, Any],
        serialization_format: str = "pickle",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(obj_to_execute, Node):
            raise TypeError(f"obj_to_execute must be a Node, got {type(obj_to_execute).__name__}")
        super().__init__(remote_config, serialization_format, name, **kwargs)
        self.obj_to_execute = obj_to_execute

    def _what(self) -> str:
        return f"node '{self.obj_to_execute.name}'"

    def _extract_params(self) -> dict[str, Any]:
        return {**super()._extract_params(), "obj_to_execute": self.obj_to_execute.to_manifest()}
