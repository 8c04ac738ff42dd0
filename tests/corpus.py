"""Recorded traffic, raw HTTP responses and event stream vectors for the tests to read, where a copy is at hand.

The folder is not part of the repository: without it the loaders return nothing and a test marked
``needs_corpus`` skips, saying so.
"""

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import pytest

_BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "corpus"

CORPUS = Path(os.environ.get("OPPER_CHAT_CORPUS") or _BESIDE_THE_REPOSITORY)
"""The folder of the corpus, which may be absent; ``OPPER_CHAT_CORPUS`` names another."""

needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(),
    reason=f"the corpus is absent: no folder {CORPUS} (OPPER_CHAT_CORPUS may name another)",
)
"""Marks a test, or a module through ``pytestmark``, which reads the corpus."""


class Exchange(TypedDict):
    """One recorded request and what the server replied to it."""

    id: str
    source: str
    provider_host: str
    request_body: dict[str, Any] | None
    status: int
    response_headers: dict[str, str]
    response_body: str
    is_stream: bool


class ExpectedEvent(TypedDict):
    """The event that a vector expects, member by member."""

    event: str
    data: str
    id: str
    retry: int | None


@dataclass(frozen=True)
class SSEVector:
    """An event stream in pieces, and the events it holds by the WHATWG standard."""

    name: str
    chunks: list[bytes]
    events: list[ExpectedEvent]
    splittable: bool
    """Whether it is short enough to be cut at every byte."""


class _Run(TypedDict):
    """A text, written once and repeated: how long vectors are kept short on disk."""

    text: str
    repeat: NotRequired[int]


def recorded(kind: Literal["json", "stream", "error"]) -> list[Exchange]:
    """Return the recorded exchanges of one kind, or none where the corpus is absent."""
    path = CORPUS / "recorded" / f"{kind}.jsonl"
    if not path.is_file():
        return []
    # Not splitlines: a JSON string may hold U+2028 as it is.
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


class HTTPVerdict(TypedDict):
    """What a client makes of one raw response, by RFC 9112 and RFC 9110."""

    verdict: Literal["response", "refused", "incomplete"]
    """Whether it is read, is no HTTP/1.1 response, or has no end before its connection ends."""
    status: int | None
    """The status code, where the head is read."""
    body: NotRequired[str]
    """The body of a response that is read, in ISO 8859-1."""
    reuse: bool
    """Whether the next request may be sent over the connection."""
    why: NotRequired[str]
    """The section that decides, unless the response is read and the connection is used again."""
    server_closes: bool
    """Whether the server has to end the connection for a verdict to be possible."""


HTTP_VERDICTS = Path(__file__).parent / "data" / "http_verdicts.json"
"""The verdicts on the raw HTTP responses, by the ids of the cases."""


def http_responses() -> dict[str, bytes]:
    """Return the raw HTTP/1.1 responses by their ids, or none where the corpus is absent."""
    path = CORPUS / "http" / "cases.json"
    if not path.is_file():
        return {}
    return {case["id"]: base64.b64decode(case["raw"], validate=True) for case in json.loads(path.read_text("utf-8"))}


def http_verdicts() -> dict[str, HTTPVerdict]:
    """Return the verdicts on the raw HTTP responses by their ids."""
    verdicts: dict[str, HTTPVerdict] = json.loads(HTTP_VERDICTS.read_text("utf-8"))
    return verdicts


def sse_vectors() -> list[SSEVector]:
    """Return the event stream vectors, or none where the corpus is absent."""
    return [
        _vector(entry)
        for path in sorted((CORPUS / "sse").glob("*.json"))
        for entry in json.loads(path.read_text("utf-8"))
    ]


def _vector(entry: dict[str, Any]) -> SSEVector:
    if "chunks_gen" in entry:
        chunks = [_text(run).encode() for run in entry["chunks_gen"]]
        events = [_event(event) for event in entry["expected_events_gen"]]
    else:
        chunks = [base64.b64decode(chunk, validate=True) for chunk in entry["chunks"]]
        events = [_event(event) for event in entry["expected_events"]]
    return SSEVector(entry["name"], chunks, events, splittable=not entry.get("no_split", False))


def _event(entry: dict[str, Any]) -> ExpectedEvent:
    return {
        "event": entry["event"],
        "data": _text(entry["data"]),
        "id": entry["id"],
        "retry": entry["retry"],
    }


def _text(text: str | _Run) -> str:
    return text if isinstance(text, str) else text["text"] * text.get("repeat", 1)
