"""Plugins: node types from shared libraries."""

from __future__ import annotations

import os


def load_plugin(path: str | os.PathLike[str]) -> None:
    """Loads a plugin, whose node types manifests can name from then on.

    What a plugin is, `docs/abi.md` tells. One that is loaded already is left as it is. A plugin stays loaded until the
    process ends; it can do whatever this process can, so load none that you do not trust.

    Args:
        path: The shared library.

    Raises:
        ImportError: It cannot be used; the message says why.
    """
    from ._engine.engine import engine
    from ._engine.errors import check
    from ._engine.library import library

    text = os.fsencode(os.path.abspath(path))
    check(library.rm_runtime_load_plugin(engine().runtime, text, len(text)))
