"""The one place that knows that NumPy is optional."""


def require_numpy() -> None:
    """Import NumPy.

    Raises:
        ImportError: It is not installed; the message says how to install it.
    """
    try:
        import numpy  # noqa: F401
    except ImportError as error:
        raise ImportError("This node needs NumPy: pip install remotemedia[numpy]") from error
