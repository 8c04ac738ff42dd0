"""Scenarios of endings: complete responses, truncated ones, and those whose bytes do not show which."""

from .._replies.completion import chunk
from .._replies.reply import CUT, Reply
from .builders import DONE, HEL, LO, STOP, WHOLE, ScenarioGroup, event, stream

ENDINGS = ScenarioGroup("endings")
_complete, _truncated, _cut = ENDINGS.complete, ENDINGS.truncated, ENDINGS.cut

_TYPE = {"content-type": "text/event-stream"}
_HALF = b'data: {"id": "chatcmpl-scripted", "choi'
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_LENGTH = len(stream([HEL]))
_STOPS = [chunk("Hel", finish_reason="stop"), chunk("lo", finish_reason="stop")]


def _sized(events: bytes, size: int) -> Reply:
    return Reply(headers={**_TYPE, "content-length": str(size)}, body=events)


# Whole
_complete("whole", "A finish reason and [DONE]: what every server normally sends.")
_complete(
    "whole-but-empty", "A model may have nothing to say.", [chunk("", delta={"role": "assistant"}), STOP, DONE], ""
)
_complete("no-done", "Some servers never send [DONE].", [HEL, LO, STOP])
_complete("no-finish-reason", "Some servers send [DONE] and no finish reason.", [HEL, LO, DONE], finish_reasons=(None,))
_complete(
    "finish-reason-length",
    "The limit of tokens was reached: the text is short, and complete.",
    [HEL, LO, chunk(finish_reason="length"), DONE],
    finish_reasons=("length",),
)
_complete(
    "finish-reason-content-filter",
    "A filter stopped the model, which is an ending like any other.",
    [HEL, chunk(finish_reason="content_filter"), DONE],
    "Hel",
    finish_reasons=("content_filter",),
)
_complete("done-twice", "A proxy adds the [DONE] that the server has sent.", [*WHOLE, DONE])
_complete("done-without-blank-line", "The last line of a body has no line end.", [HEL, LO, STOP, b"data: [DONE]"])
_complete("chunks-after-done", "Nothing that follows [DONE] belongs to the completion.", [*WHOLE, event(chunk("no"))])
_complete("bytes-after-done", "A proxy adds data to the body.", [*WHOLE, b"\0\xff{oops\n\ndata: {\n\n"])
_complete(
    "error-after-done", "A proxy reports how the connection ended.", [*WHOLE, event({"error": "connection reset"})]
)
_complete("cut-after-done", "Servers drop the connection once they have sent everything.", [*WHOLE, CUT])
_complete("cut-after-finish-reason", "As above, from a server without [DONE].", [HEL, LO, STOP, CUT])
_complete(
    "content-length-too-long-after-done",
    "A proxy rewrote the body and kept its length.",
    lambda: _sized(stream(), 9999),
    chunks=3,
)

_complete(
    "finish-reason-in-every-chunk",
    "Some servers send the finish reason with every chunk.",
    [*_STOPS, DONE],
)
_complete("finish-reason-in-every-chunk-no-done", "As above, and the body ends normally.", _STOPS)

# Cut short, in good order
_truncated(
    "finish-reason-null-as-text",
    "Some servers write null as a text, and the backend died.",
    [chunk("Hel", finish_reason="null"), chunk("lo", finish_reason="null")],
    "Hello",
)
_truncated(
    "finish-reason-in-every-chunk-until-closed",
    "As above, of a body that only the end of its connection ends.",
    lambda: Reply.raw([_HEAD.replace(b"transfer-encoding: chunked", b"connection: close"), stream(_STOPS)]),
    "Hello",
    chunks=2,
    finish_reasons=("stop",),
)
_truncated("done-without-a-choice", "The backend died before its first token, and the proxy sent [DONE].", [DONE])
_truncated(
    "no-finish-reason-no-done", "The backend died, and the proxy closed the stream normally.", [HEL, LO], "Hello"
)
_truncated("empty-stream", "The backend died before its first token.", [])
_truncated("role-then-nothing", "The backend died behind its first chunk.", [chunk(delta={"role": "assistant"})])
_truncated("only-comments", "The backend never responded, the proxy sent pings and gave up.", [b": ping\n\n"] * 3)
_truncated("half-event", "The body ends inside an event.", [HEL, LO, _HALF], "Hello")
_truncated("half-event-first", "The body ends inside its first event.", [_HALF])
_truncated("half-done", "The body ends inside [DONE].", [HEL, LO, b"data: [DO"], "Hello")
_truncated(
    "content-length-too-short",
    "A proxy rewrote the body and kept its length.",
    lambda: _sized(stream(), _LENGTH + 10),
    "Hel",
    chunks=1,
)
_truncated(
    "one-choice-unfinished",
    "One of the choices has ended, and then the backend died.",
    [HEL, chunk("Goo", index=1), LO, STOP],
    "Hello",
    other_texts=("Goo",),
    finish_reasons=("stop", None),
    request={"n": 2},
)
_truncated(
    "one-choice-missing",
    "The backend died between the first choice and the second.",
    [HEL, LO, STOP],
    "Hello",
    finish_reasons=("stop",),
    request={"n": 2},
)
_truncated(
    "usage-but-no-end",
    "A proxy adds the usage of a completion that was never finished.",
    [HEL, chunk(choices=[], usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})],
    "Hel",
    usage_total=2,
)

# Cut off
_cut(
    "finish-reason-in-every-chunk-cut",
    "The server was killed, and had sent a finish reason with every chunk.",
    [*_STOPS, CUT],
    "Hello",
    finish_reasons=("stop",),
)
_cut("cut-between-events", "The server was killed.", [HEL, LO, CUT], "Hello")
_cut("cut-inside-event", "The server was killed while it wrote.", [HEL, _HALF, CUT], "Hel")
_cut("cut-before-first-event", "The server was killed behind its headers.", [CUT])
_cut(
    "cut-inside-http-chunk",
    "The connection ends inside a chunk of the transfer.",
    lambda: Reply.raw([_HEAD, b"%x\r\n%s\r\n" % (_LENGTH, stream([HEL])), b"80\r\ndata: {"]),
    "Hel",
    chunks=1,
)
_cut(
    "content-length-too-long",
    "The connection ends before all that was announced has come.",
    lambda: _sized(stream([HEL]), 9999),
    "Hel",
    chunks=1,
)
_cut("cut-inside-headers", "The server was killed while it began.", lambda: Reply.raw([_HEAD[:30]]), status=None)
_cut("no-answer", "The server takes the request and closes.", lambda: Reply.raw([]), status=None)
