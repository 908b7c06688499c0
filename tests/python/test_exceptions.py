"""Exceptions: class tree, messages, and the way through a pickle."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remotemedia.core.exceptions import (
    ConfigurationError,
    NodeError,
    PipelineError,
    RemoteExecutionError,
    RemoteMediaError,
    SerializationError,
)

TEXT = st.text(max_size=20)
OPTIONAL = st.none() | TEXT


@pytest.mark.parametrize(
    "kind", [PipelineError, NodeError, RemoteExecutionError, SerializationError, ConfigurationError]
)
def test_all_are_remote_media_errors(kind):
    assert issubclass(kind, RemoteMediaError)
    assert RemoteMediaError.__base__ is Exception


@pytest.mark.parametrize("kind", [RemoteMediaError, PipelineError, NodeError, ConfigurationError])
def test_plain_ones_survive_pickling(kind):
    back = pickle.loads(pickle.dumps(kind("what", 7)))
    assert type(back) is kind
    assert back.args == ("what", 7)


@given(message=TEXT, remote_traceback=OPTIONAL)
def test_remote_execution_error(message, remote_traceback):
    error = RemoteExecutionError(message, remote_traceback)
    for each in (error, pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert str(each) == message
        assert each.remote_traceback == remote_traceback


def test_remote_traceback_is_optional():
    assert RemoteExecutionError("gone").remote_traceback is None


def test_serialization_error_messages():
    assert str(SerializationError("n", "a lock")) == "Cannot serialize Node 'n': a lock"
    assert str(SerializationError("n", "a lock", "drop it")) == "Cannot serialize Node 'n': a lock\nSuggestion: drop it"


def test_serialization_error_of_an_attribute():
    error = SerializationError(node_name="n", attr_name="model['lock']", reason="cannot pickle '_thread.lock'")
    lines = str(error).splitlines()
    assert lines[0] == "Cannot serialize Node 'n': attribute 'model['lock']'"
    assert lines[1] == "Reason: cannot pickle '_thread.lock'"
    assert lines[2].startswith(
        "Suggestion: Call node.cleanup() before serialization or implement __getstate__/__setstate__"
    )
    assert (error.node_name, error.attr_name, error.reason) == ("n", "model['lock']", "cannot pickle '_thread.lock'")


def test_serialization_error_of_the_other_direction():
    error = SerializationError("Gain", "no module named x", operation="deserialize")
    assert str(error) == "Cannot deserialize Node 'Gain': no module named x"


@given(
    name=TEXT,
    reason=TEXT,
    suggestion=OPTIONAL,
    attr_name=OPTIONAL,
    operation=st.sampled_from(["serialize", "deserialize"]),
)
def test_serialization_error_survives_pickling(name, reason, suggestion, attr_name, operation):
    error = SerializationError(name, reason, suggestion, attr_name=attr_name, operation=operation)
    error.add_note("a note")
    for each in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(each) is SerializationError
        assert vars(each) == vars(error)
        assert str(each) == str(error)
