"""The key, wherever it might be seen: each test makes something go wrong, and looks for the key in all that is left."""

import asyncio
import copy
import io
import logging
import pickle
import ssl
import sys
import traceback
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trustme
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncOpper,
    CallRecord,
    InvalidArgumentError,
    Observer,
    Opper,
    OpperError,
    add_observer,
    remove_observer,
)
from opper_chat._errors.redaction import redact_error
from opper_chat._http.redaction import clear_variables
from opper_chat.testing import CUT, LocalServer, Reply, chunk
from raw_server import Raw, requested

KEY = "open-" + "sesame" * 3
PLAIN = {"id": "c", "choices": [], "created": 1, "model": "m", "object": "chat.completion"}


def everything_about(error: BaseException) -> str:
    """The error, those before it, their tracebacks with all variables, attributes, requests and pickles."""
    told = io.StringIO()
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        print(repr(one), str(one), vars(one), file=told)
        print("".join(traceback.format_exception(one)), file=told)
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if Path(frame.f_code.co_filename).parent != Path(__file__).parent:  # the tests' own know the key
                print({name: repr(value) for name, value in frame.f_locals.items()}, file=told)
        try:
            request = one.request  # type: ignore[attr-defined]
        except (AttributeError, RuntimeError):
            pass
        else:
            print(request.url, request.headers, getattr(request.headers, "raw", ""), file=told)
        one = one.__cause__ or one.__context__
    if isinstance(error, OpperError):
        print(pickle.dumps(error), vars(copy.deepcopy(error)), file=told)
    return told.getvalue()


FAULTS: dict[str, Reply] = {
    "refused": Reply.json({"type": "UnauthorizedError", "message": "No."}, status=401),
    "busy": Reply.json({"message": "Busy"}, status=503, headers={"retry-after-ms": "1"}),
    "cut": Reply.raw([CUT]),
    "cut-inside": Reply.sse([chunk("a"), CUT]),
    "truncated": Reply.sse([chunk("a")]),
    "no-json": Reply(200, {"content-type": "application/json"}, b"<html>"),
    "stalled": Reply.json({}, delay=60),
    "not-http": Reply.raw([b"HELLO\r\n\r\n"]),
    "repeated": Reply.json(
        {"message": f"No {KEY}.", "detail": [KEY], "type": KEY},
        status=401,
        headers={"x-request-id": KEY, "x-echo": f"Bearer {KEY}"},
    ),
    "repeated-in-html": Reply(503, {"content-type": "text/html", "retry-after-ms": "1"}, f"<p>{KEY}".encode()),
    "repeated-in-stream": Reply.sse([chunk("a"), {"error": {"message": f"No {KEY}."}}]),
    "repeated-in-line": Reply.sse([chunk("a"), f"data: {KEY}\n\n"]),
    "repeated-not-http": Reply.raw([f"HELLO {KEY}\r\n\r\n".encode()]),
    "repeated-in-location": Reply(302, {"location": f"http://127.0.0.1:1/?key={KEY}"}, b""),
    "repeated-louder": Reply.json(
        {"error": {"message": f"No {KEY.upper()}.", KEY.title(): KEY.swapcase()}},
        status=401,
        headers={"x-request-id": KEY.upper(), "x-echo": f"Bearer {KEY.title()}"},
    ),
    "repeated-unknown-shape": Reply.json({"reason": [{"given": KEY}]}, status=400),
    "redirect": Reply(302, {"location": "http://127.0.0.1:1/elsewhere"}, b""),
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_key_is_in_nothing_that_a_failure_leaves(
    server: LocalServer,
    flavour: Flavour,
    fault: str,
    stream: bool,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not in the error, its causes, the variables of its traceback, its pickle, any log at DEBUG, or a warning."""
    caplog.set_level(logging.DEBUG)
    server.reply(*[FAULTS[fault]] * 2)
    settings: Any = {"api_key": KEY, "base_url": server.base_url, "max_retries": 1, "deadline": 1.0}

    def call(client: Opper) -> None:
        print(client, client.with_options(timeout=3), client._settings, client._session, vars(client))
        if stream:
            client.chat.completions.create(messages=HELLO, stream=True).until_done()  # type: ignore[call-overload]
        else:
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    async def call_async(client: AsyncOpper) -> None:
        print(client, vars(client), client._settings)
        if stream:
            answer: Any = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
            await answer.until_done()
        else:
            await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    with warnings.catch_warnings(record=True) as warned, pytest.raises(APIError) as caught:
        warnings.simplefilter("always")
        flavour(call if flavour.kind == "sync" else call_async, **settings)
    said = "".join(capfd.readouterr())
    # httpx and httpcore write down what they receive, whatever it is.
    own = [record for record in caplog.records if record.name.startswith("opper_chat") or "repeated" not in fault]
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in own)
    told = everything_about(caught.value)
    assert "test_credentials" in told
    cause = caught.value.__cause__
    if cause is not None:  # the frames of HTTP libraries have the request's headers in their variables
        assert cause.__traceback__ is cause.__cause__ is cause.__context__ is None
    assert "opper_chat" in logged
    for place in (told, said, logged, str([str(one.message) for one in warned])):
        assert KEY not in place.lower()
    assert all(request.headers["authorization"] == "***" for request in server.requests)


class Interrupter:
    """Raises KeyboardInterrupt at one line of the functions that build a request."""

    def __init__(self, line: int) -> None:
        self.left = line
        self.previous: Any = None

    def __enter__(self) -> None:
        self.previous = sys.gettrace()
        sys.settrace(self.trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self.previous)

    def trace(self, frame: FrameType, event: str, _: object) -> Any:
        if Path(frame.f_code.co_filename).name != "http_request.py":
            return None
        if event == "line":
            self.left -= 1
            if not self.left:
                sys.settrace(self.previous)
                raise KeyboardInterrupt
        return self.trace


def test_an_interrupt_leaves_no_variable_with_the_key(server: LocalServer) -> None:
    """At no line where the headers of a request are made, and the exception that was handled keeps its variables."""

    def fail(kept: str) -> None:
        raise LookupError(kept.upper())

    def call(client: Opper, line: int) -> None:
        try:
            fail("kept")
        except LookupError:
            with Interrupter(line):
                client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    headers = {"x-api-key": f"second-{KEY}"}
    line = 1
    with Opper(api_key=KEY, base_url=server.base_url, default_headers=headers, max_retries=0) as client:
        for line in range(1, 100):
            with pytest.raises(KeyboardInterrupt) as caught:
                call(client, line)
            assert KEY not in everything_about(caught.value)
            before = caught.value.__context__
            assert isinstance(before, LookupError)
            (*_, last) = (frame for frame, _ in traceback.walk_tb(before.__traceback__))
            assert last.f_locals == {"kept": "kept"}
            if "return built" in "".join(traceback.format_exception(caught.value)):
                break
    assert line > 20


@pytest.mark.parametrize("own", [False, True], ids=["default", "httpx"])
def test_a_cancellation_leaves_no_request_in_a_frame(server: LocalServer, own: bool) -> None:
    """The frames of the HTTP client, whose requests have the key, have no variables."""
    server.reply(Reply.json({}, delay=60))

    async def run() -> BaseException:
        http_client = httpx.AsyncClient() if own else None
        async with AsyncOpper(api_key=KEY, base_url=server.base_url, http_client=http_client) as client:
            task = asyncio.create_task(client.chat.completions.create(messages=HELLO))  # type: ignore[arg-type]
            while not server.requests:
                await asyncio.sleep(0.001)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                return error
            finally:
                if http_client is not None:
                    await http_client.aclose()
        raise AssertionError("not cancelled")

    error = asyncio.run(run())
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    of_http = [frame for frame in frames if frame.f_globals["__name__"].partition(".")[0].startswith("http")]
    assert len(of_http) > 2
    assert [frame.f_locals for frame in of_http] == [{}] * len(of_http)
    assert KEY not in everything_about(error)


def test_an_interrupted_hook_keeps_its_variables(server: LocalServer) -> None:
    """What the caller's own function had is there for a report of the error."""

    def hook(_: object) -> None:
        mine = "kept"
        raise KeyboardInterrupt(mine)

    with (
        Opper(api_key=KEY, base_url=server.base_url, event_hooks={"request": [hook]}) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
    (*_, last) = (frame for frame, _ in traceback.walk_tb(caught.value.__traceback__))
    assert last.f_locals["mine"] == "kept"


OTHERS = {
    name: f"{name}-Sesame-{number:08}" for number, name in enumerate(("header", "query", "extra", "model", "cookie"))
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_another_credential_that_a_server_repeats_is_removed(
    server: LocalServer, flavour: Flavour, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Of headers, query parameters and the extra headers of a model: from the error, its headers and the log."""
    caplog.set_level(logging.DEBUG, "opper_chat")
    repeated = list(OTHERS.values())
    body = {"detail": [{"loc": ["body"], "msg": f"Bad {repeated}", "type": "t", "input": dict(OTHERS, plain="shown")}]}
    server.reply(Reply.json(body, status=422, headers={"x-echo": " ".join(repeated)}))
    model = {"name": "m", "extra_headers": {"Authorization": f"Bearer {OTHERS['model']}", "x-team": "team-search"}}
    settings = {
        "api_key": KEY,
        "default_headers": {"x-api-key": OTHERS["header"], "x-team": "team-search"},
        "default_query": {"access_token": OTHERS["query"]},
    }
    cookie = f"session={OTHERS['cookie']}; theme=dark"
    extra = {"extra_headers": {"authorization-2": f"Bearer {OTHERS['extra']}", "cookie": cookie}}
    with pytest.raises(APIError) as caught:
        flavour.create(server.base_url, settings, messages=HELLO, model=[model], stream=stream, **extra)
    (request,) = server.requests
    assert all(value in f"{request.headers} {request.query} {request.body}" for value in repeated)
    error = caught.value
    told = f"{error} {vars(error)} {error.response and error.response.content!r} {pickle.dumps(error)!r} {caplog.text}"
    for value in repeated:
        assert value not in told
    assert "shown" in told
    assert error.headers["x-echo"] == " ".join(["[removed]"] * 5)


@contextmanager
def profiled(profile: Callable[[FrameType], None]) -> Iterator[None]:
    """Call a function with the frame of each function of Python code that begins."""
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: profile(frame) if event == "call" else None)
    try:
        yield
    finally:
        sys.setprofile(before)


def test_all_credentials_are_searched_for_at_once(server: LocalServer) -> None:
    """To unescape the body of an error takes long, and a header of cookies has many credentials."""
    searches: list[int] = []

    def count(frame: FrameType) -> None:
        if frame.f_code is redact_error.__code__:
            searches.append(len(frame.f_locals["spellings"]))

    cookies = "; ".join(f"cookie{number}=secret-{number:08}" for number in range(20))
    server.reply(Reply.json({"error": {"message": cookies}}, status=400))
    with pytest.raises(APIError) as caught, profiled(count):
        Flavour("sync").create(server.base_url, {"api_key": KEY}, messages=HELLO, extra_headers={"cookie": cookies})
    assert "secret-" not in str(caught.value)
    assert len(searches) <= 2
    assert min(searches) > 20


def test_a_second_interrupt_ends_the_call_too(server: LocalServer) -> None:
    """It comes while the variables of the first one's frames are cleared."""

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    def interrupt_again(frame: FrameType) -> None:
        if frame.f_code is clear_variables.__code__:
            raise KeyboardInterrupt("again")

    ended: list[str | None] = []

    class Watch(Observer):
        def on_call_end(self, call: CallRecord) -> None:
            ended.append(call.outcome)

    watch = Watch()
    add_observer(watch)
    try:
        with (
            Opper(api_key=KEY, base_url=server.base_url, event_hooks={"request": [interrupt]}) as client,
            pytest.raises(KeyboardInterrupt, match="again"),
            profiled(interrupt_again),
        ):
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
    finally:
        remove_observer(watch)
    assert ended == ["closed"]


@pytest.mark.parametrize(
    "name", ["x-portkey-provider", "helicone-session-name", "x-session-id", "x-auth-type", "x-author"]
)
def test_a_value_that_is_no_credential_is_shown(server: LocalServer, flavour: Flavour, name: str) -> None:
    error = {"error": {"message": "anthropic failed", "code": "anthropic_error"}}
    server.reply(Reply.json(error, status=400, headers={name: "anthropic"}))
    with pytest.raises(APIError, match="anthropic failed") as caught:
        flavour.create(server.base_url, {"api_key": KEY}, messages=HELLO, extra_headers={name: "anthropic"})
    assert (caught.value.code, caught.value.headers[name]) == ("anthropic_error", "anthropic")


def test_the_key_is_in_nothing_that_a_success_leaves(server: LocalServer, flavour: Flavour) -> None:
    """Not in the response or its request, which hang on a stream, nor in a pickle of either."""

    def look(stream: Any) -> str:
        response = stream.response
        return (
            f"{response.request.headers.raw} {pickle.dumps(response.request)!r} {vars(stream._call.record.__class__)}"
        )

    def call(client: Opper) -> str:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[call-overload]
            told = look(stream)
            completion = stream.get_final_completion()
        return f"{told} {pickle.dumps(completion)!r} {vars(client)}"

    async def call_async(client: AsyncOpper) -> str:
        stream: Any = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
        async with stream:
            told = look(stream)
            completion = await stream.get_final_completion()
        return f"{told} {pickle.dumps(completion)!r} {vars(client)}"

    told = flavour(call if flavour.kind == "sync" else call_async, api_key=KEY, base_url=server.base_url)
    assert KEY not in told
    assert "[removed]" in told


# --- Keys that are made when they are needed ---------------------------------------------------


def keys() -> Iterator[str]:
    for number in range(100):
        yield f"token-{number}"


def test_a_key_from_a_function_is_asked_for_with_every_request(flavour: Flavour) -> None:
    """The attempts of one call included; what it returns is sent and not kept."""
    with LocalServer(keys=["token-1", "token-2", "token-3"]) as server:
        made = keys()
        next(made)
        server.reply(Reply.json({"message": "Busy"}, status=503, headers={"retry-after-ms": "1"}))
        completion = flavour.create(server.base_url, {"api_key": lambda: next(made), "max_retries": 1}, messages=HELLO)
        assert [attempt.status_code for attempt in completion.attempts] == [503, 200]
        assert next(made) == "token-3"
        with pytest.raises(APIError, match="401"):
            flavour.create(server.base_url, {"api_key": lambda: "token-9"}, messages=HELLO)


def test_a_key_may_be_awaited_for_by_the_async_client() -> None:
    """And not by the sync one, which says so."""

    async def key() -> str:
        await anyio.lowlevel.checkpoint()
        return "late"

    async def run(base_url: str) -> None:
        async with AsyncOpper(api_key=key, base_url=base_url) as client:
            assert (await client.chat.completions.create(messages=HELLO)).choices  # type: ignore[arg-type]

    with LocalServer(keys=["late"]) as server:
        asyncio.run(run(server.base_url))
        wrong: Any = key
        with (
            Opper(api_key=wrong, base_url=server.base_url) as client,
            pytest.raises(InvalidArgumentError, match="api_key: expected a function that returns a string"),
        ):
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]


@pytest.mark.parametrize("made", ["", "two words", f"{KEY}\n{KEY}", None, 5])
def test_a_key_from_a_function_that_no_header_can_carry(server: LocalServer, flavour: Flavour, made: Any) -> None:
    """An error that does not show it, and nothing is sent."""

    async def later() -> Any:
        return made

    source: Callable[[], str | Awaitable[str]] = later if flavour.kind == "async" else lambda: made
    with pytest.raises(InvalidArgumentError, match="api_key") as caught:
        flavour.create(server.base_url, {"api_key": source}, messages=HELLO)
    assert KEY not in str(caught.value)
    assert server.requests == []


# --- Where it is sent --------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_what_a_hook_keeps_is_without_the_key(server: LocalServer, flavour: Flavour, stream: bool) -> None:
    """The request, and a response whose server repeats it, once the call has its answer."""
    kept: list[Any] = []

    async def take(event: Any) -> None:
        kept.append(event)

    hook = kept.append if flavour.kind == "sync" else take
    settings = {"api_key": KEY, "event_hooks": {"request": [hook], "response": [hook]}}
    server.reply(Reply(401, {"x-echo": f"Bearer {KEY}", "x-other": "1"}, b"{}"))
    with pytest.raises(APIError, match="401"):
        flavour.create(server.base_url, settings, messages=HELLO, **({"stream": True} if stream else {}))
    request, response = kept
    assert response.request is request
    assert KEY not in f"{request.headers.raw} {response.headers.raw}"
    assert response.headers["x-other"] == "1"


def test_a_redirect_does_not_take_the_key_elsewhere(server: LocalServer, flavour: Flavour) -> None:
    """It is not followed; an own client that follows it leaves the key out for another host."""
    with LocalServer() as elsewhere:
        away = Reply(307, {"location": f"{elsewhere.base_url}/chat/completions"}, b"")
        server.reply(away)
        with pytest.raises(APIError, match="redirects to") as caught:
            flavour.create(server.base_url, {"api_key": KEY}, messages=HELLO)
        assert caught.value.status_code == 307
        assert elsewhere.requests == []

        server.reply(away)
        if flavour.kind == "sync":
            with httpx.Client(follow_redirects=True) as own:
                client = Opper(api_key=KEY, base_url=server.base_url, http_client=own)
                seen: list[Any] = []
                own.event_hooks["response"].append(seen.append)
                with pytest.raises(APIError, match="401"):
                    client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        else:

            async def run() -> None:
                async with httpx.AsyncClient(follow_redirects=True) as own:
                    client = AsyncOpper(api_key=KEY, base_url=server.base_url, http_client=own)
                    with pytest.raises(APIError, match="401"):
                        await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

            asyncio.run(run())
        history = seen[-1].history if flavour.kind == "sync" else []
        assert KEY not in f"{[past.request.headers.raw for past in history]}"
        (request,) = elsewhere.requests
        assert "authorization" not in request.headers


@pytest.mark.parametrize("follow", [True, False])
def test_a_redirect_that_repeats_the_key(server: LocalServer, follow: bool) -> None:
    """It is in no header of what was answered on the way, and in no request that is still to be sent."""
    seen: list[Any] = []
    server.reply(Reply(307, {"location": "/v1/elsewhere", "x-echo": f"Bearer {KEY}"}, b""))
    with httpx.Client(follow_redirects=follow, event_hooks={"response": [seen.append]}) as own:
        client = Opper(api_key=KEY, base_url=server.base_url, http_client=own)
        with pytest.raises(APIError):
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
    redirected, last = seen[0], seen[-1]
    assert redirected.headers["x-echo"] == "Bearer [removed]"
    assert last is not redirected  # the httpx client follows it, or else this package: it is of the same origin
    requests = [one.request for one in (*last.history, redirected, last)]
    requests += [] if redirected.next_request is None else [redirected.next_request]
    assert KEY not in f"{[request.headers.raw for request in requests]}"


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("http://api.example/v1", True), ("http://10.0.0.1/v1", True), ("http://localhost.example/v1", True),
        ("http://[2001:db8::1]/v1", True), ("https://api.example/v1", False), ("http://localhost:8080/v1", False),
        ("http://127.0.0.1:1/v1", False), ("http://127.9.9.9/v1", False), ("http://[::1]:8/v1", False),
        ("http://server.localhost/v1", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [Opper, AsyncOpper])
def test_a_key_over_a_network_without_encryption_is_warned_of(kind: Any, address: str, warned: bool) -> None:
    """At the line that made the client, or the one that changed its address; not for this machine."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kind(api_key=KEY, base_url=address)
        kind(api_key=KEY, base_url="https://api.example/v1").with_options(base_url=address)
    assert [one.filename for one in caught] == ([__file__] * 2 if warned else [])
    assert all("unencrypted" in str(one.message) and KEY not in str(one.message) for one in caught)


class TLS:
    """A server with a certificate that nobody has signed but us."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost").configure_cert(self.context)
        self.trusted = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(self.trusted))
        self.handshakes = 0

    async def serve(self, stop: asyncio.Event, ready: Callable[[int], None]) -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.handshakes += 1
            await reader.readuntil(b"\r\n\r\n")
            body = b'{"id": "c", "choices": [], "created": 1, "model": "m", "object": "chat.completion"}'
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=self.context)
        async with server:
            ready(server.sockets[0].getsockname()[1])
            await stop.wait()


def test_a_server_that_asks_for_a_client_certificate(flavour: Flavour, tls: ssl.SSLContext) -> None:
    """An error without another attempt, whose text is the alert of TLS."""
    tls.verify_mode = ssl.CERT_REQUIRED
    # In TLS 1.3 the alert follows the handshake, and is lost if the server resets the connection behind it.
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with Raw(lambda peer, _: requested(peer), tls) as server:
        with pytest.raises(APIConnectionError, match="alert handshake failure") as caught:
            flavour.create(server.base_url, {"api_key": KEY, "max_retries": 3}, messages=HELLO)
        assert server.connections == len(caught.value.attempts) == 1
    assert not caught.value.is_retryable


def test_a_server_that_cannot_be_verified_gets_nothing(flavour: Flavour, tmp_path: Path) -> None:
    """An error at once, without another attempt; a caller that trusts its authority is served."""
    tls = TLS(tmp_path)

    async def run() -> None:
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(tls.serve(stop, port.set_result))
        address = f"https://localhost:{await port}/v1"

        def call() -> None:
            with pytest.raises(APIConnectionError, match=r"(?i)certificate") as caught:
                flavour.create(address, {"api_key": KEY, "max_retries": 3}, messages=HELLO)
            assert not caught.value.is_retryable
            assert len(caught.value.attempts) == 1
            assert tls.handshakes == 0
            trusting = ssl.create_default_context(cafile=str(tls.trusted))
            if flavour.kind == "sync":
                with httpx.Client(verify=trusting) as own:
                    answer = Opper(api_key=KEY, base_url=address, http_client=own).chat.completions.create(
                        messages=HELLO  # type: ignore[arg-type]
                    )
                assert answer.id == "c"

        await asyncio.to_thread(call)
        stop.set()
        await serving

    asyncio.run(run())


def test_no_argument_turns_verification_off() -> None:
    """Whoever wants that must make an HTTP client for it."""
    for name in ("verify", "ssl", "insecure"):
        with pytest.raises(TypeError):
            Opper(api_key=KEY, **{name: False})  # type: ignore[arg-type]


def test_a_key_that_does_not_come_in_time() -> None:
    """The deadline bounds the wait for it, where it is awaited."""

    async def key() -> str:
        await anyio.sleep(60)
        return "late"

    async def run() -> None:
        async with AsyncOpper(api_key=key, base_url="http://127.0.0.1:1", deadline=0.2) as client:
            with pytest.raises(APITimeoutError, match="did not return in time") as caught:
                await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
            assert caught.value.timeout_kind == "deadline"

    asyncio.run(run())


@pytest.mark.parametrize(
    "make",
    [
        lambda: Opper(api_key=KEY, base_url="ftp://x"),
        lambda: Opper(api_key=f"{KEY} {KEY}"),
        lambda: Opper(api_key=KEY, max_retries=-1),
        lambda: Opper(api_key="other").with_options(api_key=KEY, timeout=-1),
        lambda: Opper(api_key="other").with_options(api_key=f"{KEY}\n"[:-1] + " x"),
    ],
)
def test_the_key_is_in_no_variable_of_a_mistake(make: Callable[[], object]) -> None:
    """Where other settings are wrong, or the key itself."""
    with pytest.raises(InvalidArgumentError) as caught:
        make()
    assert KEY not in everything_about(caught.value)


def test_no_cookie_is_kept(server: LocalServer, flavour: Flavour) -> None:
    """What a server sets for one key is not sent with another, nor with the same."""
    cookie = {"set-cookie": "session=1; Path=/", "x-request-id": "one"}
    server.reply(*[Reply.json(PLAIN, headers=cookie)] * 2)

    def call(client: Opper) -> None:
        client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        client.with_options(api_key="another").chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    async def call_async(client: AsyncOpper) -> None:
        await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        await client.with_options(api_key="another").chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    flavour(call if flavour.kind == "sync" else call_async, api_key=KEY, base_url=server.base_url)
    assert len(server.requests) == 2
    assert not any("cookie" in request.headers for request in server.requests)


def test_the_request_of_a_response_keeps_no_credentials(server: LocalServer, flavour: Flavour) -> None:
    """Neither in its headers nor in its address; the server got them."""
    settings = {
        "api_key": "first-secret",
        "base_url": server.base_url,
        "default_headers": {"X-API-Key": "second-secret", "x-team": "search"},
        "default_query": {"token": "third-secret", "page": "1"},
    }
    raw = flavour(lambda client: client.chat.completions.with_raw_response.create(messages=HELLO), **settings)
    request = raw.http_request
    assert "secret" not in f"{request!r} {request.headers.raw} {request.headers!r} {request.url} {raw.url}"
    assert request.headers["x-team"] == "search"
    assert request.url.params["page"] == "1"
    assert server.requests[-1].headers["x-api-key"] == "second-secret"
    assert "third-secret" in server.requests[-1].query
