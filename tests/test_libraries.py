"""httpx and its fork side by side: clients of either, defaults of either, and the errors of both."""

import asyncio
import os
import subprocess
import sys
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest
from flavours import HELLO
from opper_chat import APIConnectionError, APITimeoutError, AsyncOpper, InvalidArgumentError, Opper
from opper_chat._http.errors import _tls_error
from opper_chat.testing import CUT, LocalServer, Pause, Reply, chunk

LIBRARIES: Any = [httpx, httpx2]
WHOLE = [chunk("Hel"), chunk("lo"), chunk(finish_reason="stop"), "[DONE]"]

either = pytest.mark.parametrize("library", LIBRARIES, ids=["httpx", "httpx2"])


@either
def test_a_sync_client_of_either(server: LocalServer, library: Any) -> None:
    """Plain answers, streams, timeouts of its own kind, and errors of ours."""
    with library.Client(timeout=library.Timeout(5, pool=1)) as own:
        client = Opper(api_key="key", base_url=library.URL(server.base_url), http_client=own, max_retries=0)
        assert client.chat.completions.create(messages=HELLO).choices  # type: ignore[arg-type]
        server.reply(Reply.sse(WHOLE), Reply.json({}, delay=60), Reply.raw([CUT]), Reply.sse([chunk("a"), CUT]))
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[call-overload]
            assert stream.get_final_text() == "Hello"
            assert isinstance(stream.response, library.Response)
        quick = client.with_options(timeout=library.Timeout(5, read=0.2))
        with pytest.raises(APITimeoutError) as late:
            quick.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        assert (late.value.timeout_kind, late.value.seconds) == ("read", 0.2)
        with pytest.raises(APIConnectionError):
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        with pytest.raises(APIConnectionError) as cut:
            client.chat.completions.create(messages=HELLO, stream=True).until_done()  # type: ignore[call-overload]
        assert cut.value.chunks_received == 1


@either
def test_an_async_client_of_either(server: LocalServer, library: Any) -> None:
    """The same, and the clocks."""

    async def run() -> None:
        async with library.AsyncClient() as own:
            client = AsyncOpper(api_key="key", base_url=server.base_url, http_client=own, max_retries=0)
            assert (await client.chat.completions.create(messages=HELLO)).choices  # type: ignore[arg-type]
            server.reply(Reply.sse(WHOLE), Reply.sse([chunk("a"), Pause(60)]), Reply.raw([CUT]))
            stream: Any = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
            assert await stream.get_final_text() == "Hello"
            stream = await client.chat.completions.create(messages=HELLO, stream=True, idle_timeout=0.2)  # type: ignore[call-overload]
            with pytest.raises(APITimeoutError, match="idle"):
                await stream.until_done()
            with pytest.raises(APIConnectionError):
                await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    asyncio.run(run())


@either
def test_a_client_of_the_wrong_kind(library: Any) -> None:
    """An error that names both libraries."""
    with pytest.raises(InvalidArgumentError, match=r"expected an httpx\.Client or httpx2\.Client"):
        Opper(api_key="key", http_client=library.AsyncClient())
    with library.Client() as own, pytest.raises(InvalidArgumentError, match=r"httpx2\.AsyncClient"):
        AsyncOpper(api_key="key", http_client=own)


@pytest.mark.parametrize("name", ["httpx", "httpx2"])
def test_the_environment_names_the_library_to_use(server: LocalServer, name: str) -> None:
    """Neither is loaded by a call and a stream; asking for the response, or an error, loads the one that is named."""
    code = f"""
import sys
from opper_chat import Opper
with Opper(api_key="key", base_url={server.base_url!r}) as client:
    with client.chat.completions.create(messages={HELLO!r}, stream=True) as stream:
        stream.until_done()
    client.chat.completions.create(messages={HELLO!r})
    libraries = {{"httpx", "httpx2", "httpcore", "httpcore2", "h11", "asyncio", "ssl"}}
    print(*sorted(libraries & set(sys.modules)))
    print(type(stream.response).__module__.partition(".")[0], *sorted({{"httpx", "httpx2"}} & set(sys.modules)))
"""
    environment = {**os.environ, "OPPER_HTTP_LIBRARY": name}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines() == ["", f"{name} {name}"]


@pytest.mark.parametrize("name", ["httpx", "httpx2"])
def test_a_library_that_another_thread_is_loading(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Is as good as not there: its name is, and those in it are not yet."""
    other: Any = httpx if name == "httpx2" else httpx2
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    with other.Client(timeout=5) as own:
        client = Opper(api_key="key", base_url=server.base_url, http_client=own, max_retries=0, timeout=5)
        assert client.chat.completions.create(messages=HELLO).choices  # type: ignore[arg-type]
        server.reply(Reply.raw([CUT]))
        with pytest.raises(APIConnectionError):
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        monkeypatch.setitem(sys.modules, "ssl", ModuleType("ssl"))  # by whom another client speaks TLS
        assert _tls_error() is None
    with pytest.raises(InvalidArgumentError, match="timeout"):
        Opper(api_key="key", timeout="soon")  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_while_another_thread_loads_a_library() -> None:
    """Waits for it: Python would have the child wait for ever for a thread that it does not have."""
    code = f"""
import importlib.abc, os, sys, threading, time
from opper_chat import APIConnectionError, Opper
loading = threading.Event()
class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "httpx._transports":
            loading.set()
            time.sleep(0.5)
sys.meta_path.insert(0, Slow())
def fail():
    with Opper(api_key="key", base_url="http://127.0.0.1:1", max_retries=0) as client:
        try:
            client.chat.completions.create(messages={HELLO!r})
        except APIConnectionError:
            return
thread = threading.Thread(target=fail)
thread.start()
assert loading.wait(30)
child = os.fork()
if child == 0:
    fail()
    os._exit(7)
for _ in range(200):
    number, status = os.waitpid(child, os.WNOHANG)
    if number:
        break
    time.sleep(0.05)
else:
    os.kill(child, 9)
thread.join()
print(os.waitstatus_to_exitcode(status))
"""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    environment = {**os.environ, "OPPER_HTTP_LIBRARY": "httpx"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
    assert done.stdout == "7\n"


def test_a_library_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that names the variable."""
    monkeypatch.setenv("OPPER_HTTP_LIBRARY", "requests")
    with pytest.raises(InvalidArgumentError, match="OPPER_HTTP_LIBRARY: expected 'httpx' or 'httpx2'"):
        Opper(api_key="key")
