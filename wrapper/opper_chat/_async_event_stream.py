"""The stream shell for those who want events: chunks in, typed events out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

import httpx

from ._async_stream import AsyncReading
from ._chunks import ReadChunk
from ._clocks import CallClocks, ClockSettings
from ._events import EventMaker, StreamEvent
from ._flow import StreamFlow
from ._requests import PreparedRequest
from ._transport import Holders, NotGiven

if TYPE_CHECKING:
    from ._async_completions import AsyncCompletions


class AsyncEventStream(AsyncReading):
    """A streamed answer as typed events; `opper_chat.StreamEvent` is their union, told apart by ``type``.

    Ends and raises as `AsyncStream` does.
    """

    def __init__(self, response: httpx.Response, flow: StreamFlow, holders: Holders, site: str) -> None:
        super().__init__(response, flow, holders, site)
        self._events = EventMaker(flow.accumulator)
        self._ready: list[StreamEvent] = []
        self._told_all = False

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self

    async def __anext__(self) -> StreamEvent:
        while not self._ready:
            if self._told_all:
                raise StopAsyncIteration
            if await self._next_chunk() is None:
                self._told_all = True
                self._ready = self._events.finish() if self._flow.complete else []
                self._ready.reverse()
        return self._ready.pop()

    async def _next_chunk(self) -> ReadChunk | None:
        # Whoever asks for the chunk, also for the final completion alone: what is done must be told of all of it.
        chunk = await super()._next_chunk()
        if chunk is not None:
            self._ready = self._events.add(chunk.model, chunk.value)
            self._ready.reverse()  # the next one is taken from the end
        return chunk


class AsyncStreamManager:
    """Sends the request of a stream on entering, closes the stream on leaving."""

    def __init__(
        self,
        completions: AsyncCompletions,
        request: PreparedRequest,
        timeout: float | httpx.Timeout | NotGiven | None,
        settings: ClockSettings,
        site: str,
    ) -> None:
        self._completions = completions
        self._arguments = (request, timeout, settings, site)
        self._stream: AsyncEventStream | None = None

    async def __aenter__(self) -> AsyncEventStream:
        request, timeout, settings, site = self._arguments
        started = await self._completions.start(request, timeout, CallClocks(settings, monotonic()))
        self._stream = AsyncEventStream(*started, site)
        return self._stream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.close()
