"""The stream shell for those who want events: chunks in, typed events out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import TYPE_CHECKING

from .._call.state import Call
from .._errors.context_managers import EnteredFirst
from .._streaming.chunk_templates import DecodedChunk
from .._streaming.event_builder import EventBuilder
from .._streaming.events import StreamEvent
from .requester import AsyncCalls
from .stream import AsyncReading, open_stream

if TYPE_CHECKING:
    from .._http.library import httpx


class AsyncEventStream(AsyncReading):
    """A streamed answer as typed events; `opper_chat.StreamEvent` is their union, told apart by ``type``.

    Ends and raises as `AsyncStream` does.
    """

    def __init__(self, calls: AsyncCalls, call: Call, response: httpx.Response, site: str) -> None:
        super().__init__(calls, call, response, site)
        self._ready: list[StreamEvent] = []
        self._told_all = False

    def _read_from(self, response: httpx.Response) -> None:
        super()._read_from(response)
        self._events = EventBuilder(self._state.accumulator)

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self

    async def __anext__(self) -> StreamEvent:
        while not self._ready:
            if self._told_all:
                raise StopAsyncIteration
            if await self._next_chunk() is None:
                self._told_all = True
                self._ready = self._events.finish() if self._state.complete else []
                self._ready.reverse()
        return self._ready.pop()

    async def _next_chunk(self) -> DecodedChunk | None:
        # Whoever asks for the chunk, also for the final completion alone: what is done must be told of all of it.
        chunk = await super()._next_chunk()
        if chunk is not None:
            self._ready = self._events.build(chunk)
            self._ready.reverse()  # the next one is taken from the end
        return chunk


class AsyncStreamManager(EnteredFirst):
    """Sends the request of a stream on entering, closes the stream on leaving."""

    _entered = "client.chat.completions.stream(...) as stream"

    def __init__(self, calls: AsyncCalls, call: Callable[[], Call], site: str) -> None:
        self._calls = calls
        self._call = call
        self._site = site
        self._stream: AsyncEventStream | None = None

    async def __aenter__(self) -> AsyncEventStream:
        call = self._call()
        try:
            stream = AsyncEventStream(self._calls, call, await self._calls.open(call), self._site)
            self._stream = await open_stream(stream)
        except BaseException:
            await self._calls.http.give_up(call)
            raise
        return stream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.close()
