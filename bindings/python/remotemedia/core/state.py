"""Per-session memory of a node: `SessionState` holds one session, `StateManager` all of them."""

from __future__ import annotations

import threading
import time
import warnings
import weakref
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

_DAY = timedelta(hours=24)
_FIVE_MINUTES = timedelta(minutes=5)


class SessionState:
    """What a node remembers about one session.

    Args:
        session_id: Key of the session.
        data: The values; a new dict by default.
        created_at: Local time of creation; now by default.
        last_accessed: Local time of the last use, which expiry and eviction go by; now by default.
        metadata: Anything that describes the session itself; a new dict by default.
    """

    def __init__(
        self,
        session_id: str,
        data: dict[str, Any] | None = None,
        created_at: datetime | None = None,
        last_accessed: datetime | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        now = datetime.now()
        self.session_id = session_id
        self.data: dict[str, Any] = {} if data is None else data
        self.created_at = now if created_at is None else created_at
        self.last_accessed = now if last_accessed is None else last_accessed
        self.metadata: dict[str, Any] = {} if metadata is None else metadata

    def __repr__(self) -> str:
        return f"SessionState(session_id={self.session_id!r}, data={self.data!r})"

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default`."""
        self.touch()
        return self.data.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Store `value` under `key`."""
        self.touch()
        self.data[key] = value

    def update(self, values: dict[str, Any]) -> None:
        """Store every item of `values`."""
        self.touch()
        self.data.update(values)

    def clear(self) -> None:
        """Forget every value; the session itself stays."""
        self.touch()
        self.data.clear()

    def touch(self) -> None:
        """Note that the session is in use now."""
        self.last_accessed = datetime.now()

    def idle_seconds(self) -> float:
        """Return the seconds since the last use."""
        # Through timestamps, not by subtracting datetimes: that is right across a change to or from summer time, and
        # works for a `last_accessed` that a user set with a time zone.
        return time.time() - self.last_accessed.timestamp()


class StateManager:
    """The sessions of one node, behind a lock, with an upper count and a time to live.

    A session lives until a sweep finds that it has not been used for `default_ttl`: `cleanup_expired_sessions` is one
    sweep, and between `start_cleanup_task` and `stop_cleanup_task` a daemon thread makes one at every interval.

    Args:
        default_ttl: How long an unused session lives, as a timedelta or in seconds; 24 hours by default.
        max_sessions: The most sessions kept; one more evicts the least recently used. None means no limit.
        enable_persistence: Accepted for old programs. Sessions live in memory only, so True gives a warning.

    Raises:
        ValueError: `default_ttl` is not positive, or `max_sessions` is less than 1.
    """

    def __init__(
        self,
        default_ttl: timedelta | float | None = None,
        max_sessions: int | None = None,
        enable_persistence: bool = False,
    ) -> None:
        ttl = _as_timedelta(_DAY if default_ttl is None else default_ttl)
        if ttl <= timedelta(0):
            raise ValueError(f"default_ttl must be positive, got {default_ttl!r}")
        if max_sessions is not None and max_sessions < 1:
            raise ValueError(f"max_sessions must be at least 1, got {max_sessions!r}")
        if enable_persistence:
            warnings.warn("StateManager keeps sessions in memory only: enable_persistence has no effect", stacklevel=2)
        self.default_ttl = ttl
        self.max_sessions = max_sessions
        self.enable_persistence = enable_persistence
        self._sessions: dict[str, SessionState] = {}
        # Re-entrant, because garbage collection can run a user's finaliser anywhere, and that may come back here.
        self._lock = threading.RLock()
        self._interval: float | None = None
        self._sweeper: _Sweeper | None = None

    def get_or_create_session(self, session_id: str) -> SessionState:
        """Return the session of `session_id`, made now if there is none, and note the use."""
        with self._lock:
            session = self._use(session_id)
            if session is None:
                self._make_room()
                session = self._sessions[session_id] = SessionState(session_id)
                self._sweep_if_asked()
            return session

    def get_session(self, session_id: str) -> SessionState | None:
        """Return the session of `session_id` and note the use, or return None if there is none."""
        with self._lock:
            return self._use(session_id)

    def delete_session(self, session_id: str) -> bool:
        """Forget one session; False if there was none."""
        with self._lock:
            return self._sessions.pop(session_id, None) is not None

    def get_all_sessions(self) -> dict[str, SessionState]:
        """Return a copy of the map from session id to session."""
        with self._lock:
            return dict(self._sessions)

    def clear_all_sessions(self) -> None:
        """Forget every session."""
        with self._lock:
            # The name keeps the old map past the lock, as in `cleanup_expired_sessions`.
            _forgotten, self._sessions = self._sessions, {}

    def cleanup_expired_sessions(self) -> int:
        """Forget the sessions unused for longer than `default_ttl`, and return how many they were."""
        limit = self.default_ttl.total_seconds()
        with self._lock:
            keys = [key for key, session in self._sessions.items() if session.idle_seconds() > limit]
            # Held past the lock: what the sessions kept alive may run a user's code when it goes.
            expired = [self._sessions.pop(key) for key in keys]
        return len(expired)

    def start_cleanup_task(self, interval: timedelta | float = _FIVE_MINUTES) -> None:
        """Sweep at every `interval` (a timedelta, or seconds) until `stop_cleanup_task`.

        The thread itself starts with the first session, so a node that keeps none never costs one. A second call
        while sweeping changes nothing.
        """
        with self._lock:
            if self._interval is None:
                self._interval = _as_timedelta(interval).total_seconds()
                if self._sessions:
                    self._sweep_if_asked()

    def stop_cleanup_task(self) -> None:
        """End the sweeping and the thread."""
        with self._lock:
            self._interval = None
            sweeper, self._sweeper = self._sweeper, None
        # Outside the lock, which the thread takes for a sweep.
        if sweeper is not None:
            sweeper.stop()

    def _use(self, session_id: str) -> SessionState | None:
        session = self._sessions.pop(session_id, None)
        if session is not None:
            session.touch()
            # Back at the end: among sessions of equal time, the map's order tells which was used longest ago.
            self._sessions[session_id] = session
        return session

    def _make_room(self) -> None:
        if self.max_sessions is not None and len(self._sessions) >= self.max_sessions:
            del self._sessions[min(self._sessions, key=lambda key: self._sessions[key].last_accessed.timestamp())]

    def _sweep_if_asked(self) -> None:
        # `alive` is False in a forked child, which has the object but not the thread.
        if self._interval is not None and (self._sweeper is None or not self._sweeper.alive):
            self._sweeper = _Sweeper(self, self._interval)


class _Sweeper:
    """The thread that calls `cleanup_expired_sessions` of one manager at every interval."""

    def __init__(self, manager: StateManager, interval: float) -> None:
        self._stop = threading.Event()
        # The thread keeps only a weak reference: a manager dropped without `stop` can be freed, and the thread ends
        # at its next turn.
        args = (weakref.ref(manager), interval, self._stop)
        self._thread = threading.Thread(target=_sweep, args=args, name="remotemedia-session-expiry", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._stop.set()
        # The event wakes the thread at once, so this waits for microseconds, or for a sweep under way; never longer
        # than a second, because a user's finaliser in that sweep may wait for the caller. Such a finaliser may also
        # bring us here on the thread itself.
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=1.0)


def _sweep(reference: weakref.ref[StateManager], interval: float, stop: threading.Event) -> None:
    while not stop.wait(interval):
        manager = reference()
        if manager is None:
            return
        try:
            expired = manager.cleanup_expired_sessions()
        except Exception:
            _logger().exception("Cannot expire sessions")
        else:
            if expired:
                _logger().debug("Expired %d session(s)", expired)
        del manager


def _logger() -> logging.Logger:
    import logging  # it takes most of a megabyte, and importing the package does not need it

    return logging.getLogger(__name__)


def _as_timedelta(value: timedelta | float) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)
