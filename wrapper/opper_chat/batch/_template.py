"""Templates: messages whose texts have the names of columns in braces, such as ``Translate: {text}``. No I/O.

Only names are replaced. There are no attributes, indexes, conversions or formats, so a template reaches only
the columns. ``{{`` and ``}}`` are braces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from string import Formatter
from typing import TypeAlias

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json import codec as _json
from .._json.codec import is_mapping, is_sequence
from .._json.scalars import json_scalar

RowColumns: TypeAlias = Mapping[object, object]
Render: TypeAlias = Callable[[RowColumns], object]


class RequestTemplate:
    """Makes the body of a request of the columns of a row.

    Args:
        template: the text of a user message, a list of messages, or an object with ``messages`` and other parameters.

    Raises:
        InvalidArgumentError: it is something else, a text in it is not a template, or it names no column.
    """

    def __init__(self, template: object) -> None:
        self.columns: set[str] = set()
        given = template
        if isinstance(template, str):
            template = [{"role": "user", "content": template}]
        if is_sequence(template):
            template = {"messages": template}
        if not is_mapping(template) or "messages" not in template:
            accepted = "a text, a list of messages, or an object with messages"
            raise InvalidArgumentError("template", accepted, describe(template))
        self._parts = {str(name): self._compile(value) for name, value in template.items()}
        if not self.columns:
            hint = "Put the name of a column in braces, as in 'Translate: {text}'."
            raise InvalidArgumentError("template", "a text that names a column", describe(given), hint)

    def body(self, columns: RowColumns) -> dict[str, object]:
        """Return the body for a row.

        Raises:
            InvalidArgumentError: the row lacks a column, or a value is null.
        """
        return {name: render(columns) for name, render in self._parts.items()}

    def _compile(self, value: object) -> Render:
        if isinstance(value, str):
            return self._compile_text(value)
        if is_mapping(value):
            parts = {str(name): self._compile(item) for name, item in value.items()}
            return lambda columns: {name: render(columns) for name, render in parts.items()}
        if is_sequence(value):
            items = [self._compile(item) for item in value]
            return lambda columns: [render(columns) for render in items]
        return lambda columns: value  # noqa: ARG005  # it has no text

    def _compile_text(self, text: str) -> Render:
        parts: list[tuple[str, str | None]] = []
        try:
            for literal, name, format_spec, conversion in Formatter().parse(text):
                if name is not None and (not name or format_spec or conversion):
                    raise ValueError("a pair of braces must have the name of a column and nothing else")
                parts.append((literal, name))
        except ValueError as error:
            hint = f"{str(error).capitalize()}. Write {{{{ and }}}} for braces."
            raise InvalidArgumentError("template", "a text with columns in braces", describe(text), hint) from None
        names = [name for _, name in parts if name is not None]
        self.columns.update(names)
        if not names:
            whole = "".join(literal for literal, _ in parts)
            return lambda columns: whole  # noqa: ARG005  # it has no column
        return lambda columns: "".join(
            literal + ("" if name is None else _column_text(columns, name)) for literal, name in parts
        )


def _column_text(columns: RowColumns, name: str) -> str:
    if name not in columns:
        raise InvalidArgumentError(f"column {name!r}", f"one of {', '.join(map(repr, columns))}", "none")
    value = columns[name]
    if value is None:
        raise InvalidArgumentError(f"column {name!r}", "a value", "null")
    value = json_scalar(value)
    if isinstance(value, str):
        return value
    if not _has_text(value):
        raise InvalidArgumentError(f"column {name!r}", "a text or a JSON value", describe(value))
    try:
        text = _json.encode(value)
        # Dates and the like are texts.
        return str(_json.decode(text)) if text.startswith(b'"') else text.decode()
    except ValueError as error:
        raise InvalidArgumentError(f"column {name!r}", "a JSON value", f"{describe(value)} ({error})") from None


def _has_text(value: object) -> bool:
    """Return whether a prompt can have a value. Bytes and NaN would be Base64 and null in it."""
    return not isinstance(value, bytes | bytearray | memoryview) and (not isinstance(value, float) or isfinite(value))
