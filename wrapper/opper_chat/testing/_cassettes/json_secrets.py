"""Where JSON in a text holds what its members' names say is secret. Values only.

The text need not be JSON as a whole: a stream has many, an answer that was cut has less than one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ..._errors.secret_names import is_secret_property, normalize_name

_MEMBER = re.compile(r'"((?:[^"\\\r\n]|\\.){1,200})"\s*:\s*')
# A string and whether it is a name, a number, a bracket, and the empty line after which a stream begins anew.
_LEXEME = re.compile(r'"((?:[^"\\]|\\.)*)"?(\s*:)?|(-?\d[-+.\deE]*)|[\[{]|[\]}]|\n\n|\r\r|\r\n\r\n')
_DEEPER = {"[": 1, "{": 1, "]": -1, "}": -1}

SAID = "logprobs"
"""The member in which a `token` is no secret, but what the model said."""


@dataclass(frozen=True, slots=True)
class Value:
    """A text or a number, the member that it is of, and where it stands, without its quotes."""

    name: str
    start: int
    stop: int
    quoted: bool
    header: bool
    """Whether it is one of the headers of a model."""


def is_headers(name: str) -> bool:
    """Whether a member of this name has the headers that a model is asked with, which are there for credentials."""
    return normalize_name(name) == "extraheaders"


def text_of(literal: str) -> str:
    """Return the text that stands between the quotes of JSON, of which the bytes are given as Latin-1."""
    if literal.isascii() and "\\" not in literal:
        return literal
    try:
        text: str = json.loads(f'"{literal.encode("latin-1").decode()}"', strict=False)
    except ValueError:
        return literal
    return text


def secret_values(body: str, named: Collection[str] = ()) -> Iterator[Value]:
    """Yield the values in a body that are secret by their names, in order.

    Args:
        body: its bytes, as Latin-1.
        named: further names.
    """
    taken = said = 0
    for member in _MEMBER.finditer(body):
        name, at = text_of(member[1]), member.end()
        if at < taken:
            continue
        if name in named or is_headers(name):
            values, taken = _inside(body, at, name, header=is_headers(name))
            yield from values
        elif name == SAID and at >= said:
            _, said = _inside(body, at, name, header=False)
        elif is_secret_property(name) and (name != "token" or at >= said):
            first = _LEXEME.match(body, at)
            if first is not None and first.lastindex is not None:
                yield _value(name, first, header=False)


def _inside(body: str, at: int, name: str, *, header: bool) -> tuple[list[Value], int]:
    """Return every text and number of the JSON value that begins there, and where it ends."""
    values: list[Value] = []
    depth = 0
    found = _LEXEME.match(body, at)
    if found is None:
        return values, at
    while found is not None:
        if found[2] is not None and depth:
            name = text_of(found[1])
        elif found.lastindex is not None:
            values.append(_value(name, found, header=header))
        else:
            depth += _DEEPER.get(found[0], -depth)
        if depth <= 0:
            return values, found.end()
        found = _LEXEME.search(body, found.end())
    return values, len(body)


def _value(name: str, found: re.Match[str], *, header: bool) -> Value:
    quoted = found[3] is None
    return Value(name, *found.span(1 if quoted else 3), quoted=quoted, header=header)
