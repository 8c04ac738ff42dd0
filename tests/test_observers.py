"""Who is told of calls, and that nothing they do wrong reaches a call."""

import asyncio
import gc
import logging
import sys
import threading
import timeit
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flavours import HELLO, Flavour
from opper_chat import AsyncOpper, Attempt, CallRecord, Observer, Opper, RateLimitError, add_observer, remove_observer
from opper_chat._observability import observers as _observers
from opper_chat.testing import CUT, LocalServer, Pause, Reply, chunk
from watching import Watcher


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    one = Watcher()
    add_observer(one)
    yield one
    remove_observer(one)


@pytest.fixture
def _nobody_left() -> Iterator[None]:
    before = _observers._registrations
    yield
    _observers._registrations = before


class Broken:
    """Fails at everything."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def on_call_start(self, call: CallRecord) -> None:
        raise self.error

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
        raise self.error

    def on_call_end(self, call: CallRecord) -> None:
        raise self.error


def record() -> CallRecord:
    return CallRecord("http://127.0.0.1:1", {"messages": HELLO}, 0.0, stream=False)


ATTEMPT = Attempt(200, None, 0.0, 0.1, None)


def test_a_plain_call_is_told(server: LocalServer, flavour: Flavour, watcher: Watcher) -> None:
    """Beginning, one attempt, end, with what came of it."""
    completion = flavour.create(server.base_url, messages=HELLO, model="m")
    assert watcher.words == ["on_call_start", "on_attempt_end", "on_call_end"]
    call = watcher.call
    assert (call.outcome, call.status_code, call.error, call.stream) == ("complete", 200, None, False)
    assert call.body["model"] == "m"
    assert call.base_url == server.base_url
    assert call.request_id == call.headers["x-request-id"]
    assert call.completion == completion
    assert call.duration is not None
    assert call.duration >= call.attempts[0].seconds > 0


def test_a_failed_call_is_told(server: LocalServer, flavour: Flavour, watcher: Watcher) -> None:
    """The error that the caller gets."""
    server.reply(lambda _request: Reply.json({"type": "X", "message": "Slow down."}, status=429))
    with pytest.raises(RateLimitError) as caught:
        flavour.create(server.base_url, {"max_retries": 0}, messages=HELLO)
    call = watcher.call
    assert (call.outcome, call.status_code, call.completion) == ("failed", 429, None)
    assert call.error is caught.value
    assert watcher.words[-1] == "on_call_end"
    assert "RateLimitError" in (call.attempts[-1].error or "")


def test_a_call_that_is_never_sent_is_not_told(server: LocalServer, flavour: Flavour, watcher: Watcher) -> None:
    """Nothing, where an argument is wrong."""
    with pytest.raises(ValueError, match="messages"):
        flavour.create(server.base_url, messages=[])
    assert watcher.told == []


def test_a_stream_is_told_to_its_end(server: LocalServer, flavour: Flavour, watcher: Watcher) -> None:
    """The whole answer, the time of its first token, and one end."""
    chunks, error = flavour.chunks(server.base_url, messages=HELLO)
    assert (error, bool(chunks)) == (None, True)
    assert watcher.words == ["on_call_start", "on_attempt_end", "on_call_end"]
    call = watcher.call
    assert (call.outcome, call.stream) == ("complete", True)
    assert call.first_token is not None
    assert call.duration is not None
    assert 0 < call.first_token <= call.duration
    assert call.completion is not None
    assert call.completion.choices[0].finish_reason == "stop"


def test_retries_are_told(server: LocalServer, flavour: Flavour, watcher: Watcher) -> None:
    """An attempt each, with the wait after it; one beginning and one end."""
    server.reply(Reply.json({"type": "X", "message": "Slow down."}, status=429, headers={"retry-after": "0.05"}))
    flavour.create(server.base_url, {"max_retries": 2}, messages=HELLO)
    assert watcher.words == ["on_call_start", "on_attempt_end", "on_attempt_end", "on_call_end"]
    first, last = watcher.attempts
    assert (first.status_code, last.status_code, last.wait, last.error) == (429, 200, 0.0, None)
    assert first.wait >= 0.05
    assert watcher.call.attempts == watcher.attempts
    assert watcher.call.outcome == "complete"


def test_a_stream_of_events_is_told_to_its_end(server: LocalServer, watcher: Watcher) -> None:
    """From entering on, and not from its making."""
    with Opper(api_key="key", base_url=server.base_url) as client:
        made = client.chat.completions.stream(messages=HELLO)
        assert watcher.told == []
        with made as events:
            for _ in events:
                pass
    assert (watcher.call.outcome, watcher.words) == ("complete", ["on_call_start", "on_attempt_end", "on_call_end"])


def test_a_broken_stream_is_told_as_failed(server: LocalServer, flavour: Flavour, watcher: Watcher) -> None:
    """The error, and the part that came."""
    server.reply(Reply.sse([chunk("Hel"), CUT]))
    _, error = flavour.chunks(server.base_url, messages=HELLO)
    call = watcher.call
    assert (call.outcome, watcher.words.count("on_call_end")) == ("failed", 1)
    assert call.error is error
    assert call.completion is not None
    assert call.completion.choices[0].message.content == "Hel"


def test_a_stream_closed_early_is_told_as_closed(server: LocalServer, watcher: Watcher) -> None:
    """Once, however often it is closed."""
    server.reply(Reply.sse([chunk("Hel"), Pause(5), chunk("lo")]))
    with Opper(api_key="key", base_url=server.base_url) as client:
        stream = client.chat.completions.create(messages=HELLO, stream=True)
        next(iter(stream))
        stream.close()
        stream.close()
    assert (watcher.call.outcome, watcher.words) == ("closed", ["on_call_start", "on_attempt_end", "on_call_end"])


def test_a_dropped_stream_is_told_as_closed(server: LocalServer, watcher: Watcher) -> None:
    """Once, from its finalizer."""
    server.reply(Reply.sse([chunk("Hel"), Pause(5), chunk("lo")]))
    with Opper(api_key="key", base_url=server.base_url) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        stream = client.chat.completions.create(messages=HELLO, stream=True)
        next(iter(stream))
        del stream
        gc.collect()
        assert (watcher.call.outcome, watcher.words) == ("closed", ["on_call_start", "on_attempt_end", "on_call_end"])


def test_a_stream_that_the_collector_finds_is_told_by_another_thread(server: LocalServer) -> None:
    """Once, without waiting for a lock that the thread holds in which garbage is collected."""

    class Locking(Watcher):
        lock = threading.Lock()
        ended = threading.Event()

        def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
            if self.lock.acquire(timeout=2):  # and not for ever, so that this test can fail
                super().on_attempt_end(call, attempt)
                self.lock.release()

        def on_call_end(self, call: CallRecord) -> None:
            if self.lock.acquire(timeout=2):
                super().on_call_end(call)
                self.lock.release()
                self.ended.set()

    watcher = Locking()
    add_observer(watcher)
    server.reply(Reply.sse([chunk("Hel"), Pause(5), chunk("lo")]))
    try:
        with Opper(api_key="key", base_url=server.base_url) as client, warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            cycle: list[Any] = [client.chat.completions.create(messages=HELLO, stream=True)]
            next(iter(cycle[0]))
            cycle.append(cycle)
            del cycle
            with watcher.lock:
                gc.collect()
                assert "on_call_end" not in watcher.words
            assert watcher.ended.wait(5)
    finally:
        remove_observer(watcher)
    assert (watcher.call.outcome, watcher.words) == ("closed", ["on_call_start", "on_attempt_end", "on_call_end"])


def test_a_cancelled_call_is_told_as_closed(server: LocalServer, watcher: Watcher) -> None:
    """With the cancellation, plain or streamed."""
    server.reply(Reply.json({}, delay=30), Reply.sse([chunk("Hel"), Pause(30)]))

    async def run(*, stream: bool) -> None:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            if stream:
                async with await client.chat.completions.create(messages=HELLO, stream=True) as answer:
                    async for _ in answer:
                        pass
            else:
                await client.chat.completions.create(messages=HELLO)

    for streamed in (False, True):
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(run(stream=streamed), 0.5))
        call = watcher.told[-1][1]
        assert (watcher.words[-1], call.outcome) == ("on_call_end", "closed")
        assert isinstance(call.error, asyncio.CancelledError)


@pytest.mark.usefixtures("_nobody_left")
def test_what_an_observer_raises_does_not_reach_the_caller(
    server: LocalServer, flavour: Flavour, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer; one line for each method that fails; and the others are told."""
    broken, other = Broken(ValueError("no")), Watcher()
    add_observer(broken)
    add_observer(other)
    for _ in range(3):
        assert flavour.create(server.base_url, messages=HELLO).choices
    assert other.words == ["on_call_start", "on_attempt_end", "on_call_end"] * 3
    failures = [line for line in caplog.records if line.levelno == logging.ERROR]
    assert [line.name for line in failures] == ["opper_chat"] * 3
    assert [f"Broken.{word} failed" in line.message for word, line in zip(other.words, failures, strict=False)]
    assert all(line.exc_info and line.exc_info[1] is broken.error for line in failures)


@pytest.mark.usefixtures("_nobody_left")
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_what_ends_the_program_passes(error: BaseException) -> None:
    """The same, from each of the three."""
    add_observer(Broken(error))
    for tell in (
        _observers.notify_call_start,
        _observers.notify_call_end,
        lambda call: _observers.notify_attempt_end(call, ATTEMPT),
    ):
        with pytest.raises(type(error)):
            tell(record())


class Surrounding(Watcher):
    """Keeps when requests are sent; fails at the places that it is told to."""

    def __init__(self, *fails: str) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.fails = fails

    @contextmanager
    def sending(self, call: CallRecord) -> Iterator[None]:
        if "enter" in self.fails:
            raise ValueError("no")
        self.sent.append("enter")
        yield
        self.sent.append("leave")
        if "leave" in self.fails:
            raise ValueError("no")


@pytest.mark.usefixtures("_nobody_left")
def test_an_observer_may_surround_requests(server: LocalServer, flavour: Flavour) -> None:
    """Entered and left around each, in that order, whatever another one does."""
    observers = [Surrounding(), Surrounding("enter"), Surrounding("leave"), Surrounding()]
    for observer in observers:
        add_observer(observer)
    flavour.create(server.base_url, messages=HELLO)
    flavour.chunks(server.base_url, messages=HELLO)
    assert [observer.sent for observer in observers] == [["enter", "leave"] * 2, [], *[["enter", "leave"] * 2] * 2]
    with pytest.raises(KeyError), _observers.around_request(record()):
        raise KeyError  # what a request raises is the caller's


@pytest.mark.usefixtures("_nobody_left")
def test_one_observer_is_told_once_and_then_no_more() -> None:
    """One telling for two additions; none after it was forgotten; forgetting a stranger does nothing."""
    watcher: Observer = Watcher()
    assert isinstance(watcher, Watcher)
    add_observer(watcher)
    add_observer(watcher)
    _observers.notify_call_start(record())
    remove_observer(watcher)
    remove_observer(watcher)
    _observers.notify_call_start(record())
    assert watcher.words == ["on_call_start"]


@pytest.mark.usefixtures("_nobody_left")
def test_an_observer_may_go_while_it_is_told() -> None:
    """Both told, though the first forgets itself."""

    class Fleeting(Watcher):
        def on_call_start(self, call: CallRecord) -> None:
            super().on_call_start(call)
            remove_observer(self)

    first, second = Fleeting(), Watcher()
    add_observer(first)
    add_observer(second)
    _observers.notify_call_start(record())
    _observers.notify_call_start(record())
    assert (len(first.told), len(second.told)) == (1, 2)


@pytest.mark.usefixtures("_nobody_left")
def test_threads_may_come_and_go() -> None:
    """Nobody lost and nobody left, where eight threads add and remove theirs while others tell."""
    staying = Watcher()
    add_observer(staying)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def work() -> None:
        for _ in range(100):
            one = Watcher()
            add_observer(one)
            _observers.notify_call_start(record())
            assert one.told
            remove_observer(one)

    errors: list[Any] = []
    hook = threading.excepthook
    threading.excepthook = errors.append
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
        threading.excepthook = hook
    assert errors == []
    assert [registration.observer for registration in _observers._registrations] == [staying]
    assert len(staying.told) == 800


@pytest.mark.usefixtures("_nobody_left")
def test_telling_nobody_costs_next_to_nothing() -> None:
    """Less than a microsecond each, with the logger off."""
    _observers._registrations = ()
    call, logger = record(), logging.getLogger("opper_chat")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        telling = (_observers.notify_call_start, _observers.around_request, _observers.notify_call_end)
        for tell in (*telling, lambda call: _observers.notify_attempt_end(call, ATTEMPT)):
            best = min(timeit.repeat(lambda tell=tell: tell(call), number=2000, repeat=20)) / 2000
            assert best < 1e-6
    finally:
        logger.setLevel(before)
