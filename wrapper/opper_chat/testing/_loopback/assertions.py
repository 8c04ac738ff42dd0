"""Which of the requests that were sent is the one that a test expects. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from .._replies.reply import ReceivedRequest
from .differences import differences, listed

_COUNTED = 100


def last_sent(requests: Sequence[ReceivedRequest]) -> ReceivedRequest:
    """Return the last request.

    Raises:
        AssertionError: there is none.
    """
    __tracebackhide__ = True
    if not requests:
        raise AssertionError("nothing was sent")
    return requests[-1]


def find_sent(requests: Sequence[ReceivedRequest], members: Mapping[str, object]) -> ReceivedRequest:
    """Return the first request whose body has these members.

    Raises:
        AssertionError: there is none; it names the nearest one and where that differs.
    """
    __tracebackhide__ = True
    last_sent(requests)
    distances: list[int] = []
    for request in requests:
        found = differences(members, request.body, partly=True)
        distance = sum(1 for _ in islice(found, _COUNTED))
        if not distance:
            return request
        distances.append(distance)
    # Of several that come as near, a test most likely means the last.
    number = min(range(len(distances)), key=lambda index: (distances[index], -index))
    many = len(requests) > 1
    which = f"the nearest of {len(requests)} requests, requests[{number}]," if many else "the only request"
    found = differences(members, requests[number].body, partly=True)
    raise AssertionError(f"no request was sent that has these members; {which} differs:{listed(found)}")
