"""The pytest plugin `opper_chat`: fixtures that start with `opper_`, and the option `--opper-record`.

pytest loads it in every run of an environment that has this package, so nothing is imported before a fixture needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import pytest

if TYPE_CHECKING:
    from opper_chat import AsyncOpper, Opper

    from . import Cassette, CassetteSettings, LocalServer

KEY = "opper-local-key"
"""The key in the environment of a test that must not have a real one."""

_FAILED = pytest.StashKey[bool]()
_LONGEST = 120


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--opper-record`."""
    parser.getgroup("opper-chat").addoption(
        "--opper-record",
        choices=("none", "once", "missing", "all"),
        default=None,
        help="what the cassettes of the fixture opper_cassette record: nothing; all where there is no file yet; what "
        "is missing; all anew (default: what OPPER_RECORD says, else none)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Keep in mind that a test failed: its cassette then has nothing to add."""
    if call.when == "setup" or call.excinfo is not None:
        item.stash[_FAILED] = call.excinfo is not None


@pytest.fixture
def opper_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A local server for one test, an `opper_chat.testing.LocalServer`.

    While it runs, a client that is made without arguments talks to it, whatever key the environment had.
    """
    from . import LocalServer

    with LocalServer() as server:
        _point_to(server.base_url, KEY, monkeypatch)
        yield server


@pytest.fixture
def opper(opper_server: LocalServer) -> Iterator[Opper]:
    """A client on `opper_server`, an `opper_chat.Opper`. It tries once, so that each reply is seen."""
    from opper_chat import Opper

    with Opper(api_key=KEY, base_url=opper_server.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
def async_opper(opper_server: LocalServer) -> AsyncOpper:
    """An async client on `opper_server`, an `opper_chat.AsyncOpper`, for one event loop or several.

    It tries once, and keeps no connection beyond a call, so that whichever loop runs the test, none has to stay open
    to close it.
    """
    import httpx

    from opper_chat import AsyncOpper

    from .._config.environment import CONNECT_TIMEOUT, DEFAULT_TIMEOUT

    timeout = httpx.Timeout(DEFAULT_TIMEOUT, connect=CONNECT_TIMEOUT)
    limits = httpx.Limits(max_keepalive_connections=0)
    own = httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False, verify=False)  # noqa: S501  # no TLS
    return AsyncOpper(api_key=KEY, base_url=opper_server.base_url, max_retries=0, http_client=own)


@pytest.fixture
def opper_cassette_settings() -> CassetteSettings:
    """Arguments for the `Cassette` of `opper_cassette`. Define it anew, in a module or a conftest, to give others."""
    return {}


@pytest.fixture
def opper_cassette(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, opper_cassette_settings: CassetteSettings
) -> Iterator[Cassette]:
    """A cassette for one test, an `opper_chat.testing.Cassette`: `cassettes/MODULE/TEST.jsonl` beside the test's file.

    While it runs, a client that is made without arguments talks to it: without a real key where nothing is recorded,
    else with the one that the environment has. A test that passes although it made a request which matches nothing
    fails at its end.
    """
    from . import Cassette

    node: pytest.Item = request.node
    settings: CassetteSettings = {**opper_cassette_settings}
    if (record := request.config.getoption("--opper-record")) is not None:
        settings["record"] = record
    cassette = Cassette(_path(node), **settings).start()
    try:
        _point_to(cassette.base_url, None if cassette.records else KEY, monkeypatch)
        yield cassette
    finally:
        cassette.close()
    if not node.stash.get(_FAILED, False):
        cassette.check()


def _point_to(base_url: str, key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make clients that are told nothing talk to an address on loopback, past whatever proxy there is."""
    from urllib.request import getproxies

    monkeypatch.setenv("OPPER_BASE_URL", base_url)
    if key is not None:
        monkeypatch.setenv("OPPER_API_KEY", key)
        monkeypatch.delenv("OPPER_HTTP_BEARER", raising=False)
    if proxies := getproxies():
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, ",".join(filter(None, [proxies.get("no"), "127.0.0.1"])))


def _path(node: pytest.Item) -> Path:
    """The file of a test's cassette."""
    names = [part for part in node.nodeid.partition("::")[2].split("::") if part]
    name = ".".join(names) or node.name
    plain = re.sub(r"[^\w.\-\[\]]+", "-", name)[:_LONGEST]
    if plain != name:
        # Two names that differ only in what was replaced are two files.
        plain = f"{plain}-{crc32(name.encode('utf-8', 'surrogatepass')):08x}"
    return node.path.parent / "cassettes" / node.path.stem / f"{plain}.jsonl"
