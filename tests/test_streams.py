"""Streams over real sockets: what can be asked of them, their timeouts, and what becomes of their connections."""

import asyncio
import contextlib
import gc
import math
import socket
import sys
import threading
import time
import types
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any

import anyio
import pytest
import trio
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncOpper,
    ChatCompletion,
    Opper,
    StreamTruncatedError,
)
from opper_chat.testing import CUT, LocalServer, Pause, ReceivedRequest, Reply, chunk

DONE = b"data: [DONE]\n\n"
ENDING: list[Any] = [chunk(finish_reason="stop"), Pause(0.01), DONE]
PING = b": ping\n\n"


async def awaited(work: Awaitable[None]) -> None:
    """Make a coroutine of what can be awaited: tasks are made of nothing else."""
    await work


@types.coroutine
def cancelled_at(
    step: int, work: Coroutine[Any, Any, None], cancel: Callable[[], object] | None = None
) -> Generator[Any, Any, None]:
    """Do some work, which is cancelled while it waits for the so manieth time; where it is a task, the task is."""
    task = None if cancel else asyncio.current_task()
    resume: Callable[[Any], Any] = work.send
    given: Any = None
    count = 0
    while True:
        try:
            awaited = resume(given)
        except StopIteration:
            return
        count += 1
        if count == step and cancel is not None:
            cancel()
        elif count == step and task is not None:
            asyncio.get_running_loop().call_soon(task.cancel)
        try:
            given, resume = (yield awaited), work.send
        except BaseException as error:  # noqa: BLE001  # it is handed on
            given, resume = error, work.throw


def whole(*texts: str) -> Reply:
    return Reply.sse([*map(chunk, texts), chunk(finish_reason="stop"), DONE])


@pytest.fixture
def one() -> Iterator[httpx.Client]:
    """An httpx client with room for one connection, so that one which is not given back is missed at once."""
    with httpx.Client(limits=httpx.Limits(max_connections=1), timeout=httpx.Timeout(5, pool=1)) as client:
        yield client


def opper(server: LocalServer, own: httpx.Client, **settings: Any) -> Opper:
    return Opper(api_key="key", base_url=server.base_url, max_retries=0, http_client=own, **settings)


class TestReading:
    def test_the_final_completion_is_what_a_plain_call_returns(self, server: LocalServer, flavour: Flavour) -> None:
        """The same model, equal but for its id."""
        plain = flavour.create(server.base_url, messages=HELLO, n=2)
        settings = {"api_key": "key", "base_url": server.base_url}

        def read(client: Opper) -> ChatCompletion:
            options = {"include_usage": True}
            with client.chat.completions.create(messages=HELLO, n=2, stream=True, stream_options=options) as stream:  # type: ignore[arg-type]
                return stream.get_final_completion()

        async def read_async(client: AsyncOpper) -> ChatCompletion:
            options: Any = {"include_usage": True}
            async with await client.chat.completions.create(
                messages=HELLO,  # type: ignore[arg-type]
                n=2,
                stream=True,
                stream_options=options,
            ) as stream:
                return await stream.get_final_completion()

        final = flavour(read if flavour.kind == "sync" else read_async, **settings)
        assert type(final) is ChatCompletion
        said, spoken = final.to_dict(), plain.to_dict()
        assert {**said, "id": None, "created": None} == {**spoken, "id": None, "created": None}

    def test_the_text_alone(self, server: LocalServer, one: httpx.Client) -> None:
        """The pieces of the text, then the whole of it, the snapshot, and the headers that were there before."""
        server.reply(whole("Hel", "lo"))
        with opper(server, one).chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            assert stream.request_id
            assert stream.snapshot.choices == []
            assert list(stream.text_stream) == ["Hel", "lo"]
            assert stream.snapshot.choices[0].message.content == "Hello"
            assert stream.get_final_text() == "Hello"

    def test_the_text_alone_async(self, server: LocalServer) -> None:
        """The same, asynchronously."""

        async def run() -> None:
            server.reply(whole("Hel", "lo"))
            async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0) as client:
                async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
                    assert [text async for text in stream.text_stream] == ["Hel", "lo"]
                    assert await stream.get_final_text() == "Hello"

        asyncio.run(run())

    @pytest.mark.parametrize(
        ("choices", "text"),
        [
            ([[{"delta": {"content": "a"}}, {"delta": {"content": "x"}}],
              [{"delta": {"content": "b"}, "finish_reason": "stop"}, {"finish_reason": "stop"}]], "ab"),
            ([[{"index": 1, "delta": {"content": "a"}}],
              [{"index": 1, "delta": {"content": "b"}, "finish_reason": "stop"}]], "ab"),
            ([[{"index": 1, "delta": {"content": "x"}}, {"index": 0, "delta": {"content": "a"}}],
              [{"index": 0, "finish_reason": "stop"}, {"index": 1, "finish_reason": "stop"}]], "a"),
            ([[{"index": 0, "delta": {"role": "assistant"}, "message": {"role": "assistant", "content": "ab"},
                "finish_reason": "stop"}]], "ab"),
            ([[{"index": 0, "delta": {"content": "a"}}], [{"index": 0, "delta": {"content": "b"}}],
              [{"index": 0, "message": {"content": "ab"}, "finish_reason": "stop"}]], "ab"),
            ([[{"index": 0, "delta": {"content": "a"}}], [{"index": 0, "delta": {"content": "b"}}],
              [{"index": 0, "delta": {}, "message": {"content": "ab"}, "finish_reason": "stop"}]], "ab"),
        ],
        ids=["no-index", "from-1", "second-first", "empty-delta", "whole-at-the-end", "whole-beside-an-empty-delta"],
    )  # fmt: skip
    def test_every_way_to_the_text_is_of_one_mind(
        self, server: LocalServer, one: httpx.Client, choices: list[list[dict[str, Any]]], text: str
    ) -> None:
        """The text of the first choice, once: from chunks, from events and at the end."""
        n = max(map(len, choices))
        server.reply(*[Reply.sse([*({"id": "c", "choices": some} for some in choices), DONE])] * 2)
        client = opper(server, one)
        with client.chat.completions.create(messages=HELLO, stream=True, n=n) as stream:  # type: ignore[arg-type]
            assert "".join(stream.text_stream) == text
            assert stream.get_final_text() == text
        with client.chat.completions.stream(messages=HELLO, n=n) as events:  # type: ignore[arg-type]
            told = [event.delta for event in events if event.type == "content.delta" and event.delta != "x"]
            assert "".join(told) == text
            assert events.get_final_text() == text

    def test_the_snapshot_grows_chunk_by_chunk(self, server: LocalServer, one: httpx.Client) -> None:
        """After each chunk, the text up to it, though all came in one piece."""
        server.reply(whole("a", "b", "c"))
        with opper(server, one).chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            seen = [stream.snapshot.choices[0].message.content for _ in stream]
        assert seen == ["a", "ab", "abc", "abc"]

    def test_events(self, server: LocalServer, one: httpx.Client) -> None:
        """Deltas with the text so far, then what is done."""
        server.reply(whole("Hel", "lo"))
        with opper(server, one).chat.completions.stream(messages=HELLO) as stream:  # type: ignore[arg-type]
            events = []
            for event in stream:
                if event.type == "content.delta":
                    events.append((event.delta, event.snapshot))
                elif event.type == "content.done":
                    events.append(("done", event.content))
                elif event.type == "done":
                    events.append(("end", event.snapshot.choices[0].finish_reason or ""))
            assert events == [("Hel", "Hel"), ("lo", "Hello"), ("done", "Hello"), ("end", "stop")]
            assert stream.get_final_text() == "Hello"

    def test_events_async(self, server: LocalServer) -> None:
        """The same kinds of event, asynchronously, and none after an error."""

        async def run() -> None:
            server.reply(whole("Hello"), Reply.sse([chunk("Hel"), CUT]))
            async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0) as client:
                async with client.chat.completions.stream(messages=HELLO) as stream:  # type: ignore[arg-type]
                    kinds = [event.type async for event in stream]
                assert kinds.count("done") == kinds.count("content.done") == 1
                kinds = []
                with pytest.raises(APIConnectionError):
                    async with client.chat.completions.stream(messages=HELLO) as stream:  # type: ignore[arg-type]
                        async for event in stream:
                            kinds.append(event.type)
                assert kinds == ["chunk", "content.delta"]

        asyncio.run(run())

    def test_events_know_chunks_that_were_read_otherwise(self, server: LocalServer, one: httpx.Client) -> None:
        """The whole arguments and the whole text in what is done, though the events before were skipped."""
        call = {"index": 0, "id": "c", "type": "function", "function": {"name": "rm", "arguments": ""}}
        rest = {"index": 0, "function": {"arguments": '{"path": "/x"}'}}
        server.reply(
            Reply.sse(
                [
                    chunk("he"),
                    chunk("llo", delta={"tool_calls": [call]}),
                    chunk(delta={"tool_calls": [rest]}, finish_reason="tool_calls"),
                    DONE,
                ]
            )
        )
        with opper(server, one).chat.completions.stream(messages=HELLO) as stream:  # type: ignore[arg-type]
            next(stream)
            final = stream.get_final_completion()
            done = {event.type: event for event in stream}
        assert final.choices[0].message.content == "hello"
        told = done["tool_call.done"]
        assert told.type == "tool_call.done"
        assert told.arguments == '{"path": "/x"}'

    def test_a_broken_stream_has_no_final_completion(self, server: LocalServer, one: httpx.Client) -> None:
        """The error, each time it is asked for, with what came before."""
        server.reply(Reply.sse([chunk("Hel"), chunk("lo")]))
        with opper(server, one).chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            for _ in range(2):
                with pytest.raises(StreamTruncatedError) as caught:
                    stream.get_final_completion()
                assert caught.value.chunks_received == 2
                assert caught.value.partial is not None
                assert caught.value.partial.choices[0].message.content == "Hello"

    def test_a_stream_closed_early_has_no_final_completion(self, server: LocalServer, one: httpx.Client) -> None:
        """A truncation error with the part that was read."""
        server.reply(whole("Hel", "lo"))
        with opper(server, one).chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            next(stream)
        with pytest.raises(StreamTruncatedError, match="closed before"):
            list(stream)
        with pytest.raises(StreamTruncatedError, match="closed before") as caught:
            stream.get_final_text()
        assert caught.value.partial is not None
        assert caught.value.partial.choices[0].message.content == "Hel"


class TestTimeouts:
    @pytest.mark.parametrize(
        ("pieces", "timeouts", "kind", "text"),
        [
            ([PING, Pause(math.inf)], {"first_token_timeout": 0.2}, "first_token", ""),
            ([chunk(delta={"role": "assistant"}), Pause(math.inf)], {"first_token_timeout": 0.2}, "first_token", ""),
            ([chunk("a"), Pause(math.inf)], {"first_token_timeout": 5, "idle_timeout": 0.3}, "idle", "a"),
            ([Pause(math.inf)], {"idle_timeout": 0.2}, "idle", ""),
            ([chunk("a"), Pause(math.inf)], {"idle_timeout": 5, "deadline": 1.5}, "deadline", "a"),
        ],
    )
    def test_a_timeout_that_expires(
        self, server: LocalServer, flavour: Flavour, pieces: Any, timeouts: Any, kind: str, text: str
    ) -> None:
        """An error that names the timeout and its seconds, with what came before; on the call and on the client."""
        for on_client in (False, True):
            server.reply(Reply.sse(pieces))
            settings, params = (timeouts, {}) if on_client else ({}, timeouts)
            _, error = flavour.chunks(server.base_url, settings, messages=HELLO, **params)
            assert isinstance(error, APITimeoutError)
            assert (error.timeout_kind, error.seconds) == (
                kind,
                timeouts[kind if kind == "deadline" else f"{kind}_timeout"],
            )
            said = error.partial.choices[0].message.content if error.partial and error.partial.choices else None
            assert (said or "") == text

    def test_pings_do_not_feed_the_idle_timeout(self, server: LocalServer, flavour: Flavour) -> None:
        """A timeout, though bytes come all the time."""

        def pings() -> Iterator[Any]:
            yield b"data: " + b'{"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n'
            for _ in range(200):
                yield Pause(0.02)
                yield PING

        server.reply(Reply.sse(pings()))
        chunks, error = flavour.chunks(server.base_url, messages=HELLO, idle_timeout=0.2)
        assert isinstance(error, APITimeoutError)
        assert (error.timeout_kind, len(chunks)) == ("idle", 1)

    def test_tokens_without_end_meet_the_deadline(self, server: LocalServer, flavour: Flavour) -> None:
        """A timeout with all that came; httpx's own timeouts would never have expired."""

        def tokens() -> Iterator[Any]:
            for _ in range(500):
                yield chunk("a")
                yield Pause(0.01)

        server.reply(Reply.sse(tokens()))
        chunks, error = flavour.chunks(server.base_url, messages=HELLO, idle_timeout=5, deadline=0.3)
        assert isinstance(error, APITimeoutError)
        assert error.timeout_kind == "deadline"
        assert error.partial is not None
        assert error.partial.choices[0].message.content == "a" * len(chunks)

    def test_a_slow_consumer_is_not_idle(self, server: LocalServer, one: httpx.Client) -> None:
        """No timeout when it is the caller who takes the time."""
        server.reply(whole("a", "b", "c"))
        with opper(server, one, idle_timeout=0.2).chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            for _ in stream:
                threading.Event().wait(0.15)
            assert stream.get_final_text() == "abc"

    def test_a_deadline_bounds_a_plain_call(self, server: LocalServer, flavour: Flavour) -> None:
        """A timeout, whether the server is silent or dribbles its body."""

        def dribble() -> Iterator[Any]:
            for _ in range(300):
                yield b" "
                yield Pause(0.02)

        for reply in (Reply(delay=30), Reply(headers={"content-type": "application/json"}, body=dribble())):
            server.reply(reply)
            with pytest.raises(APITimeoutError) as caught:
                flavour.create(server.base_url, messages=HELLO, deadline=0.3)
            assert (caught.value.timeout_kind, caught.value.seconds) == ("deadline", 0.3)

    def test_a_first_token_timeout_counts_from_the_call(self, server: LocalServer, flavour: Flavour) -> None:
        """A timeout while the server has not even sent its headers."""
        server.reply(Reply(delay=30))
        _, error = flavour.chunks(server.base_url, messages=HELLO, first_token_timeout=0.2)
        assert isinstance(error, APITimeoutError)
        assert error.timeout_kind == "first_token"

    def test_a_timeout_where_reads_cannot_be_interrupted(self) -> None:
        """A timeout between two reads, through a transport without a socket."""

        class Pings(httpx.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                for _ in range(200):
                    threading.Event().wait(0.02)
                    yield PING

        def handle(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Pings())

        with httpx.Client(transport=httpx.MockTransport(handle)) as own:
            client = Opper(api_key="key", base_url="http://127.0.0.1:1", max_retries=0, http_client=own)
            with (
                pytest.raises(APITimeoutError) as caught,
                client.chat.completions.create(messages=HELLO, stream=True, idle_timeout=0.2) as stream,  # type: ignore[arg-type]
            ):
                list(stream)
        assert caught.value.timeout_kind == "idle"

    @pytest.mark.parametrize("timeout", ["first_token_timeout", "idle_timeout", "deadline"])
    def test_a_server_that_lets_nobody_in(self, flavour: Flavour, timeout: str) -> None:
        """A timeout that bounds the answer bounds the connecting as well."""
        with socket.socket() as listener, contextlib.ExitStack() as stack:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for _ in range(8):  # they fill the queue of those who wait to be let in
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listener.getsockname())
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            settings = {"timeout": 30, timeout: 0.2}
            began = time.monotonic()
            _, error = flavour.chunks(address, settings, messages=HELLO)
            assert isinstance(error, APITimeoutError)
            assert (error.timeout_kind, error.seconds) == (timeout.removesuffix("_timeout"), 0.2)
            assert time.monotonic() - began < 10

    @pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
    @pytest.mark.parametrize("warm", [False, True], ids=["new-connection", "used-connection"])
    def test_headers_that_come_byte_by_byte(
        self, server: LocalServer, flavour: Flavour, stream: bool, warm: bool
    ) -> None:
        """Do not put a timeout off: it runs while they come, over a new connection and over one that is used again."""

        def trickle() -> Iterator[Any]:
            yield b"HTTP/1.1 200 OK\r\n"
            for _ in range(2000):
                yield b"x"
                yield Pause(0.03)

        def call(client: Opper) -> None:
            if warm:
                client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
            server.reply(Reply.raw(trickle()))
            client.chat.completions.create(messages=HELLO, deadline=0.4, stream=stream)  # type: ignore[call-overload]

        async def call_async(client: AsyncOpper) -> None:
            if warm:
                await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
            server.reply(Reply.raw(trickle()))
            await client.chat.completions.create(messages=HELLO, deadline=0.4, stream=stream)  # type: ignore[call-overload]

        began = time.monotonic()
        with pytest.raises(APITimeoutError) as caught:
            flavour(call if flavour.kind == "sync" else call_async, api_key="key", base_url=server.base_url, timeout=20)
        assert (caught.value.timeout_kind, caught.value.seconds) == ("deadline", 0.4)
        assert time.monotonic() - began < 10

    @pytest.mark.parametrize("library", ["sync", "asyncio", "trio"])
    @pytest.mark.parametrize("timeout", ["first_token_timeout", "idle_timeout", "deadline"])
    @pytest.mark.parametrize("warm", [False, True], ids=["new-connection", "used-connection"])
    def test_a_head_that_comes_byte_by_byte(self, server: LocalServer, library: str, timeout: str, warm: bool) -> None:
        """Puts none of the three timeouts off, in no way of waiting; httpx's own timeouts begin anew with each byte."""

        def trickle() -> Iterator[Any]:
            for letter in b"HTTP/1.1 200 OK\r\nx-padding: " + b"x" * 2000:
                yield bytes([letter])
                yield Pause(0.03)

        settings: Any = {"api_key": "key", "base_url": server.base_url, "max_retries": 0, "timeout": 20}
        params: Any = {"messages": HELLO, "stream": True, timeout: 0.3}

        def use() -> None:
            with Opper(**settings) as client:
                if warm:
                    client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
                server.reply(Reply.raw(trickle()))
                client.chat.completions.create(**params)

        async def use_async() -> None:
            async with AsyncOpper(**settings) as client:
                if warm:
                    await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
                server.reply(Reply.raw(trickle()))
                await client.chat.completions.create(**params)

        began = time.monotonic()
        with pytest.raises(APITimeoutError) as caught:
            use() if library == "sync" else anyio.run(use_async, backend=library)
        assert (caught.value.timeout_kind, caught.value.seconds) == (timeout.removesuffix("_timeout"), 0.3)
        assert time.monotonic() - began < 5

    def test_a_stream_by_another_name_feeds_the_timeouts(self, server: LocalServer, flavour: Flavour) -> None:
        """As its tokens come, though the body goes on for longer than the first one may take; and a cut has a part."""
        for kind in ("application/json", "application/vnd.api+json", "text/html"):
            pieces = [*(one for text in "abcd" for one in (chunk(text), Pause(0.2))), chunk(finish_reason="stop"), DONE]
            server.reply(Reply.sse(pieces, headers={"content-type": kind}))
            chunks, error = flavour.chunks(server.base_url, messages=HELLO, first_token_timeout=0.5, idle_timeout=0.5)
            assert (len(chunks), error) == (5, None)
            server.reply(Reply.sse([b"\n", *pieces[:3], Pause(math.inf)], headers={"content-type": kind}))
            chunks, error = flavour.chunks(server.base_url, messages=HELLO, idle_timeout=0.5)
            assert isinstance(error, APITimeoutError)
            assert (error.timeout_kind, error.chunks_received, len(chunks)) == ("idle", 2, 2)
            assert error.partial is not None
            assert error.partial.choices[0].message.content == "ab"

    def test_a_generous_timeout_changes_nothing(self, server: LocalServer, flavour: Flavour) -> None:
        """The whole answer; and httpx's read timeout still holds for the body, though the first token's was short."""
        server.reply(Reply.sse([chunk("a"), Pause(0.5), chunk("b", finish_reason="stop"), DONE]))
        chunks, error = flavour.chunks(server.base_url, messages=HELLO, first_token_timeout=0.3, deadline=30)
        assert (len(chunks), error) == (2, None)


class TestConnections:
    def test_streams_share_a_connection(self, server: LocalServer) -> None:
        """One connection for ten streams and a plain call."""
        ports: set[int] = set()
        with httpx.Client() as own:
            client = opper(server, own)
            for _ in range(10):
                with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
                    ports.add(stream.response.extensions["network_stream"].get_extra_info("client_addr")[1])
                    for _chunk in stream:
                        pass
        assert len(ports) == 1

    def test_async_streams_share_a_connection(self, server: LocalServer) -> None:
        """The same, asynchronously."""

        async def run() -> set[int]:
            ports: set[int] = set()
            async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0) as client:
                for _ in range(10):
                    async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
                        ports.add(stream.response.extensions["network_stream"].get_extra_info("client_addr")[1])
                        await stream.until_done()
            return ports

        assert len(asyncio.run(run())) == 1

    def test_a_body_that_never_ends_is_given_up(self, server: LocalServer, flavour: Flavour) -> None:
        """The whole answer, without waiting for what does not come."""
        server.reply(Reply.sse([chunk("a", finish_reason="stop"), DONE, Pause(math.inf)]))
        chunks, error = flavour.chunks(server.base_url, messages=HELLO)
        assert (len(chunks), error) == (1, None)

    def test_a_body_that_never_ends_where_reads_cannot_be_bounded(self) -> None:
        """The whole answer at once, through a transport without a socket: nothing is waited for behind it."""
        told = threading.Event()

        class Endless(httpx.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                yield (
                    b'data: {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}\n\n' + DONE
                )
                told.wait(20)

        def handle(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Endless())

        began = time.monotonic()
        with httpx.Client(transport=httpx.MockTransport(handle)) as own:
            client = Opper(api_key="key", base_url="http://127.0.0.1:1", max_retries=0, http_client=own)
            with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
                assert stream.get_final_text() == "a"
        assert time.monotonic() - began < 10

    def test_a_full_pool_says_who_holds_it(self, server: LocalServer) -> None:
        """The line that made the stream which holds the connection."""
        with httpx.Client(limits=httpx.Limits(max_connections=1), timeout=httpx.Timeout(5, pool=0.05)) as own:
            client = opper(server, own)
            with client.chat.completions.create(messages=HELLO, stream=True):  # type: ignore[arg-type]
                line = sys._getframe().f_lineno - 1
                with pytest.raises(APITimeoutError) as caught:
                    client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        assert caught.value.timeout_kind == "pool"
        assert "the pool is full" in str(caught.value)
        assert f"{__file__}:{line}" in str(caught.value)

    def test_a_dropped_stream_warns_and_frees_its_connection(self, server: LocalServer, one: httpx.Client) -> None:
        """A warning with the line that made it, and a connection for the next call."""
        client = opper(server, one)
        stream = client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]
        line = sys._getframe().f_lineno - 1
        next(stream)
        with pytest.warns(ResourceWarning, match=rf"test_streams\.py:{line} was never closed"):
            del stream
            gc.collect()
        assert client.chat.completions.create(messages=HELLO).choices  # type: ignore[arg-type]

    def test_a_stream_that_was_asked_for_again_is_dropped(self, server: LocalServer, flavour: Flavour) -> None:
        """Its end is told at once: the error that it began anew for holds nothing of it until garbage is collected."""
        server.reply(Reply.sse([CUT]), Reply.sse([chunk("a"), Pause(math.inf)]))

        def drop(client: Opper) -> None:
            stream = client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
            assert next(stream).choices
            with pytest.warns(ResourceWarning, match="never closed"):
                del stream

        async def drop_async(client: AsyncOpper) -> None:
            stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
            assert (await anext(stream)).choices
            with pytest.warns(ResourceWarning, match="never closed"):
                del stream

        gc.disable()
        try:
            flavour(
                drop if flavour.kind == "sync" else drop_async, api_key="key", base_url=server.base_url, max_retries=1
            )
        finally:
            gc.enable()

    def test_a_dropped_async_stream_warns_and_frees_its_connection(self, server: LocalServer) -> None:
        """The same, though nothing can be awaited where it is dropped; also when others already wait for the pool."""

        async def run() -> None:
            limits = httpx.Limits(max_connections=1)
            async with httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(5, pool=0.5)) as own:
                client = AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0, http_client=own)
                for read_first in (True, False):
                    stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]
                    if read_first:
                        await anext(stream)
                    waiting = asyncio.create_task(client.chat.completions.create(messages=HELLO))  # type: ignore[arg-type]
                    await asyncio.sleep(0.05)
                    with warnings.catch_warnings(record=True) as caught:
                        warnings.simplefilter("always")
                        del stream
                        gc.collect()
                    assert any("was never closed" in str(warning.message) for warning in caught)
                    assert (await waiting).choices
                    assert (await client.chat.completions.create(messages=HELLO)).choices  # type: ignore[arg-type]

        asyncio.run(run())

    @pytest.mark.parametrize("order", ["close, cancel", "cancel, close"])
    @pytest.mark.parametrize("library", ["asyncio", "trio"])
    def test_closing_beside_a_cancelled_reader(self, server: LocalServer, order: str, library: str) -> None:
        """Frees the connection, whichever comes first: the only place of the pool is there for the next call."""

        async def run() -> None:
            async with AsyncOpper(api_key="key", base_url=server.base_url, max_connections=1) as client:
                server.reply(Reply.sse([chunk("a"), Pause(60)]))
                stream: Any = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
                scope = anyio.CancelScope()

                async def read() -> None:
                    with scope:
                        with contextlib.suppress(StreamTruncatedError):
                            await stream.until_done()

                async with anyio.create_task_group() as group:
                    group.start_soon(read)
                    await anyio.sleep(0.2)
                    if order == "close, cancel":
                        await stream.close()
                        scope.cancel()
                    else:
                        scope.cancel()
                        await stream.close()
                assert stream.response.is_closed
                assert (await client.chat.completions.create(messages=HELLO, timeout=5)).choices  # type: ignore[arg-type]

        anyio.run(run, backend=library)

    def test_a_close_between_two_looks_is_no_good_end(self, server: LocalServer, one: httpx.Client) -> None:
        """Half an answer never passes for a whole one, at whatever moment another thread closes the stream."""
        for _ in range(200):
            server.reply(Reply.sse([chunk("half of"), Pause(60)]))
            stream = opper(server, one).chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
            next(stream)
            closer = threading.Thread(target=stream.close)
            closer.start()
            with pytest.raises((StreamTruncatedError, APIConnectionError)):
                list(stream)
            closer.join()

    def test_two_readers_of_a_stream(self, server: LocalServer) -> None:
        """The second is told, and the first reads on."""

        async def run() -> None:
            async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
                server.reply(Reply.sse([chunk("a"), Pause(0.5), chunk("b", finish_reason="stop"), DONE]))
                stream: Any = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
                first = asyncio.create_task(stream.get_final_text())
                await asyncio.sleep(0.2)
                with pytest.raises(RuntimeError, match="read by another task"):
                    await stream.until_done()
                assert await first == "ab"

        asyncio.run(run())

    def test_a_stream_in_a_cycle_that_the_collector_finds_anywhere(self, server: LocalServer) -> None:
        """Also where the HTTP library holds the lock of its pool: nothing waits for itself for ever."""
        with httpx.Client() as own, warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            client, threshold = opper(server, own), gc.get_threshold()
            gc.set_threshold(3, 2, 2)
            try:
                for _ in range(60):
                    server.reply(Reply.sse([chunk("a"), Pause(60)]))
                    stream = client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
                    next(stream)
                    stream.me = [stream]
                    del stream
            finally:
                gc.set_threshold(*threshold)
                gc.collect()

    def test_a_response_that_is_closed_by_hand(self, server: LocalServer, one: httpx.Client) -> None:
        """An error of this package for whoever reads on."""
        server.reply(whole("a"))
        stream = opper(server, one).chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
        stream.response.close()
        with pytest.raises(APIConnectionError, match="closed before its body was read"):
            list(stream)

    @pytest.mark.parametrize("debug", [False, True], ids=["as-usual", "debug"])
    def test_a_stream_made_by_a_task_names_the_task(self, server: LocalServer, debug: bool) -> None:
        """Where `create` is the whole of a task, nothing tells the line that made it but the loop's debug mode."""

        async def run() -> None:
            async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
                server.reply(Reply.sse([chunk("a"), Pause(60)]))
                create = client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
                made = rf", made at .*test_streams\.py:{sys._getframe().f_lineno - 1}," if debug else ""
                stream = await asyncio.create_task(create, name="Anna")
                await asyncio.sleep(0)  # the loop lets go of the task, which has the stream for its result
                with pytest.warns(ResourceWarning, match=f"a stream made at the task 'Anna'{made} was never closed"):
                    del stream
                    gc.collect()

        asyncio.run(run(), debug=debug)

    def test_closing_from_another_thread(self, server: LocalServer, one: httpx.Client) -> None:
        """The reader wakes up at once with a truncation error, and the connection is free."""
        server.reply(Reply.sse([chunk("a"), Pause(math.inf)]))
        client = opper(server, one)
        stream = client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]
        seen: list[Any] = []

        def read() -> None:
            try:
                for one in stream:
                    seen.append(one)
            except StreamTruncatedError as error:
                seen.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        while not stream._busy or not stream._state.chunks_received:
            threading.Event().wait(0.01)
        stream.close()
        reader.join(timeout=3)  # before the read times out by itself
        assert not reader.is_alive()
        assert [type(one).__name__ for one in seen] == ["ChatCompletionChunk", "StreamTruncatedError"]
        assert client.chat.completions.create(messages=HELLO).choices  # type: ignore[arg-type]

    def test_closing_from_another_task(self, server: LocalServer) -> None:
        """The same, asynchronously."""

        async def run() -> None:
            server.reply(Reply.sse([chunk("a"), Pause(math.inf)]))
            limits = httpx.Limits(max_connections=1)
            async with httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(5, pool=1)) as own:
                client = AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0, http_client=own)
                stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]

                async def read() -> int:
                    return len([one async for one in stream])

                reader = asyncio.create_task(read())
                while not stream._state.chunks_received:
                    await asyncio.sleep(0.01)
                await stream.close()
                with pytest.raises(StreamTruncatedError, match="closed before"):
                    await reader
                assert (await client.chat.completions.create(messages=HELLO)).choices  # type: ignore[arg-type]

        asyncio.run(run())

    @pytest.mark.parametrize("own", [False, True], ids=["own-pool", "httpx"])
    @pytest.mark.parametrize("busy", [False, True], ids=["waiting", "reading"])
    def test_closing_from_another_event_loop(self, server: LocalServer, own: bool, busy: bool) -> None:
        """The same, from another thread with a loop of its own: what belongs to the first is not touched there."""

        async def run() -> None:
            limits = httpx.Limits(max_connections=1)
            async with contextlib.AsyncExitStack() as stack:
                settings: dict[str, Any] = {"max_connections": 1}
                if own:
                    lent = httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(5, pool=1))
                    settings = {"http_client": await stack.enter_async_context(lent)}
                client = AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0, **settings)
                await stack.enter_async_context(client)
                server.reply(Reply.sse([chunk("a"), Pause(math.inf)]))
                stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]
                await anext(stream)
                reader = asyncio.create_task(awaited(stream.until_done())) if busy else None  # type: ignore[arg-type]
                while busy and not stream._busy:
                    await asyncio.sleep(0.01)
                await asyncio.to_thread(asyncio.run, awaited(stream.close()), debug=True)
                with pytest.raises(StreamTruncatedError, match="closed before"):
                    await (reader or stream.until_done())
                completion = await client.chat.completions.create(messages=HELLO, timeout=5)  # type: ignore[arg-type]
                assert completion.choices
                assert stream.response.is_closed

        asyncio.run(run(), debug=True)
        gc.collect()

    def test_a_cancelled_read_does_not_end_the_stream_well(self, server: LocalServer) -> None:
        """A truncation error for whoever reads on, not the end of a whole answer."""

        async def run() -> None:
            server.reply(Reply.sse([chunk("safe"), Pause(1), chunk(" not", finish_reason="stop"), DONE]))
            async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0) as client:
                stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]
                await anext(stream)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(stream), 0.1)
                with pytest.raises(StreamTruncatedError):
                    await anext(stream)
                with pytest.raises(StreamTruncatedError):
                    [text async for text in stream.text_stream]

        asyncio.run(run())

    def test_a_drop_lets_in_who_is_waiting(self, server: LocalServer) -> None:
        """An answer long before the pool's timeout, for a call that waited when the stream was dropped."""

        async def run() -> None:
            async with AsyncOpper(
                api_key="key", base_url=server.base_url, max_retries=0, max_connections=1, timeout=60
            ) as client:
                stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]
                await anext(stream)
                waiting = asyncio.create_task(client.chat.completions.create(messages=HELLO))  # type: ignore[arg-type]
                await asyncio.sleep(0.05)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ResourceWarning)
                    del stream
                    gc.collect()
                assert (await asyncio.wait_for(waiting, 10)).choices

        asyncio.run(run())

    @pytest.mark.parametrize("way", ["to-the-end", "closed", "plain"])
    def test_cancellation_at_every_await(self, server: LocalServer, way: str) -> None:
        """No task and no connection is left, at whichever of its awaits a call is cancelled."""

        async def use(client: AsyncOpper) -> None:
            if way == "plain":
                await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
                return
            async with client.chat.completions.stream(messages=HELLO) as stream:  # type: ignore[arg-type]
                async for event in stream:
                    if way == "closed" and event.type == "content.delta":
                        break

        def slow(request: ReceivedRequest) -> Reply | None:
            pieces = [chunk("a"), Pause(0.01), chunk("b"), Pause(0.01), *ENDING]
            return Reply.sse(pieces) if request.body["stream"] else None

        async def run() -> list[bool]:
            ended: list[bool] = []
            async with AsyncOpper(
                api_key="key", base_url=server.base_url, max_retries=0, max_connections=1, timeout=5
            ) as client:
                while not ended or ended[-1]:
                    server.reply(slow)
                    task = asyncio.create_task(awaited(cancelled_at(len(ended) + 1, use(client))))
                    (done,) = await asyncio.gather(task, return_exceptions=True)
                    assert done is None or isinstance(done, asyncio.CancelledError)
                    ended.append(done is not None)
                    assert (await client.chat.completions.create(messages=HELLO)).choices  # type: ignore[arg-type]
                assert asyncio.all_tasks() == {asyncio.current_task()}
            return ended

        assert len(asyncio.run(run())) >= {"to-the-end": 4, "closed": 3, "plain": 2}[way]

    def test_a_close_that_is_cancelled_leaves_no_generator(self, server: LocalServer) -> None:
        """At whichever of its awaits: what the body was read from has ended, and asyncio need not end it later."""
        left: list[str] = []

        async def run() -> int:
            steps, cancelled = 0, True
            hooks = sys.get_asyncgen_hooks()
            assert hooks.finalizer is not None
            end = hooks.finalizer
            sys.set_asyncgen_hooks(hooks.firstiter, lambda one: (left.append(one.__qualname__), end(one)))
            async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0) as client:
                while cancelled:
                    steps += 1
                    server.reply(Reply.sse([chunk("a"), Pause(60)]))
                    stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]
                    await anext(stream)
                    task = asyncio.create_task(awaited(cancelled_at(steps, stream.close())))
                    (done,) = await asyncio.gather(task, return_exceptions=True)
                    cancelled = isinstance(done, asyncio.CancelledError)
                    del stream, task, done
                    gc.collect()
            return steps

        assert asyncio.run(run()) >= 2
        assert left == []

    def test_cancellation_at_every_await_of_trio(self, server: LocalServer) -> None:
        """The same under trio, whose cancel scopes end whatever waits inside of them."""

        async def use(client: AsyncOpper) -> None:
            async with client.chat.completions.stream(messages=HELLO, idle_timeout=5) as stream:  # type: ignore[arg-type]
                await stream.until_done()

        def slow(request: ReceivedRequest) -> Reply | None:
            pieces = [chunk("a"), Pause(0.01), chunk("b"), Pause(0.01), *ENDING]
            return Reply.sse(pieces) if request.body["stream"] else None

        async def run() -> int:
            steps, cancelled = 0, True
            async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0, max_connections=1) as client:
                while cancelled:
                    steps += 1
                    server.reply(slow)
                    with trio.CancelScope() as scope:
                        await awaited(cancelled_at(steps, use(client), scope.cancel))
                    cancelled = scope.cancelled_caught
                    completion = await client.chat.completions.create(messages=HELLO, timeout=5)  # type: ignore[arg-type]
                    assert completion.choices
                    gc.collect()
            return steps

        assert trio.run(run) >= 4  # more where the pieces come apart

    def test_an_exception_of_the_caller_frees_the_connection(self, server: LocalServer, one: httpx.Client) -> None:
        """The caller's exception, unchanged, and a connection for the next call."""
        client = opper(server, one)
        with (
            pytest.raises(ZeroDivisionError),
            client.chat.completions.create(messages=HELLO, stream=True) as stream,  # type: ignore[arg-type]
        ):
            next(stream)
            raise ZeroDivisionError
        assert client.chat.completions.create(messages=HELLO).choices  # type: ignore[arg-type]

    def test_trio_is_served_too(self, server: LocalServer) -> None:
        """Plain, streamed, timed out and cancelled, under trio."""

        async def run() -> None:
            async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0) as client:
                assert (await client.chat.completions.create(messages=HELLO)).choices  # type: ignore[arg-type]
                async with client.chat.completions.stream(messages=HELLO, deadline=30) as stream:  # type: ignore[arg-type]
                    assert [event.type async for event in stream][-1] == "done"
                server.reply(Reply.sse([chunk("a"), Pause(math.inf)]))
                with pytest.raises(APITimeoutError):
                    async with client.chat.completions.stream(messages=HELLO, idle_timeout=0.1) as stream:  # type: ignore[arg-type]
                        await stream.until_done()
                server.reply(Reply.sse([chunk("a"), Pause(math.inf)]))
                with trio.move_on_after(0.1):
                    async with client.chat.completions.stream(messages=HELLO) as stream:  # type: ignore[arg-type]
                        await stream.until_done()
                assert (await client.chat.completions.create(messages=HELLO)).choices  # type: ignore[arg-type]

        trio.run(run)

    @pytest.mark.parametrize("texts", [False, True], ids=["events", "texts"])
    @pytest.mark.parametrize("way", ["closed", "cancelled", "left"])
    def test_nothing_of_a_stream_that_was_left_is_found_in_the_garbage(
        self, server: LocalServer, way: str, texts: bool
    ) -> None:
        """Neither by trio, which warns of it, nor by asyncio, which would have a task close it."""
        server.reply(*[Reply.sse([chunk("a"), Pause(math.inf)])] * 2)

        async def read(client: AsyncOpper) -> None:
            async with client.chat.completions.stream(messages=HELLO) as stream:  # type: ignore[arg-type]
                async for _ in stream.text_stream if texts else stream:
                    if way == "left":
                        break
                    if way == "closed":
                        await stream.close()
                        return

        async def in_trio() -> None:
            async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
                with trio.move_on_after(0.2):
                    await read(client)
                gc.collect()

        async def in_asyncio() -> int:
            async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(read(client), 0.2)
                gc.collect()
                await asyncio.sleep(0)  # a task that closes a generator is made in the next turn
                return len(asyncio.all_tasks())

        trio.run(in_trio)
        assert asyncio.run(in_asyncio()) == 1

    @pytest.mark.parametrize("library", ["sync", "asyncio", "trio"])
    def test_a_slow_reader_holds_the_server_back(self, server: LocalServer, library: str) -> None:
        """Far fewer pieces sent than there are, while nobody reads."""
        sent = 0

        def pieces() -> Iterator[bytes]:
            nonlocal sent
            data = b'data: {"choices": [{"index": 0, "delta": {"content": "' + b"x" * 65536 + b'"}}]}\n\n'
            for _ in range(2000):
                sent += 1
                yield data

        async def read_async() -> None:
            async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
                async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
                    await anext(stream)
                    await anyio.sleep(0.5)
                    assert sent < 300  # what fits into the buffers of both sockets

        server.reply(Reply.sse(pieces()))
        if library != "sync":
            anyio.run(read_async, backend=library)
            return
        with Opper(api_key="key", base_url=server.base_url) as client:
            with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
                next(stream)
                threading.Event().wait(0.5)
                assert sent < 300  # of which some grow to several megabytes


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "text/html"])
def test_an_error_mid_stream_carries_everything(server: LocalServer, flavour: Flavour, kind: str) -> None:
    """The partial completion, the count, the status, the request id and the headers, whatever the stream is called."""
    headers = {"x-a": "b", "content-type": kind}
    server.reply(Reply.sse([chunk("Hel"), b'data: {"error": {"message": "M", "code": 7}}\n\n'], headers=headers))
    _, error = flavour.chunks(server.base_url, messages=HELLO)
    assert type(error) is APIError
    assert error.partial is not None
    assert error.partial.choices[0].message.content == "Hel"
    assert (error.chunks_received, error.status_code, error.code, error.message) == (1, 200, 7, "M")
    assert error.request_id == error.headers["x-request-id"]
    assert error.headers["x-a"] == "b"


def test_one_async_client_in_several_event_loops(server: LocalServer) -> None:
    """An answer in each, one loop after another."""
    client = AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0, max_connections=1)

    async def use() -> bool:
        completion = await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        async with client.chat.completions.stream(messages=HELLO) as stream:  # type: ignore[arg-type]
            return await stream.get_final_text() == completion.choices[0].message.content

    async def use_and_close() -> bool:
        right = await use()
        await client.close()
        return right

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the first loop took its connections with it
        assert asyncio.run(use())
        assert asyncio.run(use_and_close())
        gc.collect()


def test_many_threads_share_one_client(server: LocalServer) -> None:
    """A right answer for each of 400 streams in 16 threads over 8 connections, with timeouts running."""
    right: list[bool] = []
    with Opper(
        api_key="key", base_url=server.base_url, max_retries=0, max_connections=8, idle_timeout=30, deadline=60
    ) as client:

        def use() -> None:
            for _ in range(25):
                with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
                    right.append(stream.get_final_text().endswith("Hello"))

        threads = [threading.Thread(target=use) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    assert right == [True] * 400


def test_the_clients_own_pool_says_who_holds_it(server: LocalServer, flavour: Flavour) -> None:
    """The line that made the stream which holds the only connection."""

    def use(client: Opper) -> str:
        with client.chat.completions.create(messages=HELLO, stream=True), pytest.raises(APITimeoutError) as caught:  # type: ignore[arg-type]
            client.chat.completions.create(messages=HELLO, timeout=httpx.Timeout(5, pool=0.05))  # type: ignore[arg-type]
        return str(caught.value)

    async def use_async(client: AsyncOpper) -> str:
        async with await client.chat.completions.create(messages=HELLO, stream=True):  # type: ignore[arg-type]
            with pytest.raises(APITimeoutError) as caught:
                await client.chat.completions.create(messages=HELLO, timeout=httpx.Timeout(5, pool=0.05))  # type: ignore[arg-type]
        return str(caught.value)

    settings = {"api_key": "key", "base_url": server.base_url, "max_connections": 1}
    said = flavour(use if flavour.kind == "sync" else use_async, **settings)
    assert "the pool is full" in said
    assert f"a stream made at {__file__}:" in said


def test_a_pool_full_of_calls_says_so(server: LocalServer) -> None:
    """How many calls are waiting for their answers, without the one that is told."""
    server.reply(Reply(delay=1.5), Reply(delay=1.5))

    async def run() -> str:
        async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0, max_connections=2) as client:
            create = client.chat.completions.create
            others = [asyncio.create_task(create(messages=HELLO, deadline=1)) for _ in range(2)]  # type: ignore[arg-type]
            await asyncio.sleep(0.1)
            with pytest.raises(APITimeoutError) as caught:
                await create(messages=HELLO, timeout=httpx.Timeout(5, pool=0.05))  # type: ignore[arg-type]
            await asyncio.gather(*others, return_exceptions=True)
        return str(caught.value)

    assert "used by a call that waits for its response (2 times)" in asyncio.run(run())
