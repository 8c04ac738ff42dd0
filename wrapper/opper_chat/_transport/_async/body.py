"""Read response bodies in decoded pieces, whoever made the response: this package's transport, or a client of httpx."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from ..._errors.api import APIError
from ..._http.async_wait import free, sleep
from ..._http.content_coding import PAUSE_BYTES, BodyDecoder

if TYPE_CHECKING:
    import httpx

    from .reply import AnyAsyncReply


async def decoded(pieces: AsyncIterator[bytes], decoder: BodyDecoder, response: AnyAsyncReply) -> AsyncIterator[bytes]:
    """Yield a body decoded and counted, and close the response if it is refused.

    Args:
        pieces: the body as it came.
        decoder: what decodes and counts it.
        response: what `pieces` belong to.

    Raises:
        ResponseTooLargeError, APIResponseValidationError: as `BodyDecoder.decode` raises them.
        APIConnectionError: as `BodyDecoder.finish` raises it.
    """
    until_pause = PAUSE_BYTES
    try:
        async for data in pieces:
            for piece in decoder.decode(data):
                yield piece
                until_pause -= len(piece)
                if until_pause <= 0:
                    until_pause = PAUSE_BYTES
                    await sleep(0)  # a few bytes may become many, and the other tasks of the loop want their turn
        decoder.finish()
    except APIError:
        await free(response, pieces)
        raise


async def of_library(made: httpx.Response, decoder: BodyDecoder, response: AnyAsyncReply) -> AsyncIterator[bytes]:
    """Yield the body of a library's response decoded and counted.

    Args:
        made: the library's response.
        decoder: what decodes and counts it.
        response: the same response in this package's form.

    Raises:
        StreamError: of the library: the body was consumed piece by piece, or the response was closed.
        ResponseTooLargeError, APIResponseValidationError, APIConnectionError: as in `decoded`.
    """
    if not made.is_stream_consumed:
        async for piece in decoded(made.aiter_raw(), decoder, response):
            yield piece
        return
    async for piece in made.aiter_bytes():  # a hook has read it, or a mock made it: the library has decoded it
        decoder.count(len(piece))
        yield piece


def keep(made: httpx.Response, content: bytes) -> None:
    """Have a library's response return a body that was read here, as if its own `read` had done so."""
    if not hasattr(made, "_content"):
        # Private, and the same since httpx 0.7. The public way, `read`, decompresses without a limit.
        made._content = content  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
