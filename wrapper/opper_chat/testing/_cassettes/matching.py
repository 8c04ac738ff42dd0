"""Find the recorded exchange of a request: the first unused one with the same method, path, query and body."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from .._json import is_list, is_object
from .._loopback.differences import Difference, differences, format_differences
from .exchange import Exchange, Request

_MAX_COUNTED = 100


class ExchangeStore:
    """The recorded exchanges, by their requests.

    Args:
        exchanges: The exchanges, in the order in which they were recorded.
        ignore: Properties of the body that are not compared: names, or paths such as `metadata.run`. An array in a path
            matches each of its items.
        repeat: Whether the last of several equal exchanges can be used again.
    """

    def __init__(self, exchanges: Iterable[Exchange], ignore: Iterable[str], *, repeat: bool) -> None:
        self._ignore = [tuple(path.split(".")) for path in ignore]
        self._repeat = repeat
        self._exchanges = list(exchanges)
        self._unused_by_key: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        self._counts: Counter[Hashable] = Counter()
        self._used: set[int] = set()
        for index, exchange in enumerate(self._exchanges):
            key = self._key(exchange.request)
            self._unused_by_key[key].append(index)
            self._counts[key] += 1

    def take(self, request: Request) -> Exchange | None:
        """Return the exchange of a request and mark it as used, or return None."""
        waiting = self._unused_by_key.get(self._key(request))
        if not waiting:
            return None
        # The last one is kept if it can be used again.
        index = waiting[0] if self._repeat and len(waiting) == 1 else waiting.popleft()
        self._used.add(index)
        return self._exchanges[index]

    @property
    def unused(self) -> list[str]:
        """Short descriptions of the exchanges that were not used."""
        return [
            f"exchange {index + 1}, {exchange.request.method} {exchange.request.path}"
            for index, exchange in enumerate(self._exchanges)
            if index not in self._used
        ]

    def explain_mismatch(self, request: Request) -> str:
        """Return why a request matches nothing: where the nearest recorded one differs."""
        problem = f"{request.method} {request.path} matches no recorded request"
        if not self._exchanges:
            return f"{problem}: none is recorded."
        times = self._counts[self._key(request)]
        if times:
            return f"{problem} that is left: it is recorded {_times(times)}, and was made once more."
        distances = [sum(1 for _ in islice(self._differences(one, request), _MAX_COUNTED)) for one in self._exchanges]
        nearest = distances.index(min(distances))
        which = f"The nearest, exchange {nearest + 1} of {len(self._exchanges)}, differs:"
        return f"{problem}. {which}{format_differences(self._differences(self._exchanges[nearest], request))}"

    def _differences(self, recorded: Exchange, request: Request) -> Iterator[Difference]:
        one = recorded.request
        for name in ("method", "path"):
            if getattr(one, name) != getattr(request, name):
                yield Difference(name, getattr(one, name), getattr(request, name))
        if _query(one) != _query(request):
            yield Difference("query", one.query, request.query)
        yield from differences(self._comparable_body(one), self._comparable_body(request))

    def _key(self, request: Request) -> Hashable:
        return request.method, request.path, _query(request), _hashable(self._comparable_body(request))

    def _comparable_body(self, request: Request) -> object:
        value = request.value
        for path in self._ignore:
            value = _without(value, path)
        return value


def _query(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(parse_qsl(request.query, keep_blank_values=True)))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _without(value: object, path: tuple[str, ...]) -> object:
    if is_list(value):
        return [_without(item, path) for item in value]
    if not is_object(value) or path[0] not in value:
        return value
    if len(path) == 1:
        return {name: item for name, item in value.items() if name != path[0]}
    return {**value, path[0]: _without(value[path[0]], path[1:])}


def _hashable(value: object) -> Hashable:
    """Return a hashable value, equal for equal JSON: without an order of properties, and with true unlike 1."""
    if is_object(value):
        return "object", frozenset((name, _hashable(item)) for name, item in value.items())
    if is_list(value):
        return "array", tuple(map(_hashable, value))
    kind = type(value) if isinstance(value, bool | str | bytes) else None
    scalar: Any = value
    return kind, scalar
