# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""What a call needs besides its arguments: the address, the headers and the connections."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Any, Self

import httpx
from attrs import define, evolve, field


def _default_timeout() -> httpx.Timeout:
    return httpx.Timeout(600.0, connect=5.0)


@define
class Client:
    """Settings from which an `httpx.Client` and an `httpx.AsyncClient` are made when they are first needed.

    Attributes:
        raise_on_unexpected_status: raise `errors.UnexpectedStatus` if the contract does not list the status, instead
            of reading the body as that of any failure. False by default.
    """

    raise_on_unexpected_status: bool = field(default=False, kw_only=True)
    _base_url: str = field(alias="base_url")
    """ The address that paths are relative to. """
    _cookies: dict[str, str] = field(factory=dict, kw_only=True, alias="cookies", repr=False)
    """ Cookies sent with every request. """
    _headers: dict[str, str] = field(factory=dict, kw_only=True, alias="headers", repr=False)
    """ Headers sent with every request. """
    _timeout: httpx.Timeout | None = field(factory=_default_timeout, kw_only=True, alias="timeout")
    """ How long httpx waits for each step: 5 seconds to connect and 600 for the others by default. None waits forever. """
    _verify_ssl: str | bool | ssl.SSLContext = field(default=True, kw_only=True, alias="verify_ssl")
    """ Whether, or with which certificates, the server is verified. """
    _follow_redirects: bool = field(default=False, kw_only=True, alias="follow_redirects")
    """ Whether redirects are followed. """
    _httpx_args: dict[str, Any] = field(factory=dict, kw_only=True, alias="httpx_args", repr=False)
    """ More arguments for the httpx clients. """
    _client: httpx.Client | None = field(default=None, init=False, repr=False, eq=False)
    _async_client: httpx.AsyncClient | None = field(default=None, init=False, repr=False, eq=False)

    def with_headers(self, headers: dict[str, str]) -> Self:
        """A copy with more headers and connections of its own."""
        return evolve(self, headers={**self._headers, **headers})

    def with_cookies(self, cookies: dict[str, str]) -> Self:
        """A copy with more cookies and connections of its own."""
        return evolve(self, cookies={**self._cookies, **cookies})

    def with_timeout(self, timeout: httpx.Timeout) -> Self:
        """A copy with another timeout and connections of its own."""
        return evolve(self, timeout=timeout)

    def __copy__(self) -> Self:
        """A copy with connections of its own."""
        return evolve(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A copy with headers, cookies and connections of its own."""
        return evolve(
            self,
            headers=dict(self._headers),
            cookies=dict(self._cookies),
            httpx_args=dict(self._httpx_args),
        )

    def _request_headers(self) -> dict[str, str]:
        return dict(self._headers)

    def _settings(self) -> dict[str, Any]:
        return {
            "base_url": self._base_url,
            "cookies": self._cookies,
            "headers": self._request_headers(),
            "timeout": self._timeout,
            "verify": self._verify_ssl,
            "follow_redirects": self._follow_redirects,
            **self._httpx_args,
        }

    def set_httpx_client(self, client: httpx.Client) -> Self:
        """Use this client, with the settings that it has."""
        self._client = client
        return self

    def get_httpx_client(self) -> httpx.Client:
        """The client in use, made now if there is none."""
        if self._client is None:
            self._client = httpx.Client(**self._settings())
        return self._client

    def set_async_httpx_client(self, async_client: httpx.AsyncClient) -> Self:
        """Use this client, with the settings that it has."""
        self._async_client = async_client
        return self

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The client in use, made now if there is none."""
        if self._async_client is None:
            self._async_client = httpx.AsyncClient(**self._settings())
        return self._async_client

    def __enter__(self) -> Self:
        self.get_httpx_client().__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.get_httpx_client().__exit__(kind, error, traceback)

    async def __aenter__(self) -> Self:
        await self.get_async_httpx_client().__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.get_async_httpx_client().__aexit__(kind, error, traceback)


@define
class AuthenticatedClient(Client):
    """A client that sends a token with every request. The token is in no repr."""

    token: str = field(repr=False)
    """ The token. """
    prefix: str = "Bearer"
    """ What stands before the token; empty for nothing. """
    auth_header_name: str = "Authorization"
    """ The header that carries the token. """

    def _request_headers(self) -> dict[str, str]:
        credentials = f"{self.prefix} {self.token}" if self.prefix else self.token
        return {**self._headers, self.auth_header_name: credentials}

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(
            "a client is not pickled, because its token would be: make it where it is needed"
        )
