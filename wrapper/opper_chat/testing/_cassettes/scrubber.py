"""Takes the secrets out of an exchange, and leaves every other byte in its place. No network, no files."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..._errors.secret_names import is_secret_property
from .._json import is_list, is_object
from .errors import RecordingError
from .exchange import Exchange, Piece, Request, Response
from .json_secrets import SAID, is_headers, secret_values, text_of
from .secrets import SCRUBBED, Secrets
from .streamed_text import Part, literal, spelled


class Scrub:
    """Takes out secrets.

    Args:
        headers: further names of headers to leave out.
        members: further names of members, of whatever JSON object in a body, to take the value of.
        find: says of a text which parts of it to take out, in addition.
    """

    def __init__(
        self, headers: Iterable[str], members: Iterable[str], find: Callable[[str], Iterable[str]] | None
    ) -> None:
        self._secrets = Secrets(headers, find)
        self._named = frozenset(members)

    def learn(self, fields: Iterable[tuple[str, str]], query: str, content: bytes) -> None:
        """Take in the secrets of a request."""
        self._secrets.learn_headers(fields)
        self._secrets.learn_query(query)
        self._learn_content(content)

    def learn_answer(self, response: Response) -> None:
        """Take in the secrets of an answer.

        Raises:
            RecordingError: it is encoded in a way that cannot be looked into.
        """
        self._secrets.learn_headers(response.fields)
        content = b"".join(_unpacked(response))
        self._learn_content(content)
        for parts in spelled(content.decode("latin-1")):
            self._secrets.learn_content("".join([part.text for part in parts]).encode("utf-8", "replace"))

    def _learn_content(self, content: bytes) -> None:
        self._secrets.learn_content(content)
        text = content.decode("latin-1")
        for value in secret_values(text):
            if value.quoted:  # a number may be that of anything
                self._secrets.learn_value(value.name, text_of(text[value.start : value.stop]), sure=value.header)

    def request(self, request: Request) -> Request:
        """Return a request without secrets."""
        path, query = self._secrets.without(request.path), self._secrets.query_without(request.query)
        value = request.value
        if not isinstance(value, bytes):
            return Request(method=request.method, path=path, query=query, body=self._json(value))
        return Request.of(request.method, path, query, b"".join(self._pieces([value])))

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange without secrets.

        Raises:
            RecordingError: the answer is encoded in a way that cannot be looked into.
        """
        return Exchange(request=self.request(exchange.request), response=self._response(exchange.response))

    def _response(self, response: Response) -> Response:
        shown = [(name, value) for name, value in response.fields if not self._secrets.hides(name)]
        fields = [(name, self._secrets.without(value)) for name, value in shown]
        before = [piece.content for piece in response.pieces]
        plain = _unpacked(response)
        after = list(self._pieces(plain))
        if after == plain:
            after = before
        else:
            # What was packed cannot be packed again so that the same bytes come out; unpacked it says the same.
            fields = [(name, value) for name, value in fields if name != "content-encoding"]
        missing = sum(map(len, before)) - sum(map(len, after))
        shorter = Response(status=response.status, after=response.after, ends=response.ends)
        shorter.set_fields((name, _less(value, missing if name == "content-length" else 0)) for name, value in fields)
        shorter.pieces = [Piece.of(data, piece.after) for data, piece in zip(after, response.pieces, strict=True)]
        return shorter

    def _json(self, value: object, name: str = "", *, header: bool = False, said: bool = False) -> Any:
        if value is None or isinstance(value, bool):
            return SCRUBBED if value is not None and name in self._named else value
        if name in self._named:
            return SCRUBBED
        if is_object(value):
            return {
                self._secrets.without(member): self._json(
                    inside, member, header=header or is_headers(member), said=said or member == SAID
                )
                for member, inside in value.items()
            }
        if is_list(value):
            return [self._json(item, header=header, said=said) for item in value]
        if header or (is_secret_property(name) and not (said and name == "token")):
            return SCRUBBED
        return self._secrets.without(value) if isinstance(value, str) else value

    def _pieces(self, pieces: list[bytes]) -> Iterator[bytes]:
        """Yield the same pieces without secrets, which may lie across several of them."""
        # Bytes as text one by one: a secret is ASCII, and what is not text stays what it is.
        text = b"".join(pieces).decode("latin-1")
        spans = list(self._spans(text))
        at, index = 0, 0
        for piece in pieces:
            end = at + len(piece)
            kept: list[str] = []
            while at < end:
                start, stop, put = spans[index] if index < len(spans) else (end, end, "")
                kept.append(text[at : min(start, end)])
                if start >= end:
                    break
                if start >= at:
                    kept.append(put)
                at = max(at, min(stop, end))
                if stop > end:
                    break
                index += 1
            at = end
            yield "".join(kept).encode("latin-1")

    def _spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield where something is to be replaced, in order and apart from each other, and by what."""
        # Of those that begin alike the first stays: a number is to be one still.
        values = [value for value in secret_values(text, self._named) if value.start < value.stop]
        found = [(value.start, value.stop, SCRUBBED if value.quoted else "0") for value in values]
        found += [(start, stop, SCRUBBED) for start, stop in self._secrets.spans(text)]
        for parts in spelled(text):
            found += self._spelled_out(parts)
        end = -1
        for start, stop, put in sorted(found, key=lambda span: (span[0], -span[1])):
            if start >= end:
                yield start, stop, put
                end = stop
            elif stop > end:
                yield end, stop, ""
                end = stop

    def _spelled_out(self, parts: list[Part]) -> Iterator[tuple[int, int, str]]:
        """Yield the parts of a text that hold some of a secret, and what is to stand there instead."""
        spans = deque(self._secrets.spans("".join([part.text for part in parts])))
        at = 0
        for part in parts:
            end = at + len(part.text)
            kept: list[str] = []
            done = at
            while spans and spans[0][0] < end:
                start, stop = spans[0]
                if start >= at:
                    kept += [part.text[done - at : start - at], SCRUBBED]
                done = min(stop, end)
                if stop > end:
                    break
                spans.popleft()
            if done > at:
                yield part.start, part.stop, literal("".join([*kept, part.text[done - at :]]))
            at = end


def _less(length: str, missing: int) -> str:
    return str(int(length) - missing) if missing and length.isdecimal() else length


def _unpacked(response: Response) -> list[bytes]:
    """Return the pieces of a body without their content coding (RFC 9110, 8.4)."""
    pieces = [piece.content for piece in response.pieces]
    coding = next((value.lower() for name, value in response.fields if name == "content-encoding"), "identity")
    if coding == "identity":
        return pieces
    if coding not in ("gzip", "deflate"):
        raise RecordingError(f"an answer is encoded with {coding!r}, in which secrets cannot be looked for")
    # 47 reads the formats of gzip and of zlib, whichever it is.
    unpacker = zlib.decompressobj(wbits=47)
    unpacked: list[bytes] = []
    try:
        unpacked.extend(map(unpacker.decompress, pieces))
    except zlib.error as error:
        if any(unpacked):
            raise RecordingError(f"an answer stops being {coding!r} in the middle: {error}") from None
        return pieces  # it never was
    return unpacked
