"""Streams of typed events, built from the chunks of a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from types import TracebackType

from .._call.state import Call
from .._errors.context_managers import RequiresWithBlock
from .._http.library import httpx
from .._streaming.chunk_templates import DecodedChunk
from .._streaming.event_builder import EventBuilder
from .._streaming.events import StreamEvent
from .requester import AsyncRequester
from .stream import AsyncBaseStream, open_stream


class AsyncEventStream(AsyncBaseStream):
    """A streamed completion as typed events. `opper_chat.StreamEvent` is the union of their classes.

    Iteration ends and raises as that of `AsyncStream`.
    """

    def __init__(self, requester: AsyncRequester, call: Call, site: str, response: httpx.Response) -> None:
        super().__init__(requester, call, site, response)
        self._ready: list[StreamEvent] = []
        self._exhausted = False

    def _read_from(self, response: httpx.Response) -> None:
        super()._read_from(response)
        self._builder = EventBuilder(self._state.accumulator)

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self

    async def __anext__(self) -> StreamEvent:
        while not self._ready:
            if self._exhausted:
                raise StopAsyncIteration
            if self._take_chunk() is None and await self._next_chunk() is None:
                self._exhausted = True
                self._ready = self._builder.finish() if self._state.complete else []
                self._ready.reverse()
        return self._ready.pop()

    def _take_chunk(self) -> DecodedChunk | None:
        # Every chunk passes here, even if the caller wants only the final completion: the done events need all of them.
        chunk = super()._take_chunk()
        if chunk is not None:
            self._ready = self._builder.build(chunk)
            self._ready.reverse()  # so that the next event can be popped from the end
        return chunk


class AsyncStreamManager(RequiresWithBlock):
    """Sends the request of a stream on entering, and closes the stream on leaving."""

    _entered = "client.chat.completions.stream(...) as stream"

    def __init__(self, requester: AsyncRequester, call: Callable[[], Call], site: str) -> None:
        self._requester = requester
        self._call = call
        self._site = site
        self._stream: AsyncEventStream | None = None

    def _create(self, call: Call, response: httpx.Response) -> AsyncEventStream:
        return AsyncEventStream(self._requester, call, self._site, response)

    async def __aenter__(self) -> AsyncEventStream:
        call = self._call()
        self._stream = await open_stream(self._requester, call, partial(self._create, call))
        return self._stream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.close()
