"""The responses of the benchmark server, prepared before they are requested. No I/O."""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

WORDS = (" the", " of", " a", " rainbow", " is", ",", " light", " and", " water", " in", " red", ".", " colours", " it")
BATCH = 32
"""HTTP chunks in one write of the form `coalesced`, and events in one HTTP chunk of the form `many`."""

LARGE = 52_000
"""Bytes of the reply with log probabilities."""

PAUSE = 0.0002
"""The least seconds between two writes of a paced stream, so that each one arrives alone."""

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ndate: Wed, 25 Nov 2026 00:00:00 GMT\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\nx-request-id: req-1\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


class PreparedResponse(NamedTuple):
    """The writes of one response, in order."""

    writes: list[bytes]
    pause: float = 0.0
    """Seconds between two of them."""


def completion_event(delta: dict[str, object], finish_reason: str | None = None) -> bytes:
    """Return an event with one chunk of a completion, as servers write it."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    value = {
        "id": "chatcmpl-CgfXoLtnsQGpbdXDFQ1QXhyGZ0dPl", "object": "chat.completion.chunk", "created": 1764000000,
        "model": "gpt-4o-mini-2024-07-18", "service_tier": "default", "system_fingerprint": "fp_560af6e559",
        "choices": [choice],
    }  # fmt: skip
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


def http_chunk(data: bytes) -> bytes:
    """Return data as one HTTP chunk (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def join_batches(writes: list[bytes], size: int) -> list[bytes]:
    """Join byte strings in batches of a size."""
    return [b"".join(writes[start : start + size]) for start in range(0, len(writes), size)]


@cache
def events(count: int) -> list[bytes]:
    """Return the events of a stream with `count` chunks and ``[DONE]``. Equal events are one object."""
    words = [completion_event({"content": word}) for word in WORDS]
    middle = [words[number % len(words)] for number in range(count - 2)]
    first, last = completion_event({"role": "assistant", "content": "", "refusal": None}), completion_event({}, "stop")
    return [first, *middle, last, b"data: [DONE]\n\n"]


@cache
def varied(count: int) -> list[bytes]:
    """Return the same events, with a different number in each chunk."""
    return [event.replace(b"1764000000", b"%d" % (1764000000 + number)) for number, event in enumerate(events(count))]


def reply(size: int = 0) -> bytes:
    """Return a plain response. Log probabilities fill it up to at least ``size`` bytes."""
    tokens: list[dict[str, object]] = []
    text = "Red." if not size else ""
    while True:
        logprobs = {"content": tokens, "refusal": None} if size else None
        message: dict[str, object] = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        value = {
            "id": "chatcmpl-CgfXoLtnsQGpbdXDFQ1QXhyGZ0dPl", "object": "chat.completion", "created": 1764000000,
            "model": "gpt-4o-mini-2024-07-18", "service_tier": "default", "system_fingerprint": "fp_560af6e559",
            "choices": [{"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": 15, "completion_tokens": 3, "total_tokens": 18,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {
                    "reasoning_tokens": 0, "audio_tokens": 0,
                    "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
                },
            },
        }  # fmt: skip
        body = json.dumps(value, separators=(",", ":")).encode()
        if len(body) >= size:
            break
        for word in WORDS:
            token = {"token": word, "logprob": -0.0012345678, "bytes": list(word.encode())}
            others = [{**token, "token": other, "logprob": -7.25} for other in WORDS[:5]]
            tokens.append({**token, "top_logprobs": others})
            text += word
    head = b"HTTP/1.1 200 OK\r\ndate: Wed, 25 Nov 2026 00:00:00 GMT\r\ncontent-type: application/json\r\n"
    return head + b"x-request-id: req-1\r\ncontent-length: %d\r\n\r\n" % len(body) + body


@cache
def prepared_response(form: str, count: int) -> PreparedResponse:
    """Return the response of a form.

    Args:
        form: ``small`` and ``large`` are plain replies. Of a stream: ``own`` writes every event in an HTTP chunk and a
            write of its own, ``paced`` as well and pauses in between, ``coalesced`` writes 32 such HTTP chunks at once,
            ``many`` puts 32 events into one HTTP chunk, ``varied`` as ``coalesced``, with a number in each that
            differs, and ``whole`` writes ``coalesced`` at once.
        count: how many chunks a stream has.
    """
    if form in {"small", "large"}:
        return PreparedResponse([reply(LARGE if form == "large" else 0)])
    stream_events = varied(count) if form == "varied" else events(count)
    parts = join_batches(stream_events, BATCH) if form == "many" else stream_events
    known = {part: http_chunk(part) for part in set(parts)}  # equal ones stay one object
    writes = [STREAM_HEAD, *(known[part] for part in parts)]
    writes[-1] += LAST_CHUNK
    if form == "whole":
        return PreparedResponse([b"".join(writes)])
    if form in {"coalesced", "varied"}:
        return PreparedResponse([writes[0], *join_batches(writes[1:], BATCH)])
    if form in {"own", "many", "paced"}:
        return PreparedResponse(writes, PAUSE if form == "paced" else 0.0)
    raise ValueError(f"there is no form {form!r}")
