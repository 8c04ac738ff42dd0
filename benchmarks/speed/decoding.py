"""Measure the decoding of a stream and the accumulation of its completion. Uses the internals of this client."""

from __future__ import annotations

import gc
from functools import partial
from time import perf_counter, process_time

from opper_chat._concurrency.deadlines import Deadlines, Timeouts
from opper_chat._streaming.decoder import ChunkDecoder
from opper_chat._streaming.state import StreamState

from .payloads import events
from .worker import Measurement

NETWORK = 16384
"""Bytes of one read."""


def decode(count: int) -> Measurement:
    """Measure bytes to chunks: events, JSON, models."""
    data = b"".join(events(count))
    reader, chunks = ChunkDecoder(200, {}), 0
    gc.collect()
    cpu, began = process_time(), perf_counter()
    for start in range(0, len(data), NETWORK):
        reader.feed(data[start : start + NETWORK])
        while reader.next_chunk() is not None:
            chunks += 1
    measured = Measurement(count, process_time() - cpu, perf_counter() - began)
    assert chunks == count
    return measured


def accumulate(count: int) -> Measurement:
    """Measure chunks to a completion, which is built once, at the end."""
    state = StreamState(200, {"content-type": "text/event-stream"}, Deadlines(Timeouts(), 0.0))
    decoder = ChunkDecoder(200, {})
    decoder.feed(b"".join(events(count)))
    chunks = iter(list(iter(decoder.next_chunk, None)))
    # Decoding is measured apart.
    state._decoder.next_chunk = partial(next, chunks, None)  # type: ignore[method-assign]  # noqa: SLF001
    state.receive(b"\n")
    gc.collect()
    cpu, began = process_time(), perf_counter()
    while state.next_chunk() is not None:
        pass
    completion = state.accumulator.snapshot()
    measured = Measurement(count, process_time() - cpu, perf_counter() - began)
    assert len(completion.choices[0].message.content or "") > count
    return measured
