"""Heads of HTTP messages: what is written, what is read wherever it is cut, and what is refused."""

from contextlib import suppress
from time import process_time

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opper_chat._transport.message_headers import (
    HeaderError,
    HeaderLimitError,
    RequestHeaderError,
    ResponseHead,
    ResponseHeaderParser,
    serialize_request_headers,
)

OK = b"HTTP/1.1 200 OK\r\n"
MAX_BYTES = 100 * 1024


def read(data: bytes, size: int = 0) -> tuple[ResponseHead | None, bytes]:
    """Read headers from bytes that come so many at a time, and return them with the bytes after them."""
    reader = ResponseHeaderParser(MAX_BYTES)
    for start in range(0, len(data), size or len(data)):
        reader.feed(data[start : start + (size or len(data))])
        headers = reader.next_headers()
        if headers is not None:
            return headers, reader.trailing_data() + data[start + (size or len(data)) :]
    return None, b""


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("line", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_headers_cut_anywhere(size: int, line: bytes) -> None:
    """With its headers as they came, wherever it is cut and however its lines end; in LF alone, it is the last."""
    data = line.join(
        [b"HTTP/1.1 404 Not  Found", b"X-One:  a b ", b"x-two:", b"X-ONE:\tc\xff", b"Content-Length: 3", b"", b""]
    )
    headers, rest = read(data + b"abc", size)
    fields = [(b"X-One", b"a b"), (b"x-two", b""), (b"X-ONE", b"c\xff"), (b"Content-Length", b"3")]
    assert headers == ResponseHead(
        404, b"1.1", b"Not  Found", fields, chunked=False, length=3, keep_alive=line == b"\r\n"
    )
    assert rest == b"abc"


@pytest.mark.parametrize(
    ("data", "chunked", "length", "keep_alive"),
    [
        (OK, False, None, True),
        (b"HTTP/1.1 200\r\n", False, None, True),
        (b"HTTP/1.1 200 \r\n", False, None, True),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive\r\n", False, 3, False),
        (OK + b"content-length: 3\r\ncontent-length: 3\r\n", False, 3, True),
        (OK + b"content-length: 3 , 3\r\n", False, 3, True),
        (OK + b"transfer-encoding: Chunked\r\n", True, None, True),
        (OK + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n", True, 3, False),
        (OK + b"content-length: 3\r\ntransfer-encoding: chunked\r\n", True, 3, False),
        (OK + b"connection: Close\r\n", False, None, False),
        (OK + b"connection: x\r\nconnection: y, close\r\nconnection: z\r\n", False, None, False),
        (OK + b"connection: closed\r\n", False, None, True),
        (OK + b"x: a\r\n connection: close\r\n", False, None, True),
        (OK + b"connection: keep-alive, close\r\n", False, None, False),
        (OK + b"connection:\r\n close\r\n", False, None, False),
        (b"HTTP/1.1 200 OK\ncontent-length: 3\r\n", False, 3, False),
        (OK + b"content-length: 3\n", False, 3, False),
        (OK + b"content-length: 003\r\n", False, 3, True),
        (b"HTTP/1.1 204 No Content\r\n", False, None, True),
        (b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n", False, 0, True),
        (b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n", False, 5, False),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n", False, 5, False),
        (b"HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n", True, None, False),
        (b"HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n", False, 5, False),
    ],
)
def test_how_a_body_is_framed(data: bytes, chunked: bool, length: int | None, keep_alive: bool) -> None:
    """And whether another request may follow: not where two servers could read two lengths."""
    headers, _ = read(data + b"\r\n")
    assert headers is not None
    assert (headers.chunked, headers.length, headers.keep_alive) == (chunked, length, keep_alive)


def test_a_value_over_several_lines() -> None:
    """Is one value."""
    headers, _ = read(OK + b"x: a\r\n  b\r\n\tc\r\ny: d\r\n\r\n")
    assert headers is not None
    assert headers.fields == [(b"x", b"a b c"), (b"y", b"d")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\r\n",
        b"HTTP/1.1 20 OK\r\n",
        b"HTTP/1.1 2000 OK\r\n",
        b"HTTP/1.1 099 OK\r\n",
        b"HTTP/1.1  200 OK\r\n",
        b"HTTP/11 200 OK\r\n",
        b"http/1.1 200 OK\r\n",
        b"HTTP/0.9 200 OK\r\n",
        b"HTTP/1.2 200 OK\r\n",
        b"HTTP/2.0 200 OK\r\n",
        b"HTTP/5.6 200 OK\r\n",
        b"HTTP/2 200 OK\r\n",
        b" HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 O\x00K\r\n",
        b"HTTP/1.1 200 O\rK\r\n",
        OK + b" x: a\r\n",
        OK + b"x\r\n",
        OK + b": a\r\n",
        OK + b"x : a\r\n",
        OK + b"x y: a\r\n",
        OK + b"x\xe9: a\r\n",
        OK + b"x: a\x00b\r\n",
        OK + b"x: a\rb\r\n",
        OK + b"x: a\r\r\n",
        OK + b"content-length: 3\r\ncontent-length: 4\r\n",
        OK + b"content-length: 3, 4\r\n",
        OK + b"content-length:\r\n",
        OK + b"content-length: +3\r\n",
        OK + b"content-length: 0x3\r\n",
        OK + b"content-length: 1_0\r\n",
        OK + b"content-length: \xb2\r\n",
        OK + b"content-length: " + b"1" * 21 + b"\r\n",
        OK + b"transfer-encoding: gzip\r\n",
        OK + b"transfer-encoding: gzip, chunked\r\n",
        OK + b"transfer-encoding: chunked, identity\r\n",
        OK + b"transfer-encoding: identity\r\ncontent-length: 3\r\n",
        OK + b"transfer-encoding:\r\n",
        OK + b"transfer-encoding: ,\r\n",
        OK + b"transfer-encoding: chunked\r\n abc\r\n",
        OK + b"transfer-encoding: chunked\r\ncontent-length: x\r\n",
        OK + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
    ],
)
def test_what_are_no_headers(data: bytes) -> None:
    """Is refused, in words that have none of its own."""
    with pytest.raises(HeaderError) as caught:
        read(data + b"\r\n" if data else b"\r\n\r\n")
    assert "nonsense" not in str(caught.value)


def test_informational_responses() -> None:
    """Come before the other, each by itself."""
    reader = ResponseHeaderParser()
    reader.feed(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + OK + b"\r\nrest")
    found = [reader.next_headers(), reader.next_headers()]
    assert [headers.status_code for headers in found if headers] == [103, 200]
    assert reader.trailing_data() == b"rest"


@pytest.mark.parametrize(
    "filler",
    [
        b"x",
        b"x: a\r\n",
        b"a\n ",
        b" ",
        b"a:" + b" " * 50_000 + b"\r",
        b"\r",
        b"\n\t",
        b"content-length: 1,\r\n",
        b"x\r\n ",
    ],
)  # fmt: skip
def test_long_headers(filler: bytes) -> None:
    """Costs no more than it is long, however it comes, and is refused where it does not end."""
    long = OK + b"y: b" + filler * (MAX_BYTES // len(filler))
    began = process_time()
    with suppress(HeaderError, HeaderLimitError):
        read(long + b"\r\n\r\n", 16)
    with pytest.raises(HeaderLimitError, match="max_header_bytes"):
        read(long * 2, 16)
    assert process_time() - began < 1


@given(st.binary(max_size=120), st.integers(1, 5))
def test_no_bytes_raise_anything_else(data: bytes, size: int) -> None:
    """Nor does the cutting change what they are."""
    outcomes: list[object] = []
    for each in (size, 1000):
        try:
            outcomes.append(read(OK + data + b"\r\n\r\n", each)[0])
        except HeaderError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


HEADERS = [(b"Host", b"a.example"), (b"x-empty", b""), (b"X-Tab", b"a\tb c"), (b"Content-Length", b"3")]


def test_a_head_that_is_written() -> None:
    """Is read by another parser as what was asked."""
    headers = serialize_request_headers("POST", b"/v1/chat?a=b%20c", HEADERS, 3)
    server = h11.Connection(h11.SERVER)
    server.receive_data(headers.data + b"abc")
    asked = server.next_event()
    assert isinstance(asked, h11.Request)
    assert (asked.method, asked.target, asked.headers.raw_items()) == (b"POST", b"/v1/chat?a=b%20c", HEADERS)
    body, end = server.next_event(), server.next_event()
    assert isinstance(body, h11.Data)
    assert (bytes(body.data), type(end), server.trailing_data[0]) == (b"abc", h11.EndOfMessage, b"")
    assert not headers.closes


def test_asking_for_the_end_of_the_connection() -> None:
    assert serialize_request_headers("POST", b"/", [*HEADERS, (b"Connection", b"x, Close")], 3).closes


@pytest.mark.parametrize(
    ("method", "target", "header", "length"),
    [
        ("PO ST", b"/", (b"x", b"a"), 3),
        ("P\xd6ST", b"/", (b"x", b"a"), 3),
        ("POST", b"/a b", (b"x", b"a"), 3),
        ("POST", b"/\r\nx: a", (b"x", b"a"), 3),
        ("POST", b"", (b"x", b"a"), 3),
        ("POST", b"/", (b"x y", b"a"), 3),
        ("POST", b"/", (b"x:", b"a"), 3),
        ("POST", b"/", (b"", b"a"), 3),
        ("POST", b"/", (b"x", b"secret\r\ny: b"), 3),
        ("POST", b"/", (b"x", b"secret\n"), 3),
        ("POST", b"/", (b"x", b"secret\x00"), 3),
        ("POST", b"/", (b"x", b" secret"), 3),
        ("POST", b"/", (b"x", b" "), 3),
        ("POST", b"/", (b"x", b" \t"), 3),
        ("POST", b"/", (b"content-length", b"4"), 3),
        ("POST", b"/", (b"transfer-encoding", b"chunked"), 3),
        ("POST", b"/", (b"x", b"a"), 4),
    ],
)
def test_what_is_not_written(method: str, target: bytes, header: tuple[bytes, bytes], length: int) -> None:
    """Whatever would be read as more or other than was asked, and no value is in the words."""
    with pytest.raises(RequestHeaderError) as caught:
        serialize_request_headers(method, target, [*HEADERS, header], length)
    assert "secret" not in str(caught.value)


def test_a_body_whose_length_is_not_said() -> None:
    """Is refused, but for none."""
    with pytest.raises(RequestHeaderError, match="missing"):
        serialize_request_headers("POST", b"/", HEADERS[:3], 3)
    assert serialize_request_headers("GET", b"/", HEADERS[:3], 0).data.endswith(b"c\r\n\r\n")
