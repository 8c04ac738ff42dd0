r"""The file format of cassettes: a request and its response, byte for byte, in each line.

The first line is `{"cassette": 1}`. The others are exchanges:

    {"request": {"method": "POST", "path": "/chat/completions", "body": {...}},
     "response": {"status": 200, "after": 0.41, "headers": {"content-type": "text/event-stream"},
                  "chunks": [{"text": "data: {...}\n\n"}, {"after": 0.02, "text": "data: [DONE]\n\n"}]}}

`after` is the time in seconds since the previous event: the request, the response headers or a chunk.
"""

from __future__ import annotations

import os
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Self

import msgspec
from msgspec import UNSET, Struct, UnsetType

from .errors import CassetteFileError

VERSION = 1

Ends = Literal["complete", "cut", "disconnected"]
"""How a response ends: complete, with a broken connection, or because the client disconnected."""


class Content(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Bytes, as text if they are UTF-8, otherwise as base64."""

    text: str | None = None
    base64: str | None = None

    @property
    def content(self) -> bytes:
        """The bytes.

        Raises:
            ValueError: `base64` is not valid.
        """
        return b64decode(self.base64, validate=True) if self.base64 is not None else (self.text or "").encode()


class BodyChunk(Content, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A chunk of a body, as it arrived."""

    after: float = 0.0

    @classmethod
    def of(cls, content: bytes, after: float = 0.0) -> Self:
        """Return the chunk with these bytes."""
        return cls(after=round(after, 3), **_text_or_base64(content))


class Request(Content, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A request. The body is JSON, other bytes, or missing."""

    method: str
    path: str
    query: str = ""
    body: Any | UnsetType = UNSET

    @classmethod
    def of(cls, method: str, path: str, query: str, content: bytes) -> Self:
        """Return the request with these bytes as its body."""
        try:
            body = msgspec.json.decode(content)
            msgspec.json.encode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError):
            # JSON that msgspec refuses, such as NaN, is kept as it is written.
            return cls(method=method, path=path, query=query, **(_text_or_base64(content) if content else {}))
        return cls(method=method, path=path, query=query, body=body)

    @property
    def value(self) -> object:
        """The body as a JSON value, or its bytes if it is not JSON."""
        return self.content if isinstance(self.body, UnsetType) else self.body


class Response(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A response. It has no status if the connection ended before the response headers."""

    status: int | None = None
    after: float = 0.0
    headers: dict[str, str | list[str]] = {}
    chunks: list[BodyChunk] = msgspec.field(default_factory=list[BodyChunk])
    ends: Ends = "complete"

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The headers, as pairs."""
        return [
            (name, value)
            for name, values in self.headers.items()
            for value in ([values] if isinstance(values, str) else values)
        ]

    def set_fields(self, fields: Iterable[tuple[str, str]]) -> None:
        """Set the headers. A repeated name gets a list of values."""
        self.headers = {}
        for name, value in fields:
            values = self.headers.setdefault(name, value)
            if values is not value:
                self.headers[name] = [*([values] if isinstance(values, str) else values), value]


class Exchange(Struct, forbid_unknown_fields=True, kw_only=True):
    """A request and its response."""

    request: Request
    response: Response


class _First(Struct):
    cassette: int


def read_exchanges(path: Path) -> Iterator[tuple[bytes, Exchange]]:
    """Yield each line that has an exchange, and the exchange.

    Raises:
        CassetteFileError: The file is missing, or is not a cassette of a supported version.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        how = "with record='once', or for the fixture with pytest --opper-record=once"
        raise CassetteFileError(f"There is no cassette {path}. Record it {how}.") from None
    try:
        version = msgspec.json.decode(lines[0], type=_First).cassette
    except msgspec.MsgspecError as error:
        raise CassetteFileError(
            f'{path}, line 1: expected {{"cassette": {VERSION}}}, as in every cassette ({error}).'
        ) from None
    if version != VERSION:
        raise CassetteFileError(
            f"{path}, line 1: expected version {VERSION} of cassettes, got {version}. Record it again, or use the "
            "release of opper-chat that recorded it."
        )
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            yield line, _exchange(line, f"{path}, line {number}")


def write_cassette(path: Path, lines: Iterable[bytes]) -> None:
    """Write a cassette atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(_First(VERSION)) + b"\n")
            file.writelines(line + b"\n" for line in lines)
        Path(name).chmod(_file_mode())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def encode_exchange(exchange: Exchange) -> bytes:
    """Return the line of an exchange."""
    return msgspec.json.encode(exchange)


def _exchange(line: bytes, location: str) -> Exchange:
    try:
        exchange = msgspec.json.decode(line, type=Exchange)
        for part in (exchange.request, *exchange.response.chunks):
            _ = part.content
        for name, value in exchange.response.fields:
            _ = f"{name}{value}".encode("latin-1")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise CassetteFileError(f"{location}: expected an exchange of a cassette ({error}).") from None
    return exchange


def _text_or_base64(content: bytes) -> dict[str, str]:
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}


def _file_mode() -> int:
    """Return the permissions of a new file. Those of a temporary file are stricter."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
