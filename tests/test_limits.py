"""The pace: simulated against servers of every kind, in virtual time, with no socket and no sleep."""

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opper_chat._limits import LONGEST_PAUSE, SLACK, Pace, asked_pause
from opper_chat.testing import FixedWindow, SlidingWindow, TokenBucket

Server = TokenBucket | FixedWindow | SlidingWindow

KINDS: dict[str, Callable[[float], Server]] = {
    "bucket": TokenBucket,
    "bucket of a tenth": lambda rate: TokenBucket(rate, max(2, rate / 10)),
    "bucket of ten": lambda rate: TokenBucket(rate, rate * 10),
    "fixed window": FixedWindow,
    "sliding window": SlidingWindow,
}


@dataclass
class Storm:
    """Callers that are never done, against one server. Times are virtual seconds.

    A caller takes its turn, sends, and hears after the latency; refused, it waits for a moment and tries again.
    """

    server: Server
    latency: float
    callers: int
    jitter: float = 0.2
    seed: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    changes: dict[float, float] = field(default_factory=dict)
    """The rate of the server from a time on."""
    pace: Pace = field(default_factory=Pace)
    sent: list[float] = field(default_factory=list)
    answers: list[tuple[float, float, bool]] = field(default_factory=list)
    """When a request was sent, when it was answered, and whether it was let in."""

    def run(self, seconds: float) -> "Storm":
        chance = random.Random(self.seed)
        numbers = count()
        events: list[tuple[float, int, str, Any]] = []
        waiting = deque(range(self.callers))
        changes = sorted(self.changes.items())
        asleep = False

        def at(time: float, kind: str, value: Any = None) -> None:
            heapq.heappush(events, (time, next(numbers), kind, value))

        at(0.0, "wake")
        while events and events[0][0] < seconds:
            now, _, kind, value = heapq.heappop(events)
            while changes and changes[0][0] <= now:
                self.server.rate = changes.pop(0)[1]
            if kind == "wake":
                asleep = False
            elif kind == "reaches":
                sent, answered = value
                at(answered, "answered", (sent, self.server.allows(now)))
            elif kind == "answered":
                sent, allowed = value
                self.answers.append((sent, now, allowed))
                self.pace.told(sent, 200 if allowed else 429, {} if allowed else self.headers, now)
                if allowed:
                    waiting.append(0)
                else:
                    at(now + 0.25 + chance.random() / 2, "again")
            else:
                waiting.append(0)
            while waiting and self.pace.due(now) <= now:
                waiting.popleft()
                self.pace.take(now)
                self.sent.append(now)
                took = self.latency * (1 + self.jitter * chance.uniform(-1, 1))
                at(now + took * 0.4, "reaches", (now, now + took))
            if waiting and not asleep:
                asleep = True
                at(self.pace.due(now) + chance.random() / 1000, "wake")  # timers are late
        return self

    def successes(self, since: float, until: float) -> float:
        """Those a second."""
        return sum(allowed for _, time, allowed in self.answers if since <= time < until) / (until - since)

    def refused(self, since: float = 0.0, until: float = 1e9) -> float:
        """The share of refusals among the answers to what was sent in this time."""
        answers = [allowed for sent, _, allowed in self.answers if since <= sent < until]
        return answers.count(False) / max(len(answers), 1)

    def first_known(self) -> float:
        return next(time for _, time, allowed in self.answers if not allowed)


def server(kind: str, rate: float, phase: float = 0.0) -> Server:
    made = KINDS[kind](rate)
    if phase:
        allows = made.allows
        made.allows = lambda now: allows(now + phase)  # type: ignore[method-assign]
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [50, 200])
@pytest.mark.parametrize("latency", [0.001, 0.02, 0.1])
def test_it_gets_what_is_allowed_and_little_more_is_refused(kind: str, rate: int, latency: float) -> None:
    """At least 95 % of R and at most 2 % of refusals in the second ten seconds, wherever in its second it began."""
    for seed in range(3):
        storm = Storm(server(kind, rate, seed / 3), latency, max(16, int(rate * latency * 2)), seed=seed).run(20)
        assert storm.successes(10, 20) >= 0.95 * rate
        assert storm.refused(10) <= 0.021


@pytest.mark.parametrize("rate", [50, 100, 200])
@pytest.mark.parametrize("kind", ["bucket", "fixed window", "sliding window"])
def test_it_does_so_from_the_beginning(kind: str, rate: int) -> None:
    """Of the whole run 94 % of R; of what was sent once a refusal was known 2 % of refusals."""
    for seed in range(6):
        storm = Storm(server(kind, rate, seed / 6), 0.02, 16, seed=seed).run(20)
        assert storm.successes(0, 20) >= 0.94 * rate
        assert storm.refused(storm.first_known()) <= 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_to_the_limit_over_two_seconds_of_latency(kind: str) -> None:
    """70 % of R and at most 5 % of refusals, when every lesson comes two seconds late, by 0.4 s more or less."""
    storm = Storm(server(kind, 100), 2.0, 400).run(60)
    assert storm.successes(30, 60) >= 0.7 * 100
    assert storm.refused(30) <= 0.05


@pytest.mark.parametrize("kind", ["bucket", "bucket of a tenth", "fixed window", "sliding window"])
def test_it_follows_a_limit_that_changes(kind: str) -> None:
    """Within seconds when the limit is halved, and within ten when it is doubled again."""
    storm = Storm(server(kind, 100), 0.02, 32, changes={20: 50, 40: 100}).run(70)
    assert storm.successes(25, 40) >= 0.95 * 50
    assert storm.refused(20, 40) <= 0.03
    assert storm.refused(25, 40) <= 0.02
    assert storm.successes(50, 70) >= 0.95 * 100
    assert storm.refused(40, 70) <= 0.02


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    rate=st.floats(40, 300),
    latency=st.floats(0.001, 0.3),
    jitter=st.floats(0, 0.5),
    callers=st.integers(100, 200),
    phase=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_no_server_is_stormed_or_deserted(
    kind: str, rate: float, latency: float, jitter: float, callers: int, phase: float, seed: int
) -> None:
    """Half of R and at most 6 % of refusals at the very least, whatever the server, the network and the callers."""
    storm = Storm(server(kind, rate, phase), latency, callers, jitter=jitter, seed=seed).run(20)
    if all(allowed for _, _, allowed in storm.answers):
        return  # a bucket that large is not emptied by so few callers
    assert storm.successes(10, 20) >= 0.5 * rate
    assert storm.refused(10) <= 0.06


@given(
    st.lists(
        st.tuples(st.floats(0, 10), st.sampled_from([200, 429, 429, 503]), st.floats(0, 3), st.booleans()),
        max_size=60,
    )
)
def test_it_is_never_stuck(steps: list[tuple[float, int, float, bool]]) -> None:
    """After any answers in any order the next request is due within ten seconds, and the rate is above 0."""
    pace, now = Pace(), 0.0
    for pause, status, age, asks in steps:
        now += pause
        if asks:
            now = pace.due(now)
            pace.take(now)
        pace.told(max(now - age, 0), status, {}, now)
        assert now <= pace.due(now) <= now + 10
        assert pace.rate is None or pace.rate > 0


@given(st.lists(st.floats(0, 0.01), max_size=100))
def test_nothing_is_held_back_before_the_first_refusal(pauses: list[float]) -> None:
    """Every request is due at once, however fast they come and whatever else the server answers."""
    pace, now = Pace(), 0.0
    for pause in pauses:
        now += pause
        assert pace.due(now) == now
        pace.take(now)
        pace.told(now, 503, {"retry-after": "9"}, now)
    assert pace.rate is None


def test_what_was_sent_in_the_moment_of_a_refusal_says_nothing_new() -> None:
    """A bucket of four tokens whose answers all come at once gets half its rate soon, not a twentieth."""
    storm = Storm(server("bucket of a tenth", 40), 0.0625, 100, jitter=0.0).run(20)
    assert storm.successes(10, 20) >= 0.5 * 40


def slowed(rate: float = 100) -> tuple[Pace, float]:
    """A pace that was refused at this rate, and the time after that."""
    storm = Storm(TokenBucket(rate), 0.02, 32).run(20)
    return storm.pace, 20.0


def test_requests_go_at_an_even_pace() -> None:
    """One by one, however many wait: in no tenth of a second more than the rate, and what lateness is made up for."""
    storm = Storm(TokenBucket(100), 0.02, 200).run(20)
    later = deque(time for time in storm.sent if time >= 10)
    while later:
        start = later.popleft()
        assert sum(time < start + 0.1 for time in list(later)[:60]) <= 100 * 1.3 * (0.1 + SLACK)


def test_who_asks_rarely_waits_for_nothing() -> None:
    """A request now and then is due at once, although the limit is known, and the rate does not grow by it."""
    pace, now = slowed()
    rate = pace.rate
    for _ in range(100):
        now += 1.0
        assert pace.due(now) == now
        pace.take(now)
        pace.told(now, 200, {}, now + 0.02)
    assert pace.rate == rate


def test_rest_does_not_count_against_the_limit() -> None:
    """A refusal after an hour in which nothing was sent halves the pace at most: the hour's average says nothing."""
    pace, _ = slowed()
    before = pace.rate
    assert before is not None
    pace.told(3600.0, 429, {}, 3600.02)
    assert pace.rate is not None
    assert pace.rate >= 0.96 * before / 2


@pytest.mark.parametrize("said", ["30", "30.0", "Tue, 24 Nov 2026 10:00:30 GMT"])
def test_a_server_that_says_when_is_heard(said: str) -> None:
    """Nothing is due before the pause that it asks for is surely over."""
    pace, now = slowed()
    headers = {"retry-after": said, "date": "Tue, 24 Nov 2026 10:00:00 GMT"}
    pace.told(now, 429, headers, now)
    assert now + 29 <= pace.due(now) <= now + 30


def test_no_pause_is_for_ever() -> None:
    """A server that asks for a day is asked again after a minute."""
    pace, now = slowed()
    pace.told(now, 429, {"retry-after": "86400"}, now)
    assert pace.due(now) == now + LONGEST_PAUSE


def test_a_second_that_a_server_always_names_costs_no_second() -> None:
    """`Retry-After: 1` is what servers say for any part of a second: 95 % of R all the same."""
    storm = Storm(FixedWindow(100), 0.02, 64, headers={"retry-after": "1"}).run(20)
    assert storm.successes(5, 20) >= 0.95 * 100
    assert storm.refused(5) <= 0.02


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "5"}, 4),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 2),
        ({"ratelimit-reset": "12"}, 11),
        ({"ratelimit": '"default";r=0;t=8'}, 7),
        ({"ratelimit": '"default";r=0'}, None),
        ({"retry-after": "Tue, 24 Nov 2026 10:00:09 GMT", "date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 8),
        ({"retry-after": "Tue, 24 Nov 2026 09:00:00 GMT", "date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 0),
        ({"retry-after": "Tue, 24 Nov 2026 10:00:09 GMT"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "in a while"}, None),
    ],
)
def test_what_a_server_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    """The seconds that are sure, of every form in use; None of what says nothing."""
    assert asked_pause(headers) == seconds


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_is_an_error(text: str, date: str) -> None:
    """Any text is read, and gives None or seconds."""
    for name in ("retry-after", "retry-after-ms", "ratelimit-reset", "ratelimit"):
        seconds = asked_pause({name: text, "date": date})
        assert seconds is None or seconds >= 0
