"""Clients and what they return in other places: other processes, forks, event loops, threads, copies."""

import asyncio
import copy
import gc
import math
import os
import pickle
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trio
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    APIError,
    AsyncOpper,
    CallRecord,
    ChatCompletion,
    InvalidArgumentError,
    MissingKeyError,
    Observer,
    Opper,
    RateLimitError,
    StreamTruncatedError,
    add_observer,
)
from opper_chat.testing import CUT, FaultyProxy, LocalServer, Pause, Reply, chunk

KEY = "sk-" + "sesame" * 3


def whole(*texts: str) -> Reply:
    return Reply.sse([*map(chunk, texts), chunk(finish_reason="stop"), "[DONE]"])


# --- Pickles and copies ------------------------------------------------------------------------


def failures(server: LocalServer, flavour: Flavour) -> list[APIError]:
    """One error of each origin: a status, a broken stream, a timeout, a missing server, an answer that is none."""
    settings = {"api_key": KEY, "max_retries": 1}
    errors: list[APIError] = []
    slow = Reply.json({"type": "Slow", "message": "Slow."}, status=429, headers={"retry-after-ms": "1"})
    replies: list[tuple[list[Reply], dict[str, Any]]] = [
        ([slow, slow], {}),
        ([Reply.sse([chunk("Hel"), CUT])], {}),
        ([Reply.sse([chunk("Hel")])], {}),
        ([Reply.json({}, delay=60)], {"deadline": 0.2}),
        ([Reply.json({"a": 1})], {}),
    ]
    for scripted, more in replies:
        server.reply(*scripted)
        _, error = flavour.chunks(server.base_url, {**settings, **more}, messages=HELLO)
        assert isinstance(error, APIError)
        errors.append(error)
    _, error = flavour.chunks("http://127.0.0.1:1", settings, messages=HELLO)
    assert isinstance(error, APIError)
    return [*errors, error]


def test_errors_are_what_they_were_in_a_pickle_and_a_copy(server: LocalServer, flavour: Flavour) -> None:
    """All that they carry, the attempts and the partial completion included, and no key."""
    for error in failures(server, flavour):
        data = pickle.dumps(error)
        assert KEY.encode() not in data
        for other in (pickle.loads(data), copy.copy(error), copy.deepcopy(error)):
            assert type(other) is type(error)
            assert str(other) == str(error)
            assert vars(other) == vars(error)
            assert other.attempts == error.attempts != ()


def test_completions_and_chunks_are_what_they_were(server: LocalServer, flavour: Flavour) -> None:
    """How they came included."""
    completion = flavour.create(server.base_url, messages=HELLO)
    chunks, _ = flavour.chunks(server.base_url, messages=HELLO)
    for other in (pickle.loads(pickle.dumps(completion)), copy.deepcopy(completion)):
        assert other == completion
        assert (other.request_id, other.headers, other.attempts) == (
            completion.request_id, completion.headers, completion.attempts,
        )  # fmt: skip
    assert pickle.loads(pickle.dumps(chunks)) == copy.deepcopy(chunks) == chunks


def ask(client: Opper, text: str) -> ChatCompletion:
    return client.chat.completions.create(messages=[{"role": "user", "content": text}])


PROGRAM = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from opper_chat import BadRequestError, Opper

MESSAGES = [{"role": "user", "content": "Hi"}]

def ask(client, **options):
    return client.chat.completions.create(messages=MESSAGES, **options)

if __name__ == "__main__":
    client = Opper(base_url=sys.argv[1], max_retries=7, deadline=30, default_headers={"X-Team": "x"})
    with client, ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        completion = pool.submit(ask, client).result(60)
        print(completion.choices[0].message.content, len(completion.attempts), completion.request_id)
        try:
            pool.submit(ask, client, extra_body={"n": "many"}).result(60)
        except Exception as error:
            print(type(error).__name__, error.status_code, len(error.attempts), error.request_id)
"""


def test_a_client_and_what_it_returns_cross_process_pools(server: LocalServer, tmp_path: Path) -> None:
    """The client goes without its key, which is read again there; completions and errors come back."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    environment = {**os.environ, "OPPER_API_KEY": KEY}
    command = [sys.executable, str(program), server.base_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.endswith("Hi 1 req_000001")
    assert second == "UnprocessableEntityError 422 1 req_000002"
    assert server.requests[0].headers["x-team"] == "x"


@pytest.mark.parametrize("kind", [Opper, AsyncOpper])
def test_a_client_is_pickled_without_its_key(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever key it was given; without one in the environment, the error says what is missing."""
    client = kind(
        api_key=KEY,
        base_url="https://host/v1",
        timeout=3,
        max_retries=4,
        idle_timeout=5,
        default_query={"a": 1},
        default_headers={"X-Team": "x", "Authorization": f"Bearer {KEY}", "X-Api-Key": KEY},
    )
    data = pickle.dumps(client)
    assert KEY.encode() not in data
    with pytest.raises(MissingKeyError, match="OPPER_API_KEY"):
        pickle.loads(data)
    monkeypatch.setenv("OPPER_API_KEY", "other")
    other = pickle.loads(data)
    assert other.base_url == "https://host/v1"
    headers = {"x-team": "x"}  # what is a credential by its name stays behind
    assert other._settings == client._settings._replace(key=other._settings.key, default_headers=headers)
    assert other._settings.key.reveal() == "other"


def test_a_client_that_cannot_be_pickled_says_why() -> None:
    """One with an HTTP client or hooks of the caller's own."""
    with httpx.Client() as own:
        with pytest.raises(TypeError, match="http_client"):
            pickle.dumps(Opper(api_key="key", http_client=own))
    with pytest.raises(TypeError, match="event_hooks"):
        pickle.dumps(Opper(api_key="key", event_hooks={"request": [print]}))


def test_a_copy_shares_the_connections(server: LocalServer) -> None:
    """And the settings, with `copy` and `deepcopy`, as with options."""
    with Opper(api_key="key", base_url=server.base_url, deadline=50) as client:
        for other in (copy.copy(client), copy.deepcopy(client), client.with_options()):
            assert other is not client
            assert other._session is client._session
            assert other._settings == client._settings
        ask(client, "Hi")
        ask(copy.deepcopy(client), "Hi")


def test_with_options_changes_nothing_else(server: LocalServer) -> None:
    """Each option one setting of the new client, none of the old."""
    with Opper(api_key="key", base_url=server.base_url, default_headers={"X-A": "a"}, idle_timeout=9) as client:
        before = client._settings
        changes: list[tuple[dict[str, Any], str]] = [
            ({"api_key": "other"}, "key"), ({"base_url": "https://host"}, "base_url"),
            ({"timeout": 3}, "http_timeouts"), ({"max_retries": 9}, "max_retries"),
            ({"first_token_timeout": 3}, "timeouts"), ({"deadline": None}, "timeouts"),
            ({"default_headers": {"X-B": "b"}}, "default_headers"), ({"default_query": {"q": 1}}, "default_query"),
        ]  # fmt: skip
        for options, name in changes:
            after = client.with_options(**options)._settings
            changed = {field for field in before._fields if getattr(before, field) != getattr(after, field)}
            assert changed == {name} or (options == {"deadline": None} and not changed)
            assert client._settings is before
        assert client.with_options(deadline=3)._settings.timeouts.idle_timeout == 9
        with pytest.raises(InvalidArgumentError, match="idle"):
            client.with_options(idle_timeout=-1)
        with pytest.raises(
            TypeError, match=r"with_options\(\) has no parameter 'max_retrys'.*Did you mean 'max_retries'"
        ):
            client.with_options(max_retrys=3)  # type: ignore[call-arg]


# --- Threads, loops and forks ------------------------------------------------------------------


def test_many_threads_share_a_client(server: LocalServer) -> None:
    """Each gets its own answers, over no more connections than there are threads."""
    with Opper(api_key="key", base_url=server.base_url, max_connections=4) as client, ThreadPoolExecutor(16) as pool:
        said = list(pool.map(lambda number: ask(client, f"No. {number}."), range(160)))
    for number, completion in enumerate(said):
        assert f"No. {number}." in (completion.choices[0].message.content or "")


async def ask_twice(client: AsyncOpper, text: str) -> list[str]:
    async def one(number: int) -> str:
        messages: Any = [{"role": "user", "content": f"{text} {number}"}]
        if number % 2:
            return (await client.chat.completions.create(messages=messages)).choices[0].message.content or ""
        async with await client.chat.completions.create(messages=messages, stream=True) as stream:
            return await stream.get_final_text()

    return await asyncio.gather(*(one(number) for number in range(6)))


def test_one_async_client_in_one_event_loop_after_another(server: LocalServer) -> None:
    """Each loop has connections of its own, and leaves none behind when it ends."""
    client = AsyncOpper(api_key="key", base_url=server.base_url, max_connections=3)
    asyncio.run(ask_twice(client, "first"))  # the server's own files are open by then
    before = open_files()
    for turn in range(5):
        said = asyncio.run(ask_twice(client, f"turn {turn}, call"))
        assert all(f"turn {turn}, call {number}" in text for number, text in enumerate(said))
        gc.collect()
        give_up = time.monotonic() + 10
        while (open_files() or 0) > (before or 0) and time.monotonic() < give_up:
            time.sleep(0.01)  # the server, whose files are counted too, notices that its clients have left
        assert (open_files() or 0) <= (before or 0)
    asyncio.run(client.close())


def open_files() -> int | None:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else None


def test_one_async_client_in_several_event_loops_at_once(server: LocalServer) -> None:
    """Threads with a loop each, more calls than connections: none waits for ever, none gets another's answer."""
    client = AsyncOpper(api_key="key", base_url=server.base_url, max_connections=2, deadline=60)
    with ThreadPoolExecutor(6) as pool:
        turns = [
            pool.submit(lambda turn=turn: asyncio.run(ask_twice(client, f"turn {turn}, call"))) for turn in range(12)
        ]
        for turn, done in enumerate(turns):
            assert all(f"turn {turn}, call {number}" in text for number, text in enumerate(done.result(120)))
    asyncio.run(client.close())


def test_one_async_client_in_asyncio_and_trio(server: LocalServer) -> None:
    """One after the other."""
    client = AsyncOpper(api_key="key", base_url=server.base_url)

    async def one() -> ChatCompletion:
        return await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    assert asyncio.run(one()).choices
    assert trio.run(one).choices
    assert asyncio.run(one()).choices
    asyncio.run(client.close())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_child_has_connections_of_its_own(server: LocalServer) -> None:
    """And its parent's go on as if there were no child."""
    with FaultyProxy(server.base_url) as proxy:
        client = Opper(api_key="key", base_url=proxy.base_url, max_connections=1)
        ask(client, "before")
        assert proxy.connections == 1
        in_child(lambda: "from the child" in (ask(client, "from the child").choices[0].message.content or ""))
        assert proxy.connections == 2
        assert "after" in (ask(client, "after").choices[0].message.content or "")
        assert proxy.connections == 2
        client.close()


def in_child(work: Callable[[], object]) -> None:
    """Fork, and see that the work is done and true in the child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that this process has threads: the child uses none
        child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_threads_of_a_forked_child_have_limiters_of_its_own(server: LocalServer) -> None:
    """Also if several threads make the first calls at once, while the parent's call has the only permit."""
    client = Opper(api_key="key", base_url=server.base_url, max_concurrency=1, max_retries=0)
    server.reply(Reply.sse([chunk("Hel"), Pause(0.3), chunk("lo"), chunk(finish_reason="stop"), "[DONE]"]))
    stream = client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
    next(stream)

    barrier = threading.Barrier(4)

    class Together(Observer):
        def on_call_start(self, record: CallRecord) -> None:
            barrier.wait(10)

    def call(_: int) -> bool:
        return bool(client.with_options(deadline=5).chat.completions.create(messages=HELLO).choices)  # type: ignore[arg-type]

    def call_from_threads() -> bool:
        sys.setswitchinterval(1e-6)  # another thread can go on after each step
        add_observer(Together())
        with ThreadPoolExecutor(4) as threads:
            return all(list(threads.map(call, range(4))))

    for _ in range(10):
        in_child(call_from_threads)
    with stream:
        assert stream.get_final_text() == "Hello"
    client.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_child_drops_what_its_parent_reads(server: LocalServer, flavour: Flavour) -> None:
    """The connection is its parent's, who reads on."""
    rest = [chunk("lo"), chunk(finish_reason="stop"), "[DONE]"]
    server.reply(Reply.sse([chunk("Hel"), Pause(0.3), *rest]))

    def drop(streams: list[Any]) -> bool:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            streams.clear()
            gc.collect()
        return True

    def read(client: Opper) -> str:
        streams = [client.chat.completions.create(messages=HELLO, stream=True)]  # type: ignore[call-overload]
        next(streams[0])
        in_child(lambda: drop(streams))
        with streams[0] as stream:
            return str(stream.get_final_text())

    async def read_async(client: AsyncOpper) -> str:
        streams = [await client.chat.completions.create(messages=HELLO, stream=True)]  # type: ignore[call-overload]
        await anext(streams[0])
        in_child(lambda: drop(streams))
        async with streams[0] as stream:
            return str(await stream.get_final_text())

    assert flavour(read if flavour.kind == "sync" else read_async, api_key="key", base_url=server.base_url) == "Hello"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.parametrize(
    "bound",
    [{"max_connections": 1, "timeout": 30}, {"max_concurrency": 1, "deadline": 20}],
    ids=lambda bound: next(iter(bound)),
)
def test_a_child_that_is_forked_while_a_stream_is_read(server: LocalServer, bound: dict[str, Any]) -> None:
    """Has places for connections and for calls of its own, though the parent's are all taken."""
    client = Opper(api_key="key", base_url=server.base_url, **bound)
    server.reply(whole("Hel", "lo"))
    with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
        next(stream)
        in_child(lambda: "child" in (ask(client, "child").choices[0].message.content or ""))
        assert stream.get_final_text() == "Hello"
    client.close()


def test_a_stream_dropped_in_a_loop_that_is_gone(server: LocalServer) -> None:
    """Does not harm the next loop, nor the closing of the client."""
    client = AsyncOpper(api_key="key", base_url=server.base_url, max_connections=2)

    async def drop() -> None:
        server.reply(Reply.sse([chunk("a"), Pause(60)]))
        stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
        await anext(stream)
        with pytest.warns(ResourceWarning, match="never closed"):
            del stream
            gc.collect()

    for _ in range(3):
        asyncio.run(drop())
        assert len(asyncio.run(ask_twice(client, "Hi"))) == 6
    asyncio.run(client.close())


def test_event_loops_are_not_kept(server: LocalServer) -> None:
    """Also where no connection could be made."""
    client = AsyncOpper(api_key="key", base_url="http://127.0.0.1:1", max_retries=0)
    loops = []

    async def fail() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        with pytest.raises(APIError):
            await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    for _ in range(5):
        asyncio.run(fail())
    gc.collect()
    assert [loop() for loop in loops[:-1]] == [None] * 4
    asyncio.run(client.close())


def test_a_proxy_for_other_hosts_changes_nothing(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says of others, loops have connections of their own."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.com")
    client = AsyncOpper(api_key="key", base_url=server.base_url)
    for _ in range(3):
        assert len(asyncio.run(ask_twice(client, "Hi"))) == 6
    asyncio.run(client.close())


def test_a_proxy_of_the_environment_is_used(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request goes there, and not where it is excepted."""
    with FaultyProxy(server.base_url) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with Opper(api_key="key", base_url=server.base_url) as client:
            ask(client, "through")
        assert len(proxy.requests) == 1
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with Opper(api_key="key", base_url=server.base_url) as client:
            ask(client, "past")
        assert len(proxy.requests) == 1


def test_with_options_keeps_what_a_subclass_has() -> None:
    """Its attributes go along."""

    class Tenant(Opper):
        def __init__(self, tenant: str) -> None:
            super().__init__(api_key="key")
            self.tenant = tenant

    assert Tenant("t").with_options(timeout=3).tenant == copy.copy(Tenant("t")).tenant == "t"


# --- Clients that are never closed -------------------------------------------------------------


def test_a_client_that_was_never_closed_is_told_of(server: LocalServer) -> None:
    """With the line that made it, once it has been used; one that was not has nothing to close."""

    def use() -> None:
        client = Opper(api_key="key", base_url=server.base_url)
        ask(client.with_options(timeout=9), "Hi")

    with pytest.warns(ResourceWarning, match=r"a client made at .*test_portable\.py:\d+ was never closed"):
        use()
        gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Opper(api_key="key")
        gc.collect()


def test_an_async_client_that_was_never_closed_is_told_of(server: LocalServer) -> None:
    """After its loop; its connections are closed at the end of that."""

    async def use() -> None:
        await ask_twice(AsyncOpper(api_key="key", base_url=server.base_url), "Hi")

    with pytest.warns(ResourceWarning, match=r"a client made at .*test_portable\.py:\d+ was never closed"):
        asyncio.run(use())
        gc.collect()


@pytest.mark.parametrize("name", ["Opper", "AsyncOpper"])
def test_a_client_that_is_there_when_the_interpreter_ends_is_told_of(server: LocalServer, name: str) -> None:
    """With the line that made it, unless it was closed, lent its HTTP client, or never used."""
    code = f"""
import asyncio
from {httpx.__name__} import AsyncClient, Client
from opper_chat import {name}
def made(**more):
    return {name}(api_key="key", base_url={server.base_url!r}, **more)
async def use():
    for client in (closed, left, lent):
        answer = client.chat.completions.create(messages={HELLO!r})
        if {name!r} == "AsyncOpper":
            await answer
    closing = closed.close()
    if closing is not None:
        await closing
with_http = {{"Opper": Client, "AsyncOpper": AsyncClient}}[{name!r}]()
closed, unused, lent = made(), made(), made(http_client=with_http)
left = {name}(api_key="key", base_url={server.base_url!r})
asyncio.run(use())
"""
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = [line for line in done.stderr.splitlines() if "never closed" in line]
    assert len(told) == 1
    assert "a client made at <string>:17 was never closed" in told[0]


@pytest.mark.parametrize("name", ["Opper", "AsyncOpper"])
def test_nothing_is_raised_when_the_interpreter_ends(server: LocalServer, name: str) -> None:
    """A client and a stream that are still there then say nothing at all, though every warning is shown."""
    code = f"""
import asyncio, sys
from opper_chat import {name}
client = {name}(api_key="key", base_url={server.base_url!r})
stream = None
if {name!r} == "Opper":
    client.chat.completions.create(messages={HELLO!r})
    stream = client.chat.completions.create(messages={HELLO!r}, stream=True)
    next(stream)
else:
    asyncio.run(client.chat.completions.create(messages={HELLO!r}))
half_made = {name}.__new__({name})
del half_made
"""
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if "Error" in line or "Traceback" in line or "Exception" in line]
    assert lines == []


def test_a_dropped_client_leaves_no_thread(server: LocalServer) -> None:
    """The watchdog's ends by itself. In a process of its own: what other tests wait for would keep it."""
    code = f"""
import _thread, time
from opper_chat import Opper
with Opper(api_key="key", base_url={server.base_url!r}, deadline=30) as client:
    client.chat.completions.create(messages=[{{"role": "user", "content": "Hi"}}])
counts = [_thread._count()]
deadline = time.monotonic() + 10
while _thread._count() and time.monotonic() < deadline:
    time.sleep(0.01)
print(*counts, _thread._count())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "1 0"), done.stderr


def test_a_stream_that_was_closed_early_still_says_what_it_took(server: LocalServer) -> None:
    """The attempts are in the error of whoever reads on."""
    server.reply(Reply.sse([chunk("Hel"), Pause(math.inf)]))
    with Opper(api_key="key", base_url=server.base_url) as client:
        stream = client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[arg-type]
        next(stream)
        stream.close()
        with pytest.raises(StreamTruncatedError) as caught:
            stream.get_final_completion()
        assert len(caught.value.attempts) == 1


def test_rate_limits_are_of_a_class_that_can_be_caught_after_a_pickle() -> None:
    """The attributes of the class alone come too."""
    error = pickle.loads(pickle.dumps(RateLimitError("Slow.", status_code=429)))
    assert (error.partial, error.chunks_received, error.attempts, error.is_retryable) == (None, 0, (), True)
