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
from opper_chat._call.pacing import LONGEST_PAUSE, SLACK, TRIAL_RATE, Pace
from opper_chat._call.retries import FIRST_WAIT, LONGEST_WAIT, longest_backoff
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
def test_one_refusal_with_a_pause_delays_one_call(number: int) -> None:
    """`Retry-After: 30` of a single refusal delays that call alone."""
    options: Any = {"latency": 0.05, "calls": 300, "refuse": frozenset([number]), "retry_after": 30, "deadline": 60}
    limited = Simulation(Unlimited(), [Pace()], **options).run()
    assert len(limited.finished) == 300
    assert sorted(limited.finished)[-2] <= 1
    assert limited.now <= 30 + 2


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


@pytest.mark.parametrize(
    ("callers", "latency", "share", "retry_after"),
    [
        (4, 0.2, 0.01, 0),
        (8, 1.0, 0.02, 0),
        (1, 0.2, 0.05, 0),
        (16, 0.2, 0.01, 0),
        (4, 0.05, 0.05, 5),
        (1, 0.2, 0.05, 1),
    ],
)
def test_stray_refusals_slow_no_small_client_down(callers: int, latency: float, share: float, retry_after: int) -> None:
    """At least 80 % of what goes through without the limiter in ten minutes, by every seed."""
    for seed in range(3):
        limited, without = (
            Simulation(
                Unlimited(), [pace], callers, latency, stray=share, retry_after=retry_after, deadline=60, seed=seed
            ).run(600)
            for pace in (Pace(), None)
        )
        assert limited.successes() >= 0.8 * without.successes()
        assert not limited.failed


class Brownout:
    """Accept all requests, but for some seconds only so many a second."""

    def __init__(self, begins: float, ends: float, rate: float) -> None:
        self.begins, self.ends = begins, ends
        self._bucket = TokenBucket(rate, 1)

    def allows(self, now: float) -> bool:
        return self._bucket.allows(now) if self.begins <= now < self.ends else True


@pytest.mark.parametrize(("seconds", "rate"), [(5, 1), (10, 1), (10, 3), (10, 10)])
@pytest.mark.parametrize(("callers", "latency"), [(50, 0.05), (20, 0.05), (8, 0.2)])
def test_the_full_rate_is_back_after_a_brownout(seconds: float, rate: float, callers: int, latency: float) -> None:
    """80 % of what the server did before, from 25 seconds after it accepts everything again."""
    for seed in range(2):
        run = storm(Brownout(20, 20 + seconds, rate), latency, callers, max_retries=3, deadline=60, seed=seed).run(60)
        assert run.successes(20 + seconds + 25, 60) >= 0.8 * callers / latency


@pytest.mark.parametrize("kind", COMMON)
@pytest.mark.parametrize(("low", "seconds"), [(10, 15), (1, 30)])
def test_a_limit_that_rises_tenfold_and_more_is_found(kind: str, low: float, seconds: float) -> None:
    """80 % of R so many seconds after the limit went from 100 to a low one, and after 20 seconds back to 100."""
    for seed in range(3):
        run = storm(server(kind, 100), 0.02, 50, changes={20: low, 40: 100}, seed=seed).run(40 + seconds + 10)
        assert run.successes(40 + seconds, 40 + seconds + 10) >= 0.8 * 100


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_over_a_bad_server_loses_nothing(seed: int) -> None:
    """500 calls, a tenth of the requests refused and a twentieth answered with 503."""
    batch = storm(Unlimited(), 0.05, 50, calls=500, stray=0.1, errors=0.05, max_retries=8, deadline=60, seed=seed).run()
    assert not batch.failed
    assert batch.now <= 15


@pytest.mark.parametrize("kind", COMMON)
@pytest.mark.parametrize("latency", [0.02, 0.2])
def test_a_limit_that_falls_to_a_tenth_is_used(kind: str, latency: float) -> None:
    """From ten seconds after it fell from 100 to 10 a second, at least 80 % of it, and at most 8 % of refusals."""
    for seed in range(4):
        run = storm(server(kind, 100, seed / 4), latency, 50, changes={20: 10}, seed=seed).run(40)
        assert run.successes(30, 40) >= 0.8 * 10
        assert run.refused(30) <= 0.08


class Exhausted:
    """Refuse everything, as a quota that is used up."""

    def allows(self, now: float) -> bool:
        return False


@pytest.mark.parametrize("callers", [40, 16])
@pytest.mark.parametrize("retries", [2, 3])
@pytest.mark.parametrize("retry_after", [0, 2])
def test_calls_fail_soon_where_all_are_refused(callers: int, retries: int, retry_after: int) -> None:
    """40 calls by so many callers: at most five times as late as without the limiter, by no more than 10 s."""
    options: Any = {"latency": 0.05, "calls": 40, "max_retries": retries, "retry_after": retry_after}
    for seed in range(3):
        without, limited = (
            Simulation(Exhausted(), [pace], callers, seed=seed, **options).run() for pace in (None, Pace())
        )
        assert len(limited.failed) == 40
        assert limited.now <= min(5 * without.now, without.now + 10)
        assert 40 <= len(limited.sent) < len(without.sent)


def test_calls_wait_for_a_window_of_some_seconds() -> None:
    """With two retries no call fails for a quota that is refilled every four seconds, of which no header tells."""
    options: Any = {"latency": 0.05, "max_retries": 2, "seed": 1}
    without, limited = (Simulation(FixedWindow(20, 4.0), [pace], 16, **options).run(60) for pace in (None, Pace()))
    assert len(without.failed) > 100
    assert len(limited.failed) <= 5


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
    """70 % of R and at most 5 % of refusals, when each response arrives two seconds late, give or take 0.4 s."""
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
            pace.record_request(now)
        pace.record_response(max(now - age, 0), status, {}, now)
        assert now <= pace.due(now) <= now + 10
        assert pace.rate is None or pace.rate > 0


@given(st.lists(st.floats(0, 0.01), max_size=100))
def test_nothing_is_held_back_before_the_first_refusal(pauses: list[float]) -> None:
    """Every request is due at once, however fast they come and whatever else the server answers."""
    pace, now = Pace(), 0.0
    for pause in pauses:
        now += pause
        assert pace.due(now) == now
        pace.record_request(now)
        pace.record_response(now, 503, {"retry-after": "9"}, now)
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
        pace.record_request(now)
        pace.record_response(now, 200, {}, now + 0.02)
    assert pace.rate == rate


def test_rest_does_not_count_against_the_limit() -> None:
    """A refusal after an hour in which nothing was sent halves the limit at most: the hour's average says nothing."""
    pace, _ = slowed()
    before = pace.rate
    assert before is not None
    pace.record_response(3600.0, 429, {}, 3600.02)
    assert pace.rate is not None
    assert pace.rate >= TRIAL_RATE * before / 4  # of the trial that follows


@pytest.mark.parametrize("said", ["30", "30.0", "Tue, 24 Nov 2026 10:00:30 GMT"])
def test_a_server_that_says_when_is_heard(said: str) -> None:
    """Nothing is due before the pause that it asks for is surely over, once the rate is limited."""
    headers = {"retry-after": said, "date": "Tue, 24 Nov 2026 10:00:00 GMT"}
    pace, now = slowed()
    pace.record_response(now, 429, headers, now)
    assert now + 29 <= pace.due(now) <= now + 30


def test_a_pause_ends_when_the_server_accepts_a_later_request() -> None:
    """One that was sent after the refused one. What was sent before it says nothing."""
    pace, now = slowed()
    pace.record_response(now, 429, {"retry-after": "30"}, now + 0.1)
    pace.record_response(now - 0.1, 200, {}, now + 0.2)
    assert pace.due(now + 0.2) >= now + 29
    pace.record_response(now + 0.05, 200, {}, now + 0.3)
    assert pace.due(now + 0.3) < now + 1


@pytest.mark.parametrize("number", [1, 5, 40])
def test_a_few_pauses_are_no_reason_to_hold_others_back(number: int) -> None:
    """While the rate is not limited, `Retry-After` is for the call that got it."""
    pace, now = Pace(), 0.0
    for _ in range(number):
        now += 1
        pace.record_response(now, 429, {"retry-after": "30"}, now)
        assert pace.due(now) == now
        for _ in range(9):
            pace.record_response(now, 200, {}, now)
    assert pace.rate is None


def test_no_pause_is_for_ever() -> None:
    """A server that asks for a day is asked again after a minute."""
    pace, now = slowed()
    pace.record_response(now, 429, {"retry-after": "86400"}, now)
    assert pace.due(now) == now + LONGEST_PAUSE


def test_a_second_that_a_server_always_names_costs_no_second() -> None:
    """`Retry-After: 1` is what servers say for any part of a second: 95 % of R all the same."""
    run = storm(FixedWindow(100), 0.02, 64, retry_after=1).run(20)
    assert run.successes(5, 20) >= 0.95 * 100
    assert run.refused(5) <= 0.02


def test_the_reason_for_a_wait_is_named() -> None:
    """The pause that the server asked for, the rate, or that it refuses all: whichever holds the request back."""
    pace = Pace()
    assert pace.explain(0.0) == "other requests were waiting before it"
    pace, now = slowed()
    rate = pace.rate
    assert pace.explain(now) == (
        f"adaptive_rate_limit=True sends {rate:.3g} requests per second since the server refused more with status 429"
    )
    pace.record_response(now, 429, {"retry-after": "30"}, now)
    assert pace.explain(now) == "the server asked for no more requests for 29.0 s in a response with status 429"


@pytest.mark.parametrize("accepted", [0, 50])
def test_probes_are_named_as_such(accepted: int) -> None:
    """Where all requests are refused, single ones are sent, whatever the rate was before."""
    pace, now = Pace(), 0.0
    for _ in range(accepted):
        now += 0.01
        pace.record_response(now, 200, {}, now)
    for _ in range(30):
        now = pace.due(now)
        pace.record_request(now)
        pace.record_response(now, 429, {}, now + 0.01)
        now += 0.01
    assert "single" in pace.explain(now)
    assert pace.due(now) - now > 0.1


def test_patience_lasts_as_long_as_a_call_would_be_retried() -> None:
    """From when all requests are refused; five seconds at least, and a second for a call that begins later."""
    pace = Pace()
    assert pace.give_up_time(0, 2, 7) == 12  # requests are accepted
    for number in range(12):
        pace.record_response(0, 429, {}, 1)
        pace.record_response(2 + number, 429, {}, 2.5 + number)
    assert pace.explain(14).startswith("the server refuses all requests")
    assert pace.give_up_time(0, 2, 14) == 6
    assert pace.give_up_time(14, 2, 14) == 14 + 1.5
    assert pace.give_up_time(14, 0, 14) == 14 + 1
    assert pace.give_up_time(0, 100, 14) > 700
    pace.record_response(15, 200, {}, 15.5)
    assert pace.give_up_time(0, 2, 15.5) == 15.5 + 5


@pytest.mark.parametrize(("asked", "waits"), [("10", 1.5 + 2 * 9), ("3600", 5)])
def test_patience_has_room_for_the_pauses_that_a_server_asks_for(asked: str, waits: float) -> None:
    """But for those that are too long for any call to be retried after."""
    pace, now = slowed()
    pace.record_response(now, 429, {"retry-after": asked}, now)
    assert pace.give_up_time(now - 1, 2, now) in (now + waits, now - 1 + waits)


@pytest.mark.parametrize("retries", [0, 1, 4, 5, 12])
def test_the_longest_waits_of_a_call(retries: int) -> None:
    """Each twice the one before, up to the longest."""
    assert longest_backoff(retries) == sum(min(LONGEST_WAIT, FIRST_WAIT * 2**number) for number in range(retries))


HELLO: Any = [{"role": "user", "content": "Hello"}]


class RefuseSome:
    """Refuse the requests of these numbers, counted from 1."""

    def __init__(self, refused: set[int], headers: dict[str, str] | None = None) -> None:
        self.refused = refused
        self.headers = headers
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self, _: ReceivedRequest) -> Reply | None:
        with self._lock:
            self.count += 1
            number = self.count
        if number not in self.refused:
            return None
        return Reply.json({"error": "Slow down."}, status=429, headers=self.headers)


def test_a_stray_429_does_not_stop_the_threads_of_a_client(server_url: tuple[LocalServer, RefuseSome]) -> None:
    """100 calls by 20 threads, of which the first request and every thirtieth are refused: all are answered soon."""
    local, _ = server_url
    results: list[object] = []
    options: Any = {"deadline": 60, "max_retries": 3, "max_concurrency": 20, "adaptive_rate_limit": True}
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
        options: Any = {"deadline": 60, "max_retries": 3, "max_concurrency": 20, "adaptive_rate_limit": True}
        async with AsyncOpper(api_key="key", base_url=local.base_url, **options) as client:
            calls = [client.chat.completions.create(messages=HELLO) for _ in range(100)]
            return list(await asyncio.gather(*calls, return_exceptions=True))

    began = time.monotonic()
    results = asyncio.run(work())
    assert not [result for result in results if isinstance(result, BaseException)]
    assert time.monotonic() - began < 30


def run_threads(count: int, seconds: float, call: Callable[[int], None]) -> None:
    """Call a function with the number of its thread, again and again, in so many threads for so many seconds."""
    ends = time.monotonic() + seconds

    def work(number: int) -> None:
        while time.monotonic() < ends:
            call(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("form", ["text", "object", "list"])
def test_one_model_without_quota_does_not_slow_another_down(form: str) -> None:
    """Four threads ask a model that always answers 429 with `Retry-After: 30`, four another one of the same client."""
    accepted: list[float] = []

    def answer(request: ReceivedRequest) -> Reply | None:
        if "used-up" in str(request.model):
            return Reply.json({"error": "No quota."}, status=429, headers={"retry-after": "30"})
        return None

    def named(name: str) -> Any:
        return {"text": name, "object": {"name": name}, "list": [name, "spare"]}[form]

    options: Any = {"deadline": 1, "max_retries": 0, "adaptive_rate_limit": True}
    with LocalServer() as local:
        local.reply(*[answer] * 20000)
        with Opper(api_key="key", base_url=local.base_url, **options) as client:

            def call(number: int) -> None:
                try:
                    client.chat.completions.create(messages=HELLO, model=named("good" if number % 2 else "used-up"))
                    accepted.append(time.monotonic())
                except (RateLimitError, APITimeoutError):
                    assert number % 2 == 0
                    time.sleep(0.01)

            run_threads(8, 3, call)
    assert len(accepted) > 150  # a limiter of both lets about 10 through


def test_the_pause_of_one_429_does_not_fail_other_calls() -> None:
    """The fifth of 100 requests is refused with `Retry-After: 30`. With a deadline of 20 s its call alone fails."""
    refuse = RefuseSome({5}, {"retry-after": "30"})
    results: list[object] = []
    options: Any = {"deadline": 20, "max_retries": 2, "adaptive_rate_limit": True}
    with LocalServer() as local:
        local.reply(*[refuse] * 200)
        with Opper(api_key="key", base_url=local.base_url, **options) as client:

            def work() -> None:
                for _ in range(12):
                    try:
                        results.append(client.chat.completions.create(messages=HELLO).text)
                    except (RateLimitError, APITimeoutError) as error:
                        results.append(error)

            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len([result for result in results if isinstance(result, Exception)]) <= 1
    assert len(results) == 96


def check_refused(errors: list[Any], requests: int, seconds: float) -> None:
    """Check the errors of 40 calls of which the server refused all requests."""
    assert len(errors) == 40
    for error in errors:
        assert isinstance(error, RateLimitError)
        assert error.status_code == 429
        assert error.message == "No quota."
        assert 1 <= len(error.attempts) <= 3
        notes = getattr(error, "__notes__", [])
        assert (notes == []) == (len(error.attempts) == 3)
        assert notes in ([], ["Not retried: meanwhile the server refused all requests with status 429."])
    assert sum(len(error.attempts) for error in errors) == requests < 120
    assert seconds < 20  # without a limiter about 2


def test_threads_fail_soon_where_all_are_refused() -> None:
    """40 calls with two retries by 40 threads: each gets the server's own error."""
    errors: list[object] = []
    with LocalServer() as local:
        local.reply(*[Reply.json({"error": "No quota."}, status=429)] * 200)
        with Opper(api_key="key", base_url=local.base_url, adaptive_rate_limit=True) as client:

            def work() -> None:
                with pytest.raises(RateLimitError) as raised:
                    client.chat.completions.create(messages=HELLO)
                errors.append(raised.value)

            began = time.monotonic()
            threads = [threading.Thread(target=work) for _ in range(40)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        check_refused(errors, len(local.requests), time.monotonic() - began)


def test_tasks_fail_soon_where_all_are_refused() -> None:
    """The same by 40 tasks, 20 at a time."""

    async def work(url: str) -> list[Any]:
        options: Any = {"adaptive_rate_limit": True, "max_concurrency": 20}
        async with AsyncOpper(api_key="key", base_url=url, **options) as client:
            calls = [client.chat.completions.create(messages=HELLO) for _ in range(40)]
            return await asyncio.gather(*calls, return_exceptions=True)

    with LocalServer() as local:
        local.reply(*[Reply.json({"error": "No quota."}, status=429)] * 200)
        began = time.monotonic()
        errors = asyncio.run(work(local.base_url))
        check_refused(errors, len(local.requests), time.monotonic() - began)


@pytest.fixture
def server_url() -> Any:
    refuse = RefuseSome({1, *range(30, 200, 30)})
    with LocalServer() as local:
        local.reply(*[refuse] * 200)
        yield local, refuse
