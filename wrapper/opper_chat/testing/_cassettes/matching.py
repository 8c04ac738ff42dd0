"""Which recorded exchange answers a request: the first unused one of equal method, path, query and body."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from .._json import is_list, is_object
from .._loopback.differences import Difference, differences, listed
from .exchange import Exchange, Request

_COUNTED = 100


class Shelf:
    """The recorded exchanges, found by what was asked.

    Args:
        exchanges: in the order in which they were recorded.
        ignore: members of the body that are not compared: names, or paths such as `metadata.run`, in which an
            array stands for each of its items.
        repeat: whether the last of several equal ones is given again and again.
    """

    def __init__(self, exchanges: Iterable[Exchange], ignore: Iterable[str], *, repeat: bool) -> None:
        self._ignore = [tuple(path.split(".")) for path in ignore]
        self._repeat = repeat
        self._all = list(exchanges)
        self._waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        self._recorded: Counter[Hashable] = Counter()
        self._used: set[int] = set()
        for index, exchange in enumerate(self._all):
            key = self._key(exchange.request)
            self._waiting[key].append(index)
            self._recorded[key] += 1

    def take(self, request: Request) -> Exchange | None:
        """Return the exchange that answers a request, and give it to no other; None where there is none."""
        waiting = self._waiting.get(self._key(request))
        if not waiting:
            return None
        index = waiting[0] if self._repeat and len(waiting) == 1 else waiting.popleft()
        self._used.add(index)
        return self._all[index]

    @property
    def unused(self) -> list[str]:
        """The exchanges that nothing asked for, each in a few words."""
        return [
            f"exchange {index + 1}, {exchange.request.method} {exchange.request.path}"
            for index, exchange in enumerate(self._all)
            if index not in self._used
        ]

    def explain(self, request: Request) -> str:
        """Say why nothing answers a request: where the nearest recorded one differs."""
        asked = f"{request.method} {request.path} matches no recorded request"
        if not self._all:
            return f"{asked}: none is recorded"
        times = self._recorded[self._key(request)]
        if times:
            return f"{asked} that is left: it is recorded {_times(times)}, and was made once more"
        distances = [sum(1 for _ in islice(self._differences(one, request), _COUNTED)) for one in self._all]
        nearest = distances.index(min(distances))
        which = f"the nearest, exchange {nearest + 1} of {len(self._all)}, differs:"
        return f"{asked}; {which}{listed(self._differences(self._all[nearest], request))}"

    def _differences(self, recorded: Exchange, request: Request) -> Iterator[Difference]:
        one = recorded.request
        for name in ("method", "path"):
            if getattr(one, name) != getattr(request, name):
                yield Difference(name, getattr(one, name), getattr(request, name))
        if _query(one) != _query(request):
            yield Difference("query", one.query, request.query)
        yield from differences(self._compared(one), self._compared(request))

    def _key(self, request: Request) -> Hashable:
        return request.method, request.path, _query(request), _hashable(self._compared(request))

    def _compared(self, request: Request) -> object:
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
        return {name: member for name, member in value.items() if name != path[0]}
    return {**value, path[0]: _without(value[path[0]], path[1:])}


def _hashable(value: object) -> Hashable:
    """Return what is equal for equal JSON, whatever the order of members; true is not 1."""
    if is_object(value):
        return "object", frozenset((name, _hashable(member)) for name, member in value.items())
    if is_list(value):
        return "array", tuple(map(_hashable, value))
    kind = type(value) if isinstance(value, bool | str | bytes) else None
    scalar: Any = value
    return kind, scalar
