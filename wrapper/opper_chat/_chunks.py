"""Events → chunks, and whether the stream that they make is whole. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping

from opper_chat_api.errors import DecodeError
from opper_chat_api.models.chat_completion_chunk import ChatCompletionChunk

from . import _json
from ._errors import APIError, APIResponseValidationError, StreamTruncatedError, is_error_body
from ._json import is_object
from ._sse import EventDecoder, ServerSentEvent

__all__ = ["ChatCompletionChunk", "ChunkReader"]

DONE = "[DONE]"


class ChunkReader:
    """Turns the bytes of one stream, cut anywhere, into chunks, and knows how it ended.

    Attributes:
        done: whether ``[DONE]`` came. What follows it is not read.
        failure: the error that ended the stream. It is to be raised once the chunks before it were handed out.
    """

    def __init__(self, status_code: int, headers: Mapping[str, str]) -> None:
        self.done = False
        self.failure: APIError | None = None
        self._status_code = status_code
        self._headers = headers
        self._decoder = EventDecoder()
        self._finished: dict[int, bool] = {}

    def feed(self, data: bytes) -> list[ChatCompletionChunk]:
        """Take the next bytes and return the chunks that they complete."""
        chunks: list[ChatCompletionChunk] = []
        for event in self._decoder.feed(data):
            if self.done or self.failure is not None:
                break
            chunk = self._read(event)
            if chunk is not None:
                chunks.append(chunk)
        return chunks

    def end(self) -> None:
        """Take note that the bytes have ended: without ``[DONE]``, that is well only if every choice has finished."""
        if self.done or self.failure is not None:
            return
        pending = self._decoder.pending
        if pending.strip():
            self.failure = self._error(StreamTruncatedError, "The stream ended inside an event.", pending)
        elif not self._finished:
            self.failure = self._error(StreamTruncatedError, "The stream ended before it brought any choice.")
        elif not all(self._finished.values()):
            self.failure = self._error(
                StreamTruncatedError, "The stream ended without [DONE] and before every choice had a finish reason."
            )

    def _read(self, event: ServerSentEvent) -> ChatCompletionChunk | None:
        data = event.data.strip()
        if not data:
            return None
        if data == DONE:
            self.done = True
            return None
        raw = event.data.encode()
        try:
            value = _json.decode(raw)
        except ValueError as error:
            self.failure = self._error(
                APIResponseValidationError, f"An event of the stream is not JSON ({error}): {data[:200]!r}.", raw
            )
            return None
        if event.event == "error" or is_error_body(value) or (is_object(value) and value.get("error")):
            self.failure = self._error(APIError, f"The server ended the stream with an error: {data[:200]}", raw, value)
            return None
        try:
            chunk = ChatCompletionChunk.from_dict(value)  # type: ignore[arg-type]  # the model refuses what is no object
        except DecodeError as error:
            self.failure = self._error(
                APIResponseValidationError, f"An event of the stream is not a chunk ({error}): {data[:200]}", raw, value
            )
            return None
        for place, choice in enumerate(chunk.choices):
            index = choice.index if choice.index is not None else place
            self._finished[index] = self._finished.get(index, False) or bool(choice.finish_reason)
        return chunk

    def _error(self, kind: type[APIError], message: str, raw: bytes = b"", body: object = None) -> APIError:
        return kind(message, status_code=self._status_code, headers=self._headers, raw_body=raw, body=body)
