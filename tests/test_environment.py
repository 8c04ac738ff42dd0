"""Proxies and certificates that the environment names: used, excepted, or an error that names the variable."""

import os
import pickle
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flavours import HELLO, Flavour
from opper_chat import APIConnectionError, APIError, NotFoundError, OpperError
from opper_chat._http.ssl_context import shared_ssl_context
from opper_chat.testing import LocalServer

PASSWORD = "proxy-sesame"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT"):
            monkeypatch.delenv(name)
    shared_ssl_context.cache_clear()
    yield
    shared_ssl_context.cache_clear()


def failure(flavour: Flavour, address: str, **settings: Any) -> APIError:
    with pytest.raises(OpperError) as caught:
        flavour.create(address, {"max_retries": 2, "timeout": 5, **settings}, messages=HELLO)
    assert isinstance(caught.value, APIError)
    return caught.value


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("kind", ["missing", "no certificates", "empty", "folder", "unreadable"])
@pytest.mark.parametrize("stream", [False, True])
def test_certificates_that_cannot_be_read(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, kind: str, stream: bool
) -> None:
    """An error that is not retried, and names the variable and the path; corrected, the client works on."""
    path = tmp_path / "ca.pem"
    if kind == "folder" and variable == "SSL_CERT_FILE":
        path.mkdir()
    elif kind != "missing":
        path.write_text("not a certificate" if kind == "no certificates" else "")
    if kind == "unreadable":
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("the superuser reads all files")
    monkeypatch.setenv(variable, str(path))
    if stream:
        _, error = flavour.chunks("https://127.0.0.1:9/v1", {"max_retries": 2}, messages=HELLO)
        assert isinstance(error, APIError)
    else:
        error = failure(flavour, "https://127.0.0.1:9/v1")
    assert type(error) is APIConnectionError
    assert not error.is_retryable
    assert len(error.attempts) == 1
    assert variable in str(error)
    assert repr(str(path)) in str(error)
    monkeypatch.delenv(variable)
    assert failure(flavour, "https://127.0.0.1:9/v1", max_retries=0).is_retryable  # nothing listens there


UNUSABLE = [
    "ftp://user:{password}@127.0.0.1:9", "socks4://user:{password}@127.0.0.1:9", "http://user:{password}@127.0.0.1:x",
    "http://user:{password}@127.0.0.1:99999", "http://user:{password}@127.0.0.1:0", "http://user:{password}@[::1",
    "http://user:{password}@", "http://user:{password}@a b:9", "http://user:{password}@127.0.0.1:9\n", "://x", "http://",
    "http://user:{password}@ex\u00e4mple:9", "http://us/er:{password}@127.0.0.1:9x",
]  # fmt: skip


@pytest.mark.parametrize("url", UNUSABLE)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_whose_address_cannot_be_used(
    server: LocalServer, flavour: Flavour, monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    """An error that is not retried, and names the variable and the address without the password."""
    monkeypatch.setenv(variable, url.format(password=PASSWORD))
    error = failure(flavour, server.base_url)
    assert type(error) is APIConnectionError
    assert not error.is_retryable
    assert len(error.attempts) == 1
    assert variable in str(error)
    assert "http, https or socks5" in str(error)
    told = f"{error} {error!r} {vars(error)} {pickle.dumps(error)!r} {traceback.format_exception(error)}"
    assert PASSWORD not in told
    assert server.requests == []


def test_a_socks_proxy_without_the_package_for_it(
    server: LocalServer, flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the package, and not the password."""
    monkeypatch.setitem(__import__("sys").modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", f"socks5://user:{PASSWORD}@127.0.0.1:9")
    error = failure(flavour, server.base_url)
    assert not error.is_retryable
    assert "socksio" in str(error)
    assert "ALL_PROXY" in str(error)
    assert PASSWORD not in f"{error} {''.join(traceback.format_exception(error))}"


def test_a_proxy_that_does_not_answer_is_named(
    server: LocalServer, flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may answer later, so that it is retried."""
    monkeypatch.setenv("HTTP_PROXY", f"user:{PASSWORD}@127.0.0.1:9")
    error = failure(flavour, server.base_url, max_retries=1)
    assert error.is_retryable
    assert len(error.attempts) == 2
    assert "through the proxy http://***@127.0.0.1:9, which HTTP_PROXY names" in str(error)
    assert PASSWORD not in f"{error} {error.__cause__}"


@contextmanager
def talkative_proxy(head: bytes) -> Iterator[int]:
    """Answer every request with a head, and the credentials that came with it as the body."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    body = f'{{"message": "Wrong: {PASSWORD.upper()}"}}'.encode()
                    echo = b"x-echo: " + PASSWORD.encode() + b"\r\n"
                    connection.sendall(head + echo + b"content-length: %d\r\n\r\n" % len(body) + body)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("status", [200, 407, 502])
def test_a_proxy_that_repeats_its_password(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch, status: int, server: LocalServer
) -> None:
    """It is removed from errors and headers, as the key is."""
    with talkative_proxy(b"HTTP/1.1 %d Said\r\ncontent-type: application/json\r\n" % status) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:{PASSWORD}@127.0.0.1:{port}")
        error = failure(flavour, server.base_url, max_retries=0)
    assert error.status_code == status
    assert error.headers["x-echo"] == "[removed]"
    told = (
        f"{error} {vars(error)} {error.raw_body!r} {pickle.dumps(error)!r} {''.join(traceback.format_exception(error))}"
    )
    assert PASSWORD not in told.lower()
    assert "[removed]" in str(error)


def test_a_proxy_that_refuses_the_password_is_not_asked_again(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """407 to CONNECT."""
    with talkative_proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\n") as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:{port}")
        error = failure(flavour, "https://api.example/v1")
    assert not error.is_retryable
    assert len(error.attempts) == 1
    assert "407" in str(error)
    assert "HTTPS_PROXY" in str(error)


@pytest.mark.parametrize(
    ("excluded", "direct"),
    [
        ("127.0.0.0/8", True), ("localhost, 127.0.0.0/8 ,", True), ("10.0.0.0/8,127.0.0.1/32", True),
        ("127.0.0.1", True), ("*", True), ("127.1.2.3/8", True), ("0.0.0.0/0", True),
        ("10.0.0.0/8", False), ("127.0.0.2/32", False), ("::/0", False), ("127.0.0.0/99", False), ("/,a/b", False),
        ("example.com", False), ("", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_ranges_of_addresses_are_excepted(
    server: LocalServer, flavour: Flavour, monkeypatch: pytest.MonkeyPatch, variable: str, excluded: str, direct: bool
) -> None:
    """NO_PROXY as curl, requests and Go read it; what is no range is no error."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv(variable, excluded)
    if direct:
        assert flavour.create(server.base_url, messages=HELLO).text
    else:
        assert "HTTP_PROXY" in str(failure(flavour, server.base_url, max_retries=0))


@pytest.mark.parametrize(
    ("base_url", "excluded", "direct"),
    [
        ("http://127.0.0.1:9/v1", "127.0.0.1:9", True), ("http://127.0.0.1:9/v1", "x.example, 127.0.0.1:9", True),
        ("http://127.0.0.1:9/v1", "127.0.0.1:8080", False), ("http://127.0.0.1:9/v1", "127.0.0.1:", False),
        ("http://localhost:9/v1", "localhost:9", True), ("http://localhost:9/v1", "LOCALHOST:9", True),
        ("http://localhost:9/v1", "localhost:8080", False), ("http://api.localhost:9/v1", "localhost:9", True),
        ("http://api.localhost:9/v1", ".localhost:9", True), ("http://notlocalhost:9/v1", "localhost:9", False),
        ("http://[::1]:9/v1", "[::1]:9", True), ("http://[::1]:9/v1", "[::1]", True),
        ("http://[::1]:9/v1", "::1", True), ("http://[::1]:9/v1", "0:0:0:0:0:0:0:1", True),
        ("http://[::1]:9/v1", "[::1]:8080", False), ("http://[::1]:9/v1", "[::2]", False),
        ("http://localhost/v1", "localhost:80", True), ("http://localhost/v1", "localhost:443", False),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:The API key is sent to")
def test_ports_and_brackets_of_no_proxy(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch, base_url: str, excluded: str, direct: bool
) -> None:
    """An entry with a port holds for that port, which is 80 or 443 where the address has none, as in Go."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", excluded)
    text = str(failure(flavour, base_url, max_retries=0, timeout=2))
    assert ("HTTP_PROXY" not in text) == direct


def test_ranges_of_ipv6_addresses_are_excepted(flavour: Flavour, monkeypatch: pytest.MonkeyPatch) -> None:
    """With brackets around the address or without."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for excluded in ("::1/128", "[::]/0", "fe80::/10,::/64"):
        monkeypatch.setenv("NO_PROXY", excluded)
        assert "HTTP_PROXY" not in str(failure(flavour, "http://[::1]:9/v1", max_retries=0))
    monkeypatch.setenv("NO_PROXY", "fe80::/10")
    assert "HTTP_PROXY" in str(failure(flavour, "http://[::1]:9/v1", max_retries=0))


def test_a_proxy_with_a_password_works(flavour: Flavour, monkeypatch: pytest.MonkeyPatch, server: LocalServer) -> None:
    """And an error of the server behind it is the server's."""
    from opper_chat.testing import FaultyProxy

    with FaultyProxy(server.base_url) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin.replace("://", f"://user:{PASSWORD}@"))
        assert flavour.create(server.base_url, messages=HELLO).text
        with pytest.raises(NotFoundError):
            flavour.create(f"{server.base_url}/nowhere", messages=HELLO)
        assert len(proxy.requests) == 2
