"""The recipes of the cookbook for other places: a serverless function, a pool of processes, a corporate network."""

import importlib.util
import json
import os
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest
import trustme
from cookbook_programs import RECIPES, run_program
from opper_chat.testing import FaultyProxy, LocalServer, Reply
from raw_server import PassingProxy, Raw, answer, requested


def load(name: str) -> ModuleType:
    """Import a program, as a platform does."""
    spec = importlib.util.spec_from_file_location(name, RECIPES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Context:
    """The context of a call of a serverless function."""

    def __init__(self, seconds: float = 30) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._end - time.monotonic()))


class Function:
    """An instance of the function, and what is between it and the model."""

    def __init__(self, module: ModuleType, proxy: FaultyProxy) -> None:
        self._handler = module.handler
        self.proxy = proxy

    def __call__(self, body: object = None, seconds: float = 30) -> tuple[int, Any]:
        event = {"body": json.dumps({"text": "A long story."} if body is None else body)}
        response = self._handler(event, Context(seconds))
        assert response["headers"] == {"content-type": "application/json"}
        return response["statusCode"], json.loads(response["body"])


@pytest.fixture
def function(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    with FaultyProxy(server.base_url) as proxy:
        monkeypatch.setenv("OPPER_API_KEY", "local-key")
        monkeypatch.setenv("OPPER_BASE_URL", proxy.base_url)
        module = load("serverless_function")
        yield Function(module, proxy)
        module.client.close()


def test_a_function_that_is_warm(server: LocalServer, function: Function) -> None:
    """Its calls use one connection. After it was frozen, and the connection is gone, the next call opens another."""
    server.always(Reply.completion("In short."))
    assert [function() for _ in range(3)] == [(200, {"summary": "In short."})] * 3
    assert function.proxy.connections == 1
    function.proxy.close()
    function.proxy.start()
    assert function() == (200, {"summary": "In short."})
    assert len(server.requests) == 4
    server.assert_sent(messages=[{"role": "system", "content": "Summarize the text."},
                                 {"role": "user", "content": "A long story."}])  # fmt: skip


def test_a_function_whose_time_runs_out(server: LocalServer, function: Function) -> None:
    """It responds while there is time to respond. Without time for the call, it sends nothing."""
    server.reply(Reply.completion("Too late.", delay=20))
    began = time.monotonic()
    assert function(seconds=0.9)[0] == 504
    assert time.monotonic() - began < 10  # far less than the model takes, also on a busy machine
    assert function(seconds=0.4)[0] == 504
    assert len(server.requests) == 1


def test_a_function_that_fails(server: LocalServer, function: Function, capsys: pytest.CaptureFixture[str]) -> None:
    """The status says who is to do what, and the reason is in the log of the platform only."""
    for body in ({}, [], "text", {"txt": "x"}):
        assert function(body)[0] == 400
    assert server.requests == []
    final = {"x-should-retry": "false"}
    server.reply(Reply.json({"message": "Slow down."}, status=429, headers=final))
    assert function()[0] == 429
    server.reply(Reply.json({"message": "Internal detail."}, status=500, headers=final))
    status, response = function()
    assert status == 502
    assert "detail" not in str(response)
    assert "Internal detail." in capsys.readouterr().out


def test_a_pool_of_processes(server: LocalServer, tmp_path: Path) -> None:
    """Each file is summarized once. An error comes back from its process with its attributes."""
    server.always(
        lambda request: Reply.json({"message": "No."}, status=400) if "Bad." in str(request.body) else None
    )  # fmt: skip
    (tmp_path / "one.txt").write_text("The text\nof one.")
    (tmp_path / "two.txt").write_text("Bad.")
    done = run_program(server, "worker_processes.py", *sorted(tmp_path.iterdir()))
    assert done.returncode == 1
    assert done.stdout.startswith("one.txt: ")
    assert "The text of one." in done.stdout
    assert done.stderr.startswith("two.txt: failed after 1 attempts: 400: No.")
    assert len(done.stderr.splitlines()) == 1  # and no warning of a client that was not closed
    assert len(server.requests) == 2


class Network:
    """A server that asks for a client certificate, an authority that nobody knows, and a proxy.

    Attributes:
        url: The base URL of the server.
        authority: The path of the certificate of the authority.
        certificate: The path of a client certificate with its key.
        proxy: The proxy.
    """

    def __init__(self, folder: Path) -> None:
        issuer = trustme.CA()
        self.authority, self.certificate = str(folder / "authority.pem"), str(folder / "client.pem")
        issuer.cert_pem.write_to_path(self.authority)
        issuer.issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(self.certificate)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issuer.issue_cert("localhost").configure_cert(tls)
        issuer.configure_trust(tls)
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3, a client can miss the alert, if a reset follows it
        self._server = Raw(lambda peer, _: requested(peer) and peer.sendall(answer("Through.")), tls)
        self.url = self._server.base_url
        self.proxy = PassingProxy(self._server.port)

    def __enter__(self) -> Self:
        self._server.__enter__()
        self.proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.__exit__()
        self._server.__exit__()


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with Network(tmp_path) as running:
        monkeypatch.setenv("OPPER_API_KEY", "local-key")
        monkeypatch.setenv("OPPER_BASE_URL", running.url)
        monkeypatch.setenv("SSL_CERT_FILE", running.authority)
        yield running


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the program of the recipe, and return its status."""
    monkeypatch.setattr(sys, "argv", ["corporate_network.py", *arguments])
    status: int = load("corporate_network").main()
    return status


@pytest.mark.parametrize("scheme", ["", "http", "socks5"])
def test_a_corporate_network(
    network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scheme: str
) -> None:
    """With the authority of the system and a client certificate: directly, through a proxy, and through SOCKS."""
    proxy = ["--proxy", f"{scheme}://{network.proxy.authority}"] if scheme else []
    assert call(monkeypatch, "--certificate", network.certificate, *proxy) == 0
    assert capsys.readouterr() == ("Through.\n", "")
    assert network.proxy.connections == bool(scheme)


def test_a_proxy_of_the_environment(
    network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is used without an option, and not for a host that is excepted."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{network.proxy.authority}")
    assert call(monkeypatch, "--certificate", network.certificate) == 0
    assert network.proxy.connections == 1
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert call(monkeypatch, "--certificate", network.certificate) == 0
    assert network.proxy.connections == 1
    assert capsys.readouterr() == ("Through.\nThrough.\n", "")


@pytest.mark.parametrize("missing", ["authority", "certificate"])
def test_a_certificate_that_is_missing(
    network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    """The error says which side does not trust the other. The request, and so the key, is not sent."""
    if missing == "authority":
        monkeypatch.delenv("SSL_CERT_FILE")
    assert call(monkeypatch, *(["--certificate", network.certificate] if missing == "authority" else [])) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("The call failed: ")
    assert {"authority": "certificate verify failed", "certificate": "alert handshake failure"}[missing] in err
