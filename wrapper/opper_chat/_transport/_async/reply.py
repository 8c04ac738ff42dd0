"""An answer as it comes: its head, and its body piece by piece. httpx's own is made where somebody wants to see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import timedelta
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from ..._config.environment import Secret
from ..._errors.answer_headers import AnswerHeaders
from ..._errors.redaction import redact_bytes
from ..._http.content_coding import BodyDecoder, content_codings
from ..._http.library import Library
from ..._http.sent import AnyRequest, SentRequest, forget_in_headers
from ..._http.wait import AHEAD
from .body import decoded, keep, of_library

if TYPE_CHECKING:
    import httpx

    from ..._streaming.state import Ahead


class AsyncReplyBody(Protocol):
    """A body that is still to be read. Whoever reads it to its end or closes it gives the connection back."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Free the connection."""
        ...


class AnyAsyncReply(Protocol):
    """An answer, by whomever it came."""

    status_code: int
    headers: AnswerHeaders

    @property
    def request(self) -> AnyRequest:
        """What it answers."""
        ...

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What the transport tells, as httpx has it."""
        ...

    @property
    def http_version(self) -> str:
        """The version of HTTP, such as ``HTTP/1.1``."""
        ...

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether the body was read or given up."""
        ...

    def aiter_bytes(self, decoder: BodyDecoder) -> AsyncIterator[bytes]:
        """Return the body piece by piece, decoded and counted. At its end the connection is given back."""
        ...

    def keep(self, content: bytes) -> None:
        """Have the library's response return a body that was read here."""
        ...

    def ahead(self) -> Ahead | None:
        """Have the first chunk of the body alone, and return what has the rest of what came with it."""
        ...

    async def aclose(self) -> None:
        """Free the connection."""
        ...

    def forget(self, keys: Iterable[Secret]) -> None:
        """Take the keys out of the headers and of what was sent."""
        ...

    def in_library(self) -> httpx.Response:
        """Return the library's response of the same. It is the same each time."""
        ...


class AsyncReply:
    """An answer over this package's own connections, with as many of the names of httpx's as are needed here.

    Args:
        library: whose response it becomes where one is asked for.
        request: what it answers.
        status_code: such as 200.
        pairs: its headers as they came.
        body: what it goes on with.
        extensions: what the transport tells, as httpx has it.
    """

    __slots__ = (
        "__weakref__", "_began", "_begun", "_elapsed", "_freed", "_library", "_made", "_pairs", "body", "extensions",
        "headers", "is_closed", "request", "status_code",
    )  # fmt: skip

    def __init__(
        self,
        library: Library,
        request: SentRequest,
        status_code: int,
        pairs: list[tuple[bytes, bytes]],
        body: AsyncReplyBody,
        *,
        extensions: dict[str, Any],
    ) -> None:
        self._began = perf_counter()
        self._begun = False
        self._freed = False
        self._elapsed: timedelta | None = None
        self._library = library
        self._made: httpx.Response | None = None
        self._pairs: list[tuple[bytes, bytes]] = pairs
        self.request = request
        self.status_code = status_code
        self.headers = AnswerHeaders.of(pairs)
        self.body = body
        self.extensions = extensions
        self.is_closed = False

    @property
    def http_version(self) -> str:
        """The version of HTTP, such as ``HTTP/1.1``."""
        version: bytes = self.extensions.get("http_version", b"HTTP/1.1")
        return version.decode("ascii", "replace")

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    def aiter_bytes(self, decoder: BodyDecoder) -> AsyncIterator[bytes]:
        """Return the body piece by piece, decoded and counted. At its end the connection is given back.

        Raises:
            StreamError: of the library, in iterating: it was read before, or closed.
            ResponseTooLargeError, APIResponseValidationError: as `BodyDecoder.decode` raises them, in iterating.
        """
        return self._pieces(decoder)

    def ahead(self) -> Ahead | None:
        """Have the first chunk of the body handed out alone, and return what has the rest of what came with it.

        None where others have a part in the body: what decompresses it, a proxy's connection, or whoever has the
        library's response.
        """
        pieces = self.extensions.get(AHEAD)
        if pieces is None or self._made is not None or content_codings(self.headers):
            return None
        pieces.hurry()
        ahead: Ahead = pieces
        return ahead

    async def _pieces(self, decoder: BodyDecoder) -> AsyncIterator[bytes]:
        if self._made is not None:  # a hook has it, and may have read the body
            async for piece in of_library(self._made, decoder, self):
                yield piece
            return
        if self._begun:
            raise self._library.StreamConsumed
        self._begun = True
        if self.is_closed:
            raise self._library.StreamClosed
        if decoder.is_identity:
            total, maximum = 0, decoder.maximum
            async for piece in self.body:
                if maximum is not None:
                    total += len(piece)  # counted here: nearly every token is a piece of its own
                    if total > maximum:
                        decoder.count(total)
                yield piece
        else:
            async for piece in decoded(aiter(self.body), decoder, self):
                yield piece
        await self.aclose()

    def keep(self, content: bytes) -> None:
        """Have the library's response return a body that was read here."""
        keep(self.in_library(), content)

    async def aclose(self) -> None:
        """Free the connection. Closing twice does nothing."""
        if not self._freed:
            self.is_closed = True
            self._elapsed = self.elapsed
            await self.body.aclose()
            self._freed = True  # now and not before: a signal handler may raise in between
            if self._made is not None:
                self._made.elapsed = self.elapsed
                await self._made.aclose()

    @property
    def elapsed(self) -> timedelta:
        """How long ago it came, or how long it took from then until it was closed."""
        return self._elapsed or timedelta(seconds=perf_counter() - self._began)

    def forget(self, keys: Iterable[Secret]) -> None:
        """Take the keys out of the headers, where some servers repeat them, and out of the request."""
        self.request.forget_key()
        text = b"\n".join([part for pair in self._pairs for part in pair])
        for key in keys:
            if key.forms and redact_bytes(text, key.forms) is not text:
                kept = [pair for pair in self._pairs if redact_bytes(pair[0], key.forms) == pair[0]]
                self._pairs = [(name, redact_bytes(value, key.forms)) for name, value in kept]
                self.headers = AnswerHeaders.of(self._pairs)
                if self._made is not None:  # a hook has seen it, and may have kept it
                    forget_in_headers(self._made.headers, key.forms)

    def heed_library(self) -> None:
        """Become what has been made of this in the library's form."""
        if self._made is not None:
            self.status_code = self._made.status_code
            self._pairs = self._made.headers.raw
            self.headers = AnswerHeaders.of(self._pairs)

    def in_library(self) -> httpx.Response:
        """Return the library's response of the same, whose body is this one's. It is the same each time."""
        if self._made is None:
            self._made = self._library.Response(
                self.status_code,
                headers=self._pairs,
                stream=_stream_class(self._library)(self),
                request=self.request.in_library(),
                extensions=self.extensions,
            )
            if self.is_closed:
                self._made.is_closed = True
                self._made.elapsed = self.elapsed
            self._made.is_stream_consumed = self._begun
        return self._made


class _Stream:
    """The body of a reply, as the library wants it."""

    def __init__(self, reply: AsyncReply) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._reply.body:
            yield piece

    async def aclose(self) -> None:
        await self._reply.aclose()


@cache
def _stream_class(library: Library) -> Any:
    """Return the class of bodies for a library, which takes none but those of its own."""
    return type("ReplyStream", (_Stream, library.AsyncByteStream), {})
