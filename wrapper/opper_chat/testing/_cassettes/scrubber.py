"""Remove the secrets from an exchange, and leave every other byte as it is. No network and no files."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..._errors.secret_names import is_secret_property
from .._json import is_list, is_object
from .errors import RecordingError
from .exchange import BodyChunk, Exchange, Request, Response
from .json_secrets import LOGPROBS, find_secret_values, is_extra_headers, unescape
from .secrets import REPLACEMENT, KnownSecrets
from .streamed_text import TextPart, escape, find_streamed_texts


class Scrubber:
    """Remove secrets from exchanges.

    A secret that one exchange shows is removed from all of them.

    Args:
        headers: Further names of headers that are removed.
        properties: Further names of properties, in any JSON object of a body, whose values are replaced.
        find: A function that gets a text and returns further secrets in it.
    """

    def __init__(
        self, headers: Iterable[str], properties: Iterable[str], find: Callable[[str], Iterable[str]] | None
    ) -> None:
        self._secrets = KnownSecrets(headers, find)
        self._named = frozenset(properties)

    def learn_request(self, fields: Iterable[tuple[str, str]], query: str, content: bytes) -> None:
        """Learn the secrets of a request."""
        self._secrets.learn_headers(fields)
        self._secrets.learn_query(query)
        self._learn_content(content)

    def learn_response(self, response: Response) -> None:
        """Learn the secrets of a response.

        Raises:
            RecordingError: Its content coding is not supported.
        """
        self._secrets.learn_headers(response.fields)
        content = b"".join(_decode_body(response))
        self._learn_content(content)
        for parts in find_streamed_texts(content.decode("latin-1")):
            self._secrets.learn_content("".join([part.text for part in parts]).encode("utf-8", "replace"))

    def _learn_content(self, content: bytes) -> None:
        self._secrets.learn_content(content)
        text = content.decode("latin-1")
        for value in find_secret_values(text):
            if value.quoted:  # a number is too likely to occur elsewhere
                self._secrets.learn_value(value.name, unescape(text[value.start : value.stop]), sure=value.header)

    def request(self, request: Request) -> Request:
        """Return a request without secrets."""
        path, query = self._secrets.redact(request.path), self._secrets.redact_query(request.query)
        value = request.value
        if not isinstance(value, bytes):
            return Request(method=request.method, path=path, query=query, body=self._json(value))
        return Request.of(request.method, path, query, b"".join(self._redacted([value])))

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange without secrets.

        Raises:
            RecordingError: The content coding of the response is not supported.
        """
        return Exchange(request=self.request(exchange.request), response=self._response(exchange.response))

    def _response(self, response: Response) -> Response:
        shown = [(name, value) for name, value in response.fields if not self._secrets.is_private_header(name)]
        fields = [(name, self._secrets.redact(value)) for name, value in shown]
        before = [chunk.content for chunk in response.chunks]
        plain = _decode_body(response)
        after = list(self._redacted(plain))
        if after == plain:
            after = before
        else:
            # The changed body is recorded without its content coding, because compressing it again gives other bytes.
            fields = [(name, value) for name, value in fields if name != "content-encoding"]
        missing = sum(map(len, before)) - sum(map(len, after))
        shorter = Response(status=response.status, after=response.after, ends=response.ends)
        shorter.set_fields(
            (name, _reduce_length(value, missing if name == "content-length" else 0)) for name, value in fields
        )
        shorter.chunks = [BodyChunk.of(data, chunk.after) for data, chunk in zip(after, response.chunks, strict=True)]
        return shorter

    def _json(self, value: object, name: str = "", *, header: bool = False, in_logprobs: bool = False) -> Any:
        if value is None or isinstance(value, bool):
            return REPLACEMENT if value is not None and name in self._named else value
        if name in self._named:
            return REPLACEMENT
        if is_object(value):
            return {
                self._secrets.redact(key): self._json(
                    item,
                    key,
                    header=header or is_extra_headers(key),
                    in_logprobs=in_logprobs or key == LOGPROBS,
                )
                for key, item in value.items()
            }
        if is_list(value):
            return [self._json(item, header=header, in_logprobs=in_logprobs) for item in value]
        if header or (is_secret_property(name) and not (in_logprobs and name == "token")):
            return REPLACEMENT
        return self._secrets.redact(value) if isinstance(value, str) else value

    def _redacted(self, chunks: list[bytes]) -> Iterator[bytes]:
        """Yield the chunks without secrets, which may span several chunks."""
        # Latin-1 has a character for each byte.
        text = b"".join(chunks).decode("latin-1")
        spans = list(self._spans(text))
        at, index = 0, 0
        for chunk in chunks:
            end = at + len(chunk)
            kept: list[str] = []
            while at < end:
                start, stop, replacement = spans[index] if index < len(spans) else (end, end, "")
                kept.append(text[at : min(start, end)])
                if start >= end:
                    break
                if start >= at:
                    kept.append(replacement)
                at = max(at, min(stop, end))
                if stop > end:
                    break
                index += 1
            at = end
            yield "".join(kept).encode("latin-1")

    def _spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield the spans to replace, in order and without overlaps, and their replacements."""
        # Of spans with the same start the longest wins. A number is replaced by a number.
        values = [value for value in find_secret_values(text, self._named) if value.start < value.stop]
        found = [(value.start, value.stop, REPLACEMENT if value.quoted else "0") for value in values]
        found += [(start, stop, REPLACEMENT) for start, stop in self._secrets.spans(text)]
        for parts in find_streamed_texts(text):
            found += self._streamed_spans(parts)
        end = -1
        for start, stop, replacement in sorted(found, key=lambda span: (span[0], -span[1])):
            if start >= end:
                yield start, stop, replacement
                end = stop
            elif stop > end:
                yield end, stop, ""
                end = stop

    def _streamed_spans(self, parts: list[TextPart]) -> Iterator[tuple[int, int, str]]:
        """Yield the parts of a streamed text that have a part of a secret, and their replacements."""
        spans = deque(self._secrets.spans("".join([part.text for part in parts])))
        at = 0
        for part in parts:
            end = at + len(part.text)
            kept: list[str] = []
            done = at
            while spans and spans[0][0] < end:
                start, stop = spans[0]
                if start >= at:
                    kept += [part.text[done - at : start - at], REPLACEMENT]
                done = min(stop, end)
                if stop > end:
                    break
                spans.popleft()
            if done > at:
                yield part.start, part.stop, escape("".join([*kept, part.text[done - at :]]))
            at = end


def _reduce_length(length: str, missing: int) -> str:
    return str(int(length) - missing) if missing and length.isdecimal() else length


def _decode_body(response: Response) -> list[bytes]:
    """Return the chunks of a body without their content coding (RFC 9110, section 8.4)."""
    chunks = [chunk.content for chunk in response.chunks]
    coding = next((value.lower() for name, value in response.fields if name == "content-encoding"), "identity")
    if coding == "identity":
        return chunks
    if coding not in ("gzip", "deflate"):
        raise RecordingError(
            f"The response has the content coding {coding!r}, in which secrets cannot be found. Accepted are gzip, "
            "deflate and none."
        )
    # With 47, zlib detects the formats gzip and zlib.
    decompressor = zlib.decompressobj(wbits=47)
    decoded: list[bytes] = []
    try:
        decoded.extend(map(decompressor.decompress, chunks))
    except zlib.error as error:
        if any(decoded):
            raise RecordingError(
                f"The response has the content coding {coding!r}, but its body cannot be decoded to the end ({error}), "
                "so secrets in it cannot be found."
            ) from None
        return chunks  # it is not encoded at all
    return decoded
