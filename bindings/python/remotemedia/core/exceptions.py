"""The package's exceptions. Every one survives pickling, because worker processes send them back to their parent."""

from __future__ import annotations

from typing import Literal

_CLEANUP_HINT = (
    "Call node.cleanup() before serialization or implement __getstate__/__setstate__ "
    "to leave out what cannot be pickled"
)


class RemoteMediaError(Exception):
    """Base of every exception that the package defines."""


class PipelineError(RemoteMediaError):
    """A pipeline was put together or used in a way that cannot work."""


class NodeError(RemoteMediaError):
    """A node could not do its work."""


class ConfigurationError(RemoteMediaError):
    """A configuration value is out of range or unknown."""


class RemoteExecutionError(RemoteMediaError):
    """Code failed in another process or on another machine.

    Args:
        message: What went wrong, for a reader.
        remote_traceback: The traceback text from the place where it happened, or None.
    """

    def __init__(self, message: str, remote_traceback: str | None = None) -> None:
        super().__init__(message)
        self.remote_traceback = remote_traceback


class SerializationError(RemoteMediaError):
    """A node could not be turned into bytes, or bytes into a node.

    Args:
        node_name: Name of the node, or "unknown" where it could not be found out.
        reason: What went wrong.
        suggestion: What the reader can do about it. With `attr_name` there is a default.
        attr_name: Path of the offending value inside the node, e.g. ``model['lock']``.
        operation: Which direction failed; it is the verb of the message.
    """

    def __init__(
        self,
        node_name: str,
        reason: str,
        suggestion: str | None = None,
        *,
        attr_name: str | None = None,
        operation: Literal["serialize", "deserialize"] = "serialize",
    ) -> None:
        # The positional arguments stay in `args`, as OSError keeps errno and strerror: the default
        # pickling calls the class with `args` and then restores the attributes. `__str__` words the message.
        super().__init__(node_name, reason, suggestion)
        self.node_name = node_name
        self.reason = reason
        self.suggestion = _CLEANUP_HINT if suggestion is None and attr_name is not None else suggestion
        self.attr_name = attr_name
        self.operation = operation

    def __str__(self) -> str:
        head = f"Cannot {self.operation} Node '{self.node_name}': "
        what = self.reason if self.attr_name is None else f"attribute '{self.attr_name}'\nReason: {self.reason}"
        tail = "" if self.suggestion is None else f"\nSuggestion: {self.suggestion}"
        return head + what + tail
