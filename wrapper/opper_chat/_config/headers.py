"""What goes beside the body of a request: headers and query parameters, checked and never shown. No I/O."""

from __future__ import annotations

import re

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe, instance_of, json_scalar
from .._json.codec import is_mapping

HEADER_NAME = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token: RFC 9110 section 5.6.2."""

HEADER_VALUE = re.compile("(?:[!-~](?:[\\t -~]*[!-~])?)?")
"""Visible ASCII, and spaces and tabs inside: RFC 9110 section 5.5. Line breaks are how requests are forged."""


def hidden(value: object) -> str:
    """Name a value that may hold a credential."""
    return f"{instance_of(value)} (not shown)"


def check_headers(given: object, argument: str) -> dict[str, str]:
    """Return headers that can be sent, by name in lower case, so that one wins over another however it is written.

    Raises:
        InvalidArgumentError: some cannot.
    """
    if given is None:
        return {}
    if not is_mapping(given):
        # Not shown, like all that follows: headers carry credentials.
        raise InvalidArgumentError(argument, "a dict of strings", hidden(given))
    headers: dict[str, str] = {}
    for name, value in given.items():
        name, value = json_scalar(name), json_scalar(value)  # noqa: PLW2901
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            raise InvalidArgumentError(argument, "keys of letters, digits and dashes", describe(name))
        if not isinstance(value, str) or not HEADER_VALUE.fullmatch(value):
            raise InvalidArgumentError(
                f"{argument}[{name!r}]",
                "a string of ASCII characters without line breaks, and without spaces at its ends",
                hidden(value),
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
        raise InvalidArgumentError(argument, "a dict of strings, numbers or booleans", hidden(given))
    query: dict[str, str] = {}
    for name, value in given.items():
        name, scalar = json_scalar(name), json_scalar(value)  # noqa: PLW2901
        if not isinstance(name, str) or not isinstance(scalar, str | int | float):
            raise InvalidArgumentError(f"{argument}[{name!r}]", "a string, a number or a boolean", hidden(value))
        try:
            text = str(scalar).lower() if isinstance(scalar, bool) else str(scalar)
            (name + text).encode()
        except ValueError:  # half of a surrogate pair, or an integer of thousands of digits
            accepted = "a string that UTF-8 can represent, or a number of fewer digits"
            raise InvalidArgumentError(f"{argument}[{name!r}]", accepted, hidden(value)) from None
        query[name] = text
    return query
