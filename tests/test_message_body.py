"""The framing of HTTP/1.1 bodies: every cut, what is wrong, and the work that it takes."""

import tracemalloc
from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opper_chat._transport.message_body import (
    MAX_LINE_BYTES,
    MAX_TRAILER_BYTES,
    BodyError,
    BodyParser,
    ChunkedParser,
    CloseDelimitedParser,
    ContentLengthParser,
)


def framed(pieces: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    """Return pieces as a chunked body (RFC 9112 section 7.1)."""
    chunks = [b"%X%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces if piece]
    return b"".join(chunks) + b"0\r\n" + trailer + b"\r\n"


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut bytes into pieces of the sizes in turn."""
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[at : at + size])
        at += size
    return pieces


def read(body: BodyParser, pieces: list[bytes]) -> bytes:
    """Return what of the pieces is the body's."""
    given: list[bytes] = []
    for piece in pieces:
        given.append(body.feed(piece))
        if body.error is not None:
            raise body.error
    return b"".join(given)


@settings(max_examples=300)
@given(
    st.lists(st.binary(max_size=40), max_size=6),
    st.sampled_from([b"", b";name=value", b' ; quoted="a;b"']),
    st.sampled_from([b"", b"x-checksum: 1\r\n", b"a: 1\r\nb: 2\r\n"]),
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n"]),
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
)
def test_a_chunked_body_cut_anywhere(
    pieces: list[bytes], extension: bytes, trailer: bytes, behind: bytes, sizes: list[int]
) -> None:
    """The pieces, and what stands behind the body is not of it."""
    body = ChunkedParser()
    whole = framed(pieces, extension, trailer)
    assert read(body, cut(whole[:-1], sizes)) == b"".join(pieces)
    assert not body.ended
    assert body.feed(whole[-1:] + behind) == b""
    assert (body.ended, body.trailing_data) == (True, behind)
    body.feed_eof()


@pytest.mark.parametrize(
    "data",
    [
        b"x\r\n", b"-1\r\n", b"+1\r\n", b"1_0\r\n", b"0x1\r\n", b" 1\r\n", b"\r\n", b"1" * 17 + b"\r\n", b"1 1\r\n",
        b"2\r\nabXX", b"2\r\nab\rX", b"2\r\nab\n\n", b"2\r\nabc\r\n", b"1\nab\r\n",
        b"0x1\r\na\r\n0\r\n\r\n", b"0X1\r\na\r\n0\r\n\r\n", b"a" * (MAX_LINE_BYTES + 1),
        b"1;" + b"a" * MAX_LINE_BYTES, b"1;a\x00\r\n", b"1;a\nb\r\n",
        b"0\r\n" + b"a: b\r\n" * (MAX_TRAILER_BYTES // 6 + 1),
    ],
    ids=lambda data: repr(data[:12]),
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_what_is_no_chunked_body(data: bytes, size: int) -> None:
    """Is an error, wherever it is cut, and is never waited for without end."""
    with pytest.raises(BodyError):
        read(ChunkedParser(), cut(data, [size]))


@pytest.mark.parametrize("behind", [b"zz\r\n", b"1\r\ncXX", b"0\r\n" + b"a" * (MAX_LINE_BYTES + 1)])
def test_what_came_before_a_fault_is_handed_out(behind: bytes) -> None:
    """What is wrong behind it is told afterwards, also where all came at once."""
    body = ChunkedParser()
    body.feed(b"1\r\nx\r\n")
    assert body.feed(b"2\r\nab\r\n" + behind).rstrip(b"c") == b"ab"
    assert isinstance(body.error, BodyError)


@pytest.mark.parametrize(
    "trailer",
    [
        b"no field\r\n", b": a\r\n", b"a : b\r\n", b"a b: c\r\n", b" a: b\r\n", b"\ta\r\n", b"a\xe9: b\r\n",
        b"a: b\x00\r\n", b"a: b\rc: d\r\n", b"a: b\nc: d\r\n", b"a: b\r\nHTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n",
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 5, 1_000_000])
def test_trailer_lines_that_are_no_fields_are_refused(trailer: bytes, size: int) -> None:
    """The body is returned first, also where all came at once (RFC 9112 section 7.1.2)."""
    body = ChunkedParser()
    given: list[bytes] = []
    with pytest.raises(BodyError, match="illegal trailer line"):
        for piece in cut(framed([b"ab"], trailer=trailer), [size]):
            given.append(body.feed(piece))
            if body.error is not None:
                raise body.error
    assert b"".join(given) == b"ab"
    assert not body.ended


@pytest.mark.parametrize("trailer", [b"a:\r\n", b"a: b\r\n c\r\n\td\r\nx-1: \xff\r\n", b"content-length: 9\r\n"])
@pytest.mark.parametrize("size", [1, 5, 1_000_000])
def test_trailer_fields_are_read_and_not_kept(trailer: bytes, size: int) -> None:
    """Also over several lines, and also where they are of no use there (RFC 9110 section 6.5.1)."""
    body = ChunkedParser()
    assert read(body, cut(framed([b"ab"], trailer=trailer), [size])) == b"ab"
    assert (body.ended, body.strict, body.trailing_data) == (True, True, b"")


@pytest.mark.parametrize("padded", [b"2 \r\nab\r\n0\r\n\r\n", b"2\r\nab\r\n0\t\r\n\r\n"])
def test_white_space_behind_a_chunk_size_is_read_but_not_strict(padded: bytes) -> None:
    """Old servers pad the size; the grammar has white space there only before an extension (section 7.1.1)."""
    for size in (1, 1_000_000):
        body = ChunkedParser()
        assert read(body, cut(padded, [size])) == b"ab"
        assert (body.ended, body.strict) == (True, False)


@pytest.mark.parametrize("at", range(len(framed([b"abc", b"de"]))))
def test_a_chunked_body_that_is_cut_off(at: int) -> None:
    """What came is handed out, and the end is an error."""
    body = ChunkedParser()
    assert b"abcde".startswith(body.feed(framed([b"abc", b"de"])[:at]))
    with pytest.raises(BodyError, match="incomplete chunked read"):
        body.feed_eof()


def test_a_body_of_a_length() -> None:
    """Its bytes, and what is behind them is not of it."""
    body = ContentLengthParser(5)
    assert (body.feed(b"ab"), body.ended) == (b"ab", False)
    with pytest.raises(BodyError, match="received 2 bytes, expected 5"):
        body.feed_eof()
    assert (body.feed(b"cdeHTTP"), body.ended, body.trailing_data) == (b"cde", True, b"HTTP")
    assert (body.feed(b"/1.1"), body.trailing_data) == (b"", b"HTTP/1.1")
    body.feed_eof()
    assert ContentLengthParser(0).ended


def test_a_body_that_ends_with_its_connection() -> None:
    """Nobody can tell whether it is whole."""
    body = CloseDelimitedParser()
    assert (body.feed(b"ab"), body.ended) == (b"ab", False)
    body.feed_eof()
    assert body.ended


@pytest.mark.parametrize("size", [1, 100, 65536])
def test_work_is_linear(size: int) -> None:
    """About four times the memory moved for four times the body; the square would be sixteen times."""

    def moved(chunks: int) -> int:
        pieces = cut(framed([b"x" * 50] * chunks), [size])
        body, total = ChunkedParser(), 0
        tracemalloc.start()
        try:
            for piece in pieces:
                before = tracemalloc.get_traced_memory()[0]
                tracemalloc.reset_peak()
                body.feed(piece)
                total += tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
        return total

    assert moved(400) <= 6 * moved(100)


LINES = b"".join(b"a%d: %s\r\n" % (number, b"x" * 200) for number in range(250))
COSTLY = {
    "chunks of one byte": framed([b"x"] * 80_000),
    "long extensions": framed([b"x"] * 30, extension=b";" + b"a" * 16_000),
    "many trailer fields": framed([b"x"], trailer=LINES),
    "folded trailer": framed([b"x"], trailer=b"a: b\r\n" + b" c\r\n" * 12_000),
    "a line without an end": b"1;" + b"a" * 20_000,
    "an extension of carriage returns": b"1;" + b"\r" * 20_000,
}


@pytest.mark.parametrize("size", [1, 1000, 1_000_000])
@pytest.mark.parametrize("name", COSTLY)
def test_no_framing_costs_more_than_it_is_long(name: str, size: int) -> None:
    """Each takes less than five microseconds for a byte that comes alone, and far less for many."""
    pieces = cut(COSTLY[name], [size])
    body = ChunkedParser()
    began = process_time()
    with suppress(BodyError):
        for piece in pieces:
            body.feed(piece)
            if body.error is not None:
                raise body.error
    assert process_time() - began < 3


@pytest.mark.parametrize("extension", [b";a", b" ; a = b", b";a;b=c", b';a="x\\"y; z"', b';a="\t\xff"', b";0=!"])
def test_a_chunk_extension_keeps_the_connection(extension: bytes) -> None:
    """A name, and a value that is a token or a quoted string (RFC 9112 section 7.1.1)."""
    body = ChunkedParser()
    assert (body.feed(framed([b"aa"], extension)), body.ended, body.strict) == (b"aa", True, True)


@pytest.mark.parametrize("extension", [b";", b"; ", b";;", b";a;", b";=1", b";a=", b";a ", b";a b", b';a="x', b" "])
def test_an_extension_outside_the_grammar_does_not(extension: bytes) -> None:
    """It is skipped, but another server may have read the framing otherwise."""
    body = ChunkedParser()
    assert (body.feed(framed([b"aa"], extension)), body.ended, body.strict) == (b"aa", True, False)


def test_long_extensions_take_time_in_proportion() -> None:
    """A line of many extensions, or of the beginnings of some."""
    for extension in (b";a" * 8000, b";" + b" " * 16000, b';a="' + b'\\"' * 8000, b";a " * 5000):
        began = process_time()
        ChunkedParser().feed(framed([b"aa"], extension))
        assert process_time() - began < 1
