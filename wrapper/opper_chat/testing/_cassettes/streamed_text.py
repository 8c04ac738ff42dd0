"""What a stream tells a few letters at a time: the texts that its events make together. Values only."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from .._json import is_list, is_object

_DATA = re.compile(r"(?:^|(?<=[\r\n]))data: ?([^\r\n]*)")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text: what one event tells of it, and where that stands in the body, without its quotes."""

    start: int
    stop: int
    text: str


def spelled(body: str) -> Iterator[list[Part]]:
    """Yield each text that several events of a stream tell: the strings at the same place of their JSON.

    Args:
        body: the bytes of the stream, as Latin-1.
    """
    texts: defaultdict[Path, list[Part]] = defaultdict(list)
    for line in _DATA.finditer(body):
        try:
            found = list(_strings(json.loads(line[1].encode("latin-1")), ()))
        except (ValueError, RecursionError):
            continue
        literals = list(_STRING.finditer(line[1]))
        if len(literals) == len(found):  # else a member came twice, of which only one is left
            for literal, (path, text) in zip(literals, found, strict=True):
                if path is not None:
                    start, stop = literal.span(1)
                    texts[path].append(Part(line.start(1) + start, line.start(1) + stop, text))
    yield from (parts for parts in texts.values() if len(parts) > 1)


def literal(text: str) -> str:
    """Return a text as it stands between the quotes of JSON, as Latin-1."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass").decode("latin-1")


def _strings(value: object, path: Path) -> Iterator[tuple[Path | None, str]]:
    """Yield the strings of a JSON value as they stand in its text, each with its place; names have none."""
    if isinstance(value, str):
        yield path, value
    elif is_object(value):
        for name, member in value.items():
            yield None, name
            yield from _strings(member, (*path, name))
    elif is_list(value):
        for number, item in enumerate(value):
            # Choices and tool calls say themselves which of several they continue.
            index = item.get("index") if is_object(item) else None
            yield from _strings(item, (*path, index if isinstance(index, int) else number))
