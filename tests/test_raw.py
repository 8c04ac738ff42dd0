"""The HTTP response beside what it says: whole, as a stream, and before its body is read."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from flavours import HELLO, Flavour
from opper_chat import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    AsyncOpper,
    CallRecord,
    ChatCompletion,
    InternalServerError,
    InvalidArgumentError,
    Opper,
    RawResponse,
    StreamTruncatedError,
    add_observer,
    remove_observer,
)
from opper_chat.testing import CUT, LocalServer, Pause, Reply, chunk

WHOLE = [chunk("Hel"), chunk("lo"), chunk(finish_reason="stop"), "[DONE]"]


PLAIN = {"id": "c", "choices": [], "created": 1, "model": "m", "object": "chat.completion"}


def run(flavour: Flavour, server: LocalServer, sync: Callable[[Opper], Any], other: Callable[[AsyncOpper], Any]) -> Any:
    return flavour(sync if flavour.kind == "sync" else other, api_key="key", base_url=server.base_url)


def test_headers_are_found_however_their_names_are_written(server: LocalServer) -> None:
    """Of raw responses, completions, streams and errors; what is pickled and copied is equal, and finds them too."""
    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        create = client.chat.completions.create
        with create(messages=HELLO, stream=True) as stream:
            pass
        with client.chat.completions.with_streaming_response.create(messages=HELLO) as streamed:
            pass
        server.reply(Reply.json({}, status=500))
        with pytest.raises(InternalServerError) as caught:
            create(messages=HELLO)
        completion = create(messages=HELLO)
        raw = client.chat.completions.with_raw_response.create(messages=HELLO)
        holders = (completion, raw, streamed, stream, caught.value)
        for headers in (holder.headers for holder in holders):
            assert headers["Content-Type"] == headers["content-type"] == headers.get("CONTENT-TYPE")
            assert "Content-Type" in headers
            assert headers.get("X-Nothing") is None
            assert headers.get("X-Nothing", "none") == "none"
        for holder in (completion, caught.value):
            again = pickle.loads(pickle.dumps(holder)).headers
            assert again == holder.headers == dict(holder.headers) == copy.copy(holder.headers)
            assert again["Content-Type"] == copy.deepcopy(holder).headers["Content-Type"]
        assert completion._request_id == completion.request_id is not None


class Ends:
    """An observer that keeps how calls ended."""

    def __init__(self) -> None:
        self.calls: list[CallRecord] = []

    def on_call_start(self, call: CallRecord) -> None: ...

    def on_attempt_end(self, call: CallRecord, attempt: object) -> None: ...

    def on_call_end(self, call: CallRecord) -> None:
        self.calls.append(call)


@pytest.fixture
def ends() -> Any:
    observer = Ends()
    add_observer(observer)
    yield observer.calls
    remove_observer(observer)


def test_a_plain_response(server: LocalServer, flavour: Flavour, ends: list[CallRecord]) -> None:
    """Status, headers, id, attempts, the body as bytes, text and JSON, and the completion that it says."""
    server.reply(
        Reply.json({"type": "Busy", "message": "Later."}, status=503, headers={"retry-after-ms": "1"}),
    )
    raw = run(
        flavour,
        server,
        lambda client: client.chat.completions.with_raw_response.create(messages=HELLO, max_retries=1),
        lambda client: client.chat.completions.with_raw_response.create(messages=HELLO, max_retries=1),
    )
    assert raw.status_code == 200
    assert raw.headers["x-request-id"] == raw.request_id == "req_000002"
    assert [attempt.status_code for attempt in raw.attempts] == [503, 200]
    assert json.loads(raw.content) == json.loads(raw.text) == raw.json() == raw.http_response.json()
    completion = raw.parse()
    assert type(completion) is ChatCompletion
    assert completion == ChatCompletion.from_dict(raw.json())
    assert (completion.request_id, completion.attempts) == (raw.request_id, raw.attempts)
    (call,) = ends
    assert (call.outcome, call.completion) == ("complete", completion)


def test_a_response_that_is_no_completion(server: LocalServer, flavour: Flavour, ends: list[CallRecord]) -> None:
    """It is returned as it came; what is wrong with it is for `parse` to say, and its observers know it too."""
    server.reply(Reply(200, {"content-type": "text/html"}, b"<html>"))

    def create(client: Any) -> Any:
        return client.chat.completions.with_raw_response.create(messages=HELLO)

    raw: RawResponse = run(flavour, server, create, create)
    assert raw.content == b"<html>"
    for ask in (raw.parse, raw.json):
        with pytest.raises(APIResponseValidationError) as caught:
            ask()
        assert caught.value.raw_body == b"<html>"
    (call,) = ends
    assert call.outcome == "failed"


def test_a_refused_call_raises(server: LocalServer, flavour: Flavour) -> None:
    """In either way of asking."""
    server.reply(*[Reply.json({"type": "Busy", "message": "Later."}, status=500)] * 2)

    def create(client: Any) -> Any:
        return client.chat.completions.with_raw_response.create(messages=HELLO)

    with pytest.raises(InternalServerError):
        run(flavour, server, create, create)

    def enter(client: Opper) -> Any:
        with client.chat.completions.with_streaming_response.create(messages=HELLO):
            pass

    async def enter_async(client: AsyncOpper) -> Any:
        async with client.chat.completions.with_streaming_response.create(messages=HELLO):
            pass

    with pytest.raises(InternalServerError):
        run(flavour, server, enter, enter_async)
    with pytest.raises(InvalidArgumentError):
        Opper(api_key="key").chat.completions.with_streaming_response.create(messages=[])


def test_the_response_of_a_stream(server: LocalServer, flavour: Flavour) -> None:
    """Its headers before its first chunk, and then the stream."""
    server.reply(Reply.sse(WHOLE))

    def read(client: Opper) -> Any:
        raw = client.chat.completions.with_raw_response.create(messages=HELLO, stream=True)
        assert raw.status_code == 200
        assert raw.request_id == "req_000001"
        with raw.parse() as stream:
            return stream.get_final_completion()

    async def read_async(client: AsyncOpper) -> Any:
        raw = await client.chat.completions.with_raw_response.create(messages=HELLO, stream=True)
        assert raw.request_id == "req_000001"
        async with await raw.parse() as stream:
            return await stream.get_final_completion()

    assert run(flavour, server, read, read_async).choices[0].message.content == "Hello"


def test_a_body_that_is_read_by_hand(server: LocalServer, flavour: Flavour, ends: list[CallRecord]) -> None:
    """Piece by piece, by lines whatever ends them, whole, as JSON and as a completion."""
    lines = [b"one\r", b"\ntwo\r", b"three\n\n", "fü".encode()[:2], "fü".encode()[2:] + "\u2028nf".encode()]

    def read(client: Opper, way: str, reply: Reply) -> Any:
        server.reply(reply)
        with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:
            assert response.status_code == 200
            result = getattr(response, way)()
            return list(result) if way.startswith("iter") else result

    async def read_async(client: AsyncOpper, way: str, reply: Reply) -> Any:
        server.reply(reply)
        async with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:
            result = getattr(response, way)()
            return [item async for item in result] if way.startswith("iter") else await result

    def ask(way: str, reply: Reply) -> Any:
        return run(
            flavour, server, lambda client: read(client, way, reply), lambda client: read_async(client, way, reply)
        )

    assert b"".join(ask("iter_bytes", Reply(200, {}, list(lines)))) == b"".join(lines)
    assert ask("iter_lines", Reply(200, {}, list(lines))) == ["one", "two", "three", "", "fü\u2028nf"]
    assert ask("iter_lines", Reply(200, {}, b"a\r")) == ["a"]
    assert ask("read", Reply(200, {}, b"abc")) == b"abc"
    assert ask("json", Reply.json({"a": 1})) == {"a": 1}
    assert ask("parse", Reply.json(PLAIN)).to_dict() == PLAIN
    assert [call.outcome for call in ends] == ["complete"] * 6
    with pytest.raises(APIResponseValidationError):
        ask("json", Reply(200, {}, b"<html>"))


def test_a_body_that_is_read_twice(server: LocalServer, flavour: Flavour) -> None:
    """The error says whether the body was read before, or the response was closed."""
    errors: list[str] = []

    def read(client: Opper) -> None:
        with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:
            assert response.read()
            with pytest.raises(APIConnectionError) as caught:
                response.json()
            errors.append(caught.value.message)
        with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:
            response.close()
            with pytest.raises(APIConnectionError) as caught:
                response.read()
            errors.append(caught.value.message)

    async def read_async(client: AsyncOpper) -> None:
        async with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:
            assert await response.read()
            with pytest.raises(APIConnectionError) as caught:
                await response.json()
            errors.append(caught.value.message)
        async with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:
            await response.close()
            with pytest.raises(APIConnectionError) as caught:
                await response.read()
            errors.append(caught.value.message)

    run(flavour, server, read, read_async)
    assert errors == [
        "The body was read before, in whole or in part. It can be read once.",
        "The response was closed before its body was read.",
    ]


def test_a_body_that_is_parsed(server: LocalServer, flavour: Flavour, ends: list[CallRecord]) -> None:
    """The completion is in the record; where there is none, the error is."""
    server.reply(Reply.json(PLAIN), Reply(200, {"content-type": "text/html"}, b"<html>"))

    def create(client: Any) -> Any:
        with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:
            return response.parse()

    async def create_async(client: AsyncOpper) -> Any:
        async with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:  # type: ignore[arg-type]
            return await response.parse()

    completion = run(flavour, server, create, create_async)
    with pytest.raises(APIResponseValidationError) as caught:
        run(flavour, server, create, create_async)
    complete, failed = ends
    assert (complete.outcome, complete.completion) == ("complete", completion)
    assert (failed.outcome, failed.error) == ("failed", caught.value)
    assert [attempt.status_code for attempt in caught.value.attempts] == [200]


@pytest.mark.parametrize(
    ("pieces", "error", "settings"),
    [([b"a", CUT], APIConnectionError, {}), ([b"a", Pause(60)], APITimeoutError, {"deadline": 0.3})],
)
def test_a_body_that_breaks_while_it_is_read_by_hand(
    server: LocalServer, flavour: Flavour, ends: list[CallRecord], pieces: Any, error: Any, settings: Any
) -> None:
    """What came, then an error of this package; the call has failed."""
    server.reply(Reply(200, {}, pieces))
    seen: list[bytes] = []

    async def read_async(client: AsyncOpper) -> Any:
        async with client.chat.completions.with_streaming_response.create(messages=HELLO, **settings) as response:
            async for data in response.iter_bytes():
                seen.append(data)

    def read(client: Opper) -> Any:
        with client.chat.completions.with_streaming_response.create(messages=HELLO, **settings) as response:
            for data in response.iter_bytes():
                seen.append(data)

    with pytest.raises(error):
        run(flavour, server, read, read_async)
    assert b"".join(seen) == b"a"
    assert [(call.outcome, type(call.error)) for call in ends] == [("failed", error)]
    assert len(ends[0].attempts) == 1


def test_a_body_that_is_left_unread(server: LocalServer, flavour: Flavour, ends: list[CallRecord]) -> None:
    """Its connection is freed on leaving, and the call was given up."""
    server.reply(Reply.sse([chunk("a"), Pause(60)]))

    def leave(client: Opper) -> None:
        create = client.chat.completions.with_streaming_response.create
        with create(messages=HELLO, stream=True) as response:
            next(iter(response.iter_bytes()))
        client.chat.completions.create(messages=HELLO, timeout=5)

    async def leave_async(client: AsyncOpper) -> None:
        create = client.chat.completions.with_streaming_response.create
        async with create(messages=HELLO, stream=True) as response:
            pieces = response.iter_bytes()
            await anext(pieces)
            await pieces.aclose()
        await client.chat.completions.create(messages=HELLO, timeout=5)

    settings: Any = {"api_key": "key", "base_url": server.base_url, "max_connections": 1}
    flavour(leave if flavour.kind == "sync" else leave_async, **settings)
    assert [call.outcome for call in ends] == ["closed", "complete"]


def test_a_raw_stream_that_nobody_reads_is_told_of(server: LocalServer) -> None:
    """As any stream that is dropped, and its connection is free."""
    server.reply(Reply.sse([chunk("a"), Pause(60)]))
    with Opper(api_key="key", base_url=server.base_url, max_connections=1) as client:
        with pytest.warns(ResourceWarning, match=r"a stream made at .*test_raw\.py:\d+ was never closed"):
            client.chat.completions.with_raw_response.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
        assert client.chat.completions.create(messages=HELLO, timeout=5).choices  # type: ignore[arg-type]


def test_a_json_body_that_is_a_stream(server: LocalServer, flavour: Flavour) -> None:
    """Whatever it is declared to be: its chunks come as they are sent, and an error has what came before it."""
    wrong = {"content-type": "application/json"}
    server.reply(Reply.sse(WHOLE, headers=wrong))
    chunks, error = flavour.chunks(server.base_url, messages=HELLO)
    assert (len(chunks), error) == (3, None)
    for ending, kind in (
        ([], StreamTruncatedError),
        ([b'data: {"error": "no"}\n\n'], APIError),
        ([CUT], APIConnectionError),
    ):
        server.reply(Reply.sse([b" \n", chunk("Hel"), Pause(0.05), *ending], headers=wrong))
        chunks, error = flavour.chunks(server.base_url, messages=HELLO)
        assert type(error) is kind
        assert isinstance(error, APIError)
        assert error.partial is not None
        assert error.partial.choices[0].message.content == "Hel"
        assert len(chunks) == error.chunks_received == 1
    server.reply(Reply.sse([chunk("Hel"), Pause(60)], headers=wrong))
    chunks, error = flavour.chunks(server.base_url, messages=HELLO, idle_timeout=0.3)
    assert isinstance(error, APITimeoutError)
    assert (error.timeout_kind, len(chunks)) == ("idle", 1)
