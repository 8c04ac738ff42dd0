"""Candidate strings and numbers for a JSON Schema, readable ones first."""

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from .regex import matching_texts

_LONGEST_TEXT = 10_000
_VARIANTS = 60

_FORMATS: dict[str, Callable[[int], str]] = {
    "date-time": lambda n: f"2026-01-{n % 28 + 1:02}T12:00:00Z",
    "date": lambda n: f"2026-01-{n % 28 + 1:02}",
    "time": lambda n: f"12:00:{n % 60:02}Z",
    "duration": lambda n: f"P{n + 1}D",
    "email": lambda n: f"person{n or ''}@example.com",
    "idn-email": lambda n: f"person{n or ''}@example.com",
    "hostname": lambda n: f"host{n or ''}.example.com",
    "idn-hostname": lambda n: f"host{n or ''}.example.com",
    "ipv4": lambda n: f"192.0.2.{n % 255 + 1}",
    "ipv6": lambda n: f"2001:db8::{n + 1:x}",
    "uuid": lambda n: f"00000000-0000-4000-8000-{n + 1:012x}",
    "uri": lambda n: f"https://example.com/{n or ''}",
    "iri": lambda n: f"https://example.com/{n or ''}",
    "uri-reference": lambda n: f"/example/{n or ''}",
    "iri-reference": lambda n: f"/example/{n or ''}",
    "uri-template": lambda n: f"https://example.com/{{id}}/{n or ''}",
    "json-pointer": lambda n: f"/example/{n}",
    "relative-json-pointer": lambda n: f"{n}/example",
    "regex": lambda n: f"^[a-z]{{{n + 1}}}$",
}


def string_values(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield strings with the length, pattern or format of a schema."""
    shortest, longest = int(schema.get("minLength", 0)), schema.get("maxLength")
    if shortest > _LONGEST_TEXT:
        return
    if "pattern" in schema:
        yield from matching_texts(schema["pattern"], shortest, longest)
    make = _FORMATS.get(schema.get("format", ""))
    for number in range(_VARIANTS):
        text = _plain(number) if make is None else make(number)
        if make is None:
            text = text.ljust(shortest, ".")
        yield text if longest is None else text[: int(longest)]


def _plain(number: int) -> str:
    # The number comes first, so that shortened texts still differ.
    return f"{number}text" if number else "text"


def number_values(schema: Mapping[str, Any], *, whole: bool) -> Iterator[int | float]:
    """Yield numbers in the bounds and steps of a schema.

    Args:
        schema: The schema.
        whole: Whether only integers are accepted.
    """
    low = _bound(schema, "minimum", "exclusiveMinimum", max)
    high = _bound(schema, "maximum", "exclusiveMaximum", min)
    if "multipleOf" in schema or whole:
        step = Fraction(str(schema.get("multipleOf", 1)))
        if whole:
            step = Fraction(step.numerator)  # the integers among the multiples of a fraction
        start = Fraction(1) if low is None or low <= 1 else low
        if high is not None and start > high:
            start = high if low is None else low
        nearest = math.ceil(start / step)
        for number in range(_VARIANTS):
            for multiple in ((nearest + number) * step, (nearest - number) * step):
                yield _number(multiple)
        return
    for readable in (Fraction(3, 2), Fraction(1), Fraction(0)):
        if (low is None or low < readable) and (high is None or readable < high):
            yield _number(readable)
    if low is not None and high is not None:
        yield from (float((low + high * n) / (n + 1)) for n in range(1, _VARIANTS // 2))
    for end in (low, high):
        if end is not None:
            yield from (_number(end), _number(end + 1), _number(end - 1))
    yield from (number + 0.5 for number in range(_VARIANTS))


def _bound(schema: Mapping[str, Any], plain: str, exclusive: str, stricter: Callable[..., Fraction]) -> Fraction | None:
    # In draft 4 the exclusive bound is a boolean. The validator checks it.
    bounds = [schema.get(plain), schema.get(exclusive)]
    given = [
        Fraction(str(bound)) for bound in bounds if isinstance(bound, (int, float)) and not isinstance(bound, bool)
    ]
    return stricter(given) if given else None


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
