"""The event decoder against the WHATWG standard: vectors of others, a slow parser, and cuts."""

import inspect
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import pairwise
from types import FrameType

import pytest
from corpus import Exchange, SSEVector, needs_corpus, recorded, sse_vectors
from hypothesis import given, settings
from hypothesis import strategies as st
from opper_chat._http.sse import EventDecoder, ServerSentEvent

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
PIECE_SIZES = [1, 2, 3, 7]


def decode(pieces: Iterable[bytes]) -> list[ServerSentEvent]:
    """Return the events of a stream that arrives in these pieces."""
    decoder = EventDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


def pieces_of(stream: bytes, size: int) -> list[bytes]:
    """Cut a stream into pieces of one size, the last one shorter."""
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def message(data: str, last_id: str = "", retry: int | None = None) -> ServerSentEvent:
    """Return an event of the default type."""
    return ServerSentEvent(data=data, id=last_id, retry=retry)


# --- The standard's algorithm, one character at a time and without a thought for speed ---------


def reference_lines(text: str) -> Iterator[str]:
    """Yield the ended lines of a text by 9.2.5; what follows the last line end is left out."""
    line = ""
    at = 0
    while at < len(text):
        if text[at] == "\r" or text[at] == "\n":
            at += 2 if text[at : at + 2] == "\r\n" else 1
            yield line
            line = ""
        else:
            line += text[at]
            at += 1


def reference_events(stream: bytes) -> list[ServerSentEvent]:
    """Return the events of a whole stream, by the steps of 9.2.6."""
    text = stream.decode("utf-8", "replace")
    if text[:1] == "\N{ZERO WIDTH NO-BREAK SPACE}":
        text = text[1:]
    events: list[ServerSentEvent] = []
    last_event_id = data = event_type = ""
    retry: int | None = None
    for line in reference_lines(text):
        if line == "":
            if data != "":
                name = event_type if event_type != "" else "message"
                # The data buffer has gained a line feed with every value, one too many.
                events.append(ServerSentEvent(name, data[:-1], last_event_id, retry))
            data = event_type = ""
            retry = None
            continue
        if line[0] == ":":
            continue
        if ":" in line:
            colon = line.index(":")
            field, value = line[:colon], line[colon + 1 :]
            if value[:1] == " ":
                value = value[1:]
        else:
            field, value = line, ""
        if field == "event":
            event_type = value
        elif field == "data":
            data += value + "\n"
        elif field == "id":
            if "\0" not in value:
                last_event_id = value
        elif field == "retry" and value != "" and all(char in "0123456789" for char in value):
            retry = int(value)
    return events


# --- Vectors and recorded streams ------------------------------------------------------------


each_vector = pytest.mark.parametrize("vector", sse_vectors(), ids=lambda vector: vector.name)


def expected(vector: SSEVector) -> list[ServerSentEvent]:
    """Return the events which a vector expects."""
    return [ServerSentEvent(**event) for event in vector.events]


@needs_corpus
def test_the_corpus_has_vectors_and_streams() -> None:
    """Some of each: an emptied corpus is not taken for a passed one."""
    assert sse_vectors()
    assert recorded("stream")


@needs_corpus
@each_vector
def test_vector_as_given(vector: SSEVector) -> None:
    """The vector's events, from the pieces it comes in."""
    assert decode(vector.chunks) == expected(vector)


@needs_corpus
@each_vector
def test_vector_in_one_piece(vector: SSEVector) -> None:
    """The vector's events, from its bytes fed at once."""
    assert decode([b"".join(vector.chunks)]) == expected(vector)


@needs_corpus
@each_vector
def test_vector_cut_at_every_byte(vector: SSEVector) -> None:
    """The vector's events, from its bytes cut in two anywhere; a long one at its edges."""
    stream = b"".join(vector.chunks)
    cuts = range(len(stream) + 1)
    for cut in cuts if vector.splittable else (*cuts[:10], *cuts[-10:]):
        assert decode([stream[:cut], stream[cut:]]) == expected(vector), f"cut at {cut}"


@needs_corpus
@each_vector
def test_vector_in_small_pieces(vector: SSEVector) -> None:
    """The vector's events, from pieces of a few bytes; of a few kilobytes for a long one."""
    stream = b"".join(vector.chunks)
    for size in PIECE_SIZES:
        pieces = pieces_of(stream, size if vector.splittable else size * 1000)
        assert decode(pieces) == expected(vector), f"pieces of {size}"


@needs_corpus
@pytest.mark.parametrize("exchange", recorded("stream"), ids=lambda exchange: exchange["id"])
def test_recorded_stream(exchange: Exchange) -> None:
    """What the slow parser finds in the stream, however framed and cut."""
    stream = exchange["response_body"].encode()
    events = reference_events(stream)
    for line_end in (b"\n", b"\r", b"\r\n"):
        framed = stream.replace(b"\n", line_end)
        for size in (*PIECE_SIZES, len(framed)):
            assert decode(pieces_of(framed, size)) == events, f"{line_end!r}, pieces of {size}"


# --- Framing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stream",
    [
        b"data: a\n\ndata: b\ndata: c\n\n",
        b"data: a\r\rdata: b\rdata: c\r\r",
        b"data: a\r\n\r\ndata: b\r\ndata: c\r\n\r\n",
        b"data: a\n\r\ndata: b\rdata: c\n\r",
        b"data: a\r\n\ndata: b\r\ndata: c\r\r\n",
        b"\n\r\r\n\ndata: a\n\n\n\r\n\r\rdata: b\ndata: c\n\n",
    ],
    ids=["LF", "CR", "CRLF", "mixed", "mixed-2", "blank-lines"],
)
def test_line_ends(stream: bytes) -> None:
    """Two events, whichever of the three line ends each line has, cut anywhere."""
    for cut in range(len(stream) + 1):
        assert decode([stream[:cut], b"", stream[cut:]]) == [message("a"), message("b\nc")]
    assert decode(pieces_of(stream, 1)) == [message("a"), message("b\nc")]


OTHER_BREAKS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"


@pytest.mark.parametrize("char", OTHER_BREAKS, ids=lambda char: f"U+{ord(char):04X}")
def test_nothing_else_ends_a_line(char: str) -> None:
    """One event with the character in its data, though str.splitlines would split there."""
    text = f"a{char}data: b{char}{char}c"
    assert decode([f"data: {text}\n\n".encode()]) == [message(text)]


def test_cr_dispatches_at_once() -> None:
    """The event with the CR of its blank line, and no second blank line from a late LF."""
    decoder = EventDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [message("a")]
    assert decoder.pending == b""
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: b\r") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"\n") == [message("b")]


def test_events_come_with_the_byte_that_ends_them() -> None:
    """Each event from the feed of its last byte, none held back for the next."""
    stream = b"data: a\n\ndata: b\n\n"
    decoder = EventDecoder()
    found = [decoder.feed(piece) for piece in pieces_of(stream, 1)]
    assert {at: events for at, events in enumerate(found) if events} == {
        8: [message("a")],
        17: [message("b")],
    }


def test_byte_order_mark_is_dropped_once() -> None:
    """The first event of a stream with a leading mark, wherever the mark is cut."""
    stream = BYTE_ORDER_MARK + b"data: a\n\ndata: " + BYTE_ORDER_MARK + b"b\n\n"
    for cut in range(len(stream) + 1):
        assert decode([stream[:cut], b"", stream[cut:]]) == [message("a"), message("\ufeffb")]


@pytest.mark.parametrize(
    "stream",
    [
        BYTE_ORDER_MARK * 2 + b"data: a\n\n",
        b"\n" + BYTE_ORDER_MARK + b"data: a\n\n",
        b"data: b\n" + BYTE_ORDER_MARK + b"data: a\n\n",
        BYTE_ORDER_MARK[:2] + b"data: a\n\n",
    ],
    ids=["twice", "after-a-blank-line", "on-the-second-line", "cut-short"],
)
def test_other_byte_order_marks_stay(stream: bytes) -> None:
    """No data from a line whose field name opens with a mark, or with part of one."""
    assert [event.data for event in decode([stream])] == ["b"] * stream.count(b"b")
    assert decode(pieces_of(stream, 1)) == decode([stream])


# --- Fields ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "data"),
    [
        (b"data: a", "a"),
        (b"data:a", "a"),
        (b"data:  a ", " a "),
        (b"data:\ta", "\ta"),
        (b"data: a: b", "a: b"),
        (b"data", ""),
        (b"data:", ""),
        (b"data: ", ""),
        (b"data\ndata", "\n"),
        (b"data: a\ndata:\ndata: b", "a\n\nb"),
        (b"data: a\nother: b\njunk\ndata: c", "a\nc"),
        (b"data: a\nDATA: b\n data: c\ndata : d\ndatab: e", "a"),
        (b": b\ndata: a\n:\n:data: c", "a"),
        (b"data: \0", "\0"),
    ],
)
def test_data(block: bytes, data: str) -> None:
    """The values of the data fields, joined by line feeds, one space after the colon dropped."""
    assert decode([block + b"\n\n"]) == [message(data)]


@pytest.mark.parametrize(
    "block",
    [b"", b": a", b"event: a", b"id: 1", b"retry: 1", b"a", b"event: a\nid: 1\n: b"],
)
def test_block_without_data(block: bytes) -> None:
    """No event, and nothing of its type or retry in the next one."""
    events = decode([block + b"\n\ndata: b\n\n"])
    assert [(event.event, event.data, event.retry) for event in events] == [("message", "b", None)]


@pytest.mark.parametrize(
    ("block", "event_type"),
    [
        (b"event: a\ndata: x", "a"),
        (b"data: x\nevent:a", "a"),
        (b"event: a\nevent: b\ndata: x", "b"),
        (b"event: a\nevent\ndata: x", "message"),
        (b"event:  a\ndata: x", " a"),
        (b"event: \xe2\x82\xac\ndata: x", "\N{EURO SIGN}"),
    ],
)
def test_event_type(block: bytes, event_type: str) -> None:
    """The last type that the block names, and the default again in the next block."""
    events = decode([block + b"\n\ndata: x\n\n"])
    assert [event.event for event in events] == [event_type, "message"]


def test_id_lasts_until_the_next() -> None:
    """The last event ID at each dispatch: kept by later blocks, set and emptied without data."""
    stream = (
        b"data: a\n\n"
        b"id: 1\ndata: b\n\n"
        b"data: c\n\n"
        b"id: 2\n\n"
        b"data: d\n\n"
        b"data: e\nid: 3\nid: 4\n\n"
        b"id\ndata: f\n\n"
        b"data: g\n\n"
    )
    assert [(event.data, event.id) for event in decode([stream])] == [
        ("a", ""),
        ("b", "1"),
        ("c", "1"),
        ("d", "2"),
        ("e", "4"),
        ("f", ""),
        ("g", ""),
    ]


def test_id_with_null_is_ignored() -> None:
    """The ID before it, since one with U+0000 does not count."""
    stream = b"id: 1\nid: 2\0\ndata: a\n\nid: \0\ndata: b\n\n"
    assert decode([stream]) == [message("a", "1"), message("b", "1")]


@pytest.mark.parametrize(
    ("value", "retry"),
    [
        (b": 10", 10),
        (b":010", 10),
        (b": 0", 0),
        (b"", None),
        (b":", None),
        (b": ", None),
        (b":  1", None),
        (b": 1 ", None),
        (b": +1", None),
        (b": -1", None),
        (b": 1.5", None),
        (b": 1_0", None),
        (b": 0x1", None),
        (b": 1s", None),
        (b": \xd9\xa1", None),
        (b": \xc2\xb2", None),
        (b": " + b"9" * 640, 10**640 - 1),
        (b": " + b"9" * 10_000, None),
    ],
    ids=lambda value: repr(value)[:16],
)
def test_retry(value: bytes, retry: int | None) -> None:
    """The number, of ASCII digits and of a sane length only, in its own block's event only."""
    stream = b"retry" + value + b"\ndata: a\n\ndata: b\n\n"
    assert decode([stream]) == [message("a", retry=retry), message("b")]


def test_invalid_retry_leaves_the_one_before() -> None:
    """The last number which is one."""
    assert decode([b"retry: 1\nretry: 2\nretry: x\ndata: a\n\n"]) == [message("a", retry=2)]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\xffb", "a\ufffdb"),
        (b"a\xe2\x82", "a\ufffd"),
        (b"\xe2\x82\ndata: \xac", "\ufffd\n\ufffd"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"\xc0\x80", "\ufffd\ufffd"),
    ],
)
def test_invalid_utf_8_is_replaced(data: bytes, text: str) -> None:
    """U+FFFD for what is not UTF-8, and the line ends beside it where they were."""
    stream = b"data: " + data + b"\n\n"
    assert decode([stream]) == [message(text)]
    assert decode(pieces_of(stream, 1)) == [message(text)]


def test_characters_may_be_cut() -> None:
    """Whole characters, from bytes fed one at a time."""
    text = "\u00e9\u20ac\U0001f600"
    stream = f"event: {text}\nid: {text}\ndata: {text}\n\n".encode()
    assert decode(pieces_of(stream, 1)) == [ServerSentEvent(text, text, text, None)]


# --- What is left at the end -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "pending"),
    [
        (b"", b""),
        (b"data: a\n\n", b""),
        (b"data: a\r\n\r\n\r\n\n", b""),
        (b"data: a\n\n: bye", b""),
        (b"data: a\n\n: bye\n", b""),
        (b"da", b"da"),
        (b"data: a\n\ndata: b", b"data: b"),
        (b"data: a\n\ndata: b\n", b"data: b\n"),
        (b"data: a\r\n\r\nevent: b\r\ndata: c\r\n: d\r\ndata: \xe2\x82", None),
        (b'{"error": {\n "code": 1}}\n', b'{"error": {\n "code": 1}}\n'),
        (BYTE_ORDER_MARK + b"data: a", b"data: a"),
        (BYTE_ORDER_MARK, b""),
        (BYTE_ORDER_MARK[:2], BYTE_ORDER_MARK[:2]),
    ],
)
def test_pending(stream: bytes, pending: bytes | None) -> None:
    """The bytes of the unfinished event, comments aside, however the stream was cut."""
    if pending is None:
        pending = b"event: b\ndata: c\ndata: \xe2\x82"
    for pieces in ([stream], pieces_of(stream, 1), pieces_of(stream, 3)):
        decoder = EventDecoder()
        for piece in pieces:
            decoder.feed(piece)
        assert decoder.pending == pending


def test_pending_takes_nothing_away() -> None:
    """The whole event, though pending was looked at before every byte."""
    decoder = EventDecoder()
    events: list[ServerSentEvent] = []
    for at, piece in enumerate(pieces_of(b"data: abc\n\n", 1)):
        assert decoder.pending == b"data: abc\n"[:at]
        events += decoder.feed(piece)
    assert events == [message("abc")]


def test_event_is_immutable() -> None:
    """An AttributeError from setting a member of an event, or one it has not got."""
    event = message("a")
    with pytest.raises(AttributeError):
        event.data = "b"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError):
        event.other = "b"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


# --- Any bytes at all ------------------------------------------------------------------------


SYNTAX = [
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b":", b" ", b": ", b"\0"),
    *(b"data", b"data: ", b"data:", b"event: ", b"id: ", b"id", b"retry: ", b"a", b"12"),
    *(BYTE_ORDER_MARK, b"\xef", b"\xbb", b"\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"\v", b"\xff"),
]
streams = st.lists(st.sampled_from(SYNTAX) | st.binary(max_size=4), max_size=40).map(b"".join)
any_stream = settings(max_examples=300, deadline=None)


@any_stream
@given(streams)
def test_agrees_with_the_standard(stream: bytes) -> None:
    """The slow parser's events, from any bytes."""
    assert decode([stream]) == reference_events(stream)


@any_stream
@given(streams, st.lists(st.integers(0, 100)))
def test_cuts_change_nothing(stream: bytes, cuts: list[int]) -> None:
    """The events and the rest of the uncut stream, from any bytes with any cuts."""
    whole, cut = EventDecoder(), EventDecoder()
    edges = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    events = [event for piece in pieces for event in cut.feed(piece)]
    assert events == whole.feed(stream)
    assert cut.pending == whole.pending


@any_stream
@given(streams)
def test_events_are_never_held_back(stream: bytes) -> None:
    """After each byte, just the events of the bytes so far: none late, none taken back."""
    decoder = EventDecoder()
    events: list[ServerSentEvent] = []
    for at, piece in enumerate(pieces_of(stream, 1), start=1):
        events += decoder.feed(piece)
        assert events == reference_events(stream[:at])


@any_stream
@given(streams)
def test_pending_holds_the_whole_unfinished_event(stream: bytes) -> None:
    """The data which a blank line would have dispatched, from the pending bytes alone."""
    decoder = EventDecoder()
    decoder.feed(stream)
    # The line feed before them keeps a byte order mark from opening the second stream.
    lost = decode([b"\n", decoder.pending, b"\n\n"])
    assert [event.data for event in lost] == [event.data for event in decoder.feed(b"\n\n")]


# --- Work ------------------------------------------------------------------------------------


def work(pieces: list[bytes]) -> tuple[int, int]:
    """Return the calls made and the bytes allocated while a decoder takes these pieces.

    The allocations between any two calls are summed, those freed at once included, so that
    copying the rest of a buffer for each piece or event shows as work that grows with the square.
    """
    calls = allocated = before = 0

    def tally(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls, allocated, before
        now, peak = tracemalloc.get_traced_memory()
        calls += 1
        allocated += peak - before
        before = now
        tracemalloc.reset_peak()

    decoder = EventDecoder()
    profiler = sys.getprofile()
    tracemalloc.start()
    try:
        sys.setprofile(tally)
        for piece in pieces:
            decoder.feed(piece)
    finally:
        sys.setprofile(profiler)
        tracemalloc.stop()
    return calls, allocated


@pytest.mark.parametrize("size", [1, 100, sys.maxsize], ids=["by-bytes", "by-pieces", "at-once"])
@pytest.mark.parametrize(
    ("head", "unit", "tail"),
    [
        (b"data: ", b"x" * 10, b"\n\n"),
        (b": ", b"x" * 10, b"\n\n"),
        (b"", b"data: x\n", b"\n"),
        (b"", b"data: x\r\n", b"\r\n"),
        (b"", b"data: x\n\n", b""),
        (b"", b"data: x\r\n\r\n", b""),
        (b"", b"event: x\ndata: x\n\n", b""),
    ],
    ids=["line", "comment", "lines", "lines-CRLF", "events", "events-CRLF", "named-events"],
)
def test_work_is_linear(head: bytes, unit: bytes, tail: bytes, size: int) -> None:
    """About four times the work for four times the stream; the square would be sixteen times."""
    calls, allocated = work(pieces_of(head + unit * 300 + tail, size))
    more_calls, more_allocated = work(pieces_of(head + unit * 1200 + tail, size))
    assert more_calls <= 5 * calls
    assert more_allocated <= 6 * allocated


@pytest.mark.parametrize(
    "pieces",
    [
        [b"id: 1\ndata: ", b"x" * 1000, b"\r\n", b": x\n", b"\r\n"],
        [b": keep-alive\n"],
        [b": ", b"x" * 1000, b"\r\n"],
        [b"event: x\r\r"],
    ],
    ids=["events", "comments", "cut-comments", "no-data"],
)
def test_memory_stays_flat(pieces: list[bytes]) -> None:
    """No more held after a thousand rounds of the same than after the first hundred."""
    decoder = EventDecoder()
    # What other threads allocate meanwhile is none of the decoder's.
    of_the_decoder = tracemalloc.Filter(inclusive=True, filename_pattern=inspect.getfile(EventDecoder))

    def held_after(rounds: int) -> int:
        for _ in range(rounds):
            for piece in pieces:
                decoder.feed(piece)
        snapshot = tracemalloc.take_snapshot().filter_traces([of_the_decoder])
        return sum(trace.size for trace in snapshot.traces)

    tracemalloc.start()
    try:
        first = held_after(100)
        assert held_after(900) <= first + 500
    finally:
        tracemalloc.stop()
