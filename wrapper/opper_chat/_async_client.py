"""The client: settings in, calls out."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx

from ._async_completions import AsyncCompletions
from ._async_http import AsyncHTTP
from ._clocks import check_clocks
from ._options import check_count, find_base_url, find_key
from ._transport import NOT_GIVEN, NotGiven


class AsyncOpper:
    """A client for chat completions.

    Args:
        api_key: the key; else the environment's ``OPPER_API_KEY``, then ``OPPER_HTTP_BEARER``.
        base_url: the address; else the environment's ``OPPER_BASE_URL``, then the documented
            ``https://api.opper.ai/v2/openai``. Any server of the same API will do.
        timeout: seconds that each step may take (connecting, sending, waiting for the next bytes, waiting
            for a free connection), an ``httpx.Timeout`` that names them apart, or None for no limit.
            Unless given, 5 seconds to connect and 600 for the rest.
        first_token: seconds from a streamed call to the first token of its answer, or None for no limit.
        idle: seconds from one token of a stream to the next, and to the first where ``first_token`` is not set, or
            None. Pings and comments do not count as tokens.
        deadline: seconds from a call to the end of its answer, streamed or not, or None.
        max_connections: how many calls can be under way at once; more wait for their turn.
        http_client: an httpx client of your own, with proxies, certificates or a transport of your choice.
            Its limits are used, and its timeouts unless ``timeout`` is given. It stays yours: closing this client
            leaves it open.

    Raises:
        MissingKeyError: there is no key.
        InvalidArgumentError: an argument is wrong.
    """

    chat: AsyncChat
    """Conversations: ``client.chat.completions.create(...)``."""

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | httpx.URL | None = None,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
        first_token: float | None = None,
        idle: float | None = None,
        deadline: float | None = None,
        max_connections: int = 1000,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        clocks = check_clocks({"first_token": first_token, "idle": idle, "deadline": deadline})
        connections = check_count(max_connections, "max_connections")
        self._http = AsyncHTTP(find_key(api_key), find_base_url(base_url), timeout, http_client, connections)
        self.chat = AsyncChat(AsyncCompletions(self._http, clocks))

    @property
    def base_url(self) -> str:
        """The address that requests go to, without a slash at the end."""
        return self._http.base_url

    def __repr__(self) -> str:
        http: AsyncHTTP | None = getattr(self, "_http", None)  # there is none where making it failed
        return f"{type(self).__name__}(base_url={http.base_url if http else None!r})"

    async def close(self) -> None:
        """Close the connections, unless the httpx client is your own. Closing twice does nothing."""
        await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class AsyncChat:
    """What a client can do with conversations."""

    completions: AsyncCompletions
    """The next message of a conversation."""

    def __init__(self, completions: AsyncCompletions) -> None:
        self.completions = completions
