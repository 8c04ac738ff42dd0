"""What goes beside the body of a request: headers and query parameters, checked and never shown. No I/O."""

from __future__ import annotations

import re

from ._checks import describe
from ._errors import InvalidArgumentError
from ._json import is_mapping

SECRETIVE = re.compile("key|token|secret|auth|password|bearer|credential|cookie|header", re.IGNORECASE)
"""Names of arguments whose values are not shown."""

HEADER_NAME = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token: RFC 9110 section 5.6.2."""

HEADER_VALUE = re.compile("[\\t -~]*")
"""Visible ASCII, spaces and tabs: RFC 9110 section 5.5. Line breaks are how requests are forged."""


def hidden(value: object) -> str:
    """Name a value that may hold a credential."""
    return f"a {type(value).__name__} (not shown)"


def check_headers(given: object, argument: str) -> dict[str, str]:
    """Return headers that can be sent, by name in lower case, so that one wins over another however it is written.

    Raises:
        InvalidArgumentError: some cannot.
    """
    if given is None:
        return {}
    if not is_mapping(given):
        # Not shown, like all that follows: headers carry credentials.
        raise InvalidArgumentError(argument, "an object of texts", hidden(given))
    headers: dict[str, str] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            raise InvalidArgumentError(argument, "names of letters, digits and dashes", describe(name))
        if not isinstance(value, str) or not HEADER_VALUE.fullmatch(value):
            raise InvalidArgumentError(
                f"{argument}[{name!r}]", "a text of ASCII characters without line breaks", hidden(value)
            )
        headers[name.lower()] = value
    return headers


def check_query(given: object, argument: str) -> dict[str, str]:
    """Return the query parameters that can be sent.

    Raises:
        InvalidArgumentError: some cannot.
    """
    if given is None:
        return {}
    if not is_mapping(given):
        raise InvalidArgumentError(argument, "an object of texts, numbers or booleans", hidden(given))
    query: dict[str, str] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str | int | float):
            raise InvalidArgumentError(f"{argument}[{name!r}]", "a text, a number or a boolean", hidden(value))
        query[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return query
