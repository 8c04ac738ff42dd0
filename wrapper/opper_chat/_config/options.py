"""The options of clients and calls, declared once, and their validated form, `ClientSettings`. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias, TypedDict, cast

from .._concurrency.deadlines import Timeouts, check_timeouts
from .._errors.api import InvalidArgumentError, UnknownArgumentError
from .._errors.describe import describe
from .._errors.secret_names import is_secret_argument, is_secret_header
from .._json.codec import is_mapping, is_sequence
from .._validation.arguments import check_count, check_retries, check_seconds
from .base_url import find_base_url
from .call_context import Layer
from .environment import CONNECT_TIMEOUT, DEFAULT_RETRIES, DEFAULT_TIMEOUT, Key, library_classes
from .headers import check_headers, check_query, hidden
from .response_limits import DEFAULT_LIMITS, ResponseLimits, check_response_limits

if TYPE_CHECKING:
    import httpx
    import httpx2

    AnyTimeout: TypeAlias = float | httpx.Timeout | httpx2.Timeout | None
    """Seconds for each operation, an ``httpx.Timeout`` with a value for each, or None for no limit."""
    AnyURL: TypeAlias = str | httpx.URL | httpx2.URL
else:  # for `typing.get_type_hints`, without loading a library, of which httpx2 need not be installed
    AnyTimeout = float | Any | None
    AnyURL = str | Any

HTTPTimeouts = Mapping[str, float | None]
"""Seconds for each kind of operation that httpx bounds: connect, read, write, pool."""

DEFAULT_HTTP_TIMEOUTS: HTTPTimeouts = {
    "connect": CONNECT_TIMEOUT,
    **dict.fromkeys(("read", "write", "pool"), DEFAULT_TIMEOUT),
}

DEFAULT_CONNECTIONS = 1000
"""The default maximum number of connections."""

EventHooks = Mapping[str, list[Callable[..., Any]]]


class RequestOptions(TypedDict, total=False):
    """Options of a client that each of its calls can override."""

    timeout: AnyTimeout
    """Seconds that each operation may take (connecting, sending, waiting for the next bytes, waiting for a free
    connection), an ``httpx.Timeout`` with a value for each, or None for no limit. Default: 5 seconds to connect and
    600 for the others."""
    max_retries: int
    """How often to send a request again after a transient error. Default: 2."""
    first_token_timeout: float | None
    """Seconds from a streamed call to the first token of its completion, or None for no limit. Default: None."""
    idle_timeout: float | None
    """Seconds from one token of a stream to the next, and to the first if ``first_token_timeout`` is not set, or
    None for no limit. Pings and comments are not tokens. Default: None."""
    deadline: float | None
    """Seconds from a call to the end of its completion, streamed or not, with all attempts and the waits between them,
    or None for no limit. Default: None."""


class CallOptions(RequestOptions, total=False):
    """Options of a call, in addition to the parameters of the contract. The client has the defaults."""

    extra_headers: Mapping[str, str] | None
    """HTTP headers to add. They replace the client's own of the same name."""
    extra_query: Mapping[str, str | float] | None
    """Query parameters to add to the URL."""
    extra_body: Mapping[str, object] | None
    """Properties to add to the body, for what the contract does not know yet. They replace parameters of the same name,
    and None is sent as null."""


class ClientOptions(RequestOptions, total=False):
    """Options that `with_options` changes. Options that are not given stay unchanged."""

    api_key: str
    base_url: AnyURL
    default_headers: Mapping[str, str] | None
    """HTTP headers to add to those of the client."""
    default_query: Mapping[str, str | float] | None
    """Query parameters to add to those of the client."""
    set_default_headers: Mapping[str, str] | None
    """HTTP headers to use in place of those of the client."""
    set_default_query: Mapping[str, str | float] | None
    """Query parameters to use in place of those of the client."""


class ClientSettings(NamedTuple):
    """The validated options of a client."""

    key: Key | None
    """None only in a pickle."""
    base_url: str
    http_timeouts: HTTPTimeouts | None = DEFAULT_HTTP_TIMEOUTS
    """None to use those of the caller's HTTP client."""
    timeouts: Timeouts = Timeouts()
    max_retries: int = DEFAULT_RETRIES
    default_headers: Mapping[str, str] = {}
    default_query: Mapping[str, str] = {}
    layers: tuple[Layer, ...] = ()
    """The layers of its calls, in every task and thread."""

    def __repr__(self) -> str:
        # Tools that report errors show it. Headers and query parameters can be credentials.
        return f"{type(self).__name__}({self.base_url!r})"

    def portable(self) -> Self:
        """Return these settings without the key, and without headers and query parameters that are credentials."""
        headers, query = _without_credentials(self.default_headers), _without_credentials(self.default_query)
        return self._replace(key=None, default_headers=headers, default_query=query)

    def updated(self, options: Mapping[str, Any]) -> Self:
        """Return these settings with some options changed: any of `CallOptions` and `ClientOptions` except the key.

        Raises:
            InvalidArgumentError: a value is not accepted.
        """
        if not options:
            return self
        changes: dict[str, Any] = {}
        if timeouts := {name: options[name] for name in Timeouts._fields if name in options}:
            changes["timeouts"] = check_timeouts(timeouts, self.timeouts)
        if "timeout" in options:
            changes["http_timeouts"] = check_timeout(options["timeout"])
        if "max_retries" in options:
            changes["max_retries"] = check_retries(options["max_retries"])
        if "base_url" in options:
            changes["base_url"] = find_base_url(options["base_url"])
        for name, check in (("default_headers", check_headers), ("default_query", check_query)):
            have: Mapping[str, str] = getattr(self, name)
            if f"set_{name}" in options:
                changes[name] = have = check(options[f"set_{name}"], f"set_{name}")
            if name in options:
                changes[name] = {**have, **check(options[name], name)}
        return self._replace(**changes) if changes else self


def check_hooks(event_hooks: object, *, is_async: bool) -> None:
    """Validate the option ``event_hooks``: a dict of lists of functions; coroutine functions only for async clients.

    Raises:
        InvalidArgumentError: it is something else.
    """
    if event_hooks is None:
        return
    good = is_mapping(event_hooks) and all(
        name in ("request", "response") and is_sequence(hooks) and all(map(callable, hooks))
        for name, hooks in event_hooks.items()
    )
    if not good:
        accepted = "{'request': [functions], 'response': [functions]}"
        raise InvalidArgumentError("event_hooks", accepted, describe(event_hooks))
    for hooks in () if is_async else cast("Mapping[str, list[object]]", event_hooks).values():
        for hook in hooks:
            if iscoroutinefunction(hook):
                hint = "Use AsyncOpper for coroutine functions."
                raise InvalidArgumentError("event_hooks", "functions that are not async", describe(hook), hint)


def check_options(options: Any, known: Iterable[str], function: str) -> None:
    """Refuse options whose names are not known.

    Args:
        options: the options that were given, by name.
        known: the names of those that are accepted.
        function: the function that was called, for the error message.

    Raises:
        UnknownArgumentError: an option has another name.
    """
    names: list[str] = [*known]
    if unknown := [name for name in options if name not in names]:
        from difflib import get_close_matches

        name: str = unknown[0]
        received = hidden(options[name]) if is_secret_argument(name) else describe(options[name])
        options.clear()  # the traceback shows variables, and one of them may hold a key
        near = get_close_matches(name, names, 1)
        raise UnknownArgumentError(name, received, near[0] if near else None, f"It takes {', '.join(names)}.", function)


class Limits(NamedTuple):
    """The options of a client that limit what it does at once, and what it accepts."""

    max_connections: int = DEFAULT_CONNECTIONS
    max_concurrency: int | None = None
    """The number of calls that run at once, or None for any number."""
    adaptive_rate_limit: bool = False
    """Whether to limit the rate of requests after the server has refused some with 429."""
    response_limits: ResponseLimits = DEFAULT_LIMITS


CONSTRUCTOR_OPTIONS = (
    *(name for name in ClientOptions.__annotations__ if not name.startswith("set_")),
    *Limits._fields,
    "http_client",
    "event_hooks",
)
"""The names of the parameters of a client."""


def check_limits(limits: Limits) -> Limits:
    """Validate the limits of a client, and return them.

    Raises:
        InvalidArgumentError: a value is not accepted.
    """
    given = limits._asdict()
    if not isinstance(given["adaptive_rate_limit"], bool):
        raise InvalidArgumentError("adaptive_rate_limit", "True or False", repr(given["adaptive_rate_limit"]))
    if given["max_concurrency"] is not None:
        check_count(given["max_concurrency"], "max_concurrency")
    check_count(given["max_connections"], "max_connections")
    check_response_limits(given["response_limits"])
    return limits


def _without_credentials(values: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in values.items() if not is_secret_header(name)}


def check_timeout(timeout: object) -> HTTPTimeouts:
    """Validate the option ``timeout``, and return the seconds for each kind of operation, or None for no limit.

    Raises:
        InvalidArgumentError: it is neither a number of seconds, nor an httpx.Timeout, nor None.
    """
    if isinstance(timeout, library_classes("Timeout")):
        timeouts: HTTPTimeouts = cast("httpx.Timeout", timeout).as_dict()
        for name, seconds in timeouts.items():
            if seconds is not None:
                check_seconds(seconds, f"timeout.{name}")
        return timeouts
    return dict.fromkeys(DEFAULT_HTTP_TIMEOUTS, None if timeout is None else check_seconds(timeout, "timeout"))
