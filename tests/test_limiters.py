"""Both limiters: fair, bounded, and never short of a permit, whoever is cancelled and whichever loop is gone."""

import asyncio
import gc
import random
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from opper_chat import Opper, RateLimitError
from opper_chat._async.rate_limiter import AsyncRateLimiter
from opper_chat._http.leases import Permit
from opper_chat._sync.rate_limiter import MOST_MODELS, RateLimiter, RateLimiters
from opper_chat._transport._async.limiter import AsyncConcurrencyLimiter
from opper_chat._transport._sync.limiter import ConcurrencyLimiter
from opper_chat.testing import LocalServer, Reply

BACKENDS = ["asyncio", "trio"]
LONG = 30.0
"""Seconds after which a test that hangs is ended."""


class AsyncLimiters(AsyncRateLimiter):
    """What a call of an async client goes through: the two limiters."""

    def __init__(self, limit: int | None = None) -> None:
        super().__init__()
        self.concurrency = AsyncConcurrencyLimiter(limit)

    async def enter(self, seconds: float | None) -> Permit:
        permit = Permit()
        try:
            await self.concurrency.acquire(permit, seconds)
        except BaseException:
            permit.release()
            raise
        return permit


class Limiters(RateLimiter):
    """What a call of a sync client goes through: the two limiters."""

    def __init__(self, limit: int | None = None) -> None:
        super().__init__()
        self.concurrency = ConcurrencyLimiter(limit)

    def enter(self, seconds: float | None) -> Permit:
        permit = Permit()
        try:
            self.concurrency.acquire(permit, seconds)
        except BaseException:
            permit.release()
            raise
        return permit


def run(backend: str, work: Callable[[], Awaitable[Any]]) -> Any:
    async def bounded() -> Any:
        with anyio.fail_after(LONG):
            return await work()

    return anyio.run(bounded, backend=backend)


def refused(limiters: AsyncLimiters | Limiters, rate: int, headers: dict[str, str] | None = None) -> None:
    """Let a limiters learn that its requests are refused above this rate, or below it."""
    now = time.monotonic()
    for _ in range(rate):
        limiters.record_response(now, 200, {})
    for _ in range(12):  # a few are tolerated
        limiters.record_response(now, 429, headers or {})


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


async def until_async(condition: Callable[[], bool]) -> None:
    while not condition():
        await anyio.sleep(0.001)


def all_free(limiters: AsyncLimiters | Limiters) -> bool:
    return limiters.concurrency.granted == 0 and not limiters.concurrency.waiting and not limiters._waiting


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_limits_nothing_waits(backend: str) -> None:
    """No permit of either limiter is waited for, not even for one step of the event loop."""

    async def work() -> None:
        limiters = AsyncLimiters()
        limiters.record_response(time.monotonic(), 429, {"retry-after": "60"})
        for coroutine in (limiters.enter(0), limiters.acquire(0)):
            with pytest.raises(StopIteration):
                coroutine.send(None)
        assert limiters.rate is None

    run(backend, work)


@pytest.mark.parametrize("backend", BACKENDS)
def test_so_many_at_a_time(backend: str) -> None:
    """Never more calls than permits, and all permits in use while others wait."""

    async def work() -> None:
        limiters, inside, seen = AsyncLimiters(3), 0, []

        async def call() -> None:
            nonlocal inside
            permit = await limiters.enter(None)
            inside += 1
            seen.append(inside)
            await anyio.lowlevel.checkpoint()
            inside -= 1
            permit.release()

        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(call)
        assert max(seen) == 3
        assert len(seen) == 50
        assert all_free(limiters)

    run(backend, work)


@pytest.mark.parametrize("backend", BACKENDS)
def test_permits_are_given_in_the_order_of_asking(backend: str) -> None:
    """First come, first served, and nobody who comes later slips in between."""

    async def work() -> None:
        limiters, order = AsyncLimiters(1), []
        permit = await limiters.enter(None)

        async def call(number: int) -> None:
            mine = await limiters.enter(None)
            order.append(number)
            mine.release()

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(call, number)
                await until_async(lambda expected=number + 1: limiters.concurrency.waiting == expected)  # type: ignore[misc]
            permit.release()
            with pytest.raises(TimeoutError):
                await limiters.enter(0)
        assert order == list(range(20))

    run(backend, work)


@pytest.mark.parametrize("backend", BACKENDS)
def test_turns_are_given_in_the_order_of_asking(backend: str) -> None:
    """One by one, at times that do not go back."""

    async def work() -> None:
        limiters, order = AsyncLimiters(), []
        refused(limiters, 200)

        async def attempt(number: int) -> None:
            order.append((await limiters.acquire(None), number))

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(attempt, number)
                await until_async(lambda expected=number + 1: len(limiters._waiting) + len(order) >= expected)  # type: ignore[misc]
        assert [number for _, number in order] == list(range(20))
        assert order == sorted(order)
        assert not limiters._waiting

    run(backend, work)


def test_threads_are_served_in_the_order_of_asking() -> None:
    """Places and turns alike."""
    limiters, entered, turned = Limiters(1), [], []
    refused(limiters, 200)
    permit = limiters.enter(None)

    def call(number: int) -> None:
        mine = limiters.enter(LONG)
        entered.append(number)
        limiters.acquire(LONG)
        turned.append(number)
        mine.release()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(10)]
    for number, thread in enumerate(threads):
        thread.start()
        until(lambda expected=number + 1: limiters.concurrency.waiting == expected)  # type: ignore[misc]
    permit.release()
    for thread in threads:
        thread.join(LONG)
    assert entered == turned == list(range(10))
    assert all_free(limiters)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(5))
def test_cancelled_scopes_take_nothing_with_them(backend: str, seed: int) -> None:
    """Every permit is free, or passed on, whenever calls are cancelled."""
    chance = random.Random(seed)

    async def work() -> None:
        limiters, served = AsyncLimiters(2), 0
        refused(limiters, 1000)

        async def call(patience: float) -> None:
            nonlocal served
            with anyio.move_on_after(patience):
                permit = await limiters.enter(None)
                try:
                    await limiters.acquire(None)
                    await anyio.sleep(chance.random() * 0.003)
                    served += 1
                finally:
                    permit.release()

        async with anyio.create_task_group() as group:
            for number in range(60):
                group.start_soon(call, LONG if number % 10 == 0 else chance.random() * 0.4)
        assert served >= 6
        assert all_free(limiters)

    run(backend, work)


@pytest.mark.parametrize("steps", range(8))
def test_cancelled_tasks_take_nothing_with_them(steps: int) -> None:
    """asyncio's own cancellation, so many steps after a permit of either limiter was passed on."""

    async def work() -> None:
        limiters = AsyncLimiters(1)
        permit = await limiters.enter(None)
        waiting = [asyncio.ensure_future(limiters.enter(None)) for _ in range(3)]
        await until_async(lambda: limiters.concurrency.waiting == 3)
        permit.release()
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            (await waiting[0]).release()
            raise asyncio.CancelledError  # it was too late to cancel it
        (await waiting[1]).release()
        (await waiting[2]).release()
        assert all_free(limiters)

        refused(limiters, 100)
        attempts = [asyncio.ensure_future(limiters.acquire(None)) for _ in range(3)]
        for _ in range(steps):
            await asyncio.sleep(0)
        attempts[0].cancel()
        await asyncio.gather(*attempts, return_exceptions=True)
        assert all(attempt.done() for attempt in attempts)
        assert not attempts[1].cancelled()
        assert not attempts[2].cancelled()
        assert all_free(limiters)

    run("asyncio", work)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_permit_comes_in_time_or_not_at_all(backend: str) -> None:
    """TimeoutError when there was none in time, and whoever gave up does not stand in the way."""

    async def work() -> None:
        limiters = AsyncLimiters(1)
        permit = await limiters.enter(None)
        for seconds in (-1, 0, 0.01):
            with pytest.raises(TimeoutError):
                await limiters.enter(seconds)
        assert not limiters.concurrency.waiting
        permit.release()
        (await limiters.enter(0)).release()
        assert all_free(limiters)

    run(backend, work)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_turn_that_cannot_come_in_time_fails_at_once(backend: str) -> None:
    """Without a step of the event loop, where the server asked for a longer pause than there is time."""

    async def work() -> None:
        limiters = AsyncLimiters()
        refused(limiters, 5, {"retry-after": "40"})
        with pytest.raises(TimeoutError):
            limiters.acquire(10).send(None)
        assert not limiters._waiting

    run(backend, work)


def test_a_turn_that_does_not_come_in_time_fails() -> None:
    """TimeoutError for the one whose time is up in the queue; the one before it gets its permit."""
    limiters = Limiters()
    refused(limiters, 1)
    first: list[float] = []
    thread = threading.Thread(target=lambda: first.append(limiters.acquire(LONG)))
    thread.start()
    until(lambda: len(limiters._waiting) == 1)
    with pytest.raises(TimeoutError):
        limiters.acquire(0.3)
    thread.join(LONG)
    assert first
    assert not limiters._waiting
    with pytest.raises(TimeoutError):
        Limiters.enter(Limiters(0), 0.01)


@pytest.mark.parametrize("made", [Limiters, AsyncLimiters])
def test_a_permit_is_left_once(made: Any) -> None:
    """Leaving again frees nothing more, in any thread."""
    limiters = made(2)
    permit = limiters.enter(None) if made is Limiters else anyio.run(limiters.enter, None)
    threads = [threading.Thread(target=permit.release) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert all_free(limiters)


def test_a_permit_may_be_left_while_the_lock_is_held() -> None:
    """As by a finalizer that runs in the midst of the limiters's own work: nothing waits, and the next one gets in."""
    limiters = Limiters(1)
    permit = limiters.enter(None)
    entered: list[Any] = []
    thread = threading.Thread(target=lambda: entered.append(limiters.enter(LONG)))
    thread.start()
    until(lambda: limiters.concurrency.waiting == 1)
    with limiters.concurrency._lock:
        permit.release()
        assert not entered
    thread.join(LONG)
    assert len(entered) == 1
    entered[0].release()
    assert all_free(limiters)


def test_one_limiter_for_several_loops_at_once() -> None:
    """asyncio, trio and asyncio again, in threads of their own: together they keep to the permits and to the order."""
    limiters, inside, most, served = AsyncLimiters(2), 0, 0, 0
    refused(limiters, 2000)
    lock = threading.Lock()

    async def call() -> None:
        nonlocal inside, most, served
        permit = await limiters.enter(LONG)
        with lock:
            inside += 1
            most = max(most, inside)
        sent = await limiters.acquire(LONG)
        await anyio.sleep(0.001)
        limiters.record_response(sent, 200, {})
        with lock:
            inside -= 1
            served += 1
        permit.release()

    async def work() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(40):
                group.start_soon(call)

    threads = [threading.Thread(target=run, args=(backend, work)) for backend in ("asyncio", "trio", "asyncio")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert (served, most) == (120, 2)
    assert all_free(limiters)


def test_one_limiter_for_several_loops_after_each_other() -> None:
    """A permit that was taken in one loop is left in the next."""
    limiters = AsyncLimiters(1)
    permit = anyio.run(limiters.enter, None)

    async def work() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(leave_later)
            (await limiters.enter(None)).release()

    async def leave_later() -> None:
        await until_async(lambda: limiters.concurrency.waiting == 1)
        permit.release()

    run("trio", work)
    run("asyncio", lambda: limiters.enter(0))


def test_who_waits_in_a_loop_that_is_closed_is_passed_over() -> None:
    """Its permits go to the next one."""
    limiters = AsyncLimiters(1)
    permit = anyio.run(limiters.enter, None)
    refused(limiters, 100)
    loop = asyncio.new_event_loop()
    gone: list[Any] = [loop.create_task(limiters.enter(None)), loop.create_task(limiters.acquire(None))]
    for task in gone:
        task._log_destroy_pending = False
    loop.run_until_complete(asyncio.sleep(0))
    assert (limiters.concurrency.waiting, len(limiters._waiting)) == (1, 1)
    loop.close()

    async def work() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(leave_later)
            mine = await limiters.enter(None)
        await anyio.sleep(0.3)  # the permit of the one that is gone is long due
        await limiters.acquire(None)
        mine.release()

    async def leave_later() -> None:
        await until_async(lambda: bool(limiters.concurrency.waiting))
        permit.release()

    run("asyncio", work)
    gone.clear()
    gc.collect()
    assert all_free(limiters)


def test_a_permit_that_was_given_to_a_loop_that_is_closed_comes_back() -> None:
    """When the task that was to have it is finalized."""
    limiters = AsyncLimiters(1)
    permit = anyio.run(limiters.enter, None)
    loop = asyncio.new_event_loop()
    task = loop.create_task(limiters.enter(None))
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.run_until_complete(asyncio.sleep(0))
    permit.release()
    assert (limiters.concurrency.granted, limiters.concurrency.waiting) == (1, 0)
    loop.close()
    del task
    gc.collect()
    assert all_free(limiters)


def test_many_threads_with_little_patience() -> None:
    """Nothing is lost between threads that come, go and give up at once."""
    limiters = Limiters(3)
    refused(limiters, 5000)
    counts = [0, 0]

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(50):
            try:
                permit = limiters.enter(chance.random() * 0.004)
            except TimeoutError:
                counts[0] += 1
                continue
            try:
                limiters.record_response(limiters.acquire(chance.random() * 0.004), 200, {})
            except TimeoutError:
                counts[1] += 1
            permit.release()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert all_free(limiters)


def test_each_model_has_a_rate_limiter() -> None:
    """By base URL and name, which may be in an object or in a list of fallbacks; as many as are remembered."""
    rate_limiters = RateLimiters()
    first = rate_limiters.for_model("https://a", "small")
    for model in ("small", {"name": "small", "options": {}}, ["small", "large"], [{"name": "small"}]):
        assert rate_limiters.for_model("https://a", model) is first
    others = [
        rate_limiters.for_model("https://b", "small"),
        *(rate_limiters.for_model("https://a", m) for m in ("large", None, [])),
    ]
    assert first not in others
    assert len(set(others)) == 3  # without a model there is one for all
    for number in range(2 * MOST_MODELS):
        rate_limiters.for_model("https://a", f"model-{number}")
        assert rate_limiters.for_model("https://a", "small") is first  # it is in use
    assert rate_limiters.for_model("https://a", "large") not in others  # it was not, and is learnt anew


def test_without_adaptive_rate_limit_no_call_waits(server: LocalServer) -> None:
    """However many requests the server refuses, and whatever pause it asks for."""
    started = time.monotonic()
    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        for _ in range(30):
            server.reply(Reply.json({"error": {"message": "busy"}}, status=429, headers={"retry-after": "40"}))
            with pytest.raises(RateLimitError):
                client.chat.completions.create(messages=[{"role": "user", "content": "Hello"}])
        client.chat.completions.create(messages=[{"role": "user", "content": "Hello"}])
    assert time.monotonic() - started < LONG
