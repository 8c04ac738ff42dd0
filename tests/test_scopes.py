"""`client.span()` and `client.tags()`: what holds inside, for whom, and where it ends."""

import asyncio
import contextvars
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
import trio
from flavours import HELLO, Flavour
from http_library import httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opper_chat import APIError, APIStatusError, AsyncOpper, InvalidArgumentError, Opper, tool
from opper_chat.testing import LocalServer, Reply

SPAN = UUID("123e4567-e89b-12d3-a456-426614174000")
OTHER = UUID("3c90c3cc-0d44-4b50-8888-8dd25736052a")


@pytest.fixture
def client(server: LocalServer) -> Iterator[Opper]:
    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        yield client


def ask(client: Opper, **params: Any) -> None:
    client.chat.completions.create(messages=HELLO, **params)


def sent(server: LocalServer) -> tuple[object, object]:
    """The parent span and the tags of the last request; None for what it does not have."""
    body = server.requests[-1].body
    return body.get("parent_span_id"), body.get("tags")


def test_inside_and_outside(server: LocalServer, flavour: Flavour) -> None:
    """Every call inside has both, and none before or after."""

    def run(client: Opper) -> None:
        ask(client)
        with client.span(SPAN), client.tags(team="search"):
            ask(client)
        ask(client)

    async def run_async(client: AsyncOpper) -> None:
        await client.chat.completions.create(messages=HELLO)
        with client.span(str(SPAN)), client.tags({"team": "search"}):
            await client.chat.completions.create(messages=HELLO)
        await client.chat.completions.create(messages=HELLO)

    flavour(run if flavour.kind == "sync" else run_async, api_key="key", base_url=server.base_url)
    said = [(request.body.get("parent_span_id"), request.body.get("tags")) for request in server.requests]
    assert said == [(None, None), (str(SPAN), {"team": "search"}), (None, None)]
    assert "tags" not in server.requests[0].body


def test_a_calls_own_arguments_win(server: LocalServer, client: Opper) -> None:
    """Its parent span; of the tags those with the same name. None leaves what holds, as it leaves out a parameter."""
    with client.span(SPAN), client.tags(team="search", step=1):
        ask(client, parent_span_id=OTHER, tags={"step": 2, "more": [True]})
        assert sent(server) == (str(OTHER), {"team": "search", "step": 2, "more": [True]})
        ask(client, parent_span_id=None, tags=None)
        assert sent(server) == (str(SPAN), {"team": "search", "step": 1})
        ask(client, tags={})
        assert sent(server) == (str(SPAN), {"team": "search", "step": 1})
        ask(client, extra_body={"parent_span_id": None, "tags": {"alone": 1}})
        assert sent(server) == (None, {"alone": 1})


def test_the_span_is_also_sent_as_a_header(server: LocalServer, client: Opper) -> None:
    """`X-Opper-Parent-Span-Id` repeats the body's `parent_span_id`, whatever set it, in plain calls and streams."""

    def headers() -> tuple[str | None, object]:
        return server.requests[-1].headers.get("x-opper-parent-span-id"), sent(server)[0]

    ask(client)
    assert headers() == (None, None)
    ask(client, parent_span_id=SPAN)
    assert headers() == (str(SPAN), str(SPAN))
    with client.span(SPAN) as inside:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:
            stream.get_final_text()
        assert headers() == (str(SPAN), str(SPAN))
        ask(client, parent_span_id=str(OTHER))
        assert headers() == (str(OTHER), str(OTHER))
        ask(client, extra_body={"parent_span_id": None})
        assert headers() == (None, None)
    ask(inside, extra_headers={"X-Opper-Parent-Span-Id": str(OTHER)})
    assert headers() == (str(OTHER), str(SPAN))
    with pytest.raises(APIError):  # the server refuses the body; no header line can be forged by it
        ask(client, extra_body={"parent_span_id": "a\r\nx: y"})
    assert headers() == (None, "a\r\nx: y")


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("span", ["x ", "\tx", " ", "", "x\n", "ü", "x\u2028", "\x7f"])
@pytest.mark.parametrize("way", ["parameter", "extra_body"])
def test_a_span_that_no_header_can_carry_is_in_the_body_alone(
    server: LocalServer, span: str, way: str, own: bool
) -> None:
    """It reaches the server, which refuses it."""
    with httpx.Client() as http_client:
        http = http_client if own else None
        with Opper(api_key="key", base_url=server.base_url, http_client=http) as client:
            with pytest.raises(APIStatusError) as caught:
                if way == "parameter":
                    ask(client, parent_span_id=span)
                else:
                    ask(client, extra_body={"parent_span_id": span})
            assert caught.value.status_code == 422
            assert sent(server)[0] == span
            assert "x-opper-parent-span-id" not in server.requests[-1].headers
            server.reply(Reply.json({}, status=400))
            with pytest.raises(APIStatusError):
                ask(client, parent_span_id="a b")
            assert server.requests[-1].headers["x-opper-parent-span-id"] == "a b"


@pytest.mark.parametrize("value", ["x ", "\tx", " "])
def test_a_header_with_spaces_at_its_ends_is_refused(server: LocalServer, client: Opper, value: str) -> None:
    """The library refuses it too, but with an error of the connection."""
    with pytest.raises(InvalidArgumentError, match="without spaces at its ends"):
        ask(client, extra_headers={"x-team": value})
    with pytest.raises(InvalidArgumentError, match="without spaces at its ends"):
        client.with_options(default_headers={"x-team": value})
    assert server.requests == []
    ask(client, extra_headers={"x-team": ""})


def test_nested(server: LocalServer, client: Opper) -> None:
    """Tags add up, the inner ones win; of spans the innermost; each end takes back its own."""
    with client.tags(team="search", step=1), client.span(SPAN):
        with client.tags(step=2), client.span(OTHER):
            ask(client)
            assert sent(server) == (str(OTHER), {"team": "search", "step": 2})
        ask(client)
        assert sent(server) == (str(SPAN), {"team": "search", "step": 1})


@pytest.mark.parametrize(
    "params", [{"tags": "search"}, {"tags": {"x": {1}}}, {"tags": [1]}, {"parent_span_id": 7}, {"tagz": {}}]
)
def test_a_calls_mistakes_are_still_mistakes(server: LocalServer, client: Opper, params: dict[str, Any]) -> None:
    """The error is the one that the call has outside, and nothing is sent."""
    with pytest.raises(InvalidArgumentError) as outside:
        ask(client, **params)
    with client.tags(team="search"), client.span(SPAN), pytest.raises(InvalidArgumentError) as inside:
        ask(client, **params)
    assert str(inside.value) == str(outside.value)
    assert not server.requests


def test_what_cannot_hold(client: Opper) -> None:
    """Refused on entering, by its place."""
    wrong: list[tuple[Any, str]] = [
        (lambda: client.span("no"), "parent_span_id"),
        (lambda: client.span(7), "parent_span_id"),  # type: ignore[arg-type]
        (lambda: client.span(None), "parent_span_id"),  # type: ignore[arg-type]
        (lambda: client.tags("search"), "tags"),  # type: ignore[arg-type]
        (lambda: client.tags({1: "a"}), "tags"),  # type: ignore[dict-item]
        (lambda: client.tags(team={1}), "tags.team"),
        (lambda: client.tags(team=float("nan")), "tags.team"),
    ]
    for enter, place in wrong:
        with pytest.raises(InvalidArgumentError) as caught:
            enter()
        assert caught.value.argument == place
    itself: dict[str, object] = {}
    itself["itself"] = itself
    with pytest.raises(InvalidArgumentError, match="does not contain itself"):
        client.tags(itself)


def test_whom_it_holds_for(server: LocalServer, client: Opper) -> None:
    """The client, those made of it and those it was made of; no other."""
    patient = client.with_options(deadline=10)
    with Opper(api_key="key", base_url=server.base_url) as stranger:
        with patient.tags(team="search"):
            ask(client)
            assert sent(server) == (None, {"team": "search"})
            ask(client.with_options(max_retries=1))
            assert sent(server) == (None, {"team": "search"})
            ask(stranger)
            assert sent(server) == (None, None)
            with stranger.tags(team="other"):
                ask(patient)
                assert sent(server) == (None, {"team": "search"})


def test_tasks_that_are_started_inside(server: LocalServer) -> None:
    """Have it to their end, also when the `with` has ended before; each has its own, and none leaks."""

    async def run() -> None:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:

            async def ask_later(number: int) -> None:
                await asyncio.sleep(0.01)
                with client.tags(number=number):
                    await client.chat.completions.create(messages=[{"role": "user", "content": str(number)}])

            with client.tags(team="search"), client.span(SPAN):
                tasks = [asyncio.create_task(ask_later(number)) for number in range(8)]
            await asyncio.gather(*tasks)
            await client.chat.completions.create(messages=HELLO)

    asyncio.run(run())
    assert sent(server) == (None, None)
    for request in server.requests[:-1]:
        number = int(request.body["messages"][0]["content"])
        assert request.body["tags"] == {"team": "search", "number": number}
        assert request.body["parent_span_id"] == str(SPAN)


def test_tasks_of_trio(server: LocalServer) -> None:
    """The same under trio."""

    async def run() -> None:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            with client.tags(team="search"):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(lambda: client.chat.completions.create(messages=HELLO))

    trio.run(run)
    assert sent(server) == (None, {"team": "search"})


def test_a_thread_gets_what_it_is_given(server: LocalServer, client: Opper) -> None:
    """Nothing by itself; all with the client that `with` gives, with a copy of the context, or by `to_thread`."""
    with client.tags(team="search"), client.span(SPAN) as inside, ThreadPoolExecutor(1) as pool:
        pool.submit(ask, client).result()
        assert sent(server) == (None, None)
        pool.submit(ask, inside).result()
        assert sent(server) == (str(SPAN), {"team": "search"})
        pool.submit(contextvars.copy_context().run, ask, client).result()
        assert sent(server) == (str(SPAN), {"team": "search"})
        thread = threading.Thread(target=ask, args=(inside.with_options(max_retries=1),))
        thread.start()
        thread.join()
        assert sent(server) == (str(SPAN), {"team": "search"})

    async def run() -> None:
        with client.tags(team="async"):
            await asyncio.to_thread(ask, client)

    asyncio.run(run())
    assert sent(server) == (None, {"team": "async"})


def test_a_client_that_carries_some(server: LocalServer, client: Opper) -> None:
    """It carries them for good; what is entered with it comes after; the innermost `with` wins where both hold."""
    with client.tags(team="search", step=1) as inside:
        with client.tags(step=2):
            ask(inside)
            assert sent(server) == (None, {"team": "search", "step": 2})

    ask(inside)
    assert sent(server) == (None, {"team": "search", "step": 1})
    with inside.tags(step=3) as further:
        ask(inside)
        assert sent(server) == (None, {"team": "search", "step": 3})
    with client.tags(step=4):
        ask(further)
        assert sent(server) == (None, {"team": "search", "step": 3})
    ask(client)
    assert sent(server) == (None, None)


def test_a_client_that_carries_some_is_pickled_with_them(
    server: LocalServer, client: Opper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is for a process pool."""
    monkeypatch.setenv("OPPER_API_KEY", "key")
    with client.span(SPAN), client.tags(team="search") as inside:
        pickled = pickle.dumps(inside)
    with pickle.loads(pickled) as there:
        ask(there)
        assert sent(server) == (str(SPAN), {"team": "search"})


def test_streams_carry_what_held_when_they_were_opened(server: LocalServer, client: Opper) -> None:
    """Chunks, events and raw responses alike, wherever they are read."""
    with client.tags(team="search"):
        stream = client.chat.completions.create(messages=HELLO, stream=True)
        events = client.chat.completions.stream(messages=HELLO)
        client.chat.completions.with_raw_response.create(messages=HELLO)
        assert sent(server) == (None, {"team": "search"})
    with client.tags(team="other"):
        with stream:
            assert stream.get_final_text()
        with events as entered:
            assert entered.get_final_text()
    assert sent(server) == (None, {"team": "search"})
    assert [request.body["tags"] for request in server.requests] == [{"team": "search"}] * 3


def test_answers_of_a_type(server: LocalServer, client: Opper) -> None:
    """Have them as well, plain and streamed."""
    with client.tags(team="search"), client.span(SPAN):
        assert isinstance(client.chat.completions.parse(messages=HELLO, response_format=bool).parsed, bool)
        assert sent(server) == (str(SPAN), {"team": "search"})
        with client.chat.completions.stream(messages=HELLO, response_format=bool) as stream:
            stream.until_done()
    assert sent(server) == (str(SPAN), {"team": "search"})


def test_runs_of_tools(server: LocalServer, client: Opper) -> None:
    """Every turn has them."""

    @tool
    def weather(city: str) -> str:
        """Tell the weather."""
        return f"Sunny in {city}"

    with client.tags(team="search"), client.span(SPAN):
        client.chat.completions.run_tools(messages=HELLO, tools=[weather])
    assert len(server.requests) > 1
    said = [(request.body["tags"], request.body["parent_span_id"]) for request in server.requests]
    assert said == [({"team": "search"}, str(SPAN))] * len(said)


def test_one_scope_in_many_places(server: LocalServer, client: Opper) -> None:
    """It can be entered again inside itself, and from several threads at once; each end takes back one."""
    scope = client.tags(team="search")

    def work(_: int) -> None:
        with scope:
            ask(client)
            with scope:
                ask(client)
            ask(client)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    assert all(request.body["tags"] == {"team": "search"} for request in server.requests)
    ask(client)
    assert sent(server) == (None, None)


def test_a_generator_that_is_left_elsewhere(server: LocalServer, client: Opper) -> None:
    """Its end takes nothing from whoever ends it, and raises nothing."""

    def inside() -> Iterator[None]:
        with client.tags(team="search"):
            yield

    generator = inside()
    contextvars.copy_context().run(next, generator)
    with client.tags(team="mine"):
        generator.close()
        ask(client)
        assert sent(server) == (None, {"team": "mine"})


def test_an_error_inside_ends_it(server: LocalServer, client: Opper) -> None:
    """The error comes out as it is."""
    with pytest.raises(KeyError), client.tags(team="search"):
        raise KeyError
    ask(client)
    assert sent(server) == (None, None)


def test_a_span_of_opentelemetry(server: LocalServer, client: Opper) -> None:
    """Its trace id as a UUID; of one that is not recorded nothing, so that the same code runs without a tracer."""
    tracer = TracerProvider().get_tracer("tests")
    with tracer.start_as_current_span("work") as span, client.span(span):
        ask(client)
        parent, _ = sent(server)
        assert UUID(str(parent)).int == span.get_span_context().trace_id
    with client.span(SPAN), client.span(trace.INVALID_SPAN):
        ask(client)
        assert sent(server) == (str(SPAN), None)


def test_no_tags(server: LocalServer, client: Opper) -> None:
    """Nothing is sent where nothing was said."""
    with client.tags(), client.tags({}):
        ask(client)
    assert "tags" not in server.requests[-1].body
