"""Streams of any form through the reader without I/O: the same completion or an error, never a wrong completion."""

import json
import pickle
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import pytest
from corpus import Exchange, needs_corpus, recorded
from hypothesis import given, settings
from hypothesis import strategies as st
from opper_chat import APIConnectionError, APIError, APIStatusError, ChatCompletion, StreamTruncatedError
from opper_chat._concurrency.deadlines import Deadlines, Timeouts
from opper_chat._streaming.completion_reader import read_completion
from opper_chat._streaming.decoder import ChunkDecoder
from opper_chat._streaming.event_builder import EventBuilder
from opper_chat._streaming.state import StreamState

STREAM = {"content-type": "text/event-stream"}

TEXTS = frozenset({
    "content", "refusal", "reasoning", "reasoning_content", "arguments", "input", "text", "data", "transcript", "name",
})  # fmt: skip
"""Members that grow, names of functions among them where a server sends them in pieces. Of all others a stream that was
cut may lack the word, but have no part of it."""

SAID_ANEW = re.compile(r"\.usage")
"""What some servers send with every chunk, each time with another value: the tokens so far."""


def new_state(headers: dict[str, str] | None = None, choices: int = 1) -> StreamState:
    return StreamState(200, STREAM if headers is None else headers, Deadlines(Timeouts(), 0), choices)


@dataclass
class Read:
    """What was made of a stream."""

    chunks: list[dict[str, object]]
    failure: APIError | None
    completion: ChatCompletion
    tool_calls: list[tuple[int, str | None, str]]
    """Those that were told to be whole: choice, name, arguments."""
    function_calls: list[tuple[int, str, str]]
    """The same of function calls."""
    sounds: list[tuple[int, str, str]]
    """The audio that was told to be whole: choice, data, transcript."""

    @cached_property
    def said(self) -> dict[str, Any]:
        """The completion as JSON."""
        return self.completion.to_dict()


def end(state: StreamState, builder: EventBuilder, error: APIError | None = None) -> Read:
    """Read what a state has ready, then end it: in good order, or by an error of the connection."""
    chunks: list[dict[str, object]] = []
    events: list[Any] = []

    def take() -> None:
        while (chunk := state.next_chunk()) is not None:
            chunks.append(chunk.value)
            events.extend(builder.build(chunk))

    take()
    if not state.finished:
        state.fail(error) if error else state.receive(b"")
        take()
    failure = state.conclude()
    if state.complete and failure is None:
        events.extend(builder.finish())
    calls = [(one.index, one.name, one.arguments) for one in events if one.type == "tool_call.done"]
    functions = [(one.index, one.name, one.arguments) for one in events if one.type == "function_call.done"]
    sounds = [(one.index, one.data, one.transcript) for one in events if one.type == "audio.done"]
    return Read(chunks, failure, state.accumulator.snapshot(), calls, functions, sounds)


def read(pieces: Iterable[bytes], choices: int = 1, error: APIError | None = None) -> Read:
    """Read a stream that comes in these pieces."""
    state = new_state(choices=choices)
    for piece in pieces:
        if piece and not state.finished:
            state.receive(piece)
    return end(state, EventBuilder(state.accumulator), error)


def pieces_of(stream: bytes, size: int) -> list[bytes]:
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def wrong(part: Any, whole: Any, name: str = "", place: str = "") -> str | None:
    """Say where a part of a completion says anything that the whole does not say there."""
    if SAID_ANEW.fullmatch(place):
        return None
    if isinstance(part, dict) and isinstance(whole, dict):
        members = ((key, value) for key, value in part.items() if value is not None)
        found = (wrong(value, whole.get(key), key, f"{place}.{key}") for key, value in members)
        return next(filter(None, found), None)
    if isinstance(part, list) and isinstance(whole, list) and len(part) <= len(whole):
        pairs = enumerate(zip(part, whole, strict=False))
        return next(filter(None, (wrong(one, other, name, f"{place}[{at}]") for at, (one, other) in pairs)), None)
    if isinstance(part, str) and (isinstance(whole, str) or not part):
        good = not part or part == whole or (name in TEXTS and whole.startswith(part))
    else:
        good = part in (whole, 0) and type(part) is type(whole)  # some servers begin with zeros
    return None if good else f"{place}: {part!r} is no part of {whole!r}"


def check_cut(cut: Read, whole: Read, kind: type[APIError]) -> None:
    """The whole answer, or an error with a part of it: in the error, in the completion, in the calls that are whole."""
    assert cut.chunks == whole.chunks[: len(cut.chunks)]
    assert cut.tool_calls == whole.tool_calls[: len(cut.tool_calls)]
    assert set(cut.function_calls) <= set(whole.function_calls)
    if cut.failure is None:
        # Every choice has ended. What may follow is the usage.
        assert cut.completion.choices == whole.completion.choices
        assert cut.completion.usage in (whole.completion.usage, None)
        return
    assert type(cut.failure) is kind
    assert cut.failure.chunks_received == len(cut.chunks)
    partial = cut.failure.partial
    assert (partial is None) == (cut.chunks == [])
    if partial is not None:
        came = [choice.index for choice in partial.choices]
        choices = [choice for choice in whole.said["choices"] if choice.get("index") in came]
        assert wrong(partial.to_dict(), {**whole.said, "choices": choices}) is None


# --- Any deltas, in any framing ----------------------------------------------------------------

STYLES = ["usual", "id-resent", "all-resent", "new-id-per-fragment", "index-0", "no-index", "from-1", "empty-id",
          "null-id", "late-id", "whole", "name-in-pieces"]  # fmt: skip

NAMES = ["f_one", "g_two"]
texts = st.text(max_size=12) | st.sampled_from(["\u2028", "\x85\r\n", "data: [DONE]", "\ufeff", "{}", '"}]'])
arguments = st.dictionaries(st.text(max_size=3), texts | st.integers() | st.lists(texts, max_size=2), max_size=3)
comments = st.text(max_size=8).map(lambda text: ":" + text.replace("\r", "").replace("\n", ""))


@dataclass
class Said:
    """Chunks, and what they say by construction."""

    chunks: list[dict[str, Any]]
    choices: list[dict[str, Any]]
    usage: dict[str, int] | None
    all_finished: bool


def in_pieces(draw: Any, text: str) -> list[str]:
    edges = [0, *sorted(draw(st.lists(st.integers(0, len(text)), max_size=3))), len(text)]
    return [text[start:stop] for start, stop in pairwise(edges)]


def fragments(draw: Any, style: str, calls: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The calls, in the fragments of a server of this style."""
    made: list[dict[str, Any]] = []
    for number, (name, text) in enumerate(calls):
        for at, piece in enumerate([text] if style == "whole" else ["", *in_pieces(draw, text)]):
            fragment: dict[str, Any] = {"index": {"index-0": 0, "from-1": number + 1}.get(style, number)}
            if style == "no-index":
                del fragment["index"]
            function: dict[str, Any] = {"arguments": piece}
            if at == 0:
                fragment |= {"type": "function"} if style == "late-id" else {"id": f"call_{number}", "type": "function"}
                function["name"] = name[:2] if style == "name-in-pieces" else name
            elif style in {"id-resent", "all-resent"} or (style == "late-id" and at == 1):
                fragment["id"] = f"call_{number}"
            elif style == "new-id-per-fragment":
                fragment["id"] = f"call_{number}_{at}"
            elif style in {"empty-id", "null-id"}:
                fragment["id"] = function["name"] = "" if style == "empty-id" else None
            if style == "all-resent":
                function["name"] = name
            made.append({**fragment, "function": function})
            if at == 0 and style == "name-in-pieces":
                made.append({"index": number, "function": {"name": name[2:]}})
    return made


@st.composite
def said(draw: Any) -> Said:
    """Deltas of every kind for up to three choices, in turns."""
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    finishes = draw(st.booleans())
    queues: list[list[dict[str, Any]]] = []
    choices: list[dict[str, Any]] = []
    for index in range(draw(st.integers(1, 3))):
        message: dict[str, Any] = {"role": "assistant"}
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": draw(st.sampled_from([None, ""]))}]
        for name in draw(st.permutations(["content", "refusal", "reasoning_content", "reasoning"])):
            if draw(st.booleans()):
                message[name] = draw(texts)
                deltas += [{name: piece} for piece in in_pieces(draw, message[name])]
        calls = draw(st.lists(st.tuples(st.sampled_from(NAMES), arguments.map(json.dumps)), max_size=3))
        deltas += [{"tool_calls": [one]} for one in fragments(draw, draw(st.sampled_from(STYLES)), calls)]
        if draw(st.booleans()):
            name, text = draw(st.sampled_from(NAMES)), json.dumps(draw(arguments))
            message["function_call"] = {"name": name, "arguments": text}
            deltas.append({"function_call": {"name": name}})
            deltas += [{"function_call": {"arguments": piece}} for piece in in_pieces(draw, text)]
        if draw(st.booleans()):
            message["audio"] = {"id": "sound", "data": draw(texts), "transcript": draw(texts), "expires_at": 1}
            deltas.append({"audio": {"id": "sound"}})
            for member in ("data", "transcript"):
                deltas += [{"audio": {member: piece}} for piece in in_pieces(draw, message["audio"][member])]
            deltas.append({"audio": {"expires_at": 1}})
        message["calls"] = [(f"call_{n}", *call) for n, call in enumerate(calls)]
        reason = draw(st.sampled_from(["stop", "tool_calls", "length", "a_new_word"])) if finishes else None
        pieces = [{"index": index, "delta": delta, "finish_reason": None} for delta in deltas]
        queues.append([*pieces, {"index": index, "delta": {}, "finish_reason": reason}])
        choices.append({"index": index, "finish_reason": reason, "message": message})
    turns = [iter(queue) for queue in queues]
    order = draw(st.permutations([number for number, queue in enumerate(queues) for _ in queue]))
    chunks = [{**head, "choices": [next(turns[number])]} for number in order]
    usage = None
    if draw(st.booleans()):
        usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
        chunks.append({**head, "choices": [], "usage": usage})
    return Said(chunks, choices, usage, finishes)


def line_end(draw: Any) -> str:
    return draw(st.sampled_from(["\n", "\r", "\r\n"]))


def block(draw: Any, lines: list[str]) -> str:
    """An event. A CR is not followed by a LF of its own, which would be one line end and not two."""
    ends = [line_end(draw) for _ in lines]
    last = "\r" if ends[-1] == "\r" else line_end(draw)
    return "".join(line + end for line, end in zip(lines, ends, strict=True)) + last


NOISE = [["data:"], ["data: "], ['data: {"type": "ping"}'], ["event: ping", "data: {}"], ["event: ping"], ["id: 1"]]


def framed(draw: Any, value: Said) -> bytes:
    """The chunks as bytes, among whatever else an event stream may hold."""
    blocks: list[str] = []
    for item in [*value.chunks, *(["[DONE]"] if not value.all_finished or draw(st.booleans()) else [])]:
        if draw(st.integers(0, 3)) == 0:
            blocks.append(block(draw, draw(st.sampled_from(NOISE) | comments.map(lambda comment: [comment]))))
        indent = draw(st.sampled_from([None, None, None, 1]))
        data = item if isinstance(item, str) else json.dumps(item, indent=indent, ensure_ascii=draw(st.booleans()))
        colon = draw(st.sampled_from(["data: ", "data:"]))
        lines = [colon + line for line in data.split("\n")]
        extra = draw(st.lists(st.sampled_from(["event: message", "id: 7", "retry: 10", "event:", "x: y"]), max_size=2))
        blocks.append(block(draw, [*extra, *lines]))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return (mark + "".join(blocks)).encode()


@st.composite
def streams(draw: Any) -> tuple[Said, bytes]:
    value = draw(said())
    return value, framed(draw, value)


@settings(max_examples=120, deadline=None)
@given(streams(), st.data())
def test_any_stream_is_read_as_it_was_said(case: tuple[Said, bytes], data: st.DataObject) -> None:
    """The chunks that were sent and what they say by construction, in any framing and however the bytes are cut."""
    value, stream = case
    edges = [0, *sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20))), len(stream)]
    cut = [stream[start:stop] for start, stop in pairwise(edges)]
    for pieces in (cut, pieces_of(stream, 1), pieces_of(stream, 7), [stream]):
        done = read(pieces, len(value.choices))
        assert done.failure is None
        assert done.chunks == value.chunks
        final = done.completion.to_dict()
        assert final.get("usage") == value.usage
        assert len(final["choices"]) == len(value.choices)
        for choice, expected in zip(final["choices"], value.choices, strict=True):
            message = choice["message"]
            for name in ("role", "content", "refusal", "reasoning_content", "reasoning"):
                assert (message.get(name) or "") == expected["message"].get(name, "")
            calls = [
                (one.get("id"), one["function"]["name"], one["function"]["arguments"])
                for one in message.get("tool_calls", [])
            ]
            assert calls == expected["message"]["calls"]
            assert message.get("function_call") == expected["message"].get("function_call")
            assert message.get("audio") == expected["message"].get("audio")
            assert choice.get("finish_reason") == expected["finish_reason"]
        messages = [(n, choice["message"]) for n, choice in enumerate(value.choices)]
        assert sorted(done.function_calls) == [
            (n, *message["function_call"].values()) for n, message in messages if "function_call" in message
        ]
        sounds = [(n, message["audio"]["data"], message["audio"]["transcript"]) for n, message in messages
                  if "audio" in message]  # fmt: skip
        assert sorted(done.sounds) == [sound for sound in sounds if any(sound[1:])]
        told = sorted(done.tool_calls, key=lambda call: call[0])
        assert told == [(n, *call[1:]) for n, choice in enumerate(value.choices) for call in choice["message"]["calls"]]


@settings(max_examples=100, deadline=None)
@given(streams(), st.integers(0, 99))
def test_any_cut_gives_the_answer_or_an_error(case: tuple[Said, bytes], first: int) -> None:
    """The whole answer, or an error with a part of it in which no word is wrong, wherever the bytes end and however."""
    value, stream = case
    count = len(value.choices)
    whole = read([stream], count)
    step = len(stream) // 30 + 1  # integers that hypothesis draws are mostly small: cuts are to be everywhere
    for at in range(first % step, len(stream) + 1, step):
        check_cut(read([stream[:at]], count), whole, StreamTruncatedError)
        check_cut(read(pieces_of(stream[:at], 50), count, APIConnectionError("cut")), whole, APIConnectionError)


@pytest.mark.parametrize("end", [b"data: [DONE]", b"data: [DONE]\n", b"data:[DONE]\r\n", b"data: [DONE]\n\n"])
def test_the_last_word_counts_without_its_blank_line(end: bytes) -> None:
    """It came, and nothing of the answer can be missing; a part of it does not count."""
    stream = chunk_bytes("Hi")
    assert read([stream + end]).failure is None
    assert isinstance(read([stream + b"data: [DON"]).failure, StreamTruncatedError)


def test_choices_that_are_numbered_oddly() -> None:
    """By fractions and by texts: two choices, as they were meant."""
    for one, two in ((0.0, 1.0), ("0", "1")):
        values = [
            {"choices": [{"index": one, "delta": {"content": "A"}, "finish_reason": "stop"}]},
            {"choices": [{"index": two, "delta": {"content": "B"}, "finish_reason": "stop"}]},
        ]
        done = read([b"data: " + json.dumps(value).encode() + b"\n\n" for value in values], 2)
        assert [(choice.index, choice.message.content) for choice in done.completion.choices] == [(0, "A"), (1, "B")]


@pytest.mark.parametrize(
    "error",
    [
        {"choices": [], "type": "ServiceUnavailableError", "message": "busy", "detail": None},
        {"choices": None, "type": "ServiceUnavailableError", "message": "busy"},
        {"choices": [], "object": "error", "message": "busy"},
        {"choices": [], "usage": {"total_tokens": 1}, "code": 500, "message": "busy"},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "ERROR"}]},
    ],
)
def test_a_flat_error_beside_choices(error: dict[str, Any]) -> None:
    """Is one, whatever follows it."""
    done = read([chunk_bytes("Hi"), b"data: " + json.dumps(error).encode() + b"\n\n", b"data: [DONE]\n\n"])
    assert type(done.failure) is APIError
    assert done.failure.partial is not None


# --- Any bytes ---------------------------------------------------------------------------------

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
WORDS = ["choices", "delta", "message", "content", "tool_calls", "function", "arguments", "index", "id", "error",
         "type", "finish_reason", "usage", "logprobs", "name", "role", "detail", "object", "model",
         "audio"]  # fmt: skip
anything = st.recursive(
    LEAVES | st.sampled_from(["stop", "error", "function", "custom"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)
answers = st.builds(
    lambda choices, rest: {**rest, "choices": [{"index": 0, **choice} for choice in choices]},
    st.lists(
        st.fixed_dictionaries(
            {}, optional={"delta": anything, "message": anything, "finish_reason": LEAVES, "index": anything}
        ),
        max_size=3,
    ),
    st.dictionaries(st.sampled_from(WORDS), anything, max_size=3),
)
bodies = (anything | answers).map(json.dumps).map(str.encode)
SYNTAX = [b"\n\n", b"\n", b"\r", b"\r\n\r\n", b"data: ", b"data:", b"event: error\n", b": ", b"[DONE]",
          b"\xef\xbb\xbf", b"\xff", b"\0", b"{", b"}", b"[" * 3000, b'"', b"\\ud800", b"NaN", b"-", b"1e999",
          b'{"choices": [{"finish_reason": "stop"}]}', b'{"error": "x"}', b'{"message": 1, "type": 2}']  # fmt: skip
events = bodies.map(lambda body: b"data: " + body + b"\n\n")
any_bytes = st.lists(st.sampled_from(SYNTAX) | st.binary(max_size=6) | bodies | events, max_size=12).map(b"".join)
KINDS = st.sampled_from([{}, STREAM, {"content-type": "application/json"}, {"content-type": "text/html"}])


@settings(max_examples=300, deadline=None)
@given(any_bytes, st.lists(st.integers(0, 400), max_size=8), KINDS)
def test_any_bytes_give_an_answer_or_an_error(stream: bytes, cuts: list[int], headers: dict[str, str]) -> None:
    """An `APIError` that can be printed and pickled, or an answer whose end was said; the same however it is cut."""

    def outcome(pieces: list[bytes]) -> Read:
        state = new_state(headers)
        for piece in pieces:
            if piece and not state.finished:
                state.receive(piece)
        return end(state, EventBuilder(state.accumulator))

    done = outcome([stream])
    if done.failure is None:
        assert b"[DONE]" in stream or b"finish_reason" in stream or b"message" in stream or b"delta" in stream
        assert type(done.completion) is ChatCompletion
        assert ChatCompletion.from_dict(done.completion.to_dict()) is not None
    else:
        assert isinstance(done.failure, APIError)
        assert str(pickle.loads(pickle.dumps(done.failure))) == str(done.failure)
    edges = [0, *sorted(cuts), len(stream)]
    cut = outcome([stream[start:stop] for start, stop in pairwise(edges)])
    assert (len(cut.chunks), type(cut.failure)) == (len(done.chunks), type(done.failure))
    assert repr(cut.completion) == repr(done.completion)


@settings(max_examples=300, deadline=None)
@given(any_bytes | bodies, st.integers(0, 999), KINDS)
def test_any_body_gives_a_completion_or_an_error(content: bytes, status: int, headers: dict[str, str]) -> None:
    """A completion with a status of success, or an `APIError` with the body as it came."""
    try:
        completion = read_completion(status, headers, content)
    except APIError as error:
        assert (error.raw_body, error.status_code) == (content, status)  # noqa: PT017
        assert isinstance(error, APIStatusError) == (not 200 <= status < 300)  # noqa: PT017
    else:
        assert 200 <= status < 300
        assert completion.to_dict() is not None


# --- Recorded streams --------------------------------------------------------------------------


def recorded_streams() -> Any:
    return pytest.mark.parametrize("exchange", [pytest.param(one, id=one["id"]) for one in recorded("stream")])


def whole_of(exchange: Exchange) -> tuple[bytes, int, Read]:
    """The bytes, how many choices were asked for, and what the bytes say."""
    stream = exchange["response_body"].encode()
    choices = (exchange["request_body"] or {}).get("n") or 1
    return stream, choices, read([stream], choices)


def cut_flows(stream: bytes, choices: int, whole: Read) -> Iterator[Read | None]:
    """Read every beginning of a stream. What was read before the event that is cut is copied and not read again.

    A cut that leaves nothing of its event to the reader is None: what came of the events before it is read once.
    """
    state = new_state(choices=choices)
    builder = EventBuilder(state.accumulator)
    chunks: list[dict[str, object]] = []
    start = 0
    for stop in [*(found for found in range(1, len(stream)) if stream[found - 1 : found + 1] == b"\n\n"), len(stream)]:
        saved, reader = pickle.dumps((state, builder)), pickle.dumps(state._decoder)
        for place in range(start, stop + 1):
            if start < place < stop - 1 and leaves_nothing(pickle.loads(reader), stream[start:place]):
                yield None
                continue
            copied, builder_copied = pickle.loads(saved)
            copied.receive(stream[start:place]) if place > start else None
            cut = end(copied, builder_copied)
            yield replace(cut, chunks=[*chunks, *cut.chunks])
        if state.finished:
            return
        state.receive(stream[start : stop + 1])
        start = stop + 1
        while (chunk := state.next_chunk()) is not None:
            same = chunk.value == whole.chunks[len(chunks)]
            chunks.append(whole.chunks[len(chunks)] if same else chunk.value)  # lists of the same objects compare soon
            builder.build(chunk)


def leaves_nothing(reader: ChunkDecoder, piece: bytes) -> bool:
    """Whether a reader makes nothing of a piece at which the bytes end: no chunk, no error, no end that was said."""
    reader.feed(piece)
    return not reader.next_chunk() and not reader.end() and not reader.done and reader.failure is None


@needs_corpus
def test_the_recorded_streams_are_there() -> None:
    """All 86."""
    assert len(recorded("stream")) == 86


@recorded_streams()
def test_a_recorded_stream_in_small_pieces(exchange: Exchange) -> None:
    """The chunks, the completion, the whole calls and the ending of the stream in one piece."""
    stream, choices, whole = whole_of(exchange)
    assert whole.chunks
    for size in (1, 2, 3, 7):
        done = read(pieces_of(stream, size), choices)
        assert done.chunks == whole.chunks
        assert done.completion == whole.completion
        assert done.tool_calls == whole.tool_calls
        assert (type(done.failure), str(done.failure)) == (type(whole.failure), str(whole.failure))


@recorded_streams()
def test_a_recorded_stream_cut_anywhere(exchange: Exchange) -> None:
    """The whole answer, or an error with a part of it in which no word is wrong, at every byte."""
    stream, choices, whole = whole_of(exchange)
    seen = 0
    for cut in cut_flows(stream, choices, whole):
        seen += 1
        if cut is None:
            continue
        if cut.failure is not None and type(cut.failure) is type(whole.failure) and cut.chunks == whole.chunks:
            continue  # the server's own ending
        check_cut(cut, whole, StreamTruncatedError)
    assert seen > stream.find(b"[DONE]")


# --- Work and memory ---------------------------------------------------------------------------


def chunk_bytes(content: str) -> bytes:
    value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return (
        b"data: " + json.dumps({**value, "choices": [{"index": 0, "delta": {"content": content}}]}).encode() + b"\n\n"
    )


DONE = b"data: [DONE]\n\n"


def read_through(pieces: Iterable[bytes]) -> StreamState:
    """Take every chunk as it comes, as a stream does, and keep none."""
    state = new_state()
    for piece in pieces:
        state.receive(piece)
        while state.next_chunk() is not None:
            pass
    return state


def height(work: Callable[[], StreamState]) -> tuple[int, StreamState]:
    """Return the bytes that some work has allocated at its height."""
    tracemalloc.start()
    try:
        state = work()
        return tracemalloc.get_traced_memory()[1], state
    finally:
        tracemalloc.stop()


def calls_and_bytes(pieces: list[bytes]) -> tuple[int, int]:
    """Return the calls that reading takes, and all bytes allocated on the way, those freed at once included.

    Whoever copies what came before for each piece allocates in proportion to the square of the stream.
    """
    calls = allocated = before = 0

    def tally(*_: object) -> None:
        nonlocal calls, allocated, before
        now, peak = tracemalloc.get_traced_memory()
        calls += 1
        allocated += peak - before
        before = now
        tracemalloc.reset_peak()

    profiler = sys.getprofile()
    tracemalloc.start()
    try:
        sys.setprofile(tally)
        read_through(pieces)
    finally:
        sys.setprofile(profiler)
        tracemalloc.stop()
    return calls, allocated


def test_an_event_of_30_megabytes() -> None:
    """The whole text, at most eight times its size in memory, and four times the work of a quarter of it."""
    size = 30_000_000
    whole, quarter = (pieces_of(chunk_bytes("x" * part) + DONE, 65536) for part in (size, size // 4))
    peak, state = height(lambda: read_through(whole))
    assert state.complete
    assert len(state.accumulator.snapshot().text) == size
    assert peak <= 8 * size
    calls, allocated = calls_and_bytes(quarter)
    more_calls, more_allocated = calls_and_bytes(whole)
    assert more_calls <= 4.5 * calls
    assert more_allocated <= 4.5 * allocated


MANY = """
import json, resource, sys
from opper_chat._concurrency.deadlines import Deadlines, Timeouts
from opper_chat._streaming.event_builder import EventBuilder
from opper_chat._streaming.state import StreamState


def height():
    if sys.platform == "linux":  # where getrusage says what the parent had, before this was executed
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

thousands, path, events = int(sys.argv[1]), sys.argv[2].split("."), sys.argv[3] == "events"
event = sys.stdin.buffer.read()
state = StreamState(200, {"content-type": "text/event-stream"}, Deadlines(Timeouts(), 0))
builder = EventBuilder(state.accumulator)
for thousand in range(thousands):
    for _ in range(10):
        state.receive(event * 100)
        while (chunk := state.next_chunk()) is not None:
            for made in builder.build(chunk) if events else ():
                pass
    if thousand == 0:
        before = height()
state.receive(b"data: [DONE]\\n\\n")
grown = height() - before
said = state.accumulator.snapshot().choices[0].message.to_dict()
for name in path:
    said = said[int(name)] if name.isdigit() else said[name]
print(state.complete, state.chunks_received, said == "word " * 1000 * thousands, grown)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it does not tell the height of a process's memory")
@pytest.mark.parametrize(
    ("delta", "path", "way", "thousands"),
    [
        ({"content": "word "}, "content", "chunks", 1000),
        ({"content": "word "}, "content", "events", 100),
        ({"tool_calls": [{"index": 0, "function": {"arguments": "word "}}]}, "tool_calls.0.function.arguments",
         "events", 100),
        ({"audio": {"data": "word "}}, "audio.data", "events", 100),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "word "}]}]},
         "content_parts.0.thinking.0.text", "events", 100),
    ],
    ids=["a-million", "text", "arguments", "audio", "thoughts"],
)  # fmt: skip
def test_a_stream_of_many_chunks(delta: dict[str, Any], path: str, way: str, thousands: int) -> None:
    """Of the chunks nothing stays but their texts, which events keep for themselves too, and some room for those."""
    event = b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(thousands), path, way], input=event, capture_output=True, check=True
    )
    complete, received, same, grown = done.stdout.split()
    assert (complete, received, same) == (b"True", b"%d" % (thousands * 1000), b"True")
    assert int(grown) <= 5 * 1.3 * 1000 * thousands * (1 + (way == "events")) + 1_000_000


@pytest.mark.parametrize("size", [50, 1000, sys.maxsize], ids=["by-50-bytes", "by-pieces", "at-once"])
def test_the_work_of_a_chunk_does_not_grow(size: int) -> None:
    """Four times the calls and the bytes for 4,000 chunks as for 1,000; the square would be sixteen times."""
    calls, allocated = calls_and_bytes(pieces_of(chunk_bytes("word ") * 1000, size))
    more_calls, more_allocated = calls_and_bytes(pieces_of(chunk_bytes("word ") * 4000, size))
    assert more_calls <= 4.1 * calls
    assert more_allocated <= 4.5 * allocated
