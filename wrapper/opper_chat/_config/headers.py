"""Validate the headers and query parameters that callers add. Their values are never shown. No I/O."""

from __future__ import annotations

import re

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe, instance_of
from .._json.codec import is_mapping
from .._json.scalars import json_scalar

HEADER_NAME = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token: RFC 9110 section 5.6.2."""

HEADER_VALUE = re.compile("(?:[!-~](?:[\\t -~]*[!-~])?)?")
"""Visible ASCII, with spaces and tabs inside (RFC 9110 section 5.5). Line breaks could add headers or requests."""

FRAMING_HEADERS = frozenset({"content-length", "transfer-encoding"})
"""Headers that delimit the body of a request. The client sets them: if they contradict each other or the body, a server
can read the body as another request (RFC 9112 section 11.2)."""


def hidden(value: object) -> str:
    """Name the type of a value that can contain a credential."""
    return f"{instance_of(value)} (not shown)"


def check_headers(headers: object, argument: str) -> dict[str, str]:
    """Validate headers, and return them by name in lower case, so that case is ignored when they are merged.

    Raises:
        InvalidArgumentError: HTTP cannot represent a name or a value, or the client sets the header itself.
    """
    checked: dict[str, str] = {}
    for name, value in _scalar_items(headers, argument, "a dict of strings"):
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            raise InvalidArgumentError(argument, "keys of letters, digits and dashes", describe(name))
        if name.lower() in FRAMING_HEADERS:
            accepted = "headers other than Content-Length and Transfer-Encoding, which the client sets"
            raise InvalidArgumentError(argument, accepted, describe(name))
        if not isinstance(value, str) or not HEADER_VALUE.fullmatch(value):
            accepted = "a string of ASCII characters without line breaks, and without spaces at its ends"
            raise InvalidArgumentError(f"{argument}[{name!r}]", accepted, hidden(value))
        checked[name.lower()] = value
    return checked


def check_query(query: object, argument: str) -> dict[str, str]:
    """Validate query parameters, and return them as strings.

    Raises:
        InvalidArgumentError: a URL cannot represent a name or a value.
    """
    checked: dict[str, str] = {}
    for name, value in _scalar_items(query, argument, "a dict of strings, numbers or booleans"):
        if not isinstance(name, str) or not isinstance(value, str | int | float):
            raise InvalidArgumentError(f"{argument}[{name!r}]", "a string, a number or a boolean", hidden(value))
        try:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            (name + text).encode()
        except ValueError:  # half of a surrogate pair, or an integer of thousands of digits
            accepted = "a string that UTF-8 can represent, or a number of fewer digits"
            raise InvalidArgumentError(f"{argument}[{name!r}]", accepted, hidden(value)) from None
        checked[name] = text
    return checked


def _scalar_items(values: object, argument: str, accepted: str) -> list[tuple[object, object]]:
    """Return the items of a dict, or none for None, as JSON scalars where they have one."""
    if values is None:
        return []
    if not is_mapping(values):
        raise InvalidArgumentError(argument, accepted, hidden(values))
    return [(json_scalar(name), json_scalar(value)) for name, value in values.items()]
