"""What is tried again, how long is waited for it, and what is told of the attempts."""

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncOpper,
    Attempt,
    InternalServerError,
    InvalidArgumentError,
    Opper,
    RateLimitError,
    StreamTruncatedError,
)
from opper_chat._call.retries import FIRST_WAIT, LONGEST_WAIT, backoff, wait_before_retry
from opper_chat._concurrency.deadlines import Deadlines, Timeouts
from opper_chat._errors.retryable import RETRYABLE_STATUSES
from opper_chat._results.status_errors import status_error_class
from opper_chat.testing import CUT, LocalServer, Pause, Reply, chunk

AT_ONCE = {"retry-after-ms": "1"}
"""A server that asks for nearly no wait. The backoff is added to it."""

WHOLE = [chunk("Hel"), chunk("lo"), chunk(finish_reason="stop"), "[DONE]"]


def busy(status: int = 503, headers: dict[str, str] | None = None) -> Reply:
    return Reply.json({"type": "Busy", "message": "Come back."}, status=status, headers=headers)


def statuses(attempts: tuple[Attempt, ...]) -> list[int | None]:
    return [attempt.status_code for attempt in attempts]


# --- Decisions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", range(300, 600))
def test_which_statuses_are_retried(status: int) -> None:
    """Those that may pass, and no other; unless the server says otherwise."""
    assert {408, 409, 429, *range(500, 600)} - {501, 505} == RETRYABLE_STATUSES
    kind = status_error_class(status)
    assert kind("", status_code=status).is_retryable == (status in RETRYABLE_STATUSES)
    assert kind("", status_code=status, headers={"X-Should-Retry": "true"}).is_retryable
    assert not kind("", status_code=status, headers={"x-should-retry": "false"}).is_retryable
    assert kind("", status_code=status, headers={"x-should-retry": "maybe"}).is_retryable == (
        status in RETRYABLE_STATUSES
    )


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (APIConnectionError("cut"), True),
        (APITimeoutError("late", timeout_kind="connect"), True),
        (APITimeoutError("late", timeout_kind="read"), True),
        (APITimeoutError("late", timeout_kind="write"), True),
        (APITimeoutError("late", timeout_kind="pool"), False),
        (APITimeoutError("late", timeout_kind="deadline"), False),
        (APITimeoutError("late", timeout_kind="first_token"), False),
        (APITimeoutError("late", timeout_kind="idle"), False),
        (StreamTruncatedError("cut", status_code=200), True),
        (APIResponseValidationError("html", status_code=200), False),
        (APITimeoutError("late", timeout_kind="read", status_code=200), True),
        (APITimeoutError("late", timeout_kind="read", status_code=401), False),
        (APIConnectionError("cut", status_code=503), True),
        (APIConnectionError("cut", status_code=400), False),
        (APIError("busy", status_code=200, body={"error": {"message": "Busy", "code": 429}}), True),
        (APIError("wrong", status_code=200, body={"error": {"message": "Wrong", "code": 400}}), False),
        (APIError("odd", status_code=200, body={"error": {"message": "Odd", "code": "rate_limit"}}), False),
    ],
)
def test_which_errors_are_retried(error: APIError, retried: bool) -> None:
    """What broke on the way, but not a timeout that bounds the whole call, nor an answer that will not get better."""
    assert error.is_retryable is retried


def test_the_backoff_has_full_jitter() -> None:
    """Any wait up to a bound that doubles and does not grow for ever."""
    for attempt, most in ((1, FIRST_WAIT), (2, 1.0), (3, 2.0), (4, 4.0), (5, LONGEST_WAIT), (50, LONGEST_WAIT)):
        waits = [backoff(attempt) for _ in range(400)]
        assert max(waits) <= most
        assert min(waits) < most / 4
        assert max(waits) > most * 3 / 4


def test_a_wait_that_would_pass_the_deadline_is_not_begun() -> None:
    """The error at once, which says why."""
    deadlines = Deadlines(Timeouts(deadline=10), 0)
    error = RateLimitError("Slow down.", status_code=429, headers={"retry-after": "3"})
    assert wait_before_retry(error, 0, 5, deadlines, now=1) is not None
    error = RateLimitError("Slow down.", status_code=429, headers={"retry-after": "30"})
    assert wait_before_retry(error, 1, 5, deadlines, now=5) is None
    assert "the deadline of 10 s (5.0 s left)" in error.__notes__[0]
    assert error.message == "Slow down."


def test_a_wait_that_nobody_expects_is_not_begun() -> None:
    """An hour is for the caller to wait."""
    error = RateLimitError("Slow down.", status_code=429, headers={"retry-after": "3600"})
    assert wait_before_retry(error, 0, 5, Deadlines(Timeouts(), 0), now=1) is None
    assert "requests a wait of 3600 s, and the client waits at most 60 s" in error.__notes__[0]


# --- Over sockets ------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{"ratelimit-reset": "120"}, {"ratelimit": '"default";r=0;t=120'}])
def test_the_reset_of_a_quota_is_a_wait_as_well(server: LocalServer, flavour: Flavour, headers: dict[str, str]) -> None:
    """Of a 429 without Retry-After. Other responses have these headers too, and are tried again as usual."""
    server.reply(busy(503, headers), busy(429, headers))
    with pytest.raises(RateLimitError) as caught:
        flavour.create(server.base_url, {"max_retries": 2}, messages=HELLO)
    assert statuses(caught.value.attempts) == [503, 429]
    assert "requests a wait of 120 s, and the client waits at most 60 s" in caught.value.__notes__[0]


def test_a_call_is_tried_again(server: LocalServer, flavour: Flavour) -> None:
    """The answer, the attempts that it took, and one and the same idempotency key with each."""
    server.reply(busy(429, AT_ONCE), busy(503, AT_ONCE))
    completion = flavour.create(server.base_url, {"max_retries": 2}, messages=HELLO)
    assert completion.choices[0].message.content
    assert statuses(completion.attempts) == [429, 503, 200]
    assert [attempt.wait > 0 for attempt in completion.attempts] == [True, True, False]
    assert [attempt.request_id for attempt in completion.attempts] == [f"req_00000{n}" for n in (1, 2, 3)]
    assert (completion.attempts[0].error or "").startswith("RateLimitError: 429 Busy: Come back.")
    assert completion.attempts[2].error is None
    assert completion.request_id == "req_000003"
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert len(keys) == 1
    assert len({request.content for request in server.requests}) == 1


def test_two_calls_have_two_idempotency_keys(server: LocalServer, flavour: Flavour) -> None:
    """Or the second would be taken for the first. A call that is not tried again has none; a caller's own wins."""
    for _ in range(2):
        flavour.create(server.base_url, {"max_retries": 1}, messages=HELLO)
    flavour.create(server.base_url, {"max_retries": 0}, messages=HELLO)
    flavour.create(server.base_url, messages=HELLO, max_retries=1, extra_headers={"Idempotency-Key": "mine"})
    first, second, third, fourth = (request.headers.get("idempotency-key") for request in server.requests)
    assert len({first, second}) == 2
    assert (third, fourth) == (None, "mine")


def test_the_last_error_has_all_attempts(server: LocalServer, flavour: Flavour) -> None:
    """Each one's status, error and wait, in the order in which they were made."""
    server.reply(busy(500, AT_ONCE), busy(529, AT_ONCE), busy(429, AT_ONCE))
    with pytest.raises(RateLimitError) as caught:
        flavour.create(server.base_url, {"max_retries": 2}, messages=HELLO)
    assert statuses(caught.value.attempts) == [500, 529, 429]
    assert [(attempt.error or "").partition(":")[0] for attempt in caught.value.attempts] == [
        "InternalServerError", "InternalServerError", "RateLimitError",
    ]  # fmt: skip
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 501])
def test_what_will_not_pass_is_not_tried_again(server: LocalServer, flavour: Flavour, status: int) -> None:
    """One request, one attempt."""
    server.reply(busy(status))
    with pytest.raises(APIStatusError) as caught:
        flavour.create(server.base_url, {"max_retries": 2}, messages=HELLO)
    assert statuses(caught.value.attempts) == [status]
    assert len(server.requests) == 1


@pytest.mark.parametrize("pieces", [[CUT], [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", CUT]])
def test_a_connection_that_breaks_is_tried_again(server: LocalServer, flavour: Flavour, pieces: Any) -> None:
    """Before an answer, and inside one that was not handed out."""
    server.reply(Reply.raw(pieces))
    completion = flavour.create(server.base_url, {"max_retries": 1}, messages=HELLO)
    assert len(completion.attempts) == 2
    assert (completion.attempts[0].error or "").startswith("APIConnectionError")


def test_a_server_that_is_not_there(flavour: Flavour) -> None:
    """An error after all attempts, each without a status."""
    with pytest.raises(APIConnectionError) as caught:
        flavour.create("http://127.0.0.1:1/v1", {"max_retries": 1}, messages=HELLO)
    assert statuses(caught.value.attempts) == [None, None]


def test_a_stalled_server_takes_as_long_as_can_be_computed(server: LocalServer, flavour: Flavour) -> None:
    """The timeout for each attempt, and the waits between them."""
    server.reply(*[Reply.json({}, delay=60)] * 3)
    began = time.monotonic()
    with pytest.raises(APITimeoutError) as caught:
        flavour.create(server.base_url, {"max_retries": 2, "timeout": 0.2}, messages=HELLO)
    took = time.monotonic() - began
    assert caught.value.timeout_kind == "read"
    attempts = caught.value.attempts
    assert len(attempts) == 3
    assert took >= 3 * 0.2 + sum(attempt.wait for attempt in attempts)
    assert sum(attempt.wait for attempt in attempts) <= 0.5 + 1.0


def test_the_deadline_bounds_attempts_and_waits(server: LocalServer, flavour: Flavour) -> None:
    """The time is up long before the attempts are."""
    server.reply(*[Reply.json({}, delay=60)] * 20)
    began = time.monotonic()
    with pytest.raises(APITimeoutError) as caught:
        flavour.create(server.base_url, {"max_retries": 19, "timeout": 0.1, "deadline": 1.0}, messages=HELLO)
    assert time.monotonic() - began < 10
    assert caught.value.timeout_kind in ("read", "deadline")
    assert 1 <= len(caught.value.attempts) < 20


def test_a_long_wait_fails_at_once(server: LocalServer, flavour: Flavour) -> None:
    """Without waiting for the deadline: it could not be kept."""
    server.reply(busy(429, {"retry-after": "50"}))
    began = time.monotonic()
    with pytest.raises(RateLimitError, match="Not retried: a wait of 5") as caught:
        flavour.create(server.base_url, {"max_retries": 2, "deadline": 20}, messages=HELLO)
    assert time.monotonic() - began < 15
    assert len(caught.value.attempts) == 1


def test_the_call_the_options_and_the_client_say_how_often(server: LocalServer) -> None:
    """The nearest wins."""
    with Opper(api_key="key", base_url=server.base_url) as client:
        assert client.max_retries == 2
        for settings, options, expected in (({}, {}, 3), ({"max_retries": 1}, {}, 2), ({}, {"max_retries": 0}, 1)):
            del server.requests[:]
            server.reply(*[busy(503, AT_ONCE)] * expected)
            with pytest.raises(InternalServerError):
                client.with_options(**settings).chat.completions.create(messages=HELLO, **options)  # type: ignore[arg-type]
            assert len(server.requests) == expected


@pytest.mark.parametrize("value", [-1, 1.5, True, "2", None])
def test_a_number_of_retries_that_is_none(value: Any) -> None:
    """An error before anything is sent."""
    with pytest.raises(InvalidArgumentError, match="max_retries: expected an integer of at least 0"):
        Opper(api_key="key", max_retries=value)


class CallerError(Exception):
    """Raised by code of the caller's own."""


def test_an_exception_of_the_callers_own_is_not_tried_again(server: LocalServer, flavour: Flavour) -> None:
    """Not that of a hook, nor that of a source of keys."""
    calls: list[object] = []

    def hook(request: object) -> None:
        calls.append(request)
        raise CallerError

    async def async_hook(request: object) -> None:
        hook(request)

    settings = {"max_retries": 2, "event_hooks": {"request": [hook if flavour.kind == "sync" else async_hook]}}
    with pytest.raises(CallerError):
        flavour.create(server.base_url, settings, messages=HELLO)
    assert len(calls) == 1

    def key() -> str:
        calls.append(None)
        raise CallerError

    with pytest.raises(CallerError):
        flavour.create(server.base_url, {"max_retries": 2, "api_key": key}, messages=HELLO)
    assert len(calls) == 2
    assert server.requests == []


HOOK_ERRORS = {
    "ReadTimeout": (lambda: httpx.ReadTimeout("x"), APITimeoutError, 2),
    "ConnectError": (lambda: httpx.ConnectError("x"), APIConnectionError, 2),
    "StreamClosed": (httpx.StreamClosed, APIConnectionError, 1),
    "HTTPStatusError": (
        lambda: httpx.HTTPStatusError("x", request=httpx.Request("POST", "http://x"), response=httpx.Response(500)),
        httpx.HTTPStatusError,
        1,
    ),
}


@pytest.mark.parametrize("name", HOOK_ERRORS)
def test_a_hook_may_raise_what_the_library_raises(server: LocalServer, flavour: Flavour, name: str) -> None:
    """An error of the transport stands for one, as in httpx, and is retried as such; any other is the caller's own."""
    make, kind, attempts = HOOK_ERRORS[name]

    def hook(_: object) -> None:
        raise make()

    async def async_hook(_: object) -> None:
        raise make()

    settings = {"max_retries": 1, "event_hooks": {"response": [hook if flavour.kind == "sync" else async_hook]}}
    with pytest.raises(kind):
        flavour.create(server.base_url, settings, messages=HELLO)
    assert len(server.requests) == attempts


@pytest.mark.parametrize("hooks", [5, [], {"request": print}, {"other": [print]}, {"request": [5]}])
def test_hooks_that_are_none(hooks: Any) -> None:
    """An error that names the argument."""
    with pytest.raises(InvalidArgumentError, match="event_hooks"):
        Opper(api_key="key", event_hooks=hooks)


def test_hooks_see_every_attempt(server: LocalServer, flavour: Flavour) -> None:
    """The request and the response of each."""
    seen: list[Any] = []

    async def take(event: Any) -> None:
        seen.append(event)

    hook = seen.append if flavour.kind == "sync" else take
    server.reply(busy(503, AT_ONCE))
    settings = {"max_retries": 1, "event_hooks": {"request": [hook], "response": [hook]}}
    flavour.create(server.base_url, settings, messages=HELLO)
    assert [type(event).__name__ for event in seen] == ["Request", "Response"] * 2
    assert [event.status_code for event in seen[1::2]] == [503, 200]


@pytest.mark.parametrize("part", ["timeout", "status", "headers"])
def test_what_a_hook_changes_counts(server: LocalServer, flavour: Flavour, part: str) -> None:
    """The time that a request may take, the status of an answer and its headers."""

    def hook(event: Any) -> None:
        if part == "timeout":
            event.extensions["timeout"] = {**event.extensions["timeout"], "read": 0.05}
        elif part == "status":
            event.status_code = 503
        else:
            event.headers["x-request-id"] = "mine"

    async def async_hook(event: Any) -> None:
        hook(event)

    hooks = {"request" if part == "timeout" else "response": [hook if flavour.kind == "sync" else async_hook]}
    if part == "headers":
        assert flavour.create(server.base_url, {"event_hooks": hooks}, messages=HELLO).request_id == "mine"
        return
    server.reply(Reply.json({}, delay=60) if part == "timeout" else Reply.json({}))
    with pytest.raises(APITimeoutError if part == "timeout" else APIStatusError) as caught:
        flavour.create(server.base_url, {"event_hooks": hooks}, messages=HELLO)
    assert caught.value.status_code == (503 if part == "status" else None)


def test_a_cancelled_call_is_not_tried_again(server: LocalServer) -> None:
    """Neither in an attempt nor in the wait for the next."""

    async def run(delay: float, reply: Reply) -> None:
        server.reply(reply)
        async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=5) as client:
            task = asyncio.create_task(client.chat.completions.create(messages=HELLO))
            await asyncio.sleep(delay)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run(0.2, Reply.json({}, delay=60)))
    asyncio.run(run(0.3, busy(429, {"retry-after": "20"})))
    assert len(server.requests) == 2


# --- Streams -----------------------------------------------------------------------------------


def test_a_stream_that_is_refused_is_asked_for_again(server: LocalServer, flavour: Flavour) -> None:
    """By its status, before it begins."""
    server.reply(busy(503, AT_ONCE), Reply.sse(WHOLE))
    chunks, error = flavour.chunks(server.base_url, {"max_retries": 1}, messages=HELLO)
    assert error is None
    assert len(chunks) == 3


@pytest.mark.parametrize(
    "pieces",
    [
        [CUT],
        [b": ping\n\n", CUT],
        [b'data: {"id": "c", "cho', CUT],
        [],
        [b'data: {"error": {"message": "Busy", "code": 503}}\n\n'],
    ],
    ids=["cut", "cut-after-a-ping", "cut-inside-the-first-event", "empty", "error"],
)
def test_a_stream_that_breaks_before_it_brings_anything_is_asked_for_again(
    server: LocalServer, flavour: Flavour, pieces: Any
) -> None:
    """The chunks of the next one, and both attempts."""
    server.reply(Reply.sse(pieces), Reply.sse(WHOLE))

    def read(client: Opper) -> Any:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:
            return "".join(stream.text_stream), stream.get_final_completion(), stream.attempts

    async def read_async(client: AsyncOpper) -> Any:
        async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:
            text = "".join([text async for text in stream.text_stream])
            return text, await stream.get_final_completion(), stream.attempts

    settings = {"api_key": "key", "base_url": server.base_url, "max_retries": 2}
    text, completion, attempts = flavour(read if flavour.kind == "sync" else read_async, **settings)
    assert text == completion.choices[0].message.content == "Hello"
    assert [attempt.error is None for attempt in attempts] == [False, True]
    assert completion.attempts == attempts
    assert completion.request_id == "req_000002"


def test_the_events_of_a_stream_that_is_asked_for_again(server: LocalServer) -> None:
    """Those of the second one alone."""
    server.reply(Reply.sse([b": ping\n\n", CUT]), Reply.sse(WHOLE))
    with (
        Opper(api_key="key", base_url=server.base_url) as client,
        client.chat.completions.stream(messages=HELLO) as events,
    ):
        kinds = [event.type for event in events]
    assert kinds.count("chunk") == 3
    assert kinds[-1] == "done"


def test_a_stream_that_has_begun_is_never_asked_for_again(server: LocalServer, flavour: Flavour) -> None:
    """The error with what came, and one request."""
    server.reply(Reply.sse([chunk("Hel"), CUT]), Reply.sse(WHOLE))
    chunks, error = flavour.chunks(server.base_url, {"max_retries": 2}, messages=HELLO)
    assert len(chunks) == 1
    assert isinstance(error, APIConnectionError)
    assert error.partial is not None
    assert error.partial.choices[0].message.content == "Hel"
    assert statuses(error.attempts) == [200]
    assert (error.attempts[0].error or "").startswith("APIConnectionError")
    assert len(server.requests) == 1


def test_a_stream_that_cannot_be_had_is_told_to_whoever_asks_again(server: LocalServer, flavour: Flavour) -> None:
    """The last error, with all attempts, as often as it is asked for."""
    server.reply(Reply.sse([CUT]), busy(400))

    def read(client: Opper) -> Any:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:
            return [_error(stream.until_done), _error(stream.get_final_completion)]

    async def read_async(client: AsyncOpper) -> Any:
        async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:
            errors = []
            for ask in (stream.until_done, stream.get_final_completion):
                with pytest.raises(APIError) as caught:
                    await ask()
                errors.append(caught.value)
            return errors

    settings = {"api_key": "key", "base_url": server.base_url, "max_retries": 2}
    first, second = flavour(read if flavour.kind == "sync" else read_async, **settings)
    assert first is second
    assert statuses(first.attempts) == [200, 400]


def _error(ask: Any) -> APIError:
    with pytest.raises(APIError) as caught:
        ask()
    return caught.value


def test_the_timeout_for_the_first_token_bounds_all_attempts(server: LocalServer, flavour: Flavour) -> None:
    """One timeout, however often the stream is asked for."""
    server.reply(*[Reply.sse([Pause(0.2), CUT])] * 20)
    began = time.monotonic()
    _, error = flavour.chunks(server.base_url, {"max_retries": 19, "first_token_timeout": 1.0}, messages=HELLO)
    assert time.monotonic() - began < 10
    assert isinstance(error, APIConnectionError)
    assert len(error.attempts) < 20


def test_a_date_of_the_future_is_waited_for(server: LocalServer) -> None:
    """The server's own clock is this machine's here."""
    until = datetime.now(UTC) + timedelta(seconds=1.2)
    server.reply(busy(429, {"retry-after": until.isoformat()}))
    with Opper(api_key="key", base_url=server.base_url) as client:
        completion = client.chat.completions.create(messages=HELLO)
    assert datetime.now(UTC) >= until
    assert len(completion.attempts) == 2


def test_a_stream_that_is_closed_before_it_is_asked_for_again(server: LocalServer, flavour: Flavour) -> None:
    """The reader wakes at once, and nothing more is sent."""
    later = {"retry-after": "20"}

    def read(client: Opper) -> list[object]:
        server.reply(Reply.sse([], headers=later), Reply.sse(WHOLE))
        stream = client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
        told: list[object] = []
        reader = threading.Thread(target=lambda: told.append(_error(stream.until_done)))
        reader.start()
        time.sleep(0.3)
        stream.close()
        reader.join(10)
        assert not reader.is_alive()
        return told

    async def read_async(client: AsyncOpper) -> list[object]:
        server.reply(Reply.sse([], headers=later), Reply.sse(WHOLE))
        stream: Any = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
        reader = asyncio.create_task(stream.until_done())
        await asyncio.sleep(0.3)
        await stream.close()
        done, _ = await asyncio.wait({reader}, timeout=10)
        return [done.pop().exception()]

    settings = {"api_key": "key", "base_url": server.base_url, "max_retries": 2}
    (error,) = flavour(read if flavour.kind == "sync" else read_async, **settings)
    assert isinstance(error, StreamTruncatedError)
    assert len(server.requests) == 1


def test_the_partial_completion_has_all_attempts(server: LocalServer, flavour: Flavour) -> None:
    """Those that the error has."""
    server.reply(busy(503, AT_ONCE), Reply.sse([chunk("Hel"), CUT]))
    _, error = flavour.chunks(server.base_url, {"max_retries": 1}, messages=HELLO)
    assert isinstance(error, APIConnectionError)
    assert error.partial is not None
    assert error.partial.attempts == error.attempts
    assert len(error.attempts) == 2


def test_max_concurrency_bounds_the_calls_of_a_client(server: LocalServer, flavour: Flavour) -> None:
    """A stream counts until it is closed; a call that finds no place waits until its deadline, and is not sent."""
    server.reply(Reply.sse([chunk("a"), Pause(60)]))

    def use(client: Opper) -> None:
        stream = client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
        with pytest.raises(APITimeoutError, match="max_concurrency") as caught:
            client.with_options(deadline=0.2).chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        assert (caught.value.timeout_kind, caught.value.attempts) == ("deadline", ())
        stream.close()
        client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    async def use_async(client: AsyncOpper) -> None:
        stream: Any = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
        with pytest.raises(APITimeoutError, match="max_concurrency") as caught:
            await client.with_options(deadline=0.2).chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        assert (caught.value.timeout_kind, caught.value.attempts) == ("deadline", ())
        await stream.close()
        await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    settings: Any = {"api_key": "key", "base_url": server.base_url, "max_concurrency": 1}
    flavour(use if flavour.kind == "sync" else use_async, **settings)
    assert len(server.requests) == 2


def test_an_adaptive_client_holds_back_after_many_429(server: LocalServer) -> None:
    """Two clients of the same settings share what was learnt: the pause that the server asked for is kept by both."""
    refusals = 11  # one more than are tolerated
    server.reply(*[Reply.json({"message": "Slow."}, status=429, headers={"retry-after-ms": "700"})] * refusals)
    with Opper(api_key="key", base_url=server.base_url, adaptive_rate_limit=True, max_retries=0) as client:
        for _ in range(refusals):
            with pytest.raises(RateLimitError):
                client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        began = time.monotonic()
        with pytest.raises(APITimeoutError, match=r"the server asked for no more requests for 0\.\d s"):
            client.with_options(deadline=0.1).chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        client.with_options(timeout=9).chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        assert time.monotonic() - began >= 0.5
    assert len(server.requests) == refusals + 1
