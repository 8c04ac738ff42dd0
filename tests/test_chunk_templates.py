"""Reading chunks by the template of those before them: the same as reading each anew, and most of what servers send."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from corpus import needs_corpus, recorded
from hypothesis import given, settings
from hypothesis import strategies as st
from opper_chat._concurrency.deadlines import Deadlines, Timeouts
from opper_chat._http.sse import EventDecoder
from opper_chat._streaming import chunk_templates
from opper_chat._streaming.accumulator import Accumulator
from opper_chat._streaming.chunk_templates import ChunkTemplate, DecodedChunk
from opper_chat._streaming.decoder import ChunkDecoder
from opper_chat._streaming.state import StreamState
from opper_chat_api.models import ChatCompletionChunk

HEADERS = {"content-type": "text/event-stream"}


@pytest.fixture(autouse=True, scope="module")
def impatient() -> Iterator[None]:
    """Make templates of the first chunks of a stream."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunk_templates, "FIRST_TEMPLATE_AFTER", 0)
        yield


def chunk(text: str | None, *, delta: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """Return a chunk, whose members are in the order in which servers put them."""
    said = {**({} if text is None else {"content": text}), **(delta or {})}
    choice = {"index": 0, "delta": said, "logprobs": None, "finish_reason": None, **members.pop("choice", {})}
    top = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return {**top, **members}


def stream_of(values: Iterable[dict[str, Any]], **options: Any) -> bytes:
    options = {"separators": (",", ":"), **options}
    return b"".join(b"data: " + json.dumps(value, **options).encode() + b"\n\n" for value in values)


def check(stream: bytes) -> list[DecodedChunk]:
    """Read a stream, and compare each chunk and the completion with what comes of reading every event by itself."""
    read = decoded(ChunkDecoder(200, HEADERS), stream)
    values = [json.loads(event.data) for event in EventDecoder().feed(stream)]
    assert [one.model for one in read] == [ChatCompletionChunk.from_dict(value) for value in values]
    assert [one.model.to_dict() for one in read] == [ChatCompletionChunk.from_dict(v).to_dict() for v in values]
    assert [one.value for one in read] == values
    assert [json.dumps(one.value) for one in read] == [json.dumps(value) for value in values]  # in the same order
    state, plain = StreamState(200, HEADERS, Deadlines(Timeouts(), 0.0)), Accumulator()
    state.receive(stream)
    for value in values:
        plain.add(value)
        assert state.next_chunk() is not None
        assert state.accumulator.snapshot() == plain.snapshot()
    assert state.accumulator.snapshot() == plain.snapshot()
    assert state.complete == plain.complete
    return read


def decoded(decoder: ChunkDecoder, stream: bytes) -> list[DecodedChunk]:
    """Return the chunks that these bytes complete."""
    decoder.feed(stream)
    return list(iter(decoder.next_chunk, None))


def by_template(read: list[DecodedChunk]) -> list[bool]:
    return [one.template is not None for one in read]


def test_what_differs_in_its_text_alone_is_read_by_template() -> None:
    """From the second on, whatever the words are, as long as they need no escape."""
    read = check(
        stream_of([chunk("a"), chunk(" b"), chunk(""), chunk("é"), chunk('"'), chunk("\n"), chunk("\\"), chunk("z")])
    )
    assert by_template(read) == [False, True, True, False, False, False, False, True]
    raw = check(stream_of([chunk("a"), chunk("é"), chunk("🌈"), chunk("{}")], ensure_ascii=False))
    assert by_template(raw)[1:] == [True, True, True]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("name", ["obfuscation", "p"])
def test_padding_is_another_placeholder(name: str, separators: tuple[str, str], first: bool) -> None:
    """Before the text or behind it, with spaces between the members or without."""
    values = [chunk(text, **{name: padding}) for text, padding in (("a", "xyz"), ("bc", ""), ("", "q"), ("d", "\n"))]
    if first:
        values = [{name: value[name], **value} for value in values]
    read = check(stream_of(values, separators=separators))
    assert by_template(read) == [False, True, True, False]
    assert [one.value[name] for one in read] == ["xyz", "", "q", "\n"]
    assert [one.model.to_dict()[name] for one in read] == ["xyz", "", "q", "\n"]


def test_reasoning_is_a_text_as_well() -> None:
    """Also where the contract does not know its member, beside others that it does not know."""
    values = [chunk(None, delta={"reasoning": text, "channel": "analysis", "new": [1]}) for text in "abc"]
    assert by_template(check(stream_of(values))) == [False, True, True]


@pytest.mark.parametrize(
    "value",
    [
        chunk("a", usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}),
        chunk("a", choice={"logprobs": {"content": [{"token": "a", "logprob": 0, "bytes": [97], "top_logprobs": []}]}}),
        chunk("a", delta={"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}),
        chunk("a", choice={"finish_reason": "stop"}),
        chunk(None, delta={"refusal": "no"}),
        chunk("a", delta={"more": {"content": "a"}}),
        chunk("a\n"),
        chunk("a", obfuscation=5),
        {**chunk("a"), "choices": chunk("a")["choices"] * 2},
    ],
)
def test_there_is_no_template_of_what_is_not_plain(value: dict[str, Any]) -> None:
    """Members that can be changed, two places where the text may be, an end: each is read anew."""
    assert ChunkTemplate.from_chunk(json.dumps(value), value) is None
    assert by_template(check(stream_of([value] * 3))) == [False] * 3


def test_a_placeholder_is_where_the_text_is_and_nowhere_else() -> None:
    """A name inside a string, and a member that comes twice, of which the last counts."""
    inside = '{"id":"\\"content\\":","choices":[{"index":0,"delta":{"content":"a"}}]}'
    check(f"data: {inside}\n\n".encode() * 3)
    twice = '{"choices":[{"index":0,"delta":{"content" :"b","content":"a"}}]}'
    template = ChunkTemplate.from_chunk(twice, json.loads(twice))
    assert template is not None
    swapped = '{"choices":[{"index":0,"delta":{"content":"a","content" :"a"}}]}'
    assert ChunkTemplate.from_chunk(swapped, json.loads(swapped)) is None
    for raw in (twice, swapped, twice.replace('"a"', '"c"'), swapped.replace('"a"', '"c"', 1)):
        check(f"data: {twice}\n\ndata: {raw}\n\n".encode())
        check(f"data: {swapped}\n\ndata: {raw}\n\n".encode())


def test_what_changes_between_two_of_a_template_counts() -> None:
    """A tier, a model's state and a role that change and change back: the completion has the last of each."""
    usual = chunk("a", service_tier="default", delta={"channel": "final", "role": "assistant"})
    other = chunk("b", service_tier="flex", delta={"channel": "draft", "role": "assistant"})
    read = check(stream_of([usual, usual, other, usual, usual, other, other]))
    assert by_template(read) == [False, True, False, False, True, False, True]


def test_what_came_between_counts_although_it_was_of_no_template() -> None:
    """Members that change back, and lists that a server goes on with, after a chunk whose text has to be escaped."""
    usual, other = chunk("a", service_tier="default"), chunk("\n", service_tier="flex")
    assert by_template(check(stream_of([usual, usual, other, usual]))) == [False, True, False, True]
    lists = [chunk("a", new=[1]), *[chunk(text, new=[2]) for text in "abcd"]]
    assert by_template(check(stream_of(lists))) == [False, False, True, True, True]
    lists = [chunk("a", choice={"new": [1]}), *[chunk(text, choice={"new": [2]}) for text in "abcd"]]
    assert by_template(check(stream_of(lists))) == [False, False, True, True, True]


@pytest.mark.parametrize("text", ["\t", "\x7f\x1f", '", "x":"', "\\", "\\x"])
def test_what_is_no_json_is_no_chunk(text: str) -> None:
    """An error with the event, where what is in the placeholder is no string; the chunks before it are there."""
    padded, whole = json.dumps(chunk("a", obfuscation="x")), json.dumps(chunk("a"))
    for sent, part, other in (
        (padded, '"a"', f'"{text}"'), (padded, '"x"', f'"{text}"'), (whole, '"a"', f'"{text}"'), (whole, '"a"', '"'),
    ):  # fmt: skip
        broken = sent.replace(part, other)
        reader = ChunkDecoder(200, HEADERS)
        read = decoded(reader, "".join(f"data: {data}\n\n" for data in (sent, sent, broken, sent)).encode())
        try:
            json.loads(broken)
        except ValueError:
            assert by_template(read) == [False, True]
            assert reader.failure is not None
            assert reader.failure.raw_body == broken.encode()
        else:
            assert len(read) == 4
            assert read[2].value == json.loads(broken)


def test_text_beside_text_is_added() -> None:
    """Where one delta has two texts, the second is in every chunk of the template, and counts every time."""
    values = [chunk(text, delta={"reasoning": "so"}) for text in "abcd"]
    read = check(stream_of(values))
    assert by_template(read) == [False, True, True, True]
    assert read[1].template is not None
    assert not read[1].template.only_adds_text


def test_the_text_of_a_choice_itself_is_added() -> None:
    """It is in every chunk of the template, and counts every time as well."""
    read = check(stream_of([chunk(text, choice={"text": "so"}) for text in "abcd"]))
    assert by_template(read) == [False, True, True, True]


def test_models_of_a_template_share_nothing() -> None:
    """What is done to one chunk is seen in no other, nor in its JSON object."""
    rest = {"filter": {"hate": []}}
    values = [chunk(text, new=rest, delta={"own": rest}, choice={"its": rest}) for text in "abc"]
    first, second, third = check(stream_of(values))
    second.model.choices.append(first.model.choices[0])
    for model in (second.model, second.model.choices[0], second.model.choices[0].delta):
        name = next(iter(model.additional_properties))
        model.additional_properties[name]["filter"]["hate"].append(1)  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
        model.additional_properties["mine"] = 1
    assert (second.value, third.value) == (values[1], values[2])
    assert third.model == ChatCompletionChunk.from_dict(values[2])


def test_short_streams_have_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making one would take longer than it saves."""
    monkeypatch.setattr(chunk_templates, "FIRST_TEMPLATE_AFTER", 8)
    assert by_template(check(stream_of([chunk("a")] * 12))) == [False] * 9 + [True] * 3


def test_templates_that_never_fit_are_given_up() -> None:
    """After eight that fitted nothing, no chunk is looked at for its template any more."""
    values = [chunk("a", created=number) for number in range(8)]
    assert by_template(check(stream_of([*values, *[chunk("a", created=9)] * 3]))) == [False] * 11
    assert by_template(check(stream_of([*values[:7], *[chunk("a", created=9)] * 3])))[-2:] == [True, True]


DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": st.text(max_size=4) | st.sampled_from(["a", "b", '"', "\\", "\\u0041", "é", ""]) | st.none(),
        "reasoning": st.sampled_from(["", "r", "s", None]),
        "role": st.sampled_from(["assistant", None]),
        "channel": st.sampled_from(["analysis", "final"]),
    },
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "service_tier": st.sampled_from(["default", "flex", None]),
        "obfuscation": st.sampled_from(["x", "yz", '"', ""]),
        "p": st.sampled_from(["x", "yz", 5]),
        "new": st.sampled_from([1, "one", [1], [2], None]),
    },
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.lists(DELTAS, min_size=1, max_size=4), MEMBERS), max_size=5),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": ")]),
)
def test_any_sequence_is_read_as_if_there_were_no_templates(
    runs: list[tuple[list[dict[str, Any]], dict[str, Any]]],
    ascii_only: bool,
    separators: tuple[str, str],
) -> None:
    """Models, JSON objects and the completion, after every chunk."""
    values = [chunk(None, delta=delta, **members) for deltas, members in runs for delta in deltas]
    check(stream_of(values, ensure_ascii=ascii_only, separators=separators))


@needs_corpus
def test_recorded_streams_are_mostly_read_by_template(record_property: Any) -> None:
    """The same chunks and completions, and more than half of the chunks of the streams that are not short."""
    counted = Counter[str]()
    for exchange in recorded("stream"):
        body = exchange["response_body"].encode()
        read = decoded(ChunkDecoder(exchange["status"], HEADERS), body)
        for one in read:
            assert one.model == ChatCompletionChunk.from_dict(one.value)
        plain, state = Accumulator(), StreamState(200, HEADERS, Deadlines(Timeouts(), 0.0))
        state.receive(body)
        for one in read:
            plain.add(one.value)
            state.next_chunk()
        assert state.accumulator.snapshot() == plain.snapshot()
        if len(read) > 20:
            counted.update(chunks=len(read), by_template=sum(by_template(read)))
    record_property("read by template", dict(counted))
    assert counted["by_template"] > counted["chunks"] / 2 > 500, counted
