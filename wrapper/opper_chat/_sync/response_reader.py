# Made from wrapper/opper_chat/_async/response_reader.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Read the body of a response: decoded, counted against a limit and bounded in time, whichever transport carries it."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any

from .._concurrency.deadlines import Deadlines, timeout_error
from .._concurrency.loop import sleep
from .._errors.api import APIError
from .._http.cleanup import finish_generators
from .._http.content_coding import PAUSE_BYTES, BodyDecoder
from .._http.errors import ErrorMap
from .._http.leases import ConnectionLease, lease_of
from .._http.timeouts import time_limit
from .._transport._sync.checked_body import checked_body_class

if TYPE_CHECKING:
    from .._http.library import httpx


class ResponseReader:
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
        self._pieces: Iterator[bytes] | None = None

    def _begin(self) -> Iterator[bytes]:
        """Begin to read, by what has become of the response until now."""
        if self.response.is_stream_consumed:
            pieces = self._counted()
        elif self._decoder.is_identity:
            self._maximum = self._decoder.maximum
            pieces = self.response.iter_raw()
        else:
            pieces = self._decoded()
        self._pieces = pieces
        return pieces

    def read(self, deadlines: Deadlines) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            APIConnectionError: The connection broke, or the body was read before.
            APITimeoutError: The bytes did not come in time.
            ResponseTooLargeError, APIResponseValidationError: As `BodyDecoder.decode` raises them.
        """
        pieces = self._pieces or self._begin()
        if not deadlines.is_bounded:
            with self._errors:
                data = next(pieces, b"")
        else:
            data = self._read_in_time(pieces, deadlines)
        # Counted here, without a generator in between: nearly every token is a piece of its own.
        if self._maximum is not None and self.response.num_bytes_downloaded > self._maximum:
            self._decoder.count(self.response.num_bytes_downloaded)
        return data

    def _read_in_time(self, pieces: Iterator[bytes], deadlines: Deadlines) -> bytes:
        began = monotonic()
        limit = deadlines.next_timeout(began)
        if limit is None:
            with self._errors:
                return next(pieces, b"")
        response = self.response
        if limit.remaining <= 0:
            # Where a read cannot be interrupted, the clock is at least looked at between two of them.
            raise timeout_error(limit, response.status_code, response.headers)
        with self._errors:
            deadlines.start_waiting(began)
            try:
                with time_limit(limit.remaining, self.lease):
                    return next(pieces, b"")
            except TimeoutError:
                raise timeout_error(limit, response.status_code, response.headers) from None
            finally:
                deadlines.stop_waiting(monotonic())

    def skip(self) -> int:
        """Read on without decoding errors or limits of time; return how many bytes there were.

        Raises:
            HTTPError, StreamError: Of httpx.
            APIError: As `read` raises it.
        """
        return len(next(self._pieces or self._begin(), b""))

    def close(self, *, is_reading: bool = False) -> None:
        """Free the connection. Closing twice does nothing.

        Args:
            is_reading: Whether somebody reads from it now, who ends the generators.
        """
        try:
            self.response.close()
        finally:  # also if the closing task is cancelled
            self.lease.close()
            if not is_reading and self._pieces is not None:
                finish_generators(self._pieces)

    def _decoded(self) -> Iterator[bytes]:
        until_pause = PAUSE_BYTES
        encoded = self.response.iter_raw()
        try:
            for data in encoded:
                for piece in self._decoder.decode(data):
                    yield piece
                    until_pause -= len(piece)
                    if until_pause <= 0:
                        until_pause = PAUSE_BYTES
                        sleep(
                            0
                        )  # a few bytes may become many, and the other tasks of the loop want their turn
            self._decoder.finish()
        except APIError:
            self.response.close()
            finish_generators(encoded)
            raise

    def _counted(self) -> Iterator[bytes]:
        for piece in self.response.iter_bytes():  # which the library has decoded
            self._decoder.count(len(piece))
            yield piece


def keep_content(response: httpx.Response, content: bytes) -> None:
    """Have a response return a body that was read here, as if its own `read` had done so."""
    if not hasattr(response, "_content"):
        # Private, and the same since httpx 0.7. The public way, `read`, decompresses without a limit.
        response._content = content  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def close_response(response: httpx.Response) -> None:
    """Free the connection of a response. Closing twice does nothing."""
    try:
        response.close()
    finally:
        lease_of(response).close()


def check_end(response: httpx.Response, library: Any) -> None:
    """Have the end of a body checked that a transport of httpx carries.

    Args:
        response: The response, whose body is still to be read.
        library: httpx or httpx2, whichever the response is of.

    Raises:
        RemoteProtocolError: The response has a version of HTTP that does not exist.
    """
    response.stream = body = checked_body_class(library.SyncByteStream)(
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
        close_response(response)
        raise
