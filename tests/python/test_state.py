"""SessionState and StateManager."""

import gc
import threading
import time
import weakref
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remotemedia.core.state import SessionState, StateManager

LONG_AGO = timedelta(days=2)


def expiry_threads():
    return [thread for thread in threading.enumerate() if thread.name == "remotemedia-session-expiry"]


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.005)


def age(manager, session_id, by=LONG_AGO):
    manager.get_all_sessions()[session_id].last_accessed -= by


class TestSessionState:
    def test_defaults_are_its_own(self):
        one, two = SessionState("a"), SessionState("b")
        one.set("k", 1)
        one.metadata["m"] = 1
        assert (two.data, two.metadata) == ({}, {})
        assert two.created_at == two.last_accessed
        assert "a" in repr(one)

    def test_positional_fields(self):
        made, used = datetime(2024, 1, 1), datetime(2024, 1, 2)
        session = SessionState("a", {"k": 1}, made, used, {"m": 2})
        assert (session.session_id, session.data, session.metadata) == ("a", {"k": 1}, {"m": 2})
        assert (session.created_at, session.last_accessed) == (made, used)

    def test_values(self):
        session = SessionState("a")
        session.set("k", 1)
        session.update({"k": 2, "l": 3})
        assert session.get("k") == 2
        assert session.get("l") == 3
        assert session.get("none") is None
        assert session.get("none", 5) == 5
        session.clear()
        assert session.data == {}

    @pytest.mark.parametrize(
        "use", [lambda s: s.get("k"), lambda s: s.set("k", 1), lambda s: s.update({}), lambda s: s.clear()]
    )
    def test_every_use_touches(self, use):
        session = SessionState("a", last_accessed=datetime.now() - LONG_AGO)
        assert session.idle_seconds() > 100_000
        use(session)
        assert session.idle_seconds() < 1000

    def test_idle_time_with_a_time_zone(self):
        session = SessionState("a", last_accessed=datetime.now(UTC) - timedelta(hours=1))
        assert 3600 <= session.idle_seconds() < 4600


class TestStateManager:
    def test_create_get_delete(self):
        manager = StateManager()
        assert manager, "an empty manager must be true"
        assert manager.default_ttl == timedelta(hours=24)
        assert manager.get_session("a") is None
        session = manager.get_or_create_session("a")
        assert manager.get_or_create_session("a") is session
        assert manager.get_session("a") is session
        assert manager.delete_session("a") is True
        assert manager.delete_session("a") is False
        assert manager.get_session("a") is None

    def test_all_sessions_is_a_copy(self):
        manager = StateManager()
        manager.get_or_create_session("a")
        manager.get_all_sessions().clear()
        assert list(manager.get_all_sessions()) == ["a"]
        manager.clear_all_sessions()
        assert manager.get_all_sessions() == {}

    def test_full_evicts_the_least_recently_used(self):
        manager = StateManager(max_sessions=2)
        first = manager.get_or_create_session("a")
        manager.get_or_create_session("b")
        first.last_accessed += timedelta(seconds=5)
        manager.get_or_create_session("c")
        assert set(manager.get_all_sessions()) == {"a", "c"}

    @given(
        size=st.integers(1, 4),
        uses=st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef")), max_size=30),
    )
    def test_eviction_against_a_model(self, size, uses):
        manager = StateManager(max_sessions=size)
        model: list[str] = []
        for create, key in uses:
            if create:
                manager.get_or_create_session(key)
            else:
                assert (manager.get_session(key) is not None) == (key in model)
            if key in model:
                model.remove(key)
                model.append(key)
            elif create:
                model = [*model, key][-size:]
            assert list(manager.get_all_sessions()) == model

    @pytest.mark.parametrize("ttl", [timedelta(hours=1), 3600, 3600.0])
    def test_expiry(self, ttl):
        manager = StateManager(default_ttl=ttl)
        assert manager.default_ttl == timedelta(hours=1)
        for key in "abc":
            manager.get_or_create_session(key)
        age(manager, "a")
        age(manager, "b")
        age(manager, "c", timedelta(minutes=30))
        assert manager.cleanup_expired_sessions() == 2
        assert manager.cleanup_expired_sessions() == 0
        assert list(manager.get_all_sessions()) == ["c"]

    @pytest.mark.parametrize("options", [{"default_ttl": 0}, {"default_ttl": -1.0}, {"max_sessions": 0}])
    def test_bad_limits(self, options):
        with pytest.raises(ValueError, match="must be"):
            StateManager(**options)

    def test_persistence_is_not_silently_ignored(self):
        with pytest.warns(UserWarning, match="enable_persistence"):
            StateManager(enable_persistence=True)

    def test_a_finaliser_may_come_back(self):
        manager = StateManager(max_sessions=1)

        class Back:
            def __del__(self):
                manager.delete_session("x")

        manager.get_or_create_session("a").set("k", Back())
        manager.get_or_create_session("b").set("k", Back())
        age(manager, "b")
        assert manager.cleanup_expired_sessions() == 1
        manager.get_or_create_session("c").set("k", Back())
        manager.clear_all_sessions()

    def test_many_threads(self):
        manager = StateManager(max_sessions=5)
        manager.start_cleanup_task(0.001)
        failures = []

        def work(number):
            try:
                for turn in range(300):
                    manager.get_or_create_session(str((number + turn) % 9)).set("k", turn)
                    manager.delete_session(str(turn % 9))
                    manager.cleanup_expired_sessions()
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        manager.stop_cleanup_task()
        assert not failures
        assert len(manager.get_all_sessions()) <= 5


class TestExpiryThread:
    def test_sweeps_until_stopped(self):
        before = len(expiry_threads())
        manager = StateManager(default_ttl=60)
        manager.start_cleanup_task(interval=0.01)
        assert len(expiry_threads()) == before, "no session, no thread"
        manager.get_or_create_session("a")
        assert len(expiry_threads()) == before + 1
        assert all(thread.daemon for thread in expiry_threads())
        age(manager, "a")
        wait_until(lambda: not manager.get_all_sessions())
        manager.stop_cleanup_task()
        assert len(expiry_threads()) == before

    def test_starts_at_once_for_sessions_that_are_there(self):
        before = len(expiry_threads())
        manager = StateManager()
        manager.get_or_create_session("a")
        assert len(expiry_threads()) == before
        manager.start_cleanup_task()
        manager.start_cleanup_task()
        assert len(expiry_threads()) == before + 1
        manager.stop_cleanup_task()
        manager.stop_cleanup_task()
        assert len(expiry_threads()) == before

    def test_does_not_come_back_after_the_stop(self):
        before = len(expiry_threads())
        manager = StateManager()
        manager.start_cleanup_task(timedelta(minutes=5))
        manager.stop_cleanup_task()
        manager.get_or_create_session("a")
        assert len(expiry_threads()) == before
        manager.start_cleanup_task()
        assert len(expiry_threads()) == before + 1
        manager.stop_cleanup_task()

    def test_does_not_keep_its_manager(self):
        before = len(expiry_threads())
        manager = StateManager()
        manager.start_cleanup_task(0.01)
        manager.get_or_create_session("a")
        gone = weakref.ref(manager)
        del manager
        gc.collect()
        # The thread may be in the middle of a sweep, and then holds it for that long.
        wait_until(lambda: gone() is None)
        wait_until(lambda: len(expiry_threads()) == before)

    def test_survives_a_failing_sweep(self, caplog):
        manager = StateManager(default_ttl=60)
        manager.start_cleanup_task(0.01)
        session = manager.get_or_create_session("a")
        session.last_accessed = "yesterday"
        wait_until(lambda: "Cannot expire sessions" in caplog.text)
        session.last_accessed = datetime.now() - LONG_AGO
        wait_until(lambda: not manager.get_all_sessions())
        manager.stop_cleanup_task()

    @settings(max_examples=25, deadline=None)
    @given(steps=st.lists(st.sampled_from(["start", "stop", "create", "clear"]), max_size=12))
    def test_never_more_than_one_thread(self, steps):
        before = len(expiry_threads())
        manager = StateManager()
        started = False
        for step in steps:
            if step == "start":
                manager.start_cleanup_task()
                started = True
            elif step == "stop":
                manager.stop_cleanup_task()
                started = False
            elif step == "create":
                manager.get_or_create_session("a")
            else:
                manager.clear_all_sessions()
            assert len(expiry_threads()) - before <= started
        manager.stop_cleanup_task()
        assert len(expiry_threads()) == before
