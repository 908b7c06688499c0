"""TextProcessorNode and TextTransformNode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remotemedia.nodes.text import TextProcessorNode, TextTransformNode

RESULTS = {
    "uppercase": "HELLO WIDE WORLD",
    "lowercase": "hello wide world",
    "reverse": "dlroW ediw olleH",
    "word_count": 3,
    "char_count": 16,
    "title_case": "Hello Wide World",
    "remove_spaces": "HellowideWorld",
    "first_word": "Hello",
    "last_word": "World",
}


def test_every_operation():
    node = TextProcessorNode(name="t", lang="en")
    assert set(node.get_supported_operations()) == RESULTS.keys()
    assert node.process({"text": "Hello wide World", "operations": list(RESULTS)}) == {
        "original_text": "Hello wide World",
        "operations": list(RESULTS),
        "results": RESULTS,
        "processed_by": "TextProcessorNode[t]",
        "node_config": {"lang": "en"},
    }


def test_nothing_to_work_on():
    results = TextProcessorNode().process({"text": " ", "operations": ["first_word", "last_word", "word_count"]})
    assert results["results"] == {"first_word": "", "last_word": "", "word_count": 0}
    assert TextProcessorNode().process({"text": "x", "operations": []})["results"] == {}


@given(text=st.text(), operations=st.lists(st.sampled_from(sorted(RESULTS))))
def test_any_text(text, operations):
    answer = TextProcessorNode().process({"text": text, "operations": operations})
    assert answer["results"].keys() == set(operations)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("x", "Input must be a dictionary"),
        ({"text": "x"}, "Input must contain 'text' and 'operations' keys"),
        ({"operations": []}, "Input must contain 'text' and 'operations' keys"),
        ({"text": 5, "operations": []}, "'text' must be a string"),
        ({"text": "x", "operations": "reverse"}, "'operations' must be a list"),
        ({"text": "x", "operations": ["reverse", "rot13", ["y"]]}, "Unknown operation: rot13, ['y']"),
    ],
)
def test_errors(data, error):
    assert TextProcessorNode(name="t").process(data) == {"error": error, "processed_by": "TextProcessorNode[t]"}


def test_transform():
    node = TextTransformNode(str.upper)
    assert node.process("ab") == "AB"
    assert node.process(("ab", 1, {"k": "v"})) == ("AB", 1, {"k": "v"})
    assert TextTransformNode(transform_func=len, name="len").process("ab") == 2


@pytest.mark.parametrize("data", [5, None, (), (5, "ab"), ["ab"]])
def test_transform_refuses_other_input(data):
    with pytest.raises(TypeError, match="Input must be a str"):
        TextTransformNode(str.upper).process(data)


def test_transform_needs_a_function():
    with pytest.raises(TypeError, match="transform_func must be callable, got str"):
        TextTransformNode("upper")
