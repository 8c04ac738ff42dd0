"""The headers by which a server asks a client to wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opper_chat._call.retry_after import parse_retry_after

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def seconds(headers: dict[str, str], status_code: int = 429, now: datetime | None = NOW) -> float | None:
    requested = parse_retry_after(headers, status_code, now)
    return None if requested is None else requested.seconds


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:09 GMT"}, 9),
        ({"retry-after": "Thursday, 01-Jan-26 12:00:09 GMT"}, 9),
        ({"retry-after": "Thu Jan  1 12:00:09 2026"}, 9),
        ({"retry-after": "2026-01-01T12:00:03Z"}, 3),
        ({"retry-after": "2026-01-01T13:00:03.5+01:00"}, 3.5),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:09 XYZ"}, 9),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": "in a while"}, None),
        ({"retry-after": "1_000"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "1:99999999999999999999999999999"}, None),
        ({"retry-after": "99999999999999999999-01-01"}, None),
        ({"ratelimit-reset": "12"}, 12),
        ({"ratelimit": '"default";r=0;t=8'}, 8),
        ({"ratelimit": '"default";r=0'}, None),
        ({"retry-after": "3", "ratelimit-reset": "12", "ratelimit": '"default";r=0;t=8'}, 3),
        ({"retry-after": "soon", "ratelimit-reset": "12"}, 12),
        ({"retry-after": "soon", "ratelimit-reset": "later", "ratelimit": '"default";r=0;t=8'}, 8),
    ],
)
def test_each_form_that_is_in_use(headers: dict[str, str], expected: float | None) -> None:
    """Milliseconds, seconds, the dates of HTTP and of RFC 3339, and the time when a quota is reset."""
    assert seconds(headers) == expected


@pytest.mark.parametrize("headers", [{"ratelimit-reset": "12"}, {"ratelimit": '"default";r=0;t=8'}])
def test_the_reset_of_a_quota_counts_in_a_429_only(headers: dict[str, str]) -> None:
    """Servers send these headers with every response."""
    assert seconds(headers, 503) is None


def test_a_date_counts_from_the_date_of_the_response() -> None:
    """From this machine's time only if the response has no date; without either the date is ignored."""
    headers = {"retry-after": "Thu, 01 Jan 2026 12:00:09 GMT"}
    dated = {**headers, "date": "Thu, 01 Jan 2026 12:00:05 GMT"}
    assert [seconds(dated), seconds(dated, now=None)] == [4, 4]
    assert [seconds(headers), seconds(headers, now=None)] == [9, None]
    assert seconds({**headers, "date": "today"}) == 9


@pytest.mark.parametrize(
    ("headers", "minimum"),
    [
        ({"retry-after": "5"}, 4),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"ratelimit-reset": "12"}, 11),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:09 GMT"}, 8),
        ({"retry-after": "Thu, 01 Jan 2026 09:00:00 GMT"}, 0),
    ],
)
def test_a_whole_number_of_seconds_may_have_been_rounded_up(headers: dict[str, str], minimum: float) -> None:
    """So that one second less is certain."""
    requested = parse_retry_after(headers, 429, NOW)
    assert requested is not None
    assert requested.minimum == minimum


TEXTS = st.text(max_size=40) | st.text("0123456789:-+TZ. GMTapm/", max_size=30)


@given(TEXTS, TEXTS)
def test_no_header_is_an_error(text: str, date: str) -> None:
    """Any text is read, and gives None or seconds from 0."""
    for name in ("retry-after", "retry-after-ms", "ratelimit-reset", "ratelimit"):
        found = seconds({name: text, "date": date})
        assert found is None or 0 <= found < float("inf")
