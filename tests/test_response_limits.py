"""The largest responses that a client accepts, and the content codings that it decodes."""

from __future__ import annotations

import asyncio
import gzip
import json
import pickle
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    APIConnectionError,
    APIResponseValidationError,
    AsyncOpper,
    BadRequestError,
    InternalServerError,
    InvalidArgumentError,
    Opper,
    ResponseLimits,
    ResponseTooLargeError,
    StreamTruncatedError,
)
from opper_chat.testing import LocalServer, Reply, chunk

KEY = "open-" + "sesame" * 3
MIB = 1024 * 1024
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


@pytest.fixture(params=["default", "httpx"])
def settings(request: pytest.FixtureRequest, flavour: Flavour) -> Callable[..., dict[str, Any]]:
    """The settings of a client over its own connections, and over a client of httpx."""

    def build(**limits: Any) -> dict[str, Any]:
        built: dict[str, Any] = {"response_limits": ResponseLimits(**limits)}
        if request.param == "httpx":
            # None of its connections outlives its response: an async client cannot be closed by a test that is not.
            kind = httpx.Client if flavour.kind == "sync" else httpx.AsyncClient
            built["http_client"] = kind(limits=httpx.Limits(max_keepalive_connections=0))
        return built

    return build


Settings = Callable[..., dict[str, Any]]


def completion(text: str = "Hello", **members: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **members}, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


WHOLE = json.dumps(completion()).encode()


def bomb(size: int) -> bytes:
    """Return a gzip body a thousandth of what it decodes to."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(b" " * MIB) for _ in range(size // MIB)]) + packer.flush()


def endless(piece: bytes) -> Iterator[bytes]:
    """Return a body that never ends, in pieces of about 64 KiB."""
    return repeat(piece * (65536 // len(piece) or 1))


def error_of(flavour: Flavour, server: LocalServer, settings: dict[str, Any], **params: Any) -> ResponseTooLargeError:
    with pytest.raises(ResponseTooLargeError) as caught:
        flavour.create(server.base_url, settings, messages=HELLO, **params)
    return caught.value


def test_a_small_body_that_decompresses_to_a_huge_one(
    server: LocalServer, flavour: Flavour, settings: Settings
) -> None:
    """An error that names the limit, after twice the limit of memory at most."""
    server.reply(Reply(headers={**JSON, "content-encoding": "gzip"}, body=bomb(256 * MIB)))
    built = settings(max_body_bytes=8 * MIB)
    tracemalloc.start()
    try:
        error = error_of(flavour, server, built)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (error.limit, error.maximum, error.status_code) == ("max_body_bytes", 8 * MIB, 200)
    assert "max_body_bytes=8,388,608" in str(error)
    assert peak < 2 * 8 * MIB
    assert 0 < len(error.raw_body) <= MIB
    assert len(server.requests) == 1


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_body_without_end(server: LocalServer, flavour: Flavour, settings: Settings, encoding: Any) -> None:
    """The same, and the next call of the client is answered."""
    server.reply(Reply(headers=JSON, body=endless(b" "), encoding=encoding))
    server.reply(Reply.json(completion("again")))
    built = settings(max_body_bytes=MIB)

    def both(client: Opper) -> tuple[str, str | None]:
        with pytest.raises(ResponseTooLargeError) as caught:
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        return caught.value.limit, client.chat.completions.create(messages=HELLO).text  # type: ignore[arg-type]

    async def both_async(client: AsyncOpper) -> tuple[str, str | None]:
        with pytest.raises(ResponseTooLargeError) as caught:
            await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        return caught.value.limit, (await client.chat.completions.create(messages=HELLO)).text  # type: ignore[arg-type]

    work = both if flavour.kind == "sync" else both_async
    assert flavour(work, api_key=KEY, base_url=server.base_url, **built) == ("max_body_bytes", "again")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_an_error_body_without_end(
    server: LocalServer, flavour: Flavour, settings: Settings, packed: bool, stream: bool
) -> None:
    """The error of the status, with the beginning of the body; it names the limit."""
    body: Any = bomb(64 * MIB) if packed else endless(b"x")
    headers = {"content-type": "text/plain", **({"content-encoding": "gzip"} if packed else {})}
    server.reply(Reply(400, headers, body))
    with pytest.raises(BadRequestError, match="max_error_body_bytes=100,000") as caught:
        flavour.create(server.base_url, settings(max_error_body_bytes=100_000), messages=HELLO, stream=stream)
    assert 0 < len(caught.value.raw_body) <= 100_000


def test_an_error_body_in_an_unknown_coding(server: LocalServer, flavour: Flavour, settings: Settings) -> None:
    """The error of the status, which names the coding and has the bytes as they came."""
    server.reply(Reply(500, {**JSON, "content-encoding": "br"}, b"\x0b\x02\x80"))
    with pytest.raises(InternalServerError, match="content coding 'br'") as caught:
        flavour.create(server.base_url, settings(), messages=HELLO)
    assert caught.value.raw_body == b"\x0b\x02\x80"


def test_a_stream_without_end(server: LocalServer, flavour: Flavour, settings: Settings) -> None:
    """The chunks up to the limit, then an error that names it and has the completion so far."""
    event = b"data: " + json.dumps(chunk("word ")).encode() + b"\n\n"
    server.reply(Reply(headers=SSE, body=endless(event)))
    chunks, error = flavour.chunks(server.base_url, settings(max_stream_bytes=300_000), messages=HELLO)
    assert isinstance(error, ResponseTooLargeError)
    assert error.limit == "max_stream_bytes"
    assert len(chunks) == error.chunks_received > 100
    assert error.partial is not None
    assert error.partial.text == "word " * len(chunks)


@pytest.mark.parametrize(
    "piece",
    [b"data: xxxxxxxxxx", b"data: x\n", b"data: x\r", b"event: x\n", b"x"],
    ids=["one-line", "many-lines", "cr", "no-data", "no-field"],
)
def test_an_event_without_end(server: LocalServer, flavour: Flavour, settings: Settings, piece: bytes) -> None:
    """An error that names the limit, however the event is cut into lines, after the chunks before it."""
    first = b"data: " + json.dumps(chunk("Hi")).encode() + b"\n\n"
    server.reply(Reply(headers=SSE, body=(part for body in ([first], endless(piece)) for part in body)))
    chunks, error = flavour.chunks(server.base_url, settings(max_event_bytes=MIB), messages=HELLO)
    assert isinstance(error, ResponseTooLargeError)
    assert (error.limit, len(chunks)) == ("max_event_bytes", 1)
    assert error.partial is not None
    assert error.partial.text == "Hi"


def test_comments_without_end_are_no_event(server: LocalServer, flavour: Flavour) -> None:
    """They count as part of the stream alone."""
    pings = [b": " + b"x" * 1000 + b"\n\n"] * 100
    server.reply(Reply(headers=SSE, body=[*pings, *_events([chunk("Hi", finish_reason="stop"), "[DONE]"])]))
    limits = {"response_limits": ResponseLimits(max_event_bytes=2000)}
    chunks, error = flavour.chunks(server.base_url, limits, messages=HELLO)
    assert (len(chunks), error) == (1, None)


def _events(events: list[Any]) -> list[bytes]:
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return [f"data: {text}\n\n".encode() for text in texts]


def test_json_without_end_where_a_stream_was_asked_for(server: LocalServer, flavour: Flavour) -> None:
    """Is bounded as a plain reply is."""
    server.reply(Reply(headers=JSON, body=endless(b" ")))
    chunks, error = flavour.chunks(
        server.base_url, {"response_limits": ResponseLimits(max_body_bytes=200_000)}, messages=HELLO
    )
    assert chunks == []
    assert isinstance(error, ResponseTooLargeError)
    assert error.limit == "max_body_bytes"


CALL = {"id": "call", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("limit", "body"),
    [
        ("max_choices", {**completion(), "choices": [{**completion()["choices"][0], "index": i} for i in range(6)]}),
        ("max_tool_calls", completion(tool_calls=[CALL] * 6)),
    ],
)
def test_too_many_parts_of_a_reply(
    server: LocalServer, flavour: Flavour, settings: Settings, limit: str, body: dict[str, Any]
) -> None:
    """An error that names the limit and has the body; as many as the limit are accepted."""
    server.reply(Reply.json(body))
    error = error_of(flavour, server, settings(**{limit: 5}))
    assert error.limit == limit
    assert json.loads(error.raw_body) == body
    server.reply(Reply.json(body))
    assert flavour.create(server.base_url, settings(**{limit: 6}), messages=HELLO).id == "c"


def _tool_delta(index: int) -> dict[str, Any]:
    call = {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return chunk(delta={"tool_calls": [call]})


@pytest.mark.parametrize(
    ("limit", "events"),
    [
        ("max_choices", [chunk("x", index=index) for index in range(6)]),
        ("max_choices", [{**chunk("x"), "choices": [chunk("x", index=i)["choices"][0] for i in range(6)]}]),
        ("max_tool_calls", [_tool_delta(index) for index in range(6)]),
        ("max_tool_calls", [chunk(delta={"tool_calls": [{**CALL, "index": index} for index in range(6)]})]),
    ],
    ids=["choices", "choices-at-once", "calls", "calls-at-once"],
)
def test_too_many_parts_of_a_stream(
    server: LocalServer, flavour: Flavour, settings: Settings, limit: str, events: list[Any]
) -> None:
    """The chunks before, then an error that names the limit; as many as the limit are accepted."""
    whole = [*events, *(chunk(index=index, finish_reason="stop") for index in range(6)), "[DONE]"]
    server.reply(Reply.sse(whole))
    chunks, error = flavour.chunks(server.base_url, settings(**{limit: 5}), messages=HELLO)
    assert isinstance(error, ResponseTooLargeError)
    assert error.limit == limit
    assert len(chunks) == (5 if len(events) == 6 else 0)
    server.reply(Reply.sse(whole))
    chunks, error = flavour.chunks(server.base_url, settings(**{limit: 6}), messages=HELLO)
    assert (len(chunks), error) == (len(whole) - 1, None)


@pytest.mark.parametrize(
    ("limit", "begin", "piece"),
    [
        ("max_header_bytes", b"HTTP/1.1 200 OK\r\n", b"x-filler: x\r\n"),
        ("max_header_bytes", b"HTTP/1.1 200 ", b"x"),
        ("max_informational_responses", b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        ("max_informational_responses", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_a_head_without_end(server: LocalServer, flavour: Flavour, limit: str, begin: bytes, piece: bytes) -> None:
    """An error that names the limit, after one request."""
    server.reply(Reply.raw(part for body in ([begin], endless(piece)) for part in body if part))
    error = error_of(flavour, server, {"max_retries": 2})
    assert error.limit == limit
    assert len(server.requests) == 1


def test_a_long_head_that_ends(server: LocalServer, flavour: Flavour) -> None:
    """Is refused above the limit, however it comes, and read below it."""
    head = b"HTTP/1.1 200 OK\r\nx-filler: " + b"x" * 3000 + b"\r\ncontent-length: %d\r\n\r\n" % len(WHOLE)
    for maximum in (None, len(head)):
        server.reply(Reply.raw([head + WHOLE]))
        limits = {"response_limits": ResponseLimits(max_header_bytes=maximum)}
        assert flavour.create(server.base_url, limits, messages=HELLO).text == "Hello"
    server.reply(Reply.raw([head + WHOLE]))
    limits = {"response_limits": ResponseLimits(max_header_bytes=len(head) - 1)}
    assert error_of(flavour, server, limits).limit == "max_header_bytes"


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(WHOLE)),
        ("GZIP", gzip.compress(WHOLE)),
        ("x-gzip", gzip.compress(WHOLE)),
        ("identity, gzip", gzip.compress(WHOLE)),
        ("gzip", gzip.compress(WHOLE[:20]) + gzip.compress(b"") + gzip.compress(WHOLE[20:])),
        ("gzip", gzip.compress(WHOLE) + b"\0" * 20),
        ("deflate", zlib.compress(WHOLE)),
        ("deflate", _deflated(WHOLE)),
        ("identity", WHOLE),
        ("", WHOLE),
    ],
    ids=["gzip", "capitals", "x-gzip", "identity-gzip", "members", "padded", "zlib", "bare", "identity", "empty"],
)
def test_content_codings(
    server: LocalServer, flavour: Flavour, settings: Settings, coding: str, body: bytes, size: int
) -> None:
    """Each is decoded, wherever the bytes are cut."""
    pieces: Any = [body[at : at + size] for at in range(0, len(body), size)] if size else body
    server.reply(Reply(headers={**JSON, "content-encoding": coding}, body=pieces))
    assert flavour.create(server.base_url, settings(), messages=HELLO).text == "Hello"


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "aes128gcm", "gzip, br"])
def test_a_coding_that_is_not_decoded(server: LocalServer, flavour: Flavour, settings: Settings, coding: str) -> None:
    """Is named by the error, which is not retried; neither is it asked for."""
    for stream in (False, True):
        server.reply(Reply(headers={**JSON, "content-encoding": coding}, body=b"\x28\xb5\x2f\xfd"))
        built = {**settings(max_content_codings=2), "max_retries": 2}
        with pytest.raises(APIResponseValidationError, match=f"content coding '{coding.rpartition(' ')[2]}'") as caught:
            if stream:
                _, error = flavour.chunks(server.base_url, built, messages=HELLO)
                assert error is not None
                raise error
            flavour.create(server.base_url, built, messages=HELLO)
        assert caught.value.raw_body == b"\x28\xb5\x2f\xfd"
    assert len(server.requests) == 2
    assert [request.headers["accept-encoding"] for request in server.requests] == ["gzip, deflate"] * 2


def test_a_coding_over_a_coding(server: LocalServer, flavour: Flavour, settings: Settings) -> None:
    """Is refused, unless the limit allows it."""
    reply = Reply(headers={**JSON, "content-encoding": "gzip, deflate"}, body=zlib.compress(gzip.compress(WHOLE)))
    server.reply(reply)
    assert error_of(flavour, server, settings()).limit == "max_content_codings"
    server.reply(reply)
    assert flavour.create(server.base_url, settings(max_content_codings=2), messages=HELLO).text == "Hello"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_data_without_its_end(
    server: LocalServer, flavour: Flavour, settings: Settings, coding: str
) -> None:
    """Is an incomplete body, plain or streamed, though the body is framed as a whole one."""
    packed = (gzip.compress(WHOLE) if coding == "gzip" else zlib.compress(WHOLE))[:-6]
    server.reply(Reply(headers={**JSON, "content-encoding": coding}, body=packed))
    with pytest.raises(APIConnectionError, match="before its compressed data"):
        flavour.create(server.base_url, settings(), messages=HELLO)
    events = b"".join(_events([chunk("Hi")]))
    packed = (gzip.compress(events) if coding == "gzip" else zlib.compress(events))[:-4]
    server.reply(Reply(headers={**SSE, "content-encoding": coding}, body=packed))
    chunks, error = flavour.chunks(server.base_url, settings(), messages=HELLO)
    assert len(chunks) == 1
    assert isinstance(error, StreamTruncatedError)


def test_a_client_that_asks_for_one_coding_keeps_it(server: LocalServer) -> None:
    """Only the codings that are not decoded are left out of what httpx asks for."""
    for asked, sent in (("gzip;q=0.5, br", "gzip;q=0.5"), ("identity", "identity"), ("br", "identity")):
        with (
            httpx.Client(headers={"accept-encoding": asked}) as own,
            Opper(api_key=KEY, base_url=server.base_url, http_client=own) as client,
        ):
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        assert server.last_request.headers["accept-encoding"] == sent


def test_other_tasks_run_while_a_body_is_decoded(server: LocalServer) -> None:
    """The event loop gets a turn for every MiB at least, though all bytes are there at once."""
    server.reply(Reply(headers={**JSON, "content-encoding": "gzip"}, body=bomb(32 * MIB)))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def run() -> None:
        nonlocal turns
        async with AsyncOpper(api_key=KEY, base_url=server.base_url, max_retries=0) as client:
            async with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:  # type: ignore[arg-type]
                task = asyncio.create_task(count())
                size, before = 0, 0
                async for piece in response.iter_bytes():
                    size += len(piece)
                    if size > before + 2 * MIB:
                        assert turns, "two MiB were decoded without a turn of the loop"
                        turns, before = 0, size
                task.cancel()
        assert size == 32 * MIB

    asyncio.run(run())


def test_raw_responses(server: LocalServer, flavour: Flavour, settings: Settings) -> None:
    """A response that is read as a whole is bounded and decoded in the same way, and so is one in pieces."""
    packed = Reply(headers={**JSON, "content-encoding": "gzip"}, body=gzip.compress(WHOLE))
    huge = Reply(headers={**JSON, "content-encoding": "gzip"}, body=bomb(16 * MIB))
    for reply in (packed, huge, huge):
        server.reply(reply)

    def read(client: Opper) -> tuple[Any, ...]:
        completions = client.chat.completions
        raw = completions.with_raw_response.create(messages=HELLO)  # type: ignore[arg-type]
        kept = (raw.content, raw.http_response.content, raw.http_response.read(), raw.parse().text)
        with pytest.raises(ResponseTooLargeError) as first:
            completions.with_raw_response.create(messages=HELLO)  # type: ignore[arg-type]
        with completions.with_streaming_response.create(messages=HELLO) as response:  # type: ignore[arg-type]
            with pytest.raises(ResponseTooLargeError) as second:
                response.read()
        return (*kept, first.value.limit, second.value.limit)

    async def read_async(client: AsyncOpper) -> tuple[Any, ...]:
        completions = client.chat.completions
        raw = await completions.with_raw_response.create(messages=HELLO)  # type: ignore[arg-type]
        kept = (raw.content, raw.http_response.content, await raw.http_response.aread(), raw.parse().text)
        with pytest.raises(ResponseTooLargeError) as first:
            await completions.with_raw_response.create(messages=HELLO)  # type: ignore[arg-type]
        async with completions.with_streaming_response.create(messages=HELLO) as response:  # type: ignore[arg-type]
            with pytest.raises(ResponseTooLargeError) as second:
                await response.read()
        return (*kept, first.value.limit, second.value.limit)

    work = read if flavour.kind == "sync" else read_async
    seen = flavour(work, api_key=KEY, base_url=server.base_url, **settings(max_body_bytes=MIB))
    assert seen == (WHOLE, WHOLE, WHOLE, "Hello", "max_body_bytes", "max_body_bytes")


def test_a_body_that_a_hook_has_read(server: LocalServer) -> None:
    """Is counted as well, though httpx has decoded it."""
    for size, limit in ((0, None), (4 * MIB, "max_body_bytes")):
        body = gzip.compress(WHOLE) if not size else bomb(size)
        server.reply(Reply(headers={**JSON, "content-encoding": "gzip"}, body=body))
        hooks: Any = {"response": [lambda response: response.read()]}
        with Opper(
            api_key=KEY, base_url=server.base_url, event_hooks=hooks, response_limits=ResponseLimits(max_body_bytes=MIB)
        ) as client:
            if limit is None:
                assert client.chat.completions.create(messages=HELLO).text == "Hello"  # type: ignore[arg-type]
                continue
            with pytest.raises(ResponseTooLargeError) as caught:
                client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
            assert caught.value.limit == limit


def test_a_mock_transport_of_httpx(flavour: Flavour) -> None:
    """Its responses, which httpx has read when it made them, are read as others are."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=completion("mocked")))
    own = httpx.Client(transport=transport) if flavour.kind == "sync" else httpx.AsyncClient(transport=transport)
    assert flavour.create("http://127.0.0.1:1/v1", {"http_client": own}, messages=HELLO).text == "mocked"


def test_no_limits(server: LocalServer, flavour: Flavour, settings: Settings) -> None:
    """None stands for no limit."""
    big = completion("x" * 3 * MIB)
    server.reply(Reply.json(big, encoding="gzip"))
    limits = dict.fromkeys(ResponseLimits._fields)
    assert flavour.create(server.base_url, settings(**limits), messages=HELLO).text == "x" * 3 * MIB


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "response_limits: expected a ResponseLimits or None, got 5."),
        (
            {"max_body_bytes": 5},
            "response_limits: expected a ResponseLimits or None, got a dict with the key 'max_body_bytes'.",
        ),
        (
            ResponseLimits(max_body_bytes=0),
            "response_limits.max_body_bytes: expected an integer from 1, or None, got 0",
        ),
        (
            ResponseLimits(max_choices=True),
            "response_limits.max_choices: expected an integer from 1, or None, got True",
        ),
        (ResponseLimits(max_event_bytes="5"), "response_limits.max_event_bytes: expected an integer"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_limit(flavour: Flavour, given: Any, message: str) -> None:
    """Is refused when the client is made, by the name of the field."""
    with pytest.raises(InvalidArgumentError) as caught:
        flavour(lambda client: None, api_key=KEY, response_limits=given)
    assert message in str(caught.value)


def test_the_error_and_the_client_pickle(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error keeps the limit; an unpickled client has the same limits."""
    monkeypatch.setenv("OPPER_API_KEY", KEY)
    limits = ResponseLimits(max_body_bytes=10)
    with Opper(base_url=server.base_url, response_limits=limits) as client:
        with pickle.loads(pickle.dumps(client)) as copy, pytest.raises(ResponseTooLargeError) as caught:
            copy.chat.completions.create(messages=HELLO)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.limit, error.maximum, str(error)) == ("max_body_bytes", 10, str(caught.value))
