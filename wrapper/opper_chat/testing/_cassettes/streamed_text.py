"""Join the texts that a stream sends in parts, and know where each part is in the body. No I/O."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from .._json import is_list, is_object

_DATA = re.compile(r"(?:^|(?<=[\r\n]))data: ?([^\r\n]*)")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')

JSONPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class TextPart:
    """The part of a text that one event has, and its span in the body, without quotes."""

    start: int
    stop: int
    text: str


def find_streamed_texts(body: str) -> Iterator[list[TextPart]]:
    """Yield each text that several events share: the strings at the same path of their JSON.

    Args:
        body: The bytes of the stream, read as Latin-1.
    """
    texts: defaultdict[JSONPath, list[TextPart]] = defaultdict(list)
    for line in _DATA.finditer(body):
        try:
            found = list(_strings(json.loads(line[1].encode("latin-1")), ()))
        except (ValueError, RecursionError):
            continue
        literals = list(_STRING.finditer(line[1]))
        if len(literals) == len(found):  # otherwise a property is repeated, and only its last value is decoded
            for literal, (path, text) in zip(literals, found, strict=True):
                if path is not None:
                    start, stop = literal.span(1)
                    texts[path].append(TextPart(line.start(1) + start, line.start(1) + stop, text))
    yield from (parts for parts in texts.values() if len(parts) > 1)


def escape(text: str) -> str:
    """Return the JSON string of a text, without quotes and read as Latin-1."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass").decode("latin-1")


def _strings(value: object, path: JSONPath) -> Iterator[tuple[JSONPath | None, str]]:
    """Yield the strings of a JSON value in the order of its text, with their paths. Names have no path."""
    if isinstance(value, str):
        yield path, value
    elif is_object(value):
        for name, item in value.items():
            yield None, name
            yield from _strings(item, (*path, name))
    elif is_list(value):
        for number, item in enumerate(value):
            # Choices and tool calls have the index of the one that they continue.
            index = item.get("index") if is_object(item) else None
            yield from _strings(item, (*path, index if isinstance(index, int) else number))
