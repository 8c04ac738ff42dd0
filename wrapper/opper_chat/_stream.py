# Made from wrapper/opper_chat/_async_stream.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The stream shell: bytes from the connection in, chunks out. The decisions are in `_chunks`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

import httpx

from ._chunks import ChatCompletionChunk, ChunkReader
from ._errors import request_id
from ._transport import errors_mapped


class Stream:
    """A streamed answer: iterate over its chunks, best inside ``with``, which frees the connection.

    Iteration ends when the server says ``[DONE]``. Whatever else ends it raises, after the chunks before it:

    Raises:
        StreamTruncatedError: the stream ended before the answer did.
        APIConnectionError: the connection broke. APITimeoutError: a clock ran out.
        APIError: the server ended the stream with an error.
        APIResponseValidationError: the server sent what is no chunk.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._bytes = response.iter_bytes()
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

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self

    def __next__(self) -> ChatCompletionChunk:
        while not self._ready:
            if self._closed:
                raise StopIteration
            if self._reader.done or self._reader.failure is not None:
                self.close()
                if self._reader.failure is not None:
                    raise self._reader.failure
                continue
            self._receive()
        return self._ready.popleft()

    def _receive(self) -> None:
        try:
            with errors_mapped(
                self._response.request, self._response.status_code, self._response.headers
            ):
                data = next(self._bytes, b"")
        except BaseException:
            self.close()
            raise
        if data:
            self._ready.extend(self._reader.feed(data))
        else:
            self._reader.end()
            if self._reader.failure is None:
                self.close()

    def close(self) -> None:
        """Free the connection. Iterating further ends at once. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
