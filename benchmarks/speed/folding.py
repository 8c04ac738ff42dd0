"""What the completion of a long stream costs beside reading its chunks. Looks inside this client: no other is asked."""

from __future__ import annotations

import gc
from time import perf_counter, process_time

from opper_chat._accumulator import Accumulator
from opper_chat._chunks import ChunkReader
from served import events
from worker import Measured

NETWORK = 65536
"""Bytes that come at once."""


def decoded(count: int) -> tuple[list[dict[str, object]], float, float]:
    """Read the bytes of a stream of so many chunks, as both shells do, and time it."""
    data = b"".join(events(count))
    reader, values = ChunkReader(200, {}), list[dict[str, object]]()
    gc.collect()
    cpu, began = process_time(), perf_counter()
    for start in range(0, len(data), NETWORK):
        for chunk in reader.feed(data[start : start + NETWORK]):
            values.append(chunk.value)
    return values, process_time() - cpu, perf_counter() - began


def decode(count: int) -> Measured:
    """Bytes to chunks: events, JSON, models."""
    values, cpu, wall = decoded(count)
    assert len(values) == count
    return Measured(count, cpu, wall)


def accumulate(count: int) -> Measured:
    """Chunks to their completion, once, at the end."""
    values = decoded(count)[0]
    gc.collect()
    cpu, began = process_time(), perf_counter()
    accumulator = Accumulator()
    for value in values:
        accumulator.add(value)
    completion = accumulator.snapshot()
    measured = Measured(count, process_time() - cpu, perf_counter() - began)
    assert completion.choices[0].message.content
    return measured
