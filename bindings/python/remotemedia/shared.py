"""Arrays in memory that worker processes can be given as it is."""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Any

from .core.optional import require_numpy

if TYPE_CHECKING:
    import numpy.typing as npt


def shared_array(shape: int | tuple[int, ...], dtype: npt.DTypeLike = "float32") -> npt.NDArray[Any]:
    """An array whose memory is shared with the processes that it is sent to: sending it costs no copy.

    A node in a process of its own sees the very memory, and may not write to it; what is written here later is seen
    there. Views of the array are shared as well.

    Args:
        shape: As for `numpy.empty`.
        dtype: As for `numpy.empty`; no objects.

    Returns:
        The array, whose content is undefined.

    Raises:
        ValueError: The data type holds objects.
        MemoryError: There is no memory of that size.
    """
    from ._engine.errors import check
    from ._engine.library import library
    from ._engine.parts import part_of

    require_numpy("shared_array")
    import numpy as np

    kind = np.dtype(dtype)
    if kind.hasobject:
        raise ValueError(f"an array of {kind} holds references, which mean nothing in another process")
    sides = (shape,) if isinstance(shape, int) else tuple(shape)
    size = math.prod(sides) * kind.itemsize
    data, buffer = ctypes.c_void_p(), ctypes.c_uint64()
    check(library.rm_buffer_share(size, data, buffer))
    part = part_of(0, 0, data.value or 0, size, buffer.value)
    return np.frombuffer(part.view(), kind).reshape(sides)
