# Made from wrapper/opper_chat/_async/client.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The client: settings in, calls out."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from .._config.call_context import CallContext, Layer, OpenTelemetrySpan, span_layer, tags_layer
from .._config.environment import KeySource, find_base_url, find_key, warn_of_clear_text
from .._config.options import (
    CONSTRUCTOR_OPTIONS,
    ClientOptions,
    ClientSettings,
    EventHooks,
    Limits,
    RequestOptions,
    check_limits,
    check_options,
)
from .._config.response_limits import ResponseLimits
from .._http.errors import call_site
from .._observability.logging import set_up_logging
from .._requests.signatures import CLIENT_DEFAULTS, list_arguments
from .completions import Completions
from .requester import Calls
from .session import HTTP

if TYPE_CHECKING:
    from uuid import UUID

    from .._config.options import AnyURL
    from .._http.library import SyncHTTPClient
    from .._requests.signatures import option_parameters


class Opper:
    """A client for chat completions.

    Args:
        api_key: the key; else the environment's ``OPPER_API_KEY``, then ``OPPER_HTTP_BEARER``. Or what returns one,
            which is called for every request, for keys that live shortly.
        base_url: the address; else the environment's ``OPPER_BASE_URL``, then the documented
            ``https://api.opper.ai/v2/openai``. Any server of the same API will do.
        timeout: seconds that each step may take (connecting, sending, waiting for the next bytes, waiting
            for a free connection), an ``httpx.Timeout`` that names them apart, or None for no limit.
            Unless given, 5 seconds to connect and 600 for the rest.
        max_retries: how often to try again what failed for a reason that may pass.
        first_token_timeout: seconds from a streamed call to the first token of its answer, or None for no limit.
        idle_timeout: seconds from one token of a stream to the next, and to the first where ``first_token_timeout``
            is not set, or None. Pings and comments do not count as tokens.
        deadline: seconds from a call to the end of its answer, streamed or not, attempts and waits included, or None.
        default_headers: HTTP headers to add to every request; they win over the client's own.
        default_query: query parameters to add to every address.
        max_connections: how many connections there can be at once; more requests wait for one.
        max_concurrency: how many calls can be under way at once, or None for any number; more calls wait for their
            place, until their deadline.
        adaptive_rate_limit: whether requests are held back to the rate that the server accepts, when it refuses
            many with 429.
        response_limits: the largest response that is accepted, as a `ResponseLimits`; None for the default limits.
        http_client: an HTTP client of your own, of httpx or httpx2, with proxies, certificates or a transport of your
            choice. Its limits are used, and its timeouts unless ``timeout`` is given. It stays yours: closing this
            client leaves it open.
        event_hooks: functions to call with every request and every response of the HTTP library, those of attempts
            that fail included: ``{"request": [...], "response": [...]}``.

    Raises:
        MissingKeyError: there is no key.
        InvalidArgumentError: an argument is wrong.
    """

    chat: Chat
    """Conversations: ``client.chat.completions.create(...)``."""

    def __init__(
        self,
        *,
        api_key: str | KeySource | None = None,
        base_url: AnyURL | None = None,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str | float] | None = None,
        max_connections: int = 1000,
        max_concurrency: int | None = None,
        adaptive_rate_limit: bool = False,
        response_limits: ResponseLimits | None = None,
        http_client: SyncHTTPClient | None = None,
        event_hooks: EventHooks | None = None,
        **options: Unpack[RequestOptions],
    ) -> None:
        if TYPE_CHECKING:
            option_parameters(**options)
        try:
            check_options(options, CONSTRUCTOR_OPTIONS, f"{type(self).__name__}()")
            key = find_key(api_key)
        finally:
            del api_key  # what is raised has a traceback, and its variables may be shown
        set_up_logging()
        settings = ClientSettings(key, find_base_url(base_url))
        if http_client is not None:
            settings = settings._replace(steps=None)
        settings = settings.updated(
            {**options, "default_headers": default_headers, "default_query": default_query}
        )
        warn_of_clear_text(settings.base_url, 2)
        limits = check_limits(
            max_connections, max_concurrency, adaptive_rate_limit, response_limits
        )
        self._take(HTTP(http_client, limits, event_hooks, call_site()), settings)

    def _take(self, http: HTTP, settings: ClientSettings) -> None:
        self._http = http
        self._settings = settings
        self.chat = Chat(Completions(Calls(http, settings)))

    def with_options(self, **options: Unpack[ClientOptions]) -> Self:
        """Return a client with other settings and the same connections. What is not given stays as it is.

        Args:
            options: ``api_key``, ``base_url``, ``timeout``, ``max_retries``, ``first_token_timeout``, ``idle_timeout``,
                ``deadline``; ``default_headers`` and ``default_query``, which are added to those there are, and
                ``set_default_headers`` and ``set_default_query``, which take their place.

        Raises:
            InvalidArgumentError: one is wrong. UnknownArgumentError: there is none of this name.
        """
        check_options(options, ClientOptions.__annotations__, "with_options()")
        given = options.pop("api_key", None)
        settings = self._settings
        try:
            settings = settings if given is None else settings._replace(key=find_key(given))
        finally:
            del given  # what is raised has a traceback, and its variables may be shown
        settings = settings.updated(options)
        if settings.base_url != self._settings.base_url:
            warn_of_clear_text(settings.base_url, 2)
        return self._with(settings)

    def _with(self, settings: ClientSettings) -> Self:
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))  # a subclass may have more
        other._take(self._http, settings)  # noqa: SLF001  # it is one of these
        return other

    copy = with_options
    """ The name that the OpenAI SDK has for it as well. """

    def span(self, parent_span_id: str | UUID | OpenTelemetrySpan) -> CallContext[Self]:
        """Put the calls made inside a ``with`` under a span: they are sent with its id as ``parent_span_id``.

        It holds for this client and those that `with_options` makes of it or that it was made of, in the tasks that are
        started inside as well. A call's own ``parent_span_id`` wins, and of several spans the innermost. What ``with``
        gives is a client with the same connections that carries the span wherever it goes, such as into a thread::

            with client.span(span_id) as inside:
                client.chat.completions.create(messages=messages)
                pool.submit(inside.chat.completions.create, messages=messages)

        Also in ``async`` code it is ``with``, not ``with``.

        Args:
            parent_span_id: the id of a span that Opper knows; one that it does not is answered with 404. Or a span of
                OpenTelemetry, whose trace id, as a UUID, is the id that is sent; nothing is where it is not recorded.

        Raises:
            InvalidArgumentError: it is none of these.
        """
        return self._context(span_layer(parent_span_id))

    def tags(
        self, tags: Mapping[str, object] | None = None, /, **named: object
    ) -> CallContext[Self]:
        """Put tags on the calls made inside a ``with``: ``with client.tags(team="search"):``.

        They hold where `span` does. Those of nested ``with`` and of the call itself add up; of those with the same name
        the innermost wins, and the call's own.

        Args:
            tags: an object of JSON values, for names that are no Python names.
            named: more of them.

        Raises:
            InvalidArgumentError: they are no JSON object.
        """
        return self._context(tags_layer(tags, named))

    def _context(self, layer: Layer) -> CallContext[Self]:
        return CallContext(self._http, self._settings.layers, layer, self._with_layers)

    def _with_layers(self, layers: tuple[Layer, ...]) -> Self:
        return self._with(self._settings._replace(layers=layers))

    @property
    def base_url(self) -> str:
        """The address that requests go to, without a slash at the end."""
        return self._settings.base_url

    @property
    def max_retries(self) -> int:
        """How often a call is tried again."""
        return self._settings.max_retries

    @property
    def timeout(self) -> Mapping[str, float | None] | None:
        """Seconds for each step of a request: connect, read, write, pool. None where its HTTP client's own are used."""
        return self._settings.steps

    def is_closed(self) -> bool:
        """Return whether its connections were closed."""
        return self._http.closed

    @property
    def beta(self) -> Beta:
        """The same ``chat``, where the OpenAI SDK has it as well."""
        return Beta(self.chat)

    def __repr__(self) -> str:
        settings: ClientSettings | None = getattr(
            self, "_settings", None
        )  # there is none where making it failed
        return f"{type(self).__name__}(base_url={settings.base_url if settings else None!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Return what a pickle holds: all but the key, which is read from the environment where it is loaded.

        Default headers and query parameters whose names say that they are credentials are left out too.

        Raises:
            TypeError: it has an HTTP client or hooks of the caller's own.
        """
        return (self._restored, (self._http.portable(), self._settings.portable()))

    @classmethod
    def _restored(cls, limits: Limits, settings: ClientSettings) -> Self:
        client = cls.__new__(cls)
        client._take(HTTP(None, limits, None, call_site()), settings._replace(key=find_key(None)))  # noqa: SLF001
        return client

    def __copy__(self) -> Self:
        return self.with_options()

    def __deepcopy__(self, memo: object) -> Self:
        return self.with_options()

    def close(self) -> None:
        """Close the connections, unless the HTTP client is your own. Closing twice does nothing.

        They are those of all clients that `with_options` has made of this one, or this one of.
        """
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Chat:
    """What a client can do with conversations."""

    completions: Completions
    """The next message of a conversation."""

    def __init__(self, completions: Completions) -> None:
        self.completions = completions


class Beta:
    """What the OpenAI SDK keeps for programs that were written when `parse` was new."""

    chat: Chat
    """Conversations."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat


list_arguments(Opper.__init__, RequestOptions, CLIENT_DEFAULTS)
list_arguments(Opper.with_options, ClientOptions)
