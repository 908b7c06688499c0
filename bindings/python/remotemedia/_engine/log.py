"""The engine's log, handed on to Python's: what it says of sessions goes to the logger `remotemedia.engine.session`."""

from __future__ import annotations

import ctypes
import logging
import os
from operator import attrgetter
from typing import Any

from . import _abi
from .library import quick

_NAMES = ("misuse", "session", "node", "worker", "process", "packet", "plugin")
_LOGGERS = {name: logging.getLogger(f"remotemedia.engine.{name}") for name in _NAMES}
_PARENT = logging.getLogger("remotemedia.engine")
_FAMILY = (logging.getLogger(), logging.getLogger("remotemedia"), _PARENT, *_LOGGERS.values())
"""Whose levels make up what the engine is told."""
_set_of = attrgetter("level", "disabled")
_LEVELS = ((logging.DEBUG, "debug"), (logging.INFO, "info"), (logging.WARNING, "warn"), (logging.ERROR, "error"))

_text = ctypes.c_char * _abi.RM_LOG_TEXT_MAX
_told: list[str] = []
"""The levels that the engine was told last."""
_seen: list[Any] = []
"""What was set when they were looked up."""
_buffers: list[tuple[_abi.rm_log_record, Any]] = []
"""What is not in use of what records are copied to."""


def follow() -> None:
    """Has the engine write what the loggers take, and nothing else; REMOTEMEDIA_LOG comes before that."""
    seen = [logging.root.manager.disable, *map(_set_of, _FAMILY)]
    if seen == _seen:
        return
    _seen[:] = seen
    # Most have no level of their own: one look at what they all belong to does.
    common = _level(_PARENT)
    levels = [_level(logger) if logger.level else common for logger in _LOGGERS.values()]
    if levels == _told or "REMOTEMEDIA_LOG" in os.environ:
        return
    _told[:] = levels
    text = ",".join(f"{name}={level}" for name, level in zip(_NAMES, levels, strict=True)).encode()
    quick.rm_log_set_levels(text, len(text))


def _level(logger: logging.Logger) -> str:
    # What `isEnabledFor` says is remembered by the logger; what `getEffectiveLevel` says is not.
    for number, name in _LEVELS:
        if logger.isEnabledFor(number):
            return name
    return "off"


def drain() -> None:
    """Hands on what the engine has written since. Never raises."""
    record, text = buffers = _buffers.pop() if _buffers else _new_buffers()
    while quick.rm_log_drain(record, text, _abi.RM_LOG_TEXT_MAX) == _abi.RM_OK:
        try:
            _hand_on(record, ctypes.string_at(text, record.text_size))
        except Exception:
            logging.getLogger("remotemedia").exception("a record of the engine's log could not be handled")
    _buffers.append(buffers)


def _new_buffers() -> tuple[_abi.rm_log_record, Any]:
    record = _abi.rm_log_record()
    record.struct_size = ctypes.sizeof(record)
    return record, _text()


def _hand_on(record: _abi.rm_log_record, text: bytes) -> None:
    logger = _LOGGERS[ctypes.string_at(record.category, record.category_size).decode()]
    if record.dropped:
        logger.warning("%d records of the engine's log were lost before the next one", record.dropped)
    if logger.isEnabledFor(record.level):
        made = logger.makeRecord(logger.name, record.level, "(engine)", 0, text.decode(), (), None)
        made.created, made.msecs = record.time / 1e9, record.time // 1_000_000 % 1000
        logger.handle(made)
