"""Scenarios of bodies that are not a stream of chunks, and events that are not a chunk."""

from typing import Any

import msgspec

from .._replies.completion import chunk
from .._replies.reply import Reply
from .builders import DONE, HEL, LO, STOP, ScenarioGroup, event, stream, usage

BODIES = ScenarioGroup("other bodies")
_complete, _invalid = BODIES.complete, BODIES.invalid


def _completion(*choices: dict[str, Any]) -> dict[str, Any]:
    return {**chunk(), "object": "chat.completion", "choices": list(choices), "usage": usage(3, 2)}


def _choice(index: int, finish_reason: str, **message: object) -> dict[str, Any]:
    return {"index": index, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}


def _typed(content_type: str | None, body: bytes) -> Reply:
    return Reply(headers={} if content_type is None else {"content-type": content_type}, body=body)


_HELLO = _completion(_choice(0, "stop", content="Hello"))
_CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}}
_HTML = b"<!doctype html><title>Sign in</title>"

# A whole completion, not in chunks
_complete(
    "completion-as-json",
    "Servers that cannot stream send the whole completion at once.",
    lambda: Reply.json(_HELLO),
    usage_total=5,
    chunks=1,
)
_complete(
    "completion-as-event",
    "Servers that cannot stream send the whole completion as the only event.",
    [_HELLO, DONE],
    usage_total=5,
    chunks=1,
)
_complete(
    "completion-as-event-without-done",
    "As above, without [DONE].",
    [_HELLO],
    usage_total=5,
    chunks=1,
)
_complete(
    "completion-with-tool-call",
    "A whole completion may be a call.",
    lambda: Reply.json(_completion(_choice(0, "tool_calls", content=None, tool_calls=[_CALL]))),
    "",
    finish_reasons=("tool_calls",),
    tool_calls=(("call_1", "get_weather", '{"city": "Oslo"}'),),
    usage_total=5,
    chunks=1,
)
_complete(
    "completion-with-two-choices",
    "A whole completion may have several choices.",
    lambda: Reply.json(_completion(_choice(0, "stop", content="Hello"), _choice(1, "length", content="Good"))),
    finish_reasons=("stop", "length"),
    other_texts=("Good",),
    usage_total=5,
    chunks=1,
    request={"n": 2},
)

_complete(
    "completion-without-message",
    "A content filter leaves only the finish reason of a choice.",
    lambda: Reply.json(_completion({"index": 0, "finish_reason": "content_filter"})),
    "",
    finish_reasons=("content_filter",),
    usage_total=5,
    chunks=1,
)

# A stream by another name
_complete("stream-as-text", "Proxies call a stream plain text.", lambda: _typed("text/plain", stream()), chunks=3)
_complete(
    "stream-as-json", "Servers give every response one type.", lambda: _typed("application/json", stream()), chunks=3
)
BODIES.error(
    "stream-as-json-then-error",
    "As above, and the server fails in the middle of it.",
    lambda: _typed("application/json", stream([HEL, {"error": {"message": "The model is busy"}}])),
    "Hel",
    chunks=1,
    finish_reasons=(None,),
    error_message="The model is busy",
)
BODIES.truncated(
    "stream-as-json-cut-short",
    "As above, and the body ends in the middle of it.",
    lambda: _typed("application/json", stream([HEL, LO])),
    "Hello",
    chunks=2,
    finish_reasons=(None,),
)
_complete("stream-without-type", "Servers give a stream no type.", lambda: _typed(None, stream()), chunks=3)

_complete(
    "completion-called-a-stream",
    "Servers that cannot stream keep the type that was requested.",
    lambda: _typed("text/event-stream", msgspec.json.encode(_HELLO)),
    usage_total=5,
    chunks=1,
)
_complete(
    "completion-called-a-stream-then-done",
    "As above, and a gateway adds [DONE].",
    lambda: _typed("text/event-stream", msgspec.json.encode(_HELLO) + b"\n\ndata: [DONE]\n\n"),
    usage_total=5,
    chunks=1,
)
BODIES.error(
    "error-called-a-stream",
    "Servers choose the type of a body before they fail.",
    lambda: _typed("text/event-stream", b'{"error": {"message": "The model is busy", "type": "server_error"}}'),
    error_message="The model is busy",
    error_type="server_error",
)

# No completion at all
_invalid("html", "A proxy requires a login, with status 200.", lambda: _typed("text/html; charset=utf-8", _HTML))
_invalid("plain-text", "A server responds with plain text and status 200.", lambda: _typed("text/plain", b"Not Found"))
_invalid("empty-body", "A server closes with status 200 and no body.", lambda: _typed(None, b""))
_invalid("empty-json", "As above, and calls it JSON.", lambda: _typed("application/json", b""))
_invalid(
    "broken-json", "A body is cut, and its length was made to fit.", lambda: _typed("application/json", b'{"id": ')
)
_invalid("other-json", "Another service responds at this address.", lambda: Reply.json({"status": "healthy"}))
_invalid("json-list", "Another service responds at this address.", lambda: Reply.json([1, 2]))
_invalid(
    "not-gzip",
    "A proxy unpacks the body and keeps the header.",
    lambda: Reply(headers={"content-type": "text/event-stream", "content-encoding": "gzip"}, body=stream()),
)

# No chunk
_invalid("garbage-first", "A server writes its log into the stream.", [b"data: Traceback (most recent call last)\n\n"])
_invalid(
    "garbage-later",
    "Two events run into each other.",
    [HEL, event('{"id": "c", "cho{"id"'), LO, STOP, DONE],
    "Hel",
    chunks=1,
)
_invalid("number-event", "A server sends a count.", [HEL, event(5), LO, STOP, DONE], "Hel", chunks=1)
_invalid("list-event", "A server sends its chunks in lists.", [HEL, event([1]), LO, STOP, DONE], "Hel", chunks=1)
