"""Find the request that a test expects among those that were received. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from .differences import differences, format_differences
from .received_request import ReceivedRequest

_MAX_COUNTED = 100


def last_request_of(requests: Sequence[ReceivedRequest]) -> ReceivedRequest:
    """Return the last request.

    Raises:
        AssertionError: There is none.
    """
    __tracebackhide__ = True
    if not requests:
        raise AssertionError("No request was received.")
    return requests[-1]


def find_request(requests: Sequence[ReceivedRequest], properties: Mapping[str, object]) -> ReceivedRequest:
    """Return the first request whose body has these properties.

    Raises:
        AssertionError: There is none. The message has the differences from the nearest request.
    """
    __tracebackhide__ = True
    last_request_of(requests)
    distances: list[int] = []
    for request in requests:
        found = differences(properties, request.body, partly=True)
        distance = sum(1 for _ in islice(found, _MAX_COUNTED))
        if not distance:
            return request
        distances.append(distance)
    # If several are as near, a test most likely means the last.
    number = min(range(len(distances)), key=lambda index: (distances[index], -index))
    many = len(requests) > 1
    which = f"The nearest of {len(requests)} requests, requests[{number}]," if many else "The only request"
    found = differences(properties, requests[number].body, partly=True)
    raise AssertionError(f"No request has these properties. {which} differs:{format_differences(found)}")
