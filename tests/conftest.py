"""What every test has: an environment without keys, the server of our own plugin, and a client in both flavours."""

import ssl
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_runs import Command
from flavours import Flavour
from opper_chat._http.ssl_context import shared_ssl_context
from opper_chat.testing import LocalServer

PLUGIN = "opper_chat.testing.plugin"

# Where this package is installed, pytest has loaded the plugin by itself; a tree that is not installed needs this.
pytest_plugins = ["pytester", *([] if PLUGIN in sys.modules else [PLUGIN])]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPPER_API_KEY", "OPPER_HTTP_BEARER", "OPPER_BASE_URL", "OPPER_LOG", "OPPER_LOG_CONTENT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(opper_server: LocalServer) -> LocalServer:
    return opper_server


@pytest.fixture(scope="module")
def module_server() -> Iterator[LocalServer]:
    """A server that the tests of a module share, since starting one takes longer than most of them."""
    with LocalServer() as server:
        yield server


@pytest.fixture
def command(module_server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command, in a folder of its own, with a key for the server of the module."""
    module_server.requests.clear()
    module_server._app.queued_replies.clear()
    monkeypatch.chdir(tmp_path)
    return Command(module_server, monkeypatch, tmp_path)


@pytest.fixture(params=["sync", "async"])
def flavour(request: pytest.FixtureRequest) -> Flavour:
    return Flavour(request.param)


COUNTED = ("test_corpus", "test_sse", "test_accumulator", "test_scenarios", "test_stream_properties")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much recorded traffic and how many vectors were checked."""
    counted: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        module, _, name = report.nodeid.partition("::")
        if Path(module).stem in COUNTED:
            counted[f"{Path(module).stem}::{name.partition('[')[0]}"] += 1
    terminalreporter.section("recorded traffic, vectors and scenarios")
    for test, count in sorted(counted.items()):
        if count > 5:
            terminalreporter.write_line(f"{count:6d}  {test}")


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """The context of a server whose certificate the client trusts."""
    import trustme  # which the sessions that have no need of it have not

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    shared_ssl_context.cache_clear()
    yield context
    shared_ssl_context.cache_clear()
