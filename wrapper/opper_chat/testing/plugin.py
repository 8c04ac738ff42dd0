"""The pytest plugin `opper_chat`: the fixtures `opper`, `async_opper` and `opper_...`, and the option `--opper-record`.

pytest loads it in every environment that has this package, so it imports nothing before a fixture needs it.
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
"""The API key of tests that must not use a real one."""

_FAILED = pytest.StashKey[bool]()
_LONGEST = 120


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--opper-record`."""
    parser.getgroup("opper-chat").addoption(
        "--opper-record",
        choices=("none", "once", "missing", "all"),
        default=None,
        help="what the fixture opper_cassette records: nothing; everything if there is no file; what the file does "
        "not have; everything, and replace the file (default: OPPER_RECORD, then none)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Remember whether a test failed. The cassette of a failed test raises no further error."""
    if call.when == "setup" or call.excinfo is not None:
        item.stash[_FAILED] = call.excinfo is not None


@pytest.fixture
def opper_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A local server for one test, an `opper_chat.testing.LocalServer`.

    A client without arguments uses it for the duration of the test, also if the environment has another key.
    """
    from . import LocalServer

    with LocalServer() as server:
        _point_to(server.base_url, KEY, monkeypatch)
        yield server


@pytest.fixture
def opper(opper_server: LocalServer) -> Iterator[Opper]:
    """A client of `opper_server`, an `opper_chat.Opper`. It does not retry, so that the test sees each reply."""
    from opper_chat import Opper

    with Opper(api_key=KEY, base_url=opper_server.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
def async_opper(opper_server: LocalServer) -> AsyncOpper:
    """An async client of `opper_server`, an `opper_chat.AsyncOpper`, for any number of event loops.

    It does not retry. It keeps no connection after a call, so that it need not be closed in the loop of the test.
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
    """The arguments of the `Cassette` of `opper_cassette`. Override this fixture in a module or a conftest."""
    return {}


@pytest.fixture
def opper_cassette(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, opper_cassette_settings: CassetteSettings
) -> Iterator[Cassette]:
    """Record or replay one test with the cassette `cassettes/MODULE/TEST.jsonl` in the folder of the test's file.

    A client without arguments uses it for the duration of the test: with the key of the environment if it records,
    otherwise without a real key. If a request matched no recorded one, the test fails at its end.
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
    """Make clients without arguments use a URL on loopback, without a proxy."""
    from urllib.request import getproxies

    monkeypatch.setenv("OPPER_BASE_URL", base_url)
    if key is not None:
        monkeypatch.setenv("OPPER_API_KEY", key)
        monkeypatch.delenv("OPPER_HTTP_BEARER", raising=False)
    if proxies := getproxies():
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, ",".join(filter(None, [proxies.get("no"), "127.0.0.1"])))


def _path(node: pytest.Item) -> Path:
    """Return the path of a test's cassette."""
    names = [part for part in node.nodeid.partition("::")[2].split("::") if part]
    name = ".".join(names) or node.name
    plain = re.sub(r"[^\w.\-\[\]]+", "-", name)[:_LONGEST]
    if plain != name:
        # Names that differ only in the replaced characters need different files.
        plain = f"{plain}-{crc32(name.encode('utf-8', 'surrogatepass')):08x}"
    return node.path.parent / "cassettes" / node.path.stem / f"{plain}.jsonl"
