"""Read the body of a response: decode it, and apply the limits of its size and of the time that a read can take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import monotonic
from typing import TYPE_CHECKING, Any

from .._concurrency.deadlines import Deadlines, timeout_error
from .._concurrency.loop import async_sleep
from .._config.response_limits import ResponseLimits, too_large_error
from .._errors.api import APIError
from .._http.cleanup import async_finish_generators
from .._http.content_coding import PAUSE_BYTES, BodyDecoder, beginning
from .._http.error_map import raise_api_error
from .._http.leases import WAITING_CALL, ConnectionLease, ConnectionUsers, lease_of
from .._http.timeouts import async_time_limit
from .._transport._async.checked_body import checked_body_class

if TYPE_CHECKING:
    from .._http.library import httpx


class AsyncResponseReader:
    """Reads the body of one response.

    Args:
        response: the response. Its body can already be read, by an event hook or because a mock made it.
        limits: the limits of its size.
        stream: whether the response is to a streamed call, for which other limits apply.

    Attributes:
        response: the response.
        lease: the lease of its connection.
    """

    def __init__(self, response: httpx.Response, limits: ResponseLimits, *, stream: bool = False) -> None:
        self.response = response
        self.lease: ConnectionLease = lease_of(response)
        limit = "max_stream_bytes" if stream else "max_body_bytes"
        limit = limit if response.is_success else "max_error_body_bytes"
        self._limits = limits
        self._limit = limit
        self._maximum: int | None = getattr(limits, limit)
        """The most bytes of a body that arrives as it is. `BodyDecoder` counts those of another one."""
        self._chunks: AsyncIterator[bytes] | None = None

    def _start(self) -> AsyncIterator[bytes]:
        """Return the iterator over the chunks of the body that suits the response."""
        response = self.response
        if "content-encoding" in response.headers or response.is_stream_consumed:
            self._maximum = None
            decoder = BodyDecoder(response.status_code, response.headers, self._limits, self._limit)
            chunks = self._counted(decoder) if response.is_stream_consumed else self._decoded(decoder)
        else:
            chunks = response.aiter_raw()
        self._chunks = chunks
        return chunks

    async def read(self, deadlines: Deadlines) -> bytes:
        """Return the next bytes of the decoded body. They are empty at its end.

        Raises:
            APIConnectionError: the connection broke, or the body was read before.
            APITimeoutError: a timeout expired.
            ResponseTooLargeError, APIResponseValidationError: as in `BodyDecoder.decode`.
        """
        chunks = self._chunks or self._start()
        try:
            if not deadlines.is_bounded:
                data = await anext(chunks, b"")
            else:
                data = await self._read_in_time(chunks, deadlines)
        except Exception as error:
            response = self.response
            raise_api_error(error, response.request, response.status_code, response.headers)
            raise
        # Counted here, because a generator would cost more: nearly every token is a chunk of its own.
        if self._maximum is not None and self.response.num_bytes_downloaded > self._maximum:
            headers = self.response.headers
            raise too_large_error(self._limits, self._limit, status_code=self.response.status_code, headers=headers)
        return data

    async def _read_in_time(self, chunks: AsyncIterator[bytes], deadlines: Deadlines) -> bytes:
        started = monotonic()
        limit = deadlines.next_timeout(started)
        if limit is None:
            return await anext(chunks, b"")
        response = self.response
        if limit.remaining <= 0:
            # A read that cannot be interrupted ends late. The timeout applies at least before the next read.
            raise timeout_error(limit, response.status_code, response.headers)
        deadlines.start_waiting(started)
        try:
            async with async_time_limit(limit.remaining, self.lease):
                return await anext(chunks, b"")
        except TimeoutError:
            raise timeout_error(limit, response.status_code, response.headers) from None
        finally:
            deadlines.stop_waiting(monotonic())

    async def skip(self) -> int:
        """Read the next bytes without a timeout, and return how many they are.

        Raises:
            HTTPError, StreamError: exceptions of httpx, which are not translated.
            APIError: as in `read`.
        """
        return len(await anext(self._chunks or self._start(), b""))

    async def aclose(self, *, is_reading: bool = False) -> None:
        """Free the connection. Closing twice does nothing.

        Args:
            is_reading: whether another task or thread is reading. It ends the generators then.
        """
        try:
            await self.response.aclose()
        finally:  # also if the closing task is cancelled
            self.lease.close()
            if not is_reading and self._chunks is not None:
                await async_finish_generators(self._chunks)

    async def _decoded(self, decoder: BodyDecoder) -> AsyncIterator[bytes]:
        until_pause = PAUSE_BYTES
        encoded = self.response.aiter_raw()
        try:
            async for data in encoded:
                for chunk in decoder.decode(data):
                    yield chunk
                    until_pause -= len(chunk)
                    if until_pause <= 0:
                        until_pause = PAUSE_BYTES
                        await async_sleep(0)  # let other tasks run: a few bytes can be decoded to many
            decoder.finish()
        except APIError:
            await self.response.aclose()
            await async_finish_generators(encoded)
            raise

    async def _counted(self, decoder: BodyDecoder) -> AsyncIterator[bytes]:
        async for chunk in self.response.aiter_bytes():  # decoded by the library
            decoder.count(len(chunk))
            yield chunk


async def read_body(
    response: httpx.Response, deadlines: Deadlines, limits: ResponseLimits, users: ConnectionUsers
) -> bytes:
    """Read the body of a response to its end, and free the connection.

    Args:
        response: the response.
        deadlines: the timeouts of the call.
        limits: the limits of the size.
        users: where the response is recorded as the user of a connection.

    Raises:
        APIError: as in `AsyncResponseReader.read`. Its ``raw_body`` is the part of the body that was read before.
    """
    reader = AsyncResponseReader(response, limits)
    entry = users.add(response, WAITING_CALL)
    chunks: list[bytes] = []
    try:
        while data := await reader.read(deadlines):
            chunks.append(data)
    except APIError as error:
        error.raw_body = error.raw_body or beginning(chunks, limits.max_error_body_bytes)
        raise
    finally:
        users.remove(entry)
        await close_response(response)
    return b"".join(chunks)


def keep_content(response: httpx.Response, content: bytes) -> None:
    """Set the content of a response whose body was read here, as its own method `read` does."""
    if not hasattr(response, "_content"):
        # Private, and the same since httpx 0.7. The public way, `read`, decompresses without a limit.
        response._content = content  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


async def close_response(response: httpx.Response) -> None:
    """Free the connection of a response. Closing twice does nothing."""
    try:
        await response.aclose()
    finally:
        lease_of(response).close()


async def check_end(response: httpx.Response, library: Any) -> None:
    """Replace the body of a response by one that checks its end. A transport of httpx does not check it.

    Args:
        response: the response, before its body is read.
        library: the library of the response, httpx or httpx2.

    Raises:
        RemoteProtocolError: the response has a version of HTTP that does not exist.
    """
    response.stream = body = checked_body_class(library.AsyncByteStream)(
        response.stream,
        lease_of(response),
        protocol_error=library.RemoteProtocolError,
        status_code=response.status_code,
        headers=response.headers,
        extensions=response.extensions,
    )
    try:
        body.check_version()
    except BaseException:
        await close_response(response)
        raise
