"""The adaptive limiter: simulated against servers of every kind in virtual time, and tried on a real one."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from statistics import mean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits_simulation import ConcurrencyLimit, Simulation, Unlimited
from opper_chat import APITimeoutError, AsyncOpper, Opper, RateLimitError
from opper_chat._limits import ALLOWANCE, LONGEST_PAUSE, SLACK, TRIAL_RATE, Pace
from opper_chat._refusals import asked_pause
from opper_chat.testing import FixedWindow, LocalServer, ReceivedRequest, Reply, SlidingWindow, TokenBucket

Server = TokenBucket | FixedWindow | SlidingWindow

KINDS: dict[str, Callable[[float], Server]] = {
    "bucket": TokenBucket,
    "bucket of a tenth": lambda rate: TokenBucket(rate, max(2, rate / 10)),
    "bucket of ten": lambda rate: TokenBucket(rate, rate * 10),
    "fixed window": FixedWindow,
    "sliding window": SlidingWindow,
}
COMMON = ["bucket", "fixed window", "sliding window"]


def server(kind: str, rate: float, phase: float = 0.0) -> Server:
    made = KINDS[kind](rate)
    if phase:
        allows = made.allows
        made.allows = lambda now: allows(now + phase)  # type: ignore[method-assign]
    return made


def storm(server: Any, latency: float, callers: int, **options: Any) -> Simulation:
    return Simulation(server, [Pace()], callers, latency, **options)


@pytest.mark.parametrize("number", [1, 2, 25, 60, 300])
@pytest.mark.parametrize("latency", [0.05, 1.0])
@pytest.mark.parametrize("quick", [False, True])
def test_one_refusal_costs_a_healthy_client_nothing(number: int, latency: float, quick: bool) -> None:
    """50 callers, and one response of all is a 429: at most 2 s longer than without the limiter, and no failed call."""
    options: Any = {
        "latency": latency, "calls": 300 if number < 300 else 1000, "refuse": frozenset([number]),
        "quick_refusals": quick, "max_retries": 3, "deadline": 60,
    }  # fmt: skip
    without, limited = (Simulation(Unlimited(), [pace], **options).run() for pace in (None, Pace()))
    assert limited.now <= without.now + 2
    assert not limited.failed


@pytest.mark.parametrize("number", [1, 2, 25])
def test_one_refusal_with_a_pause_costs_the_pause(number: int) -> None:
    """`Retry-After: 3` of a single refusal costs at most these 3 s, and says nothing about the rate."""
    options: Any = {"latency": 0.05, "calls": 300, "refuse": frozenset([number]), "retry_after": 3, "deadline": 60}
    limited = Simulation(Unlimited(), [Pace()], **options).run()
    assert limited.now <= 3 + 2
    assert not limited.failed


@pytest.mark.parametrize("share", [0.01, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("retry_after", [0, 1])
@pytest.mark.parametrize(("callers", "latency", "seconds"), [(50, 0.05, 12), (8, 0.05, 30), (50, 1.0, 60)])
def test_stray_refusals_slow_nobody_down(
    share: float, retry_after: int, callers: int, latency: float, seconds: float
) -> None:
    """At least 80 % of what goes through without the limiter, where up to 10 % are refused whatever the rate."""

    def runs(make: Callable[[], Pace | None]) -> list[Simulation]:
        return [
            Simulation(
                Unlimited(), [make()], callers, latency, stray=share, retry_after=retry_after, deadline=60, seed=seed
            ).run(seconds)
            for seed in range(3)
        ]

    limited = runs(Pace)
    assert mean(run.successes() for run in limited) >= 0.8 * mean(run.successes() for run in runs(lambda: None))
    assert not any(run.failed for run in limited)  # 100 retries: none failed for the limiter's wait either


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_over_a_bad_server_loses_nothing(seed: int) -> None:
    """500 calls, a tenth of the requests refused and a twentieth answered with 503."""
    batch = storm(Unlimited(), 0.05, 50, calls=500, stray=0.1, errors=0.05, max_retries=8, deadline=60, seed=seed).run()
    assert not batch.failed
    assert batch.now <= 15


def test_after_an_outage_the_pace_doubles_every_round_trip() -> None:
    """All is refused for ten seconds. Full speed within five more, the gap between two probes included."""

    class Outage:
        def allows(self, now: float) -> bool:
            return now >= 10

    run = storm(Outage(), 0.05, 50).run(30)
    assert run.successes(15, 30) >= 0.8 * 50 / 0.05
    assert not run.failed


@pytest.mark.parametrize("kind", COMMON)
@pytest.mark.parametrize("rate", [50, 200])
@pytest.mark.parametrize("latency", [0.001, 0.02, 0.1])
def test_it_gets_what_is_allowed_and_little_more_is_refused(kind: str, rate: int, latency: float) -> None:
    """At least 95 % of R and at most 2.1 % of refusals in the second ten seconds, wherever in its second it began."""
    for seed in range(3):
        run = storm(server(kind, rate, seed / 3), latency, max(16, int(rate * latency * 2)), seed=seed).run(20)
        assert run.successes(10, 20) >= 0.95 * rate
        assert run.refused(10) <= 0.021


@pytest.mark.parametrize("kind", ["bucket of a tenth", "bucket of ten"])
@pytest.mark.parametrize("rate", [50, 200])
@pytest.mark.parametrize("latency", [0.001, 0.02, 0.1])
def test_it_gets_nearly_as_much_of_unusual_buckets(kind: str, rate: int, latency: float) -> None:
    """90 % of R and at most 5 % of refusals."""
    for seed in range(3):
        run = storm(server(kind, rate, seed / 3), latency, max(16, int(rate * latency * 2)), seed=seed).run(20)
        assert run.successes(10, 20) >= 0.9 * rate
        assert run.refused(10) <= 0.05


@pytest.mark.parametrize("rate", [50, 100, 200])
@pytest.mark.parametrize("kind", COMMON)
def test_it_does_so_from_the_beginning(kind: str, rate: int) -> None:
    """Of the whole run 94 % of R; of what was sent once a refusal was known 2.1 % of refusals."""
    for seed in range(6):
        run = storm(server(kind, rate, seed / 6), 0.02, 16, seed=seed).run(20)
        assert run.successes(0, 20) >= 0.94 * rate
        assert run.refused(run.first_known()) <= 0.021


@pytest.mark.parametrize("most", [1, 5, 20])
@pytest.mark.parametrize("latency", [0.05, 1.0])
def test_a_limit_of_concurrent_requests_is_used_as_well(most: int, latency: float) -> None:
    """A server that works on so many requests at a time: 70 % of what it can do, and at most 8 % of refusals."""
    run = storm(ConcurrencyLimit(most), latency, 50, quick_refusals=True).run(60)
    assert run.successes(10, 60) >= 0.7 * most / latency
    assert run.refused(10) <= 0.08


@pytest.mark.parametrize("kind", COMMON)
@pytest.mark.parametrize(("processes", "least"), [(2, 0.9), (8, 0.7)])
def test_processes_share_a_limit(kind: str, processes: int, least: float) -> None:
    """Together they get most of it, each of them something, and at most 12 % of the requests are refused."""
    run = Simulation(server(kind, 100), [Pace() for _ in range(processes)], 16, 0.02).run(30)
    assert run.successes(10, 30) >= least * 100
    assert run.refused(10) <= 0.12
    served = {answer.process for answer in run.answers if answer.status == 200 and answer.sent > 10}
    assert len(served) == processes


@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_to_the_limit_over_two_seconds_of_latency(kind: str) -> None:
    """70 % of R and at most 5 % of refusals, when every lesson comes two seconds late, by 0.4 s more or less."""
    run = storm(server(kind, 100), 2.0, 400).run(60)
    assert run.successes(30, 60) >= 0.7 * 100
    assert run.refused(30) <= 0.05


@pytest.mark.parametrize("kind", ["bucket", "bucket of a tenth", "fixed window", "sliding window"])
def test_it_follows_a_limit_that_changes(kind: str) -> None:
    """Within seconds when the limit is halved, and within ten when it is doubled again."""
    run = storm(server(kind, 100), 0.02, 32, changes={20: 50, 40: 100}).run(70)
    assert run.successes(25, 40) >= 0.95 * 50
    assert run.refused(20, 40) <= 0.045
    assert run.refused(25, 40) <= 0.02
    assert run.successes(50, 70) >= 0.95 * 100
    assert run.refused(40, 70) <= 0.02


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
    """Half of R and at most a fifth of refusals at the very least, whatever the server, the network and the callers."""
    run = storm(server(kind, rate, phase), latency, callers, jitter=jitter, seed=seed).run(20)
    if all(answer.status == 200 for answer in run.answers):
        return  # a bucket that large is not emptied by so few callers
    assert run.successes(10, 20) >= 0.5 * rate
    assert run.refused(10) <= 0.2


@given(
    st.lists(
        st.tuples(st.floats(0, 10), st.sampled_from([200, 429, 429, 503]), st.floats(0, 3), st.booleans()),
        max_size=60,
    )
)
def test_it_is_never_stuck(steps: list[tuple[float, int, float, bool]]) -> None:
    """After any responses in any order the next request is due within ten seconds, and the rate is above 0."""
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
    """A bucket of four tokens whose responses all come at once gets half its rate soon, not a twentieth."""
    run = storm(server("bucket of a tenth", 40), 0.0625, 100, jitter=0.0).run(20)
    assert run.successes(10, 20) >= 0.5 * 40


def slowed(rate: float = 100) -> tuple[Pace, float]:
    """Return a pace that was refused at this rate, and the time after that."""
    pace = Pace()
    Simulation(TokenBucket(rate), [pace], 32, 0.02).run(20)
    return pace, 20.0


def test_requests_go_at_an_even_pace() -> None:
    """One by one, however many wait: in no tenth of a second more than the rate, and what lateness is made up for."""
    run = storm(TokenBucket(100), 0.02, 200).run(20)
    later = deque(time for time in run.sent if time >= 10)
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
    """A refusal after an hour in which nothing was sent halves the limit at most: the hour's average says nothing."""
    pace, _ = slowed()
    before = pace.rate
    assert before is not None
    pace.told(3600.0, 429, {}, 3600.02)
    assert pace.rate is not None
    assert pace.rate >= TRIAL_RATE * before / 4  # of the trial that follows


@pytest.mark.parametrize("said", ["30", "30.0", "Tue, 24 Nov 2026 10:00:30 GMT"])
def test_a_server_that_says_when_is_heard(said: str) -> None:
    """Nothing is due before the pause that it asks for is surely over, also where nothing was held back before."""
    headers = {"retry-after": said, "date": "Tue, 24 Nov 2026 10:00:00 GMT"}
    for pace, now in (slowed(), (Pace(), 20.0)):
        pace.told(now, 429, headers, now)
        assert now + 29 <= pace.due(now) <= now + 30


def test_a_pause_ends_when_the_server_accepts_a_later_request() -> None:
    """One that was sent after the refused one. What was sent before it says nothing."""
    pace = Pace()
    pace.told(1.0, 429, {"retry-after": "30"}, 1.1)
    pace.told(0.9, 200, {}, 1.2)
    assert pace.due(1.2) >= 30
    pace.told(1.05, 200, {}, 1.3)
    assert pace.due(1.3) == 1.3
    assert pace.rate is None


def test_no_pause_is_for_ever() -> None:
    """A server that asks for a day is asked again after a minute."""
    pace, now = slowed()
    pace.told(now, 429, {"retry-after": "86400"}, now)
    assert pace.due(now) == now + LONGEST_PAUSE


def test_a_second_that_a_server_always_names_costs_no_second() -> None:
    """`Retry-After: 1` is what servers say for any part of a second: 95 % of R all the same."""
    run = storm(FixedWindow(100), 0.02, 64, retry_after=1).run(20)
    assert run.successes(5, 20) >= 0.95 * 100
    assert run.refused(5) <= 0.02


def test_the_reason_for_a_wait_is_named() -> None:
    """The pause that the server asked for, or the rate, whichever holds the request back."""
    pace = Pace()
    pace.told(1.0, 429, {"retry-after": "30"}, 1.0)
    assert pace.explain(2.0) == "the server asked for no more requests for 28.0 s in a response with status 429"
    for number in range(int(ALLOWANCE) + 1):
        pace.told(40.0 + number / 1000, 429, {}, 40.0 + number / 1000)
    assert (
        pace.explain(41.0) == "adaptive=True sends 1 requests per second since the server refused more with status 429"
    )


HELLO: Any = [{"role": "user", "content": "Hello"}]


class RefuseSome:
    """Refuse the requests of these numbers, counted from 1."""

    def __init__(self, refused: set[int]) -> None:
        self.refused = refused
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self, _: ReceivedRequest) -> Reply | None:
        with self._lock:
            self.count += 1
            number = self.count
        return Reply.json({"error": "Slow down."}, status=429) if number in self.refused else None


def test_a_stray_429_does_not_stop_the_threads_of_a_client(server_url: tuple[LocalServer, RefuseSome]) -> None:
    """100 calls by 20 threads, of which the first request and every thirtieth are refused: all are answered soon."""
    local, _ = server_url
    results: list[object] = []
    options: Any = {"deadline": 60, "max_retries": 3, "max_concurrency": 20, "adaptive": True}
    with Opper(api_key="key", base_url=local.base_url, **options) as client:

        def work() -> None:
            for _ in range(5):
                try:
                    results.append(client.chat.completions.create(messages=HELLO).text)
                except (RateLimitError, APITimeoutError) as error:
                    results.append(error)

        began = time.monotonic()
        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 100
    assert not [result for result in results if isinstance(result, Exception)]
    assert time.monotonic() - began < 30  # without a limiter about 1 s; at a tenth of a request a second 1000


def test_a_stray_429_does_not_stop_the_tasks_of_a_client(server_url: tuple[LocalServer, RefuseSome]) -> None:
    """The same with 100 tasks at once."""
    local, _ = server_url

    async def work() -> list[object]:
        options: Any = {"deadline": 60, "max_retries": 3, "max_concurrency": 20, "adaptive": True}
        async with AsyncOpper(api_key="key", base_url=local.base_url, **options) as client:
            calls = [client.chat.completions.create(messages=HELLO) for _ in range(100)]
            return list(await asyncio.gather(*calls, return_exceptions=True))

    began = time.monotonic()
    results = asyncio.run(work())
    assert not [result for result in results if isinstance(result, BaseException)]
    assert time.monotonic() - began < 30


@pytest.fixture
def server_url() -> Any:
    refuse = RefuseSome({1, *range(30, 200, 30)})
    with LocalServer() as local:
        local.reply(*[refuse] * 200)
        yield local, refuse


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
