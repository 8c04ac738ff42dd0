# Made from wrapper/opper_chat/_transport/_async/body.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Read response bodies in decoded pieces, whoever made the response: this package's transport, or a client of httpx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..._errors.api import APIError
from ..._http.content_coding import PAUSE_BYTES, BodyDecoder
from ..._http.wait import free, sleep

if TYPE_CHECKING:
    import httpx

    from .reply import AnyReply


def decoded(pieces: Iterator[bytes], decoder: BodyDecoder, response: AnyReply) -> Iterator[bytes]:
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
        for data in pieces:
            for piece in decoder.decode(data):
                yield piece
                until_pause -= len(piece)
                if until_pause <= 0:
                    until_pause = PAUSE_BYTES
                    sleep(
                        0
                    )  # a few bytes may become many, and the other tasks of the loop want their turn
        decoder.finish()
    except APIError:
        free(response, pieces)
        raise


def of_library(made: httpx.Response, decoder: BodyDecoder, response: AnyReply) -> Iterator[bytes]:
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
        for piece in decoded(made.iter_raw(), decoder, response):
            yield piece
        return
    for (
        piece
    ) in made.iter_bytes():  # a hook has read it, or a mock made it: the library has decoded it
        decoder.count(len(piece))
        yield piece


def keep(made: httpx.Response, content: bytes) -> None:
    """Have a library's response return a body that was read here, as if its own `read` had done so."""
    if not hasattr(made, "_content"):
        # Private, and the same since httpx 0.7. The public way, `read`, decompresses without a limit.
        made._content = content  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
