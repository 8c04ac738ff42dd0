"""The settings of a client, frozen, and what a single call changes of them. No I/O, no HTTP library at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypedDict, cast

from .._concurrency.deadlines import Timeouts, check_timeouts
from .._errors.api import InvalidArgumentError, UnknownArgumentError
from .._errors.describe import describe
from .._errors.secret_names import is_secret_argument, is_secret_header
from .._http.library import loaded
from .._json.codec import is_mapping, is_sequence
from .._validation.numbers import check_count, check_retries, check_seconds
from .environment import CONNECT_TIMEOUT, DEFAULT_RETRIES, DEFAULT_TIMEOUT, Key, find_base_url
from .headers import check_headers, check_query, hidden
from .response_limits import DEFAULT_LIMITS, ResponseLimits, check_response_limits
from .scope import Layer

if TYPE_CHECKING:
    import httpx

    from .._http.library import AnyTimeout, AnyURL

Steps = Mapping[str, float | None]
"""Seconds for each step of a request that httpx bounds: connect, read, write, pool."""

DEFAULT_STEPS: Steps = {"connect": CONNECT_TIMEOUT, **dict.fromkeys(("read", "write", "pool"), DEFAULT_TIMEOUT)}

DEFAULT_CONNECTIONS = 1000
"""How many connections there may be."""

EventHooks = Mapping[str, list[Callable[..., Any]]]

TIMEOUTS = Timeouts._fields


class CallOptions(TypedDict, total=False):
    """What a call takes beside the parameters of the contract. What is left out is as the client has it."""

    extra_headers: Mapping[str, str] | None
    """HTTP headers to add; they win over the client's own."""
    extra_query: Mapping[str, str | float] | None
    """Query parameters to add to the address."""
    extra_body: Mapping[str, object] | None
    """Members to add to the body, for what the contract does not know yet. They win over the parameters, and None is
    sent as null."""
    timeout: AnyTimeout
    """Seconds for each step."""
    max_retries: int
    """How often to try again what failed for a reason that may pass."""
    first_token_timeout: float | None
    """Seconds from a streamed call to the first token of its answer."""
    idle_timeout: float | None
    """Seconds from one token to the next."""
    deadline: float | None
    """Seconds from the call to the end of its answer, attempts and waits included."""


class ClientOptions(TypedDict, total=False):
    """What `with_options` changes of a client. What is left out stays."""

    api_key: str
    base_url: AnyURL
    timeout: AnyTimeout
    max_retries: int
    first_token_timeout: float | None
    idle_timeout: float | None
    deadline: float | None
    default_headers: Mapping[str, str] | None
    """Headers to add to those that it has."""
    default_query: Mapping[str, str | float] | None
    """Query parameters to add to those that it has."""
    set_default_headers: Mapping[str, str] | None
    """Headers to have in place of those that it has."""
    set_default_query: Mapping[str, str | float] | None
    """Query parameters to have in place of those that it has."""


class ClientSettings(NamedTuple):
    """What the requests of a client have in common."""

    key: Key | None
    """None in a pickle, and nowhere else."""
    base_url: str
    steps: Steps | None = DEFAULT_STEPS
    """None leaves them to the caller's own HTTP client."""
    timeouts: Timeouts = Timeouts()
    max_retries: int = DEFAULT_RETRIES
    default_headers: Mapping[str, str] = {}
    default_query: Mapping[str, str] = {}
    carried: tuple[Layer, ...] = ()
    """What holds for its calls wherever they are made."""

    def portable(self) -> Self:
        """Return these settings without key and credentials."""
        headers, query = _without_credentials(self.default_headers), _without_credentials(self.default_query)
        return self._replace(key=None, default_headers=headers, default_query=query)

    def changed(self, options: Mapping[str, Any]) -> Self:
        """Return these settings with the options that are given.

        Raises:
            InvalidArgumentError: one is wrong.
        """
        if not options:
            return self
        changes: dict[str, Any] = {}
        timeouts = {name: options[name] for name in TIMEOUTS if name in options}
        if timeouts:
            changes["timeouts"] = check_timeouts(timeouts, self.timeouts)
        if "timeout" in options:
            changes["steps"] = check_timeout(options["timeout"])
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
    """Refuse what is no dict of lists of functions, and coroutine functions where nothing awaits them.

    Raises:
        InvalidArgumentError: it is none.
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


def check_options(options: Mapping[str, object]) -> None:
    """Refuse what is no option of a client.

    Raises:
        UnknownArgumentError: there is such a one.
    """
    known = ClientOptions.__annotations__
    for name, value in options.items():
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, 1)
            hint = f"It takes {', '.join(known)}."
            given = hidden(value) if is_secret_argument(name) else describe(value)
            raise UnknownArgumentError(name, given, near[0] if near else None, hint, "with_options()")


class Limits(NamedTuple):
    """How much at once."""

    connections: int = DEFAULT_CONNECTIONS
    """How many connections there may be."""
    concurrency: int | None = None
    """How many calls may be under way, or None for any number."""
    adaptive_rate_limit: bool = False
    """Whether requests are paced once the server has refused one for coming too soon."""
    response: ResponseLimits = DEFAULT_LIMITS
    """The largest response that is accepted."""


def check_limits(
    max_connections: object, max_concurrency: object, adaptive_rate_limit: object, response_limits: object
) -> Limits:
    """Return the limits that arguments stand for.

    Raises:
        InvalidArgumentError: one stands for none.
    """
    if not isinstance(adaptive_rate_limit, bool):
        raise InvalidArgumentError("adaptive_rate_limit", "True or False", repr(adaptive_rate_limit))
    concurrency = None if max_concurrency is None else check_count(max_concurrency, "max_concurrency")
    connections = check_count(max_connections, "max_connections")
    return Limits(connections, concurrency, adaptive_rate_limit, check_response_limits(response_limits))


def _without_credentials(values: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in values.items() if not is_secret_header(name)}


def check_timeout(timeout: object) -> Steps:
    """Return the timeouts that an argument stands for: seconds for each step, or None for no limit.

    Raises:
        InvalidArgumentError: it stands for none.
    """
    if isinstance(timeout, loaded("Timeout")):
        steps: Steps = cast("httpx.Timeout", timeout).as_dict()
        for name, seconds in steps.items():
            if seconds is not None:
                check_seconds(seconds, f"timeout.{name}")
        return steps
    return dict.fromkeys(DEFAULT_STEPS, None if timeout is None else check_seconds(timeout, "timeout"))
