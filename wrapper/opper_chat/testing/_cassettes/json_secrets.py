"""Find values in JSON text that are secret by the names of their properties. No I/O.

The text need not be one JSON value: a stream has many, and a response that was cut has a part of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ..._errors.secret_names import is_secret_property, normalize_name

_PROPERTY = re.compile(r'"((?:[^"\\\r\n]|\\.){1,200})"\s*:\s*')
# A string and whether it is a name, a number, a bracket, and the empty line between two events of a stream.
_LEXEME = re.compile(r'"((?:[^"\\]|\\.)*)"?(\s*:)?|(-?\d[-+.\deE]*)|[\[{]|[\]}]|\n\n|\r\r|\r\n\r\n')
_DEPTH_CHANGE = {"[": 1, "{": 1, "]": -1, "}": -1}

LOGPROBS = "logprobs"
"""The property in which a `token` is not secret, but a part of the text."""


@dataclass(frozen=True, slots=True)
class SecretValue:
    """A string or number, the name of its property, and its span without quotes."""

    name: str
    start: int
    stop: int
    quoted: bool
    header: bool
    """Whether it is in the `extra_headers` of a model."""


def is_extra_headers(name: str) -> bool:
    """Return whether a property has the extra headers of a model, which carry credentials."""
    return normalize_name(name) == "extraheaders"


def unescape(literal: str) -> str:
    """Return the text of a JSON string, given without quotes and read as Latin-1."""
    if literal.isascii() and "\\" not in literal:
        return literal
    try:
        text: str = json.loads(f'"{literal.encode("latin-1").decode()}"', strict=False)
    except ValueError:
        return literal
    return text


def find_secret_values(body: str, named: Collection[str] = ()) -> Iterator[SecretValue]:
    """Yield the values in a body that are secret by their names, in order.

    Args:
        body: The bytes of the body, read as Latin-1.
        named: Further names of secret properties.
    """
    end = logprobs_end = 0
    for found in _PROPERTY.finditer(body):
        name, at = unescape(found[1]), found.end()
        if at < end:
            continue
        if name in named or is_extra_headers(name):
            values, end = _scalars_in(body, at, name, header=is_extra_headers(name))
            yield from values
        elif name == LOGPROBS and at >= logprobs_end:
            _, logprobs_end = _scalars_in(body, at, name, header=False)
        elif is_secret_property(name) and (name != "token" or at >= logprobs_end):
            first = _LEXEME.match(body, at)
            if first is not None and first.lastindex is not None:
                yield _value(name, first, header=False)


def _scalars_in(body: str, at: int, name: str, *, header: bool) -> tuple[list[SecretValue], int]:
    """Return the strings and numbers in the JSON value at a position, and the position of its end."""
    values: list[SecretValue] = []
    depth = 0
    found = _LEXEME.match(body, at)
    if found is None:
        return values, at
    while found is not None:
        if found[2] is not None and depth:
            name = unescape(found[1])
        elif found.lastindex is not None:
            values.append(_value(name, found, header=header))
        else:
            depth += _DEPTH_CHANGE.get(found[0], -depth)
        if depth <= 0:
            return values, found.end()
        found = _LEXEME.search(body, found.end())
    return values, len(body)


def _value(name: str, found: re.Match[str], *, header: bool) -> SecretValue:
    quoted = found[3] is None
    return SecretValue(name, *found.span(1 if quoted else 3), quoted=quoted, header=header)
