"""The client: its options, its context managers, and how it is copied, pickled and closed."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack
from uuid import UUID

from .._concurrency.resource_warnings import call_site
from .._config.base_url import find_base_url, warn_of_clear_text
from .._config.call_context import CallContext, Layer, OpenTelemetrySpan, span_layer, tags_layer
from .._config.environment import AsyncKeySource, find_key
from .._config.options import (
    CONSTRUCTOR_OPTIONS,
    AnyURL,
    ClientOptions,
    ClientSettings,
    EventHooks,
    Limits,
    RequestOptions,
    check_limits,
    check_options,
)
from .._config.response_limits import ResponseLimits
from .._http.library import AsyncHTTPClient
from .._observability.logging import set_up_logging
from .._requests.signatures import CLIENT_DEFAULTS, list_arguments
from .completions import AsyncCompletions
from .requester import AsyncRequester
from .session import AsyncSession

if TYPE_CHECKING:
    from .._requests.signatures import option_parameters


class AsyncOpper:
    """A client for chat completions.

    Args:
        api_key: the API key, or a function that returns it, which is called for each request. Default: the environment
            variable ``OPPER_API_KEY``, then ``OPPER_HTTP_BEARER``.
        base_url: the URL of the server. Default: the environment variable ``OPPER_BASE_URL``, then
            ``https://api.opper.ai/v2/openai``.
        timeout: seconds that each operation may take (connecting, sending, waiting for the next bytes, waiting for a
            free connection), an ``httpx.Timeout`` with a value for each, or None for no limit. Default: 5 seconds to
            connect and 600 for the others.
        max_retries: how often to send a request again after a transient error. Default: 2.
        first_token_timeout: seconds from a streamed call to the first token, or None for no limit. Default: None.
        idle_timeout: seconds from one token of a stream to the next, and to the first if ``first_token_timeout``
            is not set, or None for no limit. Pings and comments are not tokens. Default: None.
        deadline: seconds from a call to the end of its completion, streamed or not, with all attempts and the waits
            between them, or None for no limit. Default: None.
        default_headers: HTTP headers to add to each request. They replace the client's own of the same name.
        default_query: query parameters to add to each URL.
        max_connections: the maximum number of connections. Further requests wait for one. Default: 1000.
        max_concurrency: the maximum number of calls at once, or None for any number. Further calls wait, until their
            deadline. Default: None.
        adaptive_rate_limit: whether to slow down to the rate that the server accepts, after it has refused requests
            with 429. Default: False.
        response_limits: the largest responses to accept. Default: those of `ResponseLimits`.
        http_client: your own client of httpx or httpx2, for example with certificates or a transport of your choice.
            Its limits are used, and its timeouts unless ``timeout`` is given. Closing this client does not close it.
        event_hooks: functions to call with each request and each response of httpx, also those of attempts that fail:
            ``{"request": [...], "response": [...]}``.

    Raises:
        MissingKeyError: there is no API key.
        InvalidArgumentError: an argument is wrong.
        UnknownArgumentError: there is no argument of this name.
    """

    chat: AsyncChat
    """The namespace of ``client.chat.completions``."""

    def __init__(
        self,
        *,
        api_key: str | AsyncKeySource | None = None,
        base_url: AnyURL | None = None,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str | float] | None = None,
        max_connections: int = 1000,
        max_concurrency: int | None = None,
        adaptive_rate_limit: bool = False,
        response_limits: ResponseLimits | None = None,
        http_client: AsyncHTTPClient | None = None,
        event_hooks: EventHooks | None = None,
        **options: Unpack[RequestOptions],
    ) -> None:
        if TYPE_CHECKING:
            option_parameters(**options)
        try:
            check_options(options, CONSTRUCTOR_OPTIONS, f"{type(self).__name__}()")
            key = find_key(api_key)
        finally:
            del api_key  # the traceback shows variables
        set_up_logging()
        settings = ClientSettings(key, find_base_url(base_url))
        if http_client is not None:
            settings = settings._replace(http_timeouts=None)
        settings = settings.updated({**options, "default_headers": default_headers, "default_query": default_query})
        warn_of_clear_text(settings.base_url, 2)
        limits = Limits(max_connections, max_concurrency, adaptive_rate_limit)
        limits = limits if response_limits is None else limits._replace(response_limits=response_limits)
        self._set_up(AsyncSession(http_client, check_limits(limits), event_hooks, call_site()), settings)

    def _set_up(self, session: AsyncSession, settings: ClientSettings) -> None:
        self._session = session
        self._settings = settings
        self.chat = AsyncChat(AsyncCompletions(AsyncRequester(session, settings)))

    def with_options(self, **options: Unpack[ClientOptions]) -> Self:
        """Return a client with other options and the same connections. Options that are not given stay as they are.

        Args:
            options: ``api_key``, ``base_url``, ``timeout``, ``max_retries``, ``first_token_timeout``, ``idle_timeout``
                and ``deadline``, as in the constructor. ``default_headers`` and ``default_query`` are added to those of
                the client; ``set_default_headers`` and ``set_default_query`` replace them.

        Returns:
            The client. Closing it closes this client too.

        Raises:
            InvalidArgumentError: an option is wrong.
            UnknownArgumentError: there is no option of this name.
        """
        check_options(options, ClientOptions.__annotations__, "with_options()")
        given = options.pop("api_key", None)
        settings = self._settings
        try:
            settings = settings if given is None else settings._replace(key=find_key(given))
        finally:
            del given  # the traceback shows variables
        settings = settings.updated(options)
        if settings.base_url != self._settings.base_url:
            warn_of_clear_text(settings.base_url, 2)
        return self._with(settings)

    def _with(self, settings: ClientSettings) -> Self:
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))  # a subclass may have more
        other._set_up(self._session, settings)  # noqa: SLF001  # of the same class
        return other

    copy = with_options
    """The same as `with_options`, under the other name that the OpenAI SDK has for it."""

    def span(self, parent_span_id: str | UUID | OpenTelemetrySpan) -> CallContext[Self]:
        """Return a context manager: the calls inside its ``with`` block are sent with a ``parent_span_id``.

        It applies to this client and to all clients that share its connections through `with_options`, also in tasks
        that are started in the block. A call uses its own ``parent_span_id``, else the innermost span. The block gets a
        client that has the span wherever it is used, such as in a thread::

            with client.span(span_id) as inside:
                client.chat.completions.create(messages=messages)
                pool.submit(inside.chat.completions.create, messages=messages)

        Use ``with`` in ``async`` code too, not ``async with``.

        Args:
            parent_span_id: the id of a span of Opper; the server responds with 404 to an unknown one. Or a span of
                OpenTelemetry, whose trace id is sent as a UUID, unless it is not recorded.

        Returns:
            The context manager. Entering it returns a client that has the span wherever it is used.

        Raises:
            InvalidArgumentError: it is neither.
        """
        return self._context(span_layer(parent_span_id))

    def tags(self, tags: Mapping[str, object] | None = None, /, **named: object) -> CallContext[Self]:
        """Return a context manager: the calls inside its ``with`` block are sent with these tags.

        Use it as ``with client.tags(team="search"):``. It applies to the same clients and tasks as `span`. Tags of
        outer blocks, of inner blocks and of the call are merged. If a name occurs more than once, the value of the call
        is used, else the innermost one.

        Args:
            tags: a dict of JSON values, for names that are not Python identifiers.
            named: further tags, by name.

        Returns:
            The context manager. Entering it returns a client that has the tags wherever it is used.

        Raises:
            InvalidArgumentError: the tags are not a JSON object.
        """
        return self._context(tags_layer(tags, named))

    def _context(self, layer: Layer) -> CallContext[Self]:
        return CallContext(self._session, self._settings.layers, layer, self._with_layers)

    def _with_layers(self, layers: tuple[Layer, ...]) -> Self:
        return self._with(self._settings._replace(layers=layers))

    @property
    def base_url(self) -> str:
        """The URL of the server, without a final slash."""
        return self._settings.base_url

    @property
    def max_retries(self) -> int:
        """How often a request is sent again after a transient error."""
        return self._settings.max_retries

    @property
    def timeout(self) -> Mapping[str, float | None] | None:
        """Seconds for each kind of operation: connect, read, write, pool. None if those of ``http_client`` are used."""
        return self._settings.http_timeouts

    def is_closed(self) -> bool:
        """Return whether the connections are closed."""
        return self._session.closed

    @property
    def beta(self) -> AsyncBeta:
        """The same as ``chat``, for programs that use the ``beta`` namespace of the OpenAI SDK."""
        return AsyncBeta(self.chat)

    def __repr__(self) -> str:
        settings: ClientSettings | None = getattr(self, "_settings", None)  # absent if __init__ raised
        return f"{type(self).__name__}(base_url={settings.base_url if settings else None!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Return what is pickled: everything except the key, which is read from the environment on loading.

        Default headers and query parameters with the name of a credential are left out too.

        Raises:
            TypeError: the client has an ``http_client`` or ``event_hooks``.
        """
        return (self._restored, (self._session.portable(), self._settings.portable()))

    @classmethod
    def _restored(cls, limits: Limits, settings: ClientSettings) -> Self:
        client = cls.__new__(cls)
        client._set_up(AsyncSession(None, limits, None, call_site()), settings._replace(key=find_key(None)))  # noqa: SLF001
        return client

    def __copy__(self) -> Self:
        return self.with_options()

    def __deepcopy__(self, memo: object) -> Self:
        return self.with_options()

    async def close(self) -> None:
        """Close the connections, unless the HTTP client is your own. Closing twice does nothing.

        All clients that share them through `with_options` are closed too.
        """
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class AsyncChat:
    """The namespace ``client.chat``."""

    completions: AsyncCompletions
    """Chat completions."""

    def __init__(self, completions: AsyncCompletions) -> None:
        self.completions = completions


class AsyncBeta:
    """The namespace ``client.beta``, which the OpenAI SDK keeps for older programs."""

    chat: AsyncChat
    """The same namespace as ``client.chat``."""

    def __init__(self, chat: AsyncChat) -> None:
        self.chat = chat


list_arguments(AsyncOpper.__init__, RequestOptions, CLIENT_DEFAULTS)
list_arguments(AsyncOpper.with_options, ClientOptions)
