"""Redirects: 307 and 308 to the same origin are followed with method and body, and no key goes to another one."""

import asyncio
import logging
import pickle
import re
import time
from typing import Any

import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpper,
    Attempt,
    CallRecord,
    Opper,
    add_observer,
    remove_observer,
)
from opper_chat.testing import LocalServer, ReceivedRequest, Reply

KEY = "key-12345678"
TEXT = "Hello from the local server! You said: Hello"
WAYS = ["create", "stream", "raw", "raw stream", "streaming", "events", "parse"]


def redirect(location: str, status: int = 307, body: bytes = b"Moved", **headers: str) -> Reply:
    return Reply(status, {"location": location, **headers}, body)


def text_of(error: BaseException) -> str:
    """Return the text of an error and its notes, as a traceback shows them."""
    return "\n".join([str(error), *getattr(error, "__notes__", [])])


def ask(client: Any, way: str, flavour: Flavour) -> Any:
    """Make a call in one of the ways, and return what the model said."""
    completions = client.chat.completions
    if flavour.kind == "async":
        return ask_async(completions, way)
    if way == "create":
        return completions.create(messages=HELLO).text
    if way == "parse":
        return completions.parse(messages=HELLO, response_format={"type": "text"}).text
    if way == "stream":
        return completions.create(messages=HELLO, stream=True).get_final_text()
    if way == "raw":
        return completions.with_raw_response.create(messages=HELLO).parse().text
    if way == "raw stream":
        return completions.with_raw_response.create(messages=HELLO, stream=True).parse().get_final_text()
    if way == "events":
        with completions.stream(messages=HELLO) as events:
            return events.get_final_text()
    with completions.with_streaming_response.create(messages=HELLO) as response:
        return response.parse().text


async def ask_async(completions: Any, way: str) -> Any:
    if way == "create":
        return (await completions.create(messages=HELLO)).text
    if way == "parse":
        return (await completions.parse(messages=HELLO, response_format={"type": "text"})).text
    if way == "stream":
        return await (await completions.create(messages=HELLO, stream=True)).get_final_text()
    if way == "raw":
        return (await completions.with_raw_response.create(messages=HELLO)).parse().text
    if way == "raw stream":
        raw = await completions.with_raw_response.create(messages=HELLO, stream=True)
        return await (await raw.parse()).get_final_text()
    if way == "events":
        async with completions.stream(messages=HELLO) as events:
            return await events.get_final_text()
    async with completions.with_streaming_response.create(messages=HELLO) as response:
        return (await response.parse()).text


def answer(flavour: Flavour, way: str, own: bool, **settings: Any) -> Any:
    """Make a call in one of the ways, over the client's own connections or those of an `http_client`."""

    def call(client: Any) -> Any:
        return ask(client, way, flavour)

    if not own:
        return flavour(call, **settings)
    if flavour.kind == "sync":
        with httpx.Client() as http_client:
            return flavour(call, http_client=http_client, **settings)

    async def run() -> Any:
        async with httpx.AsyncClient() as http_client, AsyncOpper(http_client=http_client, **settings) as client:
            return await call(client)

    return asyncio.run(run())


@pytest.mark.parametrize("own", [False, True], ids=["own-connections", "http_client"])
@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("way", WAYS)
def test_a_redirect_to_the_same_origin_is_followed(
    server: LocalServer, flavour: Flavour, way: str, status: int, own: bool
) -> None:
    """With the same method, body and headers, the key included, whether the location is absolute or relative."""
    base = server.base_url.removesuffix("/v2/openai")
    server.reply(
        redirect(f"{base}/v2/openai/chat/completions?hop=1#part", status),
        redirect("/v2/openai/chat/completions?hop=2", status),
        redirect("?hop=3", status, b""),
        redirect("completions?hop=4", status),
    )
    settings = {"api_key": KEY, "base_url": server.base_url, "default_query": {"a": "b"}}
    assert answer(flavour, way, own, **settings) == TEXT
    first, *others = server.requests
    assert first.query == "a=b"
    assert [request.query for request in others] == ["hop=1", "hop=2", "hop=3", "hop=4"]
    for request in others:
        assert (request.method, request.path, request.body) == ("POST", "/v2/openai/chat/completions", first.body)
        assert {**request.headers, "host": ""} == {**first.headers, "host": ""}


def test_a_redirect_that_repeats_the_query_is_followed(server: LocalServer, flavour: Flavour) -> None:
    """Also if a parameter has the name of a credential, which is removed from what an error shows."""
    server.reply(redirect(f"{server.base_url}/chat/completions?access_token=token-00000001"))
    settings = {"api_key": KEY, "default_query": {"access_token": "token-00000001"}}
    assert flavour.create(server.base_url, settings, messages=HELLO).text == TEXT
    assert [request.query for request in server.requests] == ["access_token=token-00000001"] * 2


def test_a_location_with_another_credential_is_not_followed(server: LocalServer, flavour: Flavour) -> None:
    """The log and the error behind it would show the credential."""
    server.reply(redirect("?dbg=Sesame-12345678"))
    settings = {"api_key": KEY, "default_headers": {"x-api-key": "Sesame-12345678"}}
    with pytest.raises(APIStatusError) as caught:
        flavour.create(server.base_url, settings, messages=HELLO)
    assert "the server repeated a credential in it, which was removed" in text_of(caught.value)
    assert "Sesame" not in f"{text_of(caught.value)} {vars(caught.value)}"


@pytest.mark.parametrize("own", [False, True], ids=["own-connections", "http_client"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_is_not_followed(
    server: LocalServer, flavour: Flavour, way: str, status: int, own: bool
) -> None:
    """An error that says where it leads; the other server hears nothing, and so gets no key."""
    with LocalServer() as elsewhere:
        target = f"{elsewhere.base_url}/chat/completions"
        server.reply(redirect(target, status))
        with pytest.raises(APIStatusError, match="is not followed") as caught:
            answer(flavour, way, own, api_key=KEY, base_url=server.base_url, max_retries=0)
        assert caught.value.status_code == status
        assert target in caught.value.__notes__[0]
        assert elsewhere.requests == []
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "location",
    [
        "", "//127.0.0.1:1/x", "https://{host}/x", "http://user:password@{host}/x", "http://user@{host}/x",
        "http://{host}:x/", "http://[::1/", "ftp://{host}/x", "http://localhost.example.com/", "http://{host}@evil/",
        "http://evil\\@{host}/", "/a b", "javascript:1", "http://{host}1/x",
    ],
)  # fmt: skip
def test_a_location_of_another_origin_in_disguise(server: LocalServer, flavour: Flavour, location: str) -> None:
    """It is not followed, and nothing but an error of this package comes of it."""
    host = server.base_url.removeprefix("http://").removesuffix("/v2/openai")
    server.reply(redirect(location.format(host=host)))
    with pytest.raises(APIStatusError) as caught:
        flavour.create(server.base_url, {"api_key": KEY}, messages=HELLO)
    assert caught.value.status_code == 307
    assert caught.value.__notes__[0].startswith("It redirects ")
    assert "password" not in text_of(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_loses_the_body_is_not_followed(server: LocalServer, flavour: Flavour, status: int) -> None:
    """Those become a GET, also to the same origin."""
    server.reply(redirect("/v2/openai/chat/completions?x=1", status))
    with pytest.raises(APIStatusError, match="is not followed"):
        flavour.create(server.base_url, messages=HELLO)
    assert len(server.requests) == 1


def test_a_loop_ends(server: LocalServer, flavour: Flavour) -> None:
    """After 20 redirects, with the last response as an error, which is not retried."""
    server.reply(*[redirect("?again=1")] * 60)
    with pytest.raises(APIStatusError, match="is not followed") as caught:
        flavour.create(server.base_url, {"max_retries": 2}, messages=HELLO)
    assert caught.value.status_code == 307
    assert len(server.requests) == len(caught.value.attempts) == 21
    assert re.fullmatch(
        r"307: The server responded with 307 \(Temporary Redirect\) and a body without a content type: Moved "
        r"\[after 20 redirects.*\]\nIt redirects to http://.*/v2/openai/chat/completions, which is not followed: "
        r"20 redirects of this request were followed already, which is the maximum\.",
        text_of(caught.value),
    )


@pytest.mark.parametrize("own", [False, True], ids=["own-connections", "http_client"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("status", "location", "shown", "reason"),
    [
        (307, "https://elsewhere.example/v1", "https://elsewhere.example/v1", "only an address with the scheme, host"),
        (308, "http://me:sesame@elsewhere.example/v1?token=sesame#sesame", "http://***@elsewhere.example/v1",
         "only an address with the scheme, host and port"),
        (302, "/v1/x?sig=sesame", "{origin}/v1/x", "only 307 and 308 keep the method and the body"),
        (307, f"https://elsewhere.example/{KEY}", "https://elsewhere.example/[removed]", "only an address"),
    ],
)  # fmt: skip
def test_a_message_of_the_server_does_not_hide_the_target(
    server: LocalServer, flavour: Flavour, way: str, status: int, location: str, shown: str, reason: str, own: bool
) -> None:
    """The text says what the server said, where the redirect leads and why it is not followed; no secret of the URL."""
    server.reply(Reply.json({"error": "moved"}, status=status, headers={"location": location}))
    with pytest.raises(APIStatusError) as caught:
        answer(flavour, way, own, api_key=KEY, base_url=server.base_url, max_retries=2)
    shown = shown.format(origin=server.base_url.removesuffix("/v2/openai"))
    text = text_of(caught.value)
    assert text.startswith(f"{status}: moved")
    assert f"\nIt redirects to {shown}, which is not followed: {reason}" in text
    assert caught.value.message == "moved"
    assert "attempt" not in text
    assert "sesame" not in text
    assert KEY not in text
    assert text_of(pickle.loads(pickle.dumps(caught.value))) == text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_that_leads_nowhere_says_so(server: LocalServer, flavour: Flavour, status: int) -> None:
    """A status of a redirect without a `Location`."""
    server.reply(Reply.json({"error": "moved"}, status=status))
    with pytest.raises(APIStatusError) as caught:
        flavour.create(server.base_url, messages=HELLO)
    assert str(caught.value).startswith(f"{status}: moved")
    assert text_of(caught.value).endswith("\nIt redirects without a Location header, so it is not followed.")


def test_a_location_of_an_error_is_no_redirect(server: LocalServer, flavour: Flavour) -> None:
    """Only a 3xx status redirects."""
    server.reply(Reply.json({"error": "No"}, status=400, headers={"location": "/x"}))
    with pytest.raises(APIStatusError) as caught:
        flavour.create(server.base_url, messages=HELLO)
    assert "redirect" not in text_of(caught.value)


def test_the_text_counts_redirects_apart_from_attempts(server: LocalServer, flavour: Flavour) -> None:
    """A redirect is no attempt of its own."""
    busy = Reply.json({"message": "Busy"}, status=503, headers={"retry-after-ms": "1"})
    bad = Reply.json({"message": "Bad"}, status=400)
    for replies, text in [
        ([redirect("?a=1"), bad], "400: Bad [after 1 redirect]"),
        ([redirect("?a=1"), redirect("?a=2"), busy, bad], "400: Bad [after 2 attempts and 2 redirects]"),
        ([busy, bad], "400: Bad [after 2 attempts]"),
    ]:
        server.reply(*replies)
        with pytest.raises(APIStatusError) as caught:
            flavour.create(server.base_url, {"max_retries": 1}, messages=HELLO)
        assert re.sub(", request id [a-z0-9_]+", "", str(caught.value)) == text
        assert len(caught.value.attempts) == len(replies)


def test_redirects_are_no_retries(server: LocalServer, flavour: Flavour) -> None:
    """They are attempts that observers see; retries begin again at the address of the client, as many as allowed."""
    busy = Reply.json({"message": "Busy"}, status=503, headers={"retry-after-ms": "1"})
    moved = redirect("/v2/openai/chat/completions?moved=1", **{"x-request-id": "r"})
    server.reply(moved, moved, busy, moved, busy, moved)
    seen: list[Attempt] = []

    class Watcher:
        def on_call_start(self, call: CallRecord) -> None: ...

        def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
            seen.append(attempt)

        def on_call_end(self, call: CallRecord) -> None: ...

    watcher = Watcher()
    add_observer(watcher)
    try:
        completion = flavour.create(server.base_url, {"max_retries": 2}, messages=HELLO)
    finally:
        remove_observer(watcher)
    statuses = [307, 307, 503, 307, 503, 307, 200]
    assert [attempt.status_code for attempt in completion.attempts] == statuses
    assert list(completion.attempts) == seen
    assert [attempt.error is None for attempt in seen] == [status != 503 for status in statuses]
    assert [request.query for request in server.requests] == ["", *["moved=1"] * 2, "", "moved=1", "", "moved=1"]
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
    server.reply(moved, busy, moved)
    raw = flavour(
        lambda client: client.chat.completions.with_raw_response.create(messages=HELLO),
        api_key="key", base_url=server.base_url, max_retries=2,
    )  # fmt: skip
    assert (raw.retries_taken, len(raw.attempts)) == (1, 4)


def test_the_log_counts_no_redirect_as_an_attempt(
    server: LocalServer, flavour: Flavour, caplog: pytest.LogCaptureFixture
) -> None:
    """The line of the call has the attempts, and each line of a request the number of its attempt."""
    caplog.set_level(logging.DEBUG, "opper_chat")
    busy = Reply.json({"message": "Busy"}, status=503, headers={"retry-after-ms": "1"})
    server.reply(redirect("?a=1"), redirect("?a=2"), busy, redirect("?a=3"))
    flavour.create(server.base_url, {"max_retries": 2}, messages=HELLO)
    lines: list[Any] = [record for record in caplog.records if record.name == "opper_chat"]
    requests = [(line.opper_status, line.opper_attempt) for line in lines if hasattr(line, "opper_attempt")]
    assert requests == [(307, 1), (307, 1), (503, 1), (307, 2), (200, 2)]
    assert lines[-1].opper_attempts == 2


def test_redirects_count_against_the_deadline(server: LocalServer, flavour: Flavour) -> None:
    """A loop that takes its time ends with the timeout."""

    def slowly(request: ReceivedRequest) -> Reply:
        time.sleep(0.1)
        return redirect("?again=1")

    server.reply(*[slowly] * 30)
    began = time.monotonic()
    with pytest.raises(APITimeoutError) as caught:
        flavour.create(server.base_url, {"deadline": 0.35}, messages=HELLO)
    assert caught.value.timeout_kind == "deadline"
    assert time.monotonic() - began < 1
    assert 2 <= len(server.requests) <= 5


def test_an_error_behind_a_redirect_has_its_request(server: LocalServer, flavour: Flavour) -> None:
    """The one that was answered, and its key nowhere."""
    server.reply(redirect("?moved=1"), Reply.json({"message": f"No {KEY}"}, status=400))
    with pytest.raises(APIError) as caught:
        flavour.create(server.base_url, {"api_key": KEY}, messages=HELLO)
    assert caught.value.request is not None
    assert caught.value.request.url.endswith("/chat/completions?moved=1")
    assert KEY not in f"{caught.value} {caught.value.request.headers} {caught.value.raw_body!r}"


def test_hooks_see_each_request(server: LocalServer) -> None:
    """And each response, the redirects included."""
    seen: list[object] = []
    server.reply(redirect("?moved=1"))
    hooks = {
        "request": [lambda request: seen.append(request.url.query)],
        "response": [lambda response: seen.append(response.status_code)],
    }
    with Opper(api_key=KEY, base_url=server.base_url, event_hooks=hooks) as client:
        client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
    assert seen == [b"", 307, b"moved=1", 200]


def test_connections_after_redirects_are_sound(server: LocalServer) -> None:
    """Whatever the body of a redirect is, the next call gets its own response."""
    for body in (b"", b"Moved", b"x" * 100_000):
        server.reply(redirect("?moved=1", body=body))
        with Opper(api_key=KEY, base_url=server.base_url, max_connections=1) as client:
            for _ in range(3):
                assert client.chat.completions.create(messages=HELLO).text == TEXT  # type: ignore[arg-type]
