"""Recorded traffic to JSON values: cassettes, recorded exchanges, HAR, event streams, and JSON lines of replies.

The form of each file is recognised by its content. What cannot be read is counted, never left out silently.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx
from opper_chat._http.sse import EventDecoder
from opper_chat.testing._cassettes.errors import CassetteFileError
from opper_chat.testing._cassettes.exchange import Response, read_exchanges

from .document import Json
from .operations import CHAT_COMPLETIONS

Kind = Literal["request", "reply", "event", "error"]


class TrafficError(Exception):
    """A file has no traffic that can be read. The message says what was expected."""


@dataclass(frozen=True, slots=True)
class Message:
    """A JSON value that was sent or received, and the host that it is from."""

    kind: Kind
    value: Json
    host: str
    """The host, or the name of the file if that does not say."""
    status: int | None = None


class TrafficReader:
    """Reads files, and counts what it leaves out, by the reason."""

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()

    def read(self, path: Path) -> Iterator[Message]:
        """Yield the messages in a file.

        Raises:
            TrafficError: It cannot be read, or has none of the forms.
        """
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise TrafficError(f"{path} cannot be read: {error}") from None
        start = text.lstrip()[:40]
        if start.startswith(('{"cassette"', '{ "cassette"')):
            yield from self._cassette(path)
        elif start.startswith(("data:", "event:", "id:", "retry:", ":")):
            yield from self.body(text, 200, path.name)
        else:
            for value in _json_values(path, text):
                yield from self._recognise(value, path)

    def body(self, text: str, status: int, host: str) -> Iterator[Message]:
        """Yield the messages in the body of a response: one value, or those of an event stream."""
        if text.lstrip().startswith(("data:", "event:", "id:", "retry:", ":")):
            # An event at the end may lack its empty line.
            for event in EventDecoder().feed(f"{text}\n\n".encode()):
                if event.data and event.data != "[DONE]":
                    yield from self._text(event.data, "event", host, status)
        elif text.strip():
            yield from self._text(text, "reply" if 200 <= status < 300 else "error", host, status)
        else:
            self.left_out["empty body"] += 1

    def _text(self, text: str, kind: Kind, host: str, status: int) -> Iterator[Message]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            self.left_out[f"{kind} that is not JSON"] += 1
            return
        yield _message(kind, value, host, status)

    def _recognise(self, value: Json, path: Path) -> Iterator[Message]:
        match value:
            case {"log": {"entries": list(entries)}}:
                for entry in entries:
                    yield from self._har_entry(entry)
            case {"response_body": str(text), "status": int(status), **exchange}:
                host = str(exchange.get("provider_host") or path.name)
                if isinstance(exchange.get("request_body"), dict):
                    yield Message("request", exchange["request_body"], host)
                yield from self.body(text, status, host)
            case {"messages": list(), "choices": _}:
                self.left_out["object that is neither a request nor a reply"] += 1
            case {"messages": list()}:
                yield Message("request", value, path.name)
            case {"choices": list(choices), **rest}:
                is_chunk = "chunk" in str(rest.get("object")) or any(
                    isinstance(choice, dict) and "delta" in choice for choice in choices
                )
                yield Message("event" if is_chunk else "reply", value, path.name)
            case {"error": _} | {"type": str(), "message": str()} | {"detail": _}:
                yield Message("error", value, path.name)
            case list():
                for item in value:
                    yield from self._recognise(item, path)
            case _:
                self.left_out["object that is neither a request nor a reply"] += 1

    def _har_entry(self, entry: Json) -> Iterator[Message]:
        try:
            url, status = urlsplit(entry["request"]["url"]), int(entry["response"]["status"])
            content = entry["response"].get("content", {})
            text = content.get("text", "")
            if content.get("encoding") == "base64":
                text = base64.b64decode(text, validate=True).decode()
            sent = (entry["request"].get("postData") or {}).get("text", "")
        except (KeyError, TypeError, AttributeError, ValueError, binascii.Error):
            self.left_out["HAR entry that cannot be read"] += 1
            return
        if not url.path.endswith(CHAT_COMPLETIONS):
            self.left_out["exchange of another path"] += 1
            return
        host = url.hostname or "unknown"
        if sent:
            yield from self._text(sent, "request", host, status)
        yield from self.body(text, status, host)

    def _cassette(self, path: Path) -> Iterator[Message]:
        try:
            for _, exchange in read_exchanges(path):
                if not exchange.request.path.endswith(CHAT_COMPLETIONS):
                    self.left_out["exchange of another path"] += 1
                    continue
                if isinstance(exchange.request.value, dict):
                    yield Message("request", exchange.request.value, path.name)
                yield from self._recorded_response(exchange.response, path.name)
        except CassetteFileError as error:
            raise TrafficError(str(error)) from None

    def _recorded_response(self, recorded: Response, host: str) -> Iterator[Message]:
        if recorded.status is None:
            self.left_out["exchange without a response"] += 1
            return
        content = b"".join(chunk.content for chunk in recorded.chunks)
        try:
            response = httpx.Response(recorded.status, headers=recorded.fields, content=content)
        except httpx.DecodingError:
            self.left_out["body that cannot be decompressed"] += 1
            return
        yield from self.body(response.text, recorded.status, host)


def _message(kind: Kind, value: Json, host: str, status: int) -> Message:
    if kind in ("event", "reply") and isinstance(value, dict) and value.get("error") and "choices" not in value:
        return Message("error", value, host)  # within a stream, or with status 200
    return Message(kind, value, host, status)


def _json_values(path: Path, text: str) -> Iterator[Json]:
    """Yield the JSON value in a text, or that of each line."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        # Not splitlines: a JSON string may hold U+2028 as it is.
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield _line_value(line, f"{path}, line {number}")
    else:
        yield whole


def _line_value(line: str, place: str) -> Json:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TrafficError(
            f"{place}: {_reason(error)}. Accepted are cassettes, HAR, event streams, "
            "and JSON lines of replies, chunks or recorded exchanges"
        ) from None


def _reason(error: Exception) -> str:
    """Return why a text is not JSON, without any of the text."""
    return f"not JSON: {error.msg}" if isinstance(error, json.JSONDecodeError) else "nested too deeply"
