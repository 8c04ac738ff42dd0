"""What comes at once and is not taken at once: the first chunk is handed out before the others are looked at."""

import asyncio
import gzip
import json
import socket
import time
from typing import Any

import pytest
from flavours import HELLO, Flavour
from opper_chat import APIConnectionError, AsyncOpper, AsyncStream, Opper
from opper_chat._concurrency.deadlines import Deadlines, Timeouts
from opper_chat._streaming.state import StreamState
from opper_chat.testing import chunk
from raw_server import Raw, Script, requested


def event(*content: str, **members: Any) -> bytes:
    return b"data: %s\n\n" % json.dumps(chunk(*content, **members)).encode()


def streamed(*pieces: bytes, head: bytes = b"") -> bytes:
    """Return a stream, each piece in an HTTP chunk of its own."""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n%s\r\n%s0\r\n\r\n" % (head, chunks)


ABC = (event("A"), event("B"), event("C"), event(finish_reason="stop"), b"data: [DONE]\n\n")


def once(data: bytes) -> Script:
    """Answer each request with the same bytes, written at once."""

    def script(connection: socket.socket, _: int) -> None:
        while requested(connection):
            connection.sendall(data)

    return script


@pytest.mark.parametrize("option", ["first_token_timeout", "idle_timeout", "deadline"])
def test_no_timeout_takes_away_what_came(flavour: Flavour, option: str) -> None:
    """All chunks, where they came with the first one and the caller took long over that."""

    def read(client: Opper) -> list[str]:
        seen: list[str] = []
        with client.chat.completions.create(messages=HELLO, stream=True, **{option: 0.2}) as stream:  # type: ignore[call-overload]
            for one in stream:
                if not seen:
                    time.sleep(0.4)
                seen.append(one.choices[0].delta.content or "")
        return seen

    async def read_async(client: AsyncOpper) -> list[str]:
        seen: list[str] = []
        async with await client.chat.completions.create(messages=HELLO, stream=True, **{option: 0.2}) as stream:  # type: ignore[call-overload]
            async for one in stream:
                if not seen:
                    await asyncio.sleep(0.4)
                seen.append(one.choices[0].delta.content or "")
        return seen

    with Raw(once(streamed(event(delta={"role": "assistant"}), *ABC))) as server:
        given = flavour(read if flavour.kind == "sync" else read_async, api_key="key", base_url=server.base_url)
        assert given == ["", "A", "B", "C", ""]


def test_what_came_and_was_not_taken_is_waited_for() -> None:
    """A stream is complete when all that came was handed out, and not before."""
    finished = (
        event("A", finish_reason="stop"),
        event(choices=[], usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}),
        ABC[-1],
    )
    with Raw(once(streamed(*finished))) as server, Opper(api_key="key", base_url=server.base_url) as client:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            told = [(stream.complete, stream.snapshot.usage is not None) for _ in stream]
            assert told == [(False, False), (True, True)]
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            next(stream)
        assert not stream.complete


def test_chunks_are_decoded_one_by_one() -> None:
    """Of what came at once, one chunk beyond those that were handed out: an error is found when it is near."""
    state = StreamState(200, {"content-type": "text/event-stream"}, Deadlines(Timeouts(), 0.0))
    state.receive(b"".join([*[event(str(number)) for number in range(20)], b"data: {no JSON}\n\n", event("never")]))
    for number in range(20):
        assert not state.finished
        received = state.next_chunk()
        assert received is not None
        assert received.model.choices[0].delta.content == str(number)
    assert state.finished
    assert not state.has_pending
    assert state.next_chunk() is None
    assert "no JSON" in str(state.conclude())


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_stream_after_a_line_that_may_be_json(size: int) -> None:
    """All chunks, though the body was received whole before it was known to be a stream."""
    state = StreamState(200, {"content-type": "text/event-stream"}, Deadlines(Timeouts(), 0.0))
    body = b"{not JSON\n" + b"".join(ABC)
    given: list[str] = []
    for piece in [*(body[at : at + size] for at in range(0, len(body), size)), b""]:
        state.receive(piece)
        while (received := state.next_chunk()) is not None:
            given.append(received.model.choices[0].delta.content or "")
    assert given == ["A", "B", "C", ""]
    assert state.conclude() is None
    assert state.complete


@pytest.mark.parametrize(
    ("pieces", "complete"),
    [
        ([event("A", finish_reason="stop")], True),
        ([event("A", finish_reason="stop"), ABC[-1]], True),
        ([event("A"), ABC[-1]], True),
        ([event("A"), b": ping\n\n"], False),
        ([event("A", finish_reason="stop") + b"data: [DO", b"NE]\n\n"], True),
        ([event("A"), event("B")], False),
        ([event("A", finish_reason="stop"), event("B")], False),
    ],
)
def test_the_end_alone_is_not_waited_for(flavour: Flavour, pieces: list[bytes], complete: bool) -> None:
    """A stream is complete when nothing but its end is still to be taken, in however many HTTP chunks it came."""

    def read(client: Opper) -> tuple[bool, bool]:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            next(stream)
            before = stream.complete
        return before, stream.complete

    async def read_async(client: AsyncOpper) -> tuple[bool, bool]:
        async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            await anext(stream)
            before = stream.complete
        return before, stream.complete

    with Raw(once(streamed(*pieces))) as server:
        given = flavour(read if flavour.kind == "sync" else read_async, api_key="key", base_url=server.base_url)
        assert given == (complete, complete)


def test_what_came_goes_along_to_another_event_loop() -> None:
    """What was received in one loop is handed out in the next."""

    async def begin() -> tuple[AsyncOpper, AsyncStream]:
        client = AsyncOpper(api_key="key", base_url=server.base_url)
        stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]
        await anext(stream)
        return client, stream

    async def end(client: AsyncOpper, stream: AsyncStream) -> str:
        try:
            return (await stream.get_final_completion()).text
        finally:
            await stream.close()
            await client.close()

    with Raw(once(streamed(*ABC))) as server:
        assert asyncio.run(end(*asyncio.run(begin()))) == "ABC"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("seen", ["never", "before", "between"])
def test_what_came_at_once_is_read_in_order(flavour: Flavour, packed: bool, seen: str) -> None:
    """Compressed or not, and whenever somebody looks at the HTTP response."""
    data = gzip.compress(b"".join(ABC)) if packed else b"".join(ABC)
    pieces = [data[at : at + 50] for at in range(0, len(data), 50)]
    answer = streamed(*pieces, head=b"content-encoding: gzip\r\n" if packed else b"")

    def read(client: Opper) -> str:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            text = ""
            if seen == "before":
                assert stream.response.status_code == 200
            for one in stream:
                text += one.choices[0].delta.content or ""
                if seen == "between":
                    assert stream.response.status_code == 200
            return text

    async def read_async(client: AsyncOpper) -> str:
        async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            text = ""
            if seen == "before":
                assert stream.response.status_code == 200
            async for one in stream:
                text += one.choices[0].delta.content or ""
                if seen == "between":
                    assert stream.response.status_code == 200
            return text

    with Raw(once(answer)) as server:
        assert flavour(read if flavour.kind == "sync" else read_async, api_key="key", base_url=server.base_url) == "ABC"


def test_an_error_repeats_nothing_of_the_body(flavour: Flavour) -> None:
    """What stands where the framing should is somebody's text."""
    broken = streamed(ABC[0])[:-5] + b"my secret text\r\n"
    with Raw(once(broken)) as server:
        chunks, error = flavour.chunks(server.base_url, messages=HELLO)
        assert len(chunks) == 1
        assert isinstance(error, APIConnectionError)
        assert "illegal chunk header" in str(error)
        assert "secret" not in str(error)


def test_an_error_that_has_arrived_is_no_completion() -> None:
    """Although its first chunk has a finish reason, and the error was not raised yet."""
    state = StreamState(200, {"content-type": "text/event-stream"}, Deadlines(Timeouts(), 0.0))
    state.receive(event("A", finish_reason="stop") + b"event: error\ndata: {}\n\n")
    assert state.next_chunk() is not None
    assert not state.complete
