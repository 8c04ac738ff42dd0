"""Batches as iterators of results: `Batch` and `AsyncBatch`."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest
from batch_runs import PRICED, error_reply, reply_by_text, row, rows
from hypothesis import given
from hypothesis import strategies as st
from opper_chat import AsyncOpper, AuthenticationError, BadRequestError, InvalidArgumentError, Opper
from opper_chat.batch import AsyncBatch, Batch, BatchProgress, BatchResult
from opper_chat.batch._journal.row_table import RowTable
from opper_chat.testing import LocalServer, Reply


class Results:
    """The results of a batch of either kind."""

    def __init__(self, kind: str, server: LocalServer) -> None:
        self.kind = kind
        self.server = server

    def __call__(self, requests: Any, *, key: str = "key", **options: Any) -> tuple[list[BatchResult], BatchProgress]:
        """Return all results, and the state at the end."""
        settings: Any = {"api_key": key, "base_url": self.server.base_url, "max_retries": 0}
        if self.kind == "sync":
            with Opper(**settings) as client, Batch(client, requests, **options) as batch:
                return list(batch), batch.progress

        async def run() -> tuple[list[BatchResult], BatchProgress]:
            async with AsyncOpper(**settings) as client, AsyncBatch(client, requests, **options) as batch:
                return [result async for result in batch], batch.progress

        return anyio.run(run, backend="trio" if self.kind == "trio" else "asyncio")


@pytest.fixture(params=["sync", "async", "trio"])
def results(request: pytest.FixtureRequest, server: LocalServer) -> Results:
    return Results(request.param, server)


def test_each_request_has_a_result(results: Results, server: LocalServer) -> None:
    """A completion or an error."""
    server.always(reply_by_text({"r3": error_reply(400), "r4": Reply.completion("Hi", **PRICED)}))
    found, progress = results([*rows(20), {"messages": 3}], concurrency=4)
    by_id = {result.custom_id: result for result in found}
    assert len(by_id) == len(found) == 21
    assert isinstance(by_id["r3"].error, BadRequestError)
    assert (by_id["r3"].status_code, by_id["r3"].text, by_id["r3"].attempts) == (400, "", 1)
    assert (by_id["r4"].text, str(by_id["r4"].cost), by_id["r4"].error) == ("Hi", "0.01", None)
    assert isinstance(by_id["row-21"].error, InvalidArgumentError)
    assert (progress.succeeded, progress.failed, progress.in_flight, progress.total) == (19, 2, 0, None)


def test_results_can_be_ordered(results: Results, server: LocalServer) -> None:
    """In the order of the requests."""
    server.always(reply_by_text({"r0": Reply.completion("Hi", delay=0.3)}))
    found, _ = results(rows(40), ordered=True, concurrency=4)
    assert [result.custom_id for result in found] == [f"r{number}" for number in range(40)]


def test_values_are_parsed(results: Results, server: LocalServer) -> None:
    """As by `parse()`."""
    server.always(Reply.completion('{"value": 3}'))
    found, _ = results([row("a")], response_format=int)
    assert (found[0].parsed, found[0].parsed_json) == (3, 3)


def test_a_wrong_key_is_raised(results: Results) -> None:
    """By the iteration."""
    with pytest.raises(AuthenticationError):
        results(rows(30), key="bad-key", concurrency=2)


def test_an_exception_of_the_requests_is_raised(results: Results) -> None:
    """After the results of those before it."""

    def produce() -> Iterator[object]:
        yield row("a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        results(produce())


def test_a_limit_ends_the_iteration(results: Results, server: LocalServer) -> None:
    """And the state says which."""
    server.always(Reply.completion("Hi", **PRICED))
    found, progress = results((row(f"r{number}") for number in range(10**9)), max_cost=0.1, concurrency=4)
    assert (len(found), progress.stopped) == (10, "max_cost")


def test_requests_are_read_when_there_is_room(server: LocalServer) -> None:
    """Not more than are in flight, or wait to be read; and no task is made for each."""
    read = 0

    async def produce() -> AsyncIterator[object]:
        nonlocal read
        while True:
            read += 1
            yield row(f"r{read}")

    async def main() -> None:
        async with (
            AsyncOpper(api_key="key", base_url=server.base_url) as client,
            AsyncBatch(client, produce(), concurrency=3) as batch,
        ):
            count = 0
            async for _ in batch:
                count += 1
                assert read <= count + 3 * 3
                assert len(asyncio.all_tasks()) < 10
                if count == 30:
                    await asyncio.sleep(0.2)
                if count == 60:
                    break
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    assert read < 75


def test_the_end_of_the_block_cancels_what_is_in_flight(server: LocalServer) -> None:
    """At once, and leaves no task."""
    server.always(Reply.completion("Hi", delay=30))

    async def main() -> None:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            async with AsyncBatch(client, rows(10)):
                await asyncio.sleep(0.3)
            assert len(asyncio.all_tasks()) == 1

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_block_is_left(server: LocalServer, backend: str) -> None:
    """With a cancellation and no other exception."""
    server.always(Reply.completion("Hi", delay=30))

    async def main() -> None:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            with anyio.move_on_after(0.3) as scope:
                async with AsyncBatch(client, rows(10)) as batch:
                    async for _ in batch:
                        pass
            assert scope.cancelled_caught
            with pytest.raises(ZeroDivisionError):
                async with AsyncBatch(client, rows(10)) as batch:
                    raise ZeroDivisionError

    anyio.run(main, backend=backend)


def test_a_block_of_threads_can_be_left_early(server: LocalServer) -> None:
    """The threads end with their calls."""
    before = threading.active_count()
    with Opper(api_key="key", base_url=server.base_url) as client:
        with Batch(client, (row(f"r{number}") for number in range(10**9)), concurrency=4) as batch:
            assert next(batch).text
        deadline = time.monotonic() + 10
        while threading.active_count() > before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert threading.active_count() == before
    gc.collect()


def test_stop_finishes_what_is_in_flight(results: Results, server: LocalServer) -> None:
    """No row is started after it."""
    server.always(Reply.completion("Hi", delay=0.05))
    settings: Any = {"api_key": "key", "base_url": server.base_url}

    def check(count: int, progress: BatchProgress) -> None:
        assert 1 <= count <= 6
        assert (progress.stopped, progress.in_flight) == ("stop", 0)
        assert len(server.requests) == count

    if results.kind == "sync":
        with Opper(**settings) as client, Batch(client, rows(100), concurrency=3) as batch:
            count = 0
            for _ in batch:
                count += 1
                batch.stop()
            check(count, batch.progress)
        return

    async def main() -> None:
        async with AsyncOpper(**settings) as client, AsyncBatch(client, rows(100), concurrency=3) as batch:
            count = 0
            async for _ in batch:
                count += 1
                batch.stop()
            check(count, batch.progress)

    anyio.run(main, backend="trio" if results.kind == "trio" else "asyncio")


def test_it_is_a_context_manager_and_used_once(server: LocalServer) -> None:
    """The errors say so; so do those of wrong arguments."""
    client = Opper(api_key="key", base_url=server.base_url)
    batch = Batch(client, rows(1))
    with pytest.raises(RuntimeError, match="with statement"):
        next(batch)
    with batch:
        list(batch)
    with pytest.raises(RuntimeError, match="once"), batch:
        pass
    for requests in ("a.jsonl", {"messages": []}, 3):
        with pytest.raises(InvalidArgumentError, match="requests"):
            Batch(client, requests)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="client"):
        AsyncBatch(client, [])  # type: ignore[arg-type]
    client.close()


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 2**32 - 1), st.integers(0, 3)), max_size=2000))
def test_the_table_of_rows_is_a_dict(entries: list[tuple[int, int, int]]) -> None:
    """Of ids, numbers and flags."""
    table, expected = RowTable(), {}
    for key, number, flags in entries:
        table.put(f"k{key}", number, flags)
        expected[f"k{key}"] = number, flags
    assert len(table) == len(expected)
    for key in range(301):
        assert table.find(f"k{key}") == expected.get(f"k{key}")


def test_the_table_of_rows_is_small() -> None:
    """At most 30 bytes for each of 100,000 rows, growth included."""
    import tracemalloc

    tracemalloc.start()
    table = RowTable()
    for number in range(100_000):
        table.put(f"row-{number}", number, 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000
    assert len(table) == 100_000
    assert table.find("row-77777") == (77777, 1)
