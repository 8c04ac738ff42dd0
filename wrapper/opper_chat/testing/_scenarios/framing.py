"""Scenarios of framing: one response with other line endings, splits, compression, and bytes that must be ignored."""

import gzip
import zlib

import msgspec

from .._replies.completion import chunk
from .._replies.reply import Pause, Reply
from .builders import DONE, HEL, LO, STOP, WHOLE, ScenarioGroup, event, split, stream, usage

FRAMING = ScenarioGroup("framing")
NOISE = ScenarioGroup("noise")
_complete, _noise = FRAMING.complete, NOISE.complete

_USUAL = stream()
_STRANGE = "a\u2028b\u2029c\u0085d\u000be\u001cf"
_SIGNS = "Grüße, 世界 👋🏽"
_MEGABYTE = "0123456789abcdef" * 65536
_PRETTY = b"".join(
    b"data: " + line + b"\n" for line in msgspec.json.format(msgspec.json.encode(chunk("Hello"))).splitlines()
)
_GZIP = {"content-type": "text/event-stream", "content-encoding": "gzip"}


def _half_gzip() -> Reply:
    packer = zlib.compressobj(wbits=31)
    return Reply(headers=_GZIP, body=[packer.compress(stream([HEL, LO])) + packer.flush(zlib.Z_SYNC_FLUSH)])


_complete("crlf", "The standard allows CRLF, and some servers write it.", [_USUAL.replace(b"\n", b"\r\n")], chunks=3)
_complete("cr", "The standard allows CR.", [_USUAL.replace(b"\n", b"\r")], chunks=3)
_complete(
    "mixed-line-ends",
    "A proxy adds lines of its own.",
    [event(HEL).replace(b"\n", b"\r\n"), b":\r", LO, STOP, DONE],
    chunks=3,
)
_complete("byte-order-mark", "A stream may open with a mark.", [b"\xef\xbb\xbf" + _USUAL], chunks=3)
_complete("no-space-after-colon", "The space is optional.", [_USUAL.replace(b"data: ", b"data:")], chunks=3)
_complete("data-over-many-lines", "An event may have several lines of data.", [_PRETTY + b"\n", STOP, DONE], chunks=2)
_complete(
    "id-and-retry",
    "Events may have an id and a time to reconnect.",
    [b"retry: 3000\n\n", b"id: 1\n" + event(HEL), LO, STOP, DONE],
    chunks=3,
)
_complete(
    "event-message",
    "Events may have a type without meaning.",
    [event(HEL, "message"), event(LO, "completion.chunk"), STOP, DONE],
    chunks=3,
)
_complete("all-in-one-write", "Proxies collect a stream and send it at once.", [_USUAL], chunks=3)
_complete(
    "one-byte-a-write",
    "Bytes come as the network likes.",
    split(stream([chunk(_SIGNS), STOP, DONE])),
    _SIGNS,
    chunks=2,
)
_complete("one-byte-a-write-crlf", "As above, with CRLF.", split(_USUAL.replace(b"\n", b"\r\n")), chunks=3)
_complete("seven-bytes-a-write", "As above, in larger parts.", split(_USUAL, 7), chunks=3)
_complete(
    "event-over-many-writes",
    "A slow network delivers an event in parts.",
    [item for part in split(event(chunk("Hello")), 40) for item in (part, Pause(0.01))] + [STOP, DONE],
    chunks=2,
)
_complete(
    "line-separators-in-text",
    "A text may hold what other formats call a line end.",
    [chunk(_STRANGE), STOP, DONE],
    _STRANGE,
)
_complete(
    "escapes-in-text",
    "JSON may be written in ASCII alone.",
    [event(rb'{"choices":[{"index":0,"delta":{"content":"\ud83d\udc4b\u2028"}}]}'.decode()), STOP, DONE],
    "👋\u2028",
    chunks=2,
)
_complete(
    "megabyte-in-one-event",
    "A gateway sends an image, or a whole completion, as one event.",
    [chunk(_MEGABYTE), STOP, DONE],
    _MEGABYTE,
)
_complete("gzip", "Proxies compress streams.", lambda: Reply.sse(WHOLE, encoding="gzip"), chunks=3)
_complete(
    "gzip-one-byte-a-write",
    "As above, cut anywhere.",
    lambda: Reply(headers=_GZIP, body=[bytes([byte]) for byte in gzip.compress(_USUAL)]),
    chunks=3,
)
_complete("deflate", "Proxies compress streams.", lambda: Reply.sse(WHOLE, encoding="deflate"), chunks=3)
FRAMING.truncated("gzip-without-end", "The proxy died while it compressed.", _half_gzip, "Hello", chunks=2)

_noise(
    "blank-data",
    "Some servers keep the connection alive with empty data.",
    [b"data:\n\n", HEL, b"data: \n\n", LO, b"data\n\n", STOP, DONE],
)
_noise(
    "comments",
    "Some servers keep the connection alive with comments.",
    [b": connected\n\n", HEL, b":\n\n", LO, b": ping\n", STOP, DONE],
)
_noise(
    "ping-objects",
    "Some servers send objects that are no chunks.",
    [{"type": "ping"}, HEL, {"type": "ping"}, LO, STOP, DONE],
)
_noise(
    "ping-events",
    "Some servers send events of other types.",
    [event({}, "ping"), HEL, event({"type": "ping"}, "ping"), LO, STOP, DONE],
)
_noise(
    "padding",
    "Some servers hide the length of a chunk.",
    [{**each, "obfuscation": "x" * 9} for each in (HEL, LO, STOP)] + [DONE],
)
_noise(
    "first-chunk-without-choices",
    "Some servers first tell what their filter found.",
    [chunk(choices=[], prompt_filter_results=[{"prompt_index": 0}]), *WHOLE],
)
_noise(
    "choices-null",
    "Some servers send null for no choices.",
    [HEL, chunk(choices=None), LO, STOP, chunk(choices=None, usage=usage(1, 2)), DONE],
    usage_total=3,
    chunks=None,
)
_noise(
    "no-choices",
    "Some servers send the usage and leave the choices out.",
    [HEL, LO, STOP, {"id": "c", "object": "chat.completion.chunk", "usage": usage(1, 2)}, DONE],
    usage_total=3,
    chunks=None,
)
