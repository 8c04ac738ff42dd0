"""Read the body of a response: decoded, counted against a limit and bounded in time, whichever transport carries it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import monotonic
from typing import TYPE_CHECKING, Any

from .._concurrency.async_loop import sleep
from .._concurrency.deadlines import Deadlines, timeout_error
from .._errors.api import APIError
from .._http.async_cleanup import finish_generators
from .._http.async_timeouts import time_limit
from .._http.content_coding import PAUSE_BYTES, BodyDecoder
from .._http.errors import ErrorMap
from .._http.leases import ConnectionLease, lease_of
from .._transport._async.checked_body import checked_body_class

if TYPE_CHECKING:
    from .._http.library import httpx


class AsyncResponseReader:
    """Reads the body of one response.

    Args:
        response: The response. If a hook has read its body, or a mock made it, that is what is returned.
        decoder: Decodes the body and counts it.

    Attributes:
        response: The response.
        lease: The lease of its connection.
    """

    def __init__(self, response: httpx.Response, decoder: BodyDecoder) -> None:
        self.response = response
        self.lease: ConnectionLease = lease_of(response)
        self._errors = ErrorMap(response.request, response.status_code, response.headers)
        self._decoder = decoder
        self._maximum: int | None = None
        self._pieces: AsyncIterator[bytes] | None = None

    def _begin(self) -> AsyncIterator[bytes]:
        """Begin to read, by what has become of the response until now."""
        if self.response.is_stream_consumed:
            pieces = self._counted()
        elif self._decoder.is_identity:
            self._maximum = self._decoder.maximum
            pieces = self.response.aiter_raw()
        else:
            pieces = self._decoded()
        self._pieces = pieces
        return pieces

    async def read(self, deadlines: Deadlines) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            APIConnectionError: The connection broke, or the body was read before.
            APITimeoutError: The bytes did not come in time.
            ResponseTooLargeError, APIResponseValidationError: As `BodyDecoder.decode` raises them.
        """
        pieces = self._pieces or self._begin()
        if not deadlines.is_bounded:
            with self._errors:
                data = await anext(pieces, b"")
        else:
            data = await self._read_in_time(pieces, deadlines)
        # Counted here, without a generator in between: nearly every token is a piece of its own.
        if self._maximum is not None and self.response.num_bytes_downloaded > self._maximum:
            self._decoder.count(self.response.num_bytes_downloaded)
        return data

    async def _read_in_time(self, pieces: AsyncIterator[bytes], deadlines: Deadlines) -> bytes:
        began = monotonic()
        limit = deadlines.next_timeout(began)
        if limit is None:
            with self._errors:
                return await anext(pieces, b"")
        response = self.response
        if limit.remaining <= 0:
            # Where a read cannot be interrupted, the clock is at least looked at between two of them.
            raise timeout_error(limit, response.status_code, response.headers)
        with self._errors:
            deadlines.start_waiting(began)
            try:
                async with time_limit(limit.remaining, self.lease):
                    return await anext(pieces, b"")
            except TimeoutError:
                raise timeout_error(limit, response.status_code, response.headers) from None
            finally:
                deadlines.stop_waiting(monotonic())

    async def skip(self) -> int:
        """Read on without decoding errors or limits of time; return how many bytes there were.

        Raises:
            HTTPError, StreamError: Of httpx.
            APIError: As `read` raises it.
        """
        return len(await anext(self._pieces or self._begin(), b""))

    async def aclose(self, *, is_reading: bool = False) -> None:
        """Free the connection. Closing twice does nothing.

        Args:
            is_reading: Whether somebody reads from it now, who ends the generators.
        """
        try:
            await self.response.aclose()
        finally:  # also if the closing task is cancelled
            self.lease.close()
            if not is_reading and self._pieces is not None:
                await finish_generators(self._pieces)

    async def _decoded(self) -> AsyncIterator[bytes]:
        until_pause = PAUSE_BYTES
        encoded = self.response.aiter_raw()
        try:
            async for data in encoded:
                for piece in self._decoder.decode(data):
                    yield piece
                    until_pause -= len(piece)
                    if until_pause <= 0:
                        until_pause = PAUSE_BYTES
                        await sleep(0)  # a few bytes may become many, and the other tasks of the loop want their turn
            self._decoder.finish()
        except APIError:
            await self.response.aclose()
            await finish_generators(encoded)
            raise

    async def _counted(self) -> AsyncIterator[bytes]:
        async for piece in self.response.aiter_bytes():  # which the library has decoded
            self._decoder.count(len(piece))
            yield piece


def keep_content(response: httpx.Response, content: bytes) -> None:
    """Have a response return a body that was read here, as if its own `read` had done so."""
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
    """Have the end of a body checked that a transport of httpx carries.

    Args:
        response: The response, whose body is still to be read.
        library: httpx or httpx2, whichever the response is of.

    Raises:
        RemoteProtocolError: The response has a version of HTTP that does not exist.
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
