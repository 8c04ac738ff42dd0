"""The timeouts of a call, with the time handed in; and the thread that ends blocking reads."""

import math
import os
import socket
import time

import pytest
from opper_chat import InvalidArgumentError
from opper_chat._concurrency.deadlines import SHORTEST, Deadlines, RequestTimeouts, Timeouts, check_timeouts
from opper_chat._concurrency.watchdog import Watch, Watchdog


def deadlines(**seconds: float | None) -> Deadlines:
    return Deadlines(Timeouts(**seconds), now=100.0)


def wait(call: Deadlines, seconds: float) -> None:
    call.start_waiting(200.0)
    call.stop_waiting(200.0 + seconds)


def test_without_settings_no_timeout_runs() -> None:
    """No timeout, and no need to ask."""
    none = deadlines()
    assert not none.is_bounded
    assert none.next_timeout(1e9) is None
    assert none.expired(1e9) is None
    assert none.remaining(1e9) is None


def test_the_deadline_counts_from_the_call() -> None:
    """What is left of it, whatever happens in between."""
    call = deadlines(deadline=10)
    call.record_token()
    wait(call, 3)
    assert call.next_timeout(104.0) == ("deadline", 10, 6.0)
    assert call.remaining(104.0) == 6.0
    assert call.expired(109.0) is None
    assert call.expired(110.0) == ("deadline", 10, 0.0)


def test_the_first_token_counts_until_it_comes() -> None:
    """Then the idle timeout takes over, from zero."""
    call = deadlines(first_token_timeout=5, idle_timeout=2)
    wait(call, 4)
    assert call.next_timeout(104.0) == ("first_token", 5, 1.0)
    call.record_token()
    assert call.next_timeout(104.0) == ("idle", 2, 2.0)


def test_the_idle_timeout_counts_waiting_only() -> None:
    """Time between tokens that was spent waiting; not the time in which nobody asked for more."""
    call = deadlines(idle_timeout=2)
    call.record_token()
    wait(call, 1.5)
    assert call.next_timeout(1000.0) == ("idle", 2, 0.5)
    call.start_waiting(1000.0)
    assert call.next_timeout(1000.25) == ("idle", 2, 0.25)
    call.stop_waiting(1000.25)
    call.record_token()
    assert call.next_timeout(1000.0) == ("idle", 2, 2.0)


def test_the_timeout_that_expires_first_is_named() -> None:
    """The deadline when less is left of it, the idle timeout when less is left of that."""
    call = deadlines(idle_timeout=2, deadline=10)
    assert call.next_timeout(101.0) == ("idle", 2, 2.0)
    assert call.next_timeout(109.0) == ("deadline", 10, 1.0)


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, True, "5"])
def test_a_timeout_takes_seconds(seconds: object) -> None:
    """An error that names the parameter."""
    with pytest.raises(InvalidArgumentError, match=r"^idle_timeout: expected a number of seconds above 0"):
        check_timeouts({"idle_timeout": seconds})


def test_what_is_not_given_is_the_clients() -> None:
    """Defaults for what is not given; None is given."""
    assert check_timeouts({"idle_timeout": None, "deadline": 3}, Timeouts(1, 2, 9)) == (1, None, 3)


def test_steps_are_cut_to_what_is_left() -> None:
    """httpx's timeout or what the deadlines leave, whichever is less, until they are detached."""
    now = [100.0]
    steps = RequestTimeouts({"connect": 5, "read": None}, deadlines(deadline=10), lambda: now[0])
    assert (steps.get("connect"), steps.get("read"), steps.get("pool")) == (5, 10, 10)
    now[0] = 107.0
    assert (steps.get("connect"), steps.get("read")) == (3, 3)
    now[0] = 200.0
    assert steps.get("connect") == SHORTEST
    steps.detach()
    assert (steps.get("connect"), steps.get("read")) == (5, None)


def read_one(sock: socket.socket) -> bytes:
    try:
        return sock.recv(1)
    except OSError:
        return b""


def test_the_watchdog_ends_a_blocking_read() -> None:
    """An empty read, soon; and the watch says that it was the watchdog's doing."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        dog, watch = Watchdog(), Watch(ours)
        dog.arm(watch, 0.02)
        assert read_one(ours) == b""
        assert dog.disarm(watch)


def test_the_watchdog_leaves_a_read_alone_that_ends_in_time() -> None:
    """The socket still works, after many reads with one watch, and nothing has fired."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        dog, watch = Watchdog(), Watch(ours)
        for _ in range(2000):
            theirs.send(b"x")
            dog.arm(watch, 60)
            assert read_one(ours) == b"x"
            assert not dog.disarm(watch)
        assert len(dog._queue) == 1


def test_the_watchdog_takes_an_earlier_time() -> None:
    """A read that is armed for later and then for soon ends soon."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        dog, watch = Watchdog(), Watch(ours)
        dog.arm(watch, 60)
        dog.disarm(watch)
        dog.arm(watch, 0.02)
        assert read_one(ours) == b""


def test_the_thread_ends_when_there_is_nothing_to_watch() -> None:
    """No thread of its own is left after a while, and a new one comes when needed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        dog, watch = Watchdog(), Watch(ours)
        for _ in range(2):
            dog.arm(watch, 0.01)
            assert read_one(ours) == b""
            deadline = time.monotonic() + 10
            while dog._running:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            watch.fired = False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_watchdog_of_its_own() -> None:
    """The child's read ends though the thread stayed with the parent."""
    dog = Watchdog()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch = Watch(ours)  # kept: the watchdog itself keeps none
        dog.arm(watch, 60)
        child = os.fork()
        if child == 0:
            one, other = socket.socketpair()
            watch = Watch(one)
            dog.arm(watch, 0.02)
            os._exit(0 if read_one(one) == b"" and other else 1)
        for _ in range(500):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                break
            time.sleep(0.02)
        assert (pid, status) == (child, 0)
