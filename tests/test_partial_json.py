"""JSON in pieces: what an unfinished text says, and how pieces of objects merge."""

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opper_chat._json.text_buffer import TextBuffer
from opper_chat._json.values import copy_json
from opper_chat._streaming.merge import merge_object, update_value
from opper_chat._streaming.partial_json import PartialJSONReader, partial_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


SIGNS = '{}[],:"\\u0d8c 1e.-tfn'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        (" \n", None),
        ("{", {}),
        ("[", []),
        ('{"a', {}),
        ('{"a"', {}),
        ('{"a":', {}),
        ('{"a": "', {"a": ""}),
        ('{"a": "b', {"a": "b"}),
        ('{"a": "b\\', {"a": "b"}),
        ('{"a": "b\\\\', {"a": "b\\"}),
        ('{"a": "b\\n', {"a": "b\n"}),
        ('{"a": "b\\u00e', {"a": "b"}),
        ('{"a": "\\ud83d', {"a": ""}),
        ('{"a": "\\ud83d\\ude', {"a": ""}),
        ('{"a": "\\ud83d\\ude00', {"a": "😀"}),
        ('{"a": "\\\\ud83d', {"a": "\\ud83d"}),
        ('{"a": 1', {}),
        ('{"a": 1.', {}),
        ('{"a": 1,', {"a": 1}),
        ('{"a": 1.5e3}', {"a": 1500.0}),
        ('{"a": -', {}),
        ('{"a": tru', {}),
        ('{"a": true', {"a": True}),
        ('{"a": null, "b": [1, [2, {"c": "d', {"a": None, "b": [1, [2, {"c": "d"}]]}),
        ('["a", ', ["a"]),
        ('{"a": {}} trailing', {"a": {}}),
        ("12", None),
        ('"text', "text"),
        ("true", True),
        ("nonsense", None),
        ('{"a": 1, nonsense', {"a": 1}),
        ('{"a": 01}', {}),
        ('{"a": 1]', {"a": 1}),
        ('{"a" 1}', {}),
        ('{"a": 1,}', {"a": 1}),
        ("[1,]", [1]),
        ("[,1]", []),
        ("]", None),
        ('{"a": "\\x"}', {"a": ""}),
        ('{"a": ' + "9" * 5000 + "}", {}),
        ('{"a": "\n', {"a": "\n"}),
    ],
)
def test_what_an_unfinished_text_says(text: str, value: object) -> None:
    """What is certain, and nothing that the rest of the text may change."""
    assert partial_json(text) == value


def is_start_of(start: Any, whole: Any) -> bool:
    """Whether a value may become the other by going on."""
    if isinstance(start, str) and isinstance(whole, str):
        return whole.startswith(start)
    if isinstance(start, dict) and isinstance(whole, dict):
        return list(start) == list(whole)[: len(start)] and all(is_start_of(start[name], whole[name]) for name in start)
    if isinstance(start, list) and isinstance(whole, list):
        return len(start) <= len(whole) and all(map(is_start_of, start, whole))
    return type(start) is type(whole) and start == whole


@settings(deadline=None, max_examples=60)
@given(value=st.dictionaries(st.text(), JSON) | st.lists(JSON), ascii_only=st.booleans())
def test_every_prefix_says_a_part_of_the_whole(value: Any, ascii_only: bool) -> None:
    """The value at the end, and a start of it, never less than before, at every place before."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert partial_json(text) == value
    said: Any = type(value)()
    for end in range(1, len(text)):
        more = partial_json(text[:end])
        assert is_start_of(said, more)
        assert is_start_of(more, value)
        said = more


@given(st.text() | st.text(alphabet='{}[]",:\\u0123dDeE.-+ truefalsn'))
def test_garbage_is_borne(text: str) -> None:
    """Some value or None, and the value of the whole where it is JSON that cannot go on."""
    value = partial_json(text)
    try:
        whole = json.loads(text)
    except ValueError:
        return
    if isinstance(whole, (dict, list)):
        assert value == whole


@settings(max_examples=200, deadline=None)
@given(
    JSON.map(json.dumps)
    | JSON.map(lambda value: json.dumps(value, ensure_ascii=False))
    | st.text('{}[],:"\\u0d8c 1e.-tfn')
)
def test_a_text_in_pieces(text: str) -> None:
    """At every character what the text up to there says, and nothing that was said before is changed."""
    reader = PartialJSONReader()
    said: list[tuple[Any, str]] = []
    for end, character in enumerate(text, 1):
        reader.feed(character)
        value = reader.value()
        assert value == partial_json(text[:end])
        assert reader.length == end
        said.append((value, json.dumps(value)))
    assert [json.dumps(value) for value, _ in said] == [then for _, then in said]


def test_no_nesting_is_too_deep() -> None:
    """As many lists as there are brackets."""
    value = partial_json("[" * 100_000)
    depth = 0
    while isinstance(value, list):
        depth += 1
        value = value[0] if value else None
    assert depth == 100_000


def test_partial_work_is_linear() -> None:
    """About four times the calls for four times the text."""

    def calls(count: int) -> int:
        seen = 0

        def tally(*_: object) -> None:
            nonlocal seen
            seen += 1

        text = "[" + '{"a": "b\\n", "c": [1, 2]}, ' * count
        profiler = sys.getprofile()
        sys.setprofile(tally)
        try:
            partial_json(text)
        finally:
            sys.setprofile(profiler)
        return seen

    assert calls(400) <= 4.2 * calls(100)


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ([{"a": "x"}, {"a": "y"}, {"a": "z"}], {"a": "xyz"}),
        ([{"a": None}, {"a": ""}, {"a": None}], {"a": ""}),
        ([{"id": ""}, {"id": "one"}, {"id": "two"}, {"id": ""}], {"id": "one"}),
        ([{"status": "begun"}, {"status": "done"}, {"status": ""}], {"status": "done"}),
        ([{"a": 1}, {"a": 2.5}, {"a": None}], {"a": 2.5}),
        ([{"a": True}, {"a": False}], {"a": False}),
        ([{"a": {"id": "x", "data": "p"}}, {"a": {"id": "x", "data": "q", "at": 7}}],
         {"a": {"id": "x", "data": "pq", "at": 7}}),
        ([{"a": [1]}, {"a": [1]}], {"a": [1, 1]}),
        ([{"a": [{"index": 0, "t": "x"}]}, {"a": [{"index": 1, "t": "p"}, {"index": 0, "t": "y"}]}],
         {"a": [{"index": 0, "t": "xy"}, {"index": 1, "t": "p"}]}),
        ([{"a": [{"index": 0, "type": "text", "t": "x"}]}, {"a": [{"index": 0, "type": "data", "t": "y"}]},
          {"a": [{"index": 0, "t": "z"}]}],
         {"a": [{"index": 0, "type": "text", "t": "x"}, {"index": 0, "type": "data", "t": "yz"}]}),
        ([{"arguments": {"a": "x"}}, {"arguments": {"a": "x"}}], {"arguments": {"a": "x"}}),
        ([{"a": "x"}, {"a": 5}, {"a": {"b": 1}}, {"a": ["y"]}], {"a": "x"}),
        ([{"a": 5}, {"a": "x"}], {"a": "x"}),
        ([{"a": ""}, {"a": {"b": "c"}}, {"a": ""}, {"a": []}], {"a": {"b": "c"}}),
    ],
)  # fmt: skip
def test_how_pieces_merge(pieces: list[dict[str, object]], whole: dict[str, object]) -> None:
    """Texts joined, names once, objects and indexed items merged, and nothing erased."""
    given = copy_json(pieces)
    into: dict[str, object] = {}
    for piece in pieces:
        merge_object(into, piece)
    assert copy_json(into) == whole
    assert pieces == given


@pytest.mark.parametrize(
    ("values", "last"),
    [
        (["a", "b", "", None], "b"),
        ([[1, 2], [1, 2, 3]], [1, 2, 3]),
        ([[1, 2], [1, 2]], [1, 2]),
        ([[1, 2], [3]], [1, 2, 3]),
        ([[1, 2], []], [1, 2]),
        ([{"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"d": 4}], {"a": {"b": 3, "c": 2}, "d": 4}),
        ([{"a": "x"}, "y"], "y"),
        ([False, 0, 7], 7),
    ],
)
def test_how_members_of_the_completion_are_replaced(values: list[object], last: object) -> None:
    """The last that says something, lists that go on, objects merged."""
    have: object = None
    for value in values:
        have = update_value(have, value)
    assert have == last


def test_a_text_grows_at_its_end() -> None:
    """All of its pieces in their order, line ends and lone surrogates as they came, also after it was asked for."""
    text = TextBuffer.of("a\r\n", "b\r")
    text.append("\n\ud800")
    assert text.joined() == "a\r\nb\r\n\ud800"
    text.append("c\u2028\U0001f600")
    assert text.joined() == "a\r\nb\r\n\ud800c\u2028\U0001f600"
    assert TextBuffer().joined() == ""


def test_deep_pieces_do_not_exhaust_the_stack() -> None:
    """The same value, as deep as it came."""
    deep: Any = "end"
    for _ in range(900):
        deep = {"a": [deep]}
    into: dict[str, object] = {}
    for _ in range(3):
        merge_object(into, {"x": deep})
    top: object = None
    for _ in range(3):
        top = update_value(top, deep)
        top = update_value(top, {"list": [deep]})
    assert isinstance(into["x"], dict)
    assert isinstance(top, dict)
