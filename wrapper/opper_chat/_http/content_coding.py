"""Decode the content codings of a response body (RFC 9110 section 8.4), in small chunks and up to a limit. No I/O.

httpx decompresses all bytes of a read at once: 260 KB of gzip become 500 MB before they can be counted. Here, chunks
have at most `CHUNK_BYTES`. Only the codings that requests accept are decoded: gzip and deflate.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Protocol, TypeAlias

from .._config.response_limits import ResponseLimits, too_large_error
from .._errors.api import APIConnectionError, APIResponseValidationError, ResponseTooLargeError, StreamTruncatedError

CHUNK_BYTES = 65536
"""The most bytes of a decoded chunk."""

PAUSE_BYTES = 1024 * 1024
"""Decoded bytes after which other tasks of an event loop run. To decode them takes a few milliseconds."""

ACCEPTED = ("gzip", "deflate")
"""The codings that requests accept."""

_GZIP_NAMES = ("gzip", "x-gzip")  # the same by RFC 9110 section 8.4.1.3
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


_Inflater: TypeAlias = "zlib._Decompress"  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the type has no public name


class _Coding(Protocol):
    """The decoder of one coding."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded chunks of the next bytes."""
        ...

    @property
    def is_finished(self) -> bool:
        """Whether the encoded data may end here."""
        ...


class BodyDecoder:
    """Decodes one body and counts its bytes.

    Args:
        status_code: the status of the response.
        headers: its headers.
        limits: the limits of the client.
        limit: the field of `limits` that applies to this body, such as ``max_body_bytes``.
    """

    def __init__(self, status_code: int, headers: Mapping[str, str], limits: ResponseLimits, limit: str) -> None:
        self._status_code = status_code
        self._headers = headers
        self._limits = limits
        self._limit = limit
        self._names = content_codings(headers)
        self._maximum: int | None = getattr(limits, limit)
        self._encoded = 0
        self._decoded = 0
        self._chain: list[_Coding] | None = None

    def count(self, size: int) -> None:
        """Count bytes that need no decoding.

        Raises:
            ResponseTooLargeError: there are more than the limit.
        """
        self._decoded += size
        if self._maximum is not None and self._decoded > self._maximum:
            raise self.too_large(self._limit)

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded chunks of the next bytes of the body.

        Raises:
            ResponseTooLargeError: there are more than the limit, or the body has more codings than the limit.
            APIResponseValidationError: the body has a coding that is not decoded, or is not encoded with it.
        """
        if not self._names:
            self.count(len(data))
            yield data
            return
        if self._chain is None:
            self._chain = self._build_chain(data)
        self._encoded += len(data)
        if self._maximum is not None and self._encoded > self._maximum:
            raise self.too_large(self._limit)  # encoded data can be endless and decode to nothing
        try:
            for chunk in _decode_all(self._chain, data):
                self.count(len(chunk))
                yield chunk
        except zlib.error as error:
            raise self._invalid(f"The body cannot be decompressed ({', '.join(self._names)}): {error}.", data) from None

    def finish(self) -> None:
        """Signal the end of the body.

        Raises:
            APIConnectionError: the compressed data is not complete. StreamTruncatedError: that of a stream is not.
        """
        if self._chain and not all(coding.is_finished for coding in self._chain):
            kind = StreamTruncatedError if self._limit == "max_stream_bytes" else APIConnectionError
            raise kind(
                f"The body ended before its compressed data ({', '.join(self._names)}) was complete.",
                status_code=self._status_code,
                headers=self._headers,
            )

    def too_large(self, limit: str) -> ResponseTooLargeError:
        """Return the error for a response that exceeds a limit."""
        return too_large_error(self._limits, limit, status_code=self._status_code, headers=self._headers)

    def _build_chain(self, data: bytes) -> list[_Coding]:
        allowed = self._limits.max_content_codings
        if allowed is not None and len(self._names) > allowed:
            raise self.too_large("max_content_codings")
        for name in self._names:
            if name not in ("deflate", *_GZIP_NAMES):
                raise self._invalid(
                    f"The body has the content coding {name[:40]!r}, which this client does not decode. "
                    f"Its requests accept {' and '.join(ACCEPTED)}.",
                    data,
                )
        # The last coding of the header was applied last (RFC 9110 section 8.4).
        return [_Gzip() if name in _GZIP_NAMES else _Deflate() for name in reversed(self._names)]

    def _invalid(self, message: str, raw_body: bytes) -> APIResponseValidationError:
        return APIResponseValidationError(
            message, status_code=self._status_code, headers=self._headers, raw_body=raw_body
        )


def content_codings(headers: Mapping[str, str]) -> list[str]:
    """Return the codings that a body was encoded with, in the order in which they were applied."""
    header = headers.get("content-encoding")
    if not header:
        return []
    names = (name.strip().lower() for name in header.split(","))
    return [name for name in names if name not in ("", "identity")]


@lru_cache(8)
def accepted_codings(header: str) -> str:
    """Return an Accept-Encoding header without the codings that are not decoded here (RFC 9110 section 12.5.3)."""
    names = [name.strip() for name in header.split(",")]
    known = [name for name in names if name.partition(";")[0].strip().lower() in ("identity", *ACCEPTED, *_GZIP_NAMES)]
    return ", ".join(known) or "identity"


def beginning(chunks: list[bytes], size: int | None) -> bytes:
    """Return the first bytes of a body that was read in chunks.

    Args:
        chunks: the chunks.
        size: how many bytes at most, or None for all.
    """
    kept: list[bytes] = []
    for chunk in chunks:
        kept.append(chunk if size is None else chunk[:size])
        if size is not None:
            size -= len(chunk)
            if size <= 0:
                break
    return b"".join(kept)


def _decode_all(chain: list[_Coding], data: bytes) -> Iterator[bytes]:
    """Yield the chunks of some bytes, decoded by each decoder of a chain."""
    if len(chain) == 1:
        yield from chain[0].decode(data)
        return
    for chunk in chain[0].decode(data):
        yield from _decode_all(chain[1:], chunk)


class _Gzip:
    """The format of RFC 1952: a series of gzip members. What follows the last one is ignored, as gzip does."""

    def __init__(self) -> None:
        self._inflater: _Inflater | None = zlib.decompressobj(_GZIP_WINDOW)
        """None between two gzip members."""
        self._has_data = False
        self._is_ended = False
        self._pending = b""

    @property
    def is_finished(self) -> bool:
        return self._inflater is None or not self._has_data

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._has_data = self._has_data or bool(data)
        while data and not self._is_ended:
            if self._inflater is None:
                data = self._pending + data
                self._pending = data if len(data) < len(_GZIP_MAGIC) else b""
                if self._pending:
                    return
                if not data.startswith(_GZIP_MAGIC):
                    self._is_ended = True
                    return
                self._inflater = zlib.decompressobj(_GZIP_WINDOW)
            yield from _inflate(self._inflater, data)
            if not self._inflater.eof:
                return
            data, self._inflater = self._inflater.unused_data, None


class _Deflate:
    """The zlib format of RFC 1950, which the name means, or that of RFC 1951, which some servers send."""

    def __init__(self) -> None:
        self._inflater: _Inflater | None = None
        self._start = b""

    @property
    def is_finished(self) -> bool:
        return self._inflater.eof if self._inflater else not self._start

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._inflater is None:
            self._start = data = self._start + data
            if len(data) < 2:
                return
            # RFC 1950 section 2.2: method 8, and the two bytes are a multiple of 31.
            is_zlib = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflater = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        if not self._inflater.eof:
            yield from _inflate(self._inflater, data)


def _inflate(inflater: _Inflater, data: bytes) -> Iterator[bytes]:
    """Yield the decompressed bytes, `CHUNK_BYTES` at a time."""
    while True:
        chunk = inflater.decompress(data, CHUNK_BYTES)
        data = inflater.unconsumed_tail
        if chunk:
            yield chunk
        # After a full chunk, the inflater can have more.
        if inflater.eof or (not data and len(chunk) < CHUNK_BYTES):
            return
