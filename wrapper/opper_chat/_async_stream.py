"""The stream shell: bytes from the connection in, chunks out. The decisions are in `_chunks`."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self

import httpx

from ._chunks import ChatCompletionChunk, ChunkReader
from ._errors import request_id
from ._transport import errors_mapped


class AsyncStream:
    """A streamed answer: iterate over its chunks, best inside ``async with``, which frees the connection.

    Iteration ends when the server says ``[DONE]``. Whatever else ends it raises, after the chunks before it:

    Raises:
        StreamTruncatedError: the stream ended before the answer did.
        APIConnectionError: the connection broke. APITimeoutError: a clock ran out.
        APIError: the server ended the stream with an error.
        APIResponseValidationError: the server sent what is no chunk.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._bytes = response.aiter_bytes()
        self._reader = ChunkReader(response.status_code, response.headers)
        self._ready: deque[ChatCompletionChunk] = deque()
        self._closed = False

    @property
    def response(self) -> httpx.Response:
        """The HTTP response; its headers are there before the first chunk."""
        return self._response

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer."""
        return self._response.headers

    @property
    def request_id(self) -> str | None:
        """The id by which the server's people find the call, or None."""
        return request_id(self._response.headers)

    def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        return self

    async def __anext__(self) -> ChatCompletionChunk:
        while not self._ready:
            if self._closed:
                raise StopAsyncIteration
            if self._reader.done or self._reader.failure is not None:
                await self.close()
                if self._reader.failure is not None:
                    raise self._reader.failure
                continue
            await self._receive()
        return self._ready.popleft()

    async def _receive(self) -> None:
        try:
            with errors_mapped(self._response.request, self._response.status_code, self._response.headers):
                data = await anext(self._bytes, b"")
        except BaseException:
            await self.close()
            raise
        if data:
            self._ready.extend(self._reader.feed(data))
        else:
            self._reader.end()
            if self._reader.failure is None:
                await self.close()

    async def close(self) -> None:
        """Free the connection. Iterating further ends at once. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            await self._response.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
