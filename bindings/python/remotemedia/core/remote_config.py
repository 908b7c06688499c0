"""`RemoteExecutorConfig`: where a node is to run, if not here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .exceptions import ConfigurationError

if TYPE_CHECKING:
    from ..nodes.remote import RemoteExecutionNode, RemoteObjectExecutionNode

_PROTOCOLS = ("grpc", "http")


class RemoteExecutorConfig:
    """Another machine, and how to speak with it. Not a dataclass, whose module takes long to import.

    Calling it with a node, or with the name of a node type, makes the node that stands for that one in a pipeline.
    Manifests tell where it is to run; this package itself has no transport to other machines, and refuses to run it.

    Args:
        host: Name or address of the machine.
        port: Its port, 1 to 65535.
        protocol: "grpc" or "http".
        auth_token: What proves who asks. It is left out of manifests, definitions and `repr`.
        timeout: How long a call may take, in seconds.
        max_retries: How often a call is repeated.
        ssl_enabled: Whether the connection is encrypted.
        pip_packages: Packages that the node needs there.

    Raises:
        ConfigurationError: A value is impossible; the message names it.
    """

    def __init__(
        self,
        host: str,
        port: int,
        protocol: str = "grpc",
        auth_token: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 3,
        ssl_enabled: bool = True,
        pip_packages: Sequence[str] | None = None,
    ) -> None:
        if not isinstance(host, str) or not host:
            raise ConfigurationError(f"host is {host!r}; use a name or an address")
        if not isinstance(port, int) or not 1 <= port <= 65535:
            raise ConfigurationError(f"port is {port!r}; use 1 to 65535")
        if protocol not in _PROTOCOLS:
            raise ConfigurationError(f"protocol is {protocol!r}; use one of {', '.join(_PROTOCOLS)}")
        if not timeout > 0:
            raise ConfigurationError(f"timeout is {timeout!r}; use seconds, more than 0")
        if max_retries < 0:
            raise ConfigurationError(f"max_retries is {max_retries!r}; use 0 or more")
        self.host = host
        self.port = port
        self.protocol = protocol
        self.auth_token = auth_token
        self.timeout = timeout
        self.max_retries = max_retries
        self.ssl_enabled = ssl_enabled
        self.pip_packages = pip_packages

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if isinstance(other, RemoteExecutorConfig) else NotImplemented

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name != "auth_token")
        return f"{type(self).__name__}({shown})"

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"

    def to_params(self) -> dict[str, Any]:
        """The arguments that make it again, as a manifest has them: without defaults, and without the token."""
        default = {**vars(RemoteExecutorConfig(self.host, self.port)), "host": None, "port": None}
        return {
            name: list(value) if name == "pip_packages" else value
            for name, value in vars(self).items()
            if name != "auth_token" and value != default[name]
        }

    def __call__(self, node: Any, **kwargs: Any) -> RemoteExecutionNode | RemoteObjectExecutionNode:
        """The node that stands for another one, which is to run there.

        Args:
            node: A node, or the name of a node type.
            **kwargs: More arguments for `RemoteExecutionNode` or `RemoteObjectExecutionNode`.

        Raises:
            TypeError: It is neither.
        """
        from ..nodes.remote import RemoteExecutionNode, RemoteObjectExecutionNode
        from .node import Node

        if isinstance(node, str):
            return RemoteExecutionNode(node, self, **kwargs)
        if isinstance(node, Node):
            return RemoteObjectExecutionNode(node, self, **kwargs)
        raise TypeError(f"Expected a Node instance or the name of a node type, got {type(node).__name__}")
