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
    """The same, and the timeouts."""

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
    """It alone is imported, with its network, when the client is; not by importing the package."""
    code = f"""
import sys, opper_chat
libraries = {{"httpx", "httpx2", "httpcore", "httpcore2"}}
print(*sorted(libraries & set(sys.modules)))
with opper_chat.Opper(api_key="key", base_url={server.base_url!r}) as client:
    with client.chat.completions.create(messages={HELLO!r}, stream=True) as stream:
        stream.until_done()
    print(*sorted(libraries & set(sys.modules)))
    print(type(stream.response).__module__.partition(".")[0])
"""
    environment = {**os.environ, "OPPER_HTTP_LIBRARY": name}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    core = name.replace("httpx", "httpcore")
    assert done.stdout.splitlines() == ["", f"{core} {name}", name]


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
    with pytest.raises(InvalidArgumentError, match="timeout"):
        Opper(api_key="key", timeout="soon")  # type: ignore[arg-type]


def test_a_library_that_there_is_not() -> None:
    """An error that names the variable, when the client is imported."""
    code = "import opper_chat\ntry: opper_chat.Opper\nexcept opper_chat.InvalidArgumentError as error: print(error)"
    environment = {**os.environ, "OPPER_HTTP_LIBRARY": "requests"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert "OPPER_HTTP_LIBRARY: expected 'httpx' or 'httpx2', got 'requests'" in done.stdout
