"""Both clients over real sockets: plain answers, streams, tools, settings and failures."""

import asyncio
import copy
import gc
import pickle
import socket
import traceback
from typing import Any
from urllib.parse import parse_qs

import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    AsyncOpper,
    AuthenticationError,
    ChatCompletion,
    NotFoundError,
    Opper,
    OpperError,
    StreamTruncatedError,
    UnprocessableEntityError,
)
from opper_chat.testing import CUT, LocalServer, Pause, Reply, chunk
from opper_chat_api.models import FunctionToolCall, UserMessage

TOOL: Any = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def text_of(chunks: list[Any]) -> str:
    return "".join(choice.delta.content or "" for one in chunks for choice in one.choices)


def test_a_plain_answer(server: LocalServer, flavour: Flavour) -> None:
    """A completion with content, finish reason and usage; one request with the key and `stream` false."""
    completion = flavour.create(server.base_url, messages=HELLO, model="openai/gpt-4o")
    assert type(completion) is ChatCompletion
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    (request,) = server.requests
    assert request.body == {"messages": HELLO, "model": "openai/gpt-4o", "stream": False}
    assert request.headers["accept"] == "application/json"
    assert request.path == "/v2/openai/chat/completions"


def test_a_stream_says_what_a_plain_answer_says(server: LocalServer, flavour: Flavour) -> None:
    """The same content, then a finish reason; role once."""
    plain = flavour.create(server.base_url, messages=HELLO)
    chunks, error = flavour.chunks(server.base_url, messages=HELLO)
    assert error is None
    assert text_of(chunks) == plain.choices[0].message.content
    assert [one.choices[0].delta.role for one in chunks].count("assistant") == 1
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert server.requests[-1].headers["accept"] == "text/event-stream, application/json"


def test_the_usage_of_a_stream(server: LocalServer, flavour: Flavour) -> None:
    """A last chunk without choices that carries it, when asked for."""
    chunks, _ = flavour.chunks(server.base_url, messages=HELLO, stream_options={"include_usage": True})
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert all(one.usage is None for one in chunks[:-1])


def test_a_tool_call_and_its_answer(server: LocalServer, flavour: Flavour) -> None:
    """A call; then, with the answer's message and a result sent back, a text."""
    message = flavour.create(server.base_url, messages=HELLO, tools=[TOOL]).choices[0].message
    assert message.tool_calls is not None
    call = message.tool_calls[0]
    assert isinstance(call, FunctionToolCall)
    assert call.function.name == "get_weather"
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    answer = flavour.create(server.base_url, messages=[UserMessage(content="Hello"), message, result], tools=[TOOL])
    assert answer.choices[0].message.tool_calls is None
    assert "sunny" in (answer.choices[0].message.content or "")


def test_a_streamed_tool_call(server: LocalServer, flavour: Flavour) -> None:
    """The name and the arguments of the plain call, in pieces."""
    plain = flavour.create(server.base_url, messages=HELLO, tools=[TOOL]).choices[0].message.tool_calls
    chunks, _ = flavour.chunks(server.base_url, messages=HELLO, tools=[TOOL])
    deltas = [delta for one in chunks for choice in one.choices for delta in choice.delta.tool_calls or []]
    assert plain is not None
    assert isinstance(plain[0], FunctionToolCall)
    arguments = "".join(delta.function.arguments or "" for delta in deltas if delta.function)
    assert arguments == plain[0].function.arguments
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_what_is_added_to_a_request_arrives(server: LocalServer, flavour: Flavour) -> None:
    """Headers, query and body of the call, over those of the client."""
    flavour.create(
        server.base_url,
        messages=HELLO,
        extra_headers={"X-Trace": "7", "user-agent": "mine"},
        extra_query={"debug": True, "page": 2, "q": "a b"},
        extra_body={"invented": [1], "temperature": None},
    )
    (request,) = server.requests
    assert (request.headers["x-trace"], request.headers["user-agent"]) == ("7", "mine")
    assert parse_qs(request.query) == {"debug": ["true"], "page": ["2"], "q": ["a b"]}
    assert request.body == {"messages": HELLO, "stream": False, "invented": [1], "temperature": None}


def test_the_environment_is_enough(server: LocalServer, flavour: Flavour, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client without arguments, on the address and with the key of the environment."""
    monkeypatch.setenv("OPPER_API_KEY", "key")
    monkeypatch.setenv("OPPER_BASE_URL", server.base_url)
    assert flavour(lambda client: client.chat.completions.create(messages=HELLO)).choices


@pytest.mark.parametrize(
    ("params", "key", "kind", "status"),
    [
        ({}, "bad-key", AuthenticationError, 401),
        ({"model": "unknown/model"}, "key", NotFoundError, 404),
        ({"parent_span_id": "00000000-0000-0000-0000-000000000000"}, "key", NotFoundError, 404),
        ({"extra_body": {"temperature": "hot"}}, "key", UnprocessableEntityError, 422),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_refusals(
    server: LocalServer, flavour: Flavour, params: Any, key: str, kind: type[Exception], status: int, stream: bool
) -> None:
    """The class of the status, with the vendor's type, message and detail; the same for a stream."""
    with pytest.raises(kind) as caught:
        flavour.create(server.base_url, {"api_key": key}, messages=HELLO, stream=stream, **params)
    error: Any = caught.value
    assert (error.status_code, error.request_id) == (status, error.headers["x-request-id"])
    assert error.type
    assert error.type.endswith("Error")
    assert error.message
    assert error.raw_body


@pytest.mark.parametrize(
    ("pieces", "count", "kind"),
    [
        ([chunk("Hel"), chunk("lo")], 2, StreamTruncatedError),
        ([chunk("Hel"), b'data: {"id": "c", "cho'], 1, StreamTruncatedError),
        ([], 0, StreamTruncatedError),
        ([chunk("Hel"), CUT], 1, APIConnectionError),
        ([chunk("Hel"), b"data: {oops\n\n"], 1, APIResponseValidationError),
        ([chunk("Hel"), b"data: 5\n\n"], 1, APIResponseValidationError),
        ([chunk("Hel"), b'data: {"error": {"message": "M"}}\n\n'], 1, APIError),
        ([chunk("Hel"), b'data: {"type": "T", "message": "M", "detail": null}\n\n'], 1, APIError),
        ([chunk("Hel"), b'event: error\ndata: {"message": "M"}\n\n'], 1, APIError),
    ],
)
def test_a_stream_that_ends_early_raises_after_its_chunks(
    server: LocalServer, flavour: Flavour, pieces: Any, count: int, kind: type[Exception]
) -> None:
    """Every chunk that came, then the error; and no connection is left in use."""
    server.reply(Reply.sse(pieces))
    chunks, error = flavour.chunks(server.base_url, messages=HELLO)
    assert len(chunks) == count
    assert type(error) is kind
    assert isinstance(error, APIError)
    assert error.status_code == 200


@pytest.mark.parametrize(
    "ending", [[b"data: [DONE]\n\n"], [chunk(finish_reason="stop")], [b"data:[DONE]\r\r", b"data: x"]]
)
def test_a_stream_that_is_whole(server: LocalServer, flavour: Flavour, ending: Any) -> None:
    """No error after `[DONE]`, or after a finish reason, whatever follows."""
    server.reply(Reply.sse([chunk("Hello"), b": a comment\n\n", b"data:\n\n", *ending]))
    chunks, error = flavour.chunks(server.base_url, messages=HELLO)
    assert error is None
    assert text_of(chunks) == "Hello"


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"choices": []}'])
def test_no_stream_where_one_was_asked_for(server: LocalServer, flavour: Flavour, body: bytes) -> None:
    """A validation error with the body that came in its place."""
    server.reply(Reply(status=200, headers={"content-type": "text/html"}, body=body))
    chunks, error = flavour.chunks(server.base_url, messages=HELLO)
    assert chunks == []
    assert isinstance(error, APIResponseValidationError)
    assert error.raw_body == body


def test_a_compressed_answer(server: LocalServer, flavour: Flavour) -> None:
    """The same chunks, and the same completion, as without compression."""
    for encoding in ("gzip", "deflate"):
        server.reply(Reply.sse([chunk("Hello", finish_reason="stop"), b"data: [DONE]\n\n"], encoding=encoding))
        chunks, error = flavour.chunks(server.base_url, messages=HELLO)
        assert (text_of(chunks), error) == ("Hello", None)


def test_a_body_that_cannot_be_decompressed(server: LocalServer, flavour: Flavour) -> None:
    """A validation error, not the decompressor's."""
    server.reply(Reply(status=200, headers={"content-encoding": "gzip"}, body=b"not gzip"))
    with pytest.raises(APIResponseValidationError, match="decompress"):
        flavour.create(server.base_url, messages=HELLO)


def test_nobody_listens(flavour: Flavour) -> None:
    """A connection error that says where."""
    with pytest.raises(APIConnectionError, match=r"no response.*127\.0\.0\.1:9"):
        flavour.create("http://127.0.0.1:9", messages=HELLO)


def test_a_server_that_says_nothing(flavour: Flavour) -> None:
    """An error that says which timeout expired and how long it was, for the client's and for the call's."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for settings, params in (({"timeout": 0.05}, {}), ({}, {"timeout": 0.05})):
            with pytest.raises(APITimeoutError, match=r"next bytes after 0\.05 s"):
                flavour.create(address, settings, messages=HELLO, **params)


def test_a_stream_that_stalls(server: LocalServer, flavour: Flavour) -> None:
    """The chunks before, then a timeout."""
    server.reply(Reply.sse([chunk("Hel"), Pause(5)]))
    chunks, error = flavour.chunks(server.base_url, messages=HELLO, timeout=0.1)
    assert text_of(chunks) == "Hel"
    assert isinstance(error, APITimeoutError)


def test_the_key_is_in_no_error(server: LocalServer, flavour: Flavour) -> None:
    """Not in the text, the traceback, the pickle, the causes or what hangs on them."""
    key = "".join(["se", "same"])  # or the traceback would quote this line
    cases: list[tuple[str, Any]] = [
        ("http://127.0.0.1:9", None),
        (server.base_url, Reply(status=500, body=b"x")),
        (server.base_url, Reply(status=200, headers={"content-encoding": "gzip"}, body=b"x")),
    ]
    for address, reply in cases:
        if reply:
            server.reply(reply)
        with pytest.raises(OpperError) as caught:
            flavour.create(address, {"api_key": key}, messages=HELLO)
        error: Any = caught.value
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)) + str(pickle.dumps(error))
        cause = error.__cause__
        while cause is not None:
            told += repr(vars(cause)) + str(list(cause.request.headers.raw) if hasattr(cause, "request") else "")
            cause = cause.__cause__
        assert key not in told


def test_an_http_client_of_ones_own(server: LocalServer) -> None:
    """It carries the calls, its timeouts hold, and it stays open."""
    with httpx.Client(timeout=httpx.Timeout(3), headers={"X-Mine": "1"}) as own:
        with Opper(api_key="key", base_url=server.base_url, max_retries=0, http_client=own) as client:
            client.chat.completions.create(messages=HELLO)
        assert not own.is_closed
        assert server.requests[0].headers["x-mine"] == "1"
        with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
            client.chat.completions.create(messages=HELLO)


def test_an_async_http_client_of_ones_own(server: LocalServer) -> None:
    """The same for the async client."""

    async def run() -> None:
        async with httpx.AsyncClient() as own:
            async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0, http_client=own) as client:
                await client.chat.completions.create(messages=HELLO)
            assert not own.is_closed

    asyncio.run(run())


def test_a_stream_gives_its_connection_back(server: LocalServer) -> None:
    """Ten streams, left in four ways, through a pool of one connection."""
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(limits=limits, timeout=2) as own:
        client = Opper(api_key="key", base_url=server.base_url, max_retries=0, http_client=own)
        for turn in range(10):
            stream = client.chat.completions.create(messages=HELLO, stream=True)
            assert stream.request_id == stream.headers["x-request-id"]
            if turn % 4 == 0:
                list(stream)
                assert list(stream) == []
            elif turn % 4 == 1:
                with stream:
                    next(stream)
            elif turn % 4 == 2:
                stream.close()
                stream.close()
                with pytest.raises(StreamTruncatedError):
                    list(stream)
            else:
                server.reply(Reply.sse([b"data: {oops\n\n"]))
                stream.close()
                with (
                    pytest.raises(APIResponseValidationError),
                    client.chat.completions.create(messages=HELLO, stream=True) as broken,
                ):
                    list(broken)


def test_an_async_stream_gives_its_connection_back(server: LocalServer) -> None:
    """Read, left, closed and cancelled, through a pool of one connection."""

    async def run() -> None:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1), timeout=2) as own:
            client = AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0, http_client=own)
            for turn in range(8):
                if turn % 4 == 3:
                    server.reply(Reply.sse([chunk("a"), Pause(5)]))
                stream = await client.chat.completions.create(messages=HELLO, stream=True)
                if turn % 4 == 0:
                    assert [one async for one in stream]
                elif turn % 4 == 1:
                    async with stream:
                        await anext(stream)
                elif turn % 4 == 2:
                    await stream.close()
                else:
                    await anext(stream)
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await anext(stream)

    asyncio.run(run())


def test_an_answer_can_be_copied(server: LocalServer, flavour: Flavour) -> None:
    """The same completion after a pickle and a deep copy."""
    completion = flavour.create(server.base_url, messages=HELLO)
    assert pickle.loads(pickle.dumps(completion)) == copy.deepcopy(completion) == completion


def test_nothing_is_left_behind(server: LocalServer, flavour: Flavour) -> None:
    """No warning of an unclosed socket after the client is closed."""
    flavour.create(server.base_url, messages=HELLO)
    flavour.chunks(server.base_url, messages=HELLO)
    gc.collect()
