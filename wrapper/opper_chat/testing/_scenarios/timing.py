"""Scenarios of timing: servers that keep a client waiting, and timeouts that must expire, or must not."""

from collections.abc import Callable, Iterator

from .._replies.completion import chunk
from .._replies.reply import Pause, Reply, ReplyEvent
from .builders import A_MINUTE, DONE, HEL, LO, STALL, STOP, WHOLE, ScenarioGroup, event

TIME = ScenarioGroup("time")
_complete, _timeout = TIME.complete, TIME.timeout

_SHORT = 0.3
"""Seconds of a timeout that must expire."""

_LONG = 5.0
"""Seconds of a timeout that must not expire."""

_TICK = 0.05
_PING = b": ping\n\n"
_HALF = b'data: {"id": "chatcmpl-scripted", "choi'
_LAST = event("[DONE]")


def _repeat_forever(*events: ReplyEvent, after: tuple[ReplyEvent, ...] = ()) -> Callable[[], Reply]:
    """Return a function that makes a stream of repeated events, one every tick."""

    def delayed() -> Iterator[ReplyEvent]:
        yield from after
        for _ in range(round(A_MINUTE / _TICK)):
            for one in events:
                yield one
                yield Pause(_TICK)

    return lambda: Reply.sse(delayed())


def _trickling_head() -> Reply:
    def delayed() -> Iterator[bytes | Pause]:
        for byte in b"HTTP/1.1 200 OK\r\nx-padding: " + b"x" * round(A_MINUTE / _TICK):
            yield bytes([byte])
            yield Pause(_TICK)

    return Reply.raw(delayed())


def _flood() -> Reply:
    def delayed() -> Iterator[ReplyEvent]:
        yield from WHOLE
        for _ in range(4096):
            yield b": " + b"x" * 16382 + b"\n\n"

    return Reply.sse(delayed())


def _slow(*events: ReplyEvent) -> list[ReplyEvent]:
    return [one for each in events for one in (Pause(0.15), each)]


# The first token
_timeout(
    "pings-only-first-token",
    "A queue is long, and comments keep the connection alive.",
    _repeat_forever(_PING),
    timeout_kind="first_token",
    settings={"first_token_timeout": _SHORT},
)
_timeout(
    "pings-only-idle",
    "As above, and the client limits the time between tokens.",
    _repeat_forever(_PING),
    timeout_kind="idle",
    settings={"idle_timeout": _SHORT},
)
_timeout(
    "pings-only-deadline",
    "As above, and the client limits the whole call.",
    _repeat_forever(_PING),
    timeout_kind="deadline",
    settings={"deadline": _SHORT},
)
_timeout(
    "role-then-silence",
    "The role is no token.",
    [chunk("", delta={"role": "assistant"}), STALL],
    timeout_kind="first_token",
    settings={"first_token_timeout": _SHORT},
)
_timeout(
    "late-first-token",
    "A model thinks for too long.",
    [STALL, *WHOLE],
    chunks=0,
    timeout_kind="first_token",
    settings={"first_token_timeout": _SHORT},
)
_timeout(
    "silence-before-headers",
    "A server sends nothing at all.",
    lambda: Reply.sse(WHOLE, delay=A_MINUTE),
    status=None,
    timeout_kind="read",
    settings={"timeout": _SHORT},
)
_timeout(
    "silence-before-headers-first-token",
    "As above, and the client waits for the first token.",
    lambda: Reply.sse(WHOLE, delay=A_MINUTE),
    status=None,
    timeout_kind="first_token",
    settings={"first_token_timeout": _SHORT},
)
_timeout(
    "silence-before-headers-deadline",
    "As above, and the client limits the whole call.",
    lambda: Reply.sse(WHOLE, delay=A_MINUTE),
    status=None,
    timeout_kind="deadline",
    settings={"deadline": _SHORT},
)
_timeout(
    "headers-byte-by-byte",
    "A server sends its headers so slowly that they do not end, and every byte is in time.",
    _trickling_head,
    status=None,
    timeout_kind="deadline",
    settings={"deadline": _SHORT, "timeout": _LONG},
)
_timeout(
    "headers-byte-by-byte-first-token",
    "As above, and the client waits for the first token.",
    _trickling_head,
    status=None,
    timeout_kind="first_token",
    settings={"first_token_timeout": _SHORT, "timeout": _LONG},
)
_timeout(
    "silence-after-headers",
    "A server sends the status line and the headers, and then nothing.",
    [STALL],
    timeout_kind="read",
    settings={"timeout": _SHORT},
)
_timeout(
    "silence-after-headers-first-token",
    "As above, and the client waits for the first token.",
    [STALL],
    timeout_kind="first_token",
    settings={"first_token_timeout": _SHORT},
)
_complete(
    "slow-first-token",
    "A model thinks before it speaks.",
    [Pause(_SHORT), *WHOLE],
    settings={"first_token_timeout": _LONG, "idle_timeout": _LONG},
)

# The next token
_timeout(
    "silence-between-events",
    "The backend hangs.",
    [HEL, STALL],
    "Hel",
    timeout_kind="read",
    settings={"timeout": _SHORT},
)
_timeout(
    "silence-between-events-idle",
    "As above, and the client limits the time between tokens.",
    [HEL, STALL],
    "Hel",
    timeout_kind="idle",
    settings={"first_token_timeout": _LONG, "idle_timeout": _SHORT},
)
_timeout(
    "silence-inside-event",
    "The backend hangs while it writes.",
    [HEL, _HALF, STALL],
    "Hel",
    timeout_kind="read",
    settings={"timeout": _SHORT},
)
_timeout(
    "silence-inside-event-idle",
    "As above, and the client limits the time between tokens.",
    [HEL, _HALF, STALL],
    "Hel",
    timeout_kind="idle",
    settings={"idle_timeout": _SHORT},
)
_timeout(
    "silence-inside-json",
    "A server that cannot stream hangs while it writes.",
    lambda: Reply(headers={"content-type": "application/json"}, body=[b'{"id": "c", ', STALL]),
    timeout_kind="read",
    settings={"timeout": _SHORT},
)
_timeout(
    "pings-between-tokens",
    "The backend hangs, and the proxy keeps the connection alive.",
    _repeat_forever(_PING, after=(HEL,)),
    "Hel",
    chunks=1,
    timeout_kind="idle",
    settings={"idle_timeout": _SHORT},
)
_timeout(
    "ping-objects-between-tokens",
    "As above, with objects that are no chunks.",
    _repeat_forever({"type": "ping"}, after=(HEL,)),
    "Hel",
    chunks=1,
    timeout_kind="idle",
    settings={"idle_timeout": _SHORT},
)
_timeout(
    "empty-deltas-forever",
    "As above, with chunks that have no text.",
    _repeat_forever(chunk(""), after=(HEL,)),
    "Hel",
    chunks=None,
    timeout_kind="idle",
    settings={"idle_timeout": _SHORT},
)
_timeout(
    "bytes-forever",
    "An event comes byte by byte and never ends.",
    _repeat_forever(b"x", after=(HEL, b"data: ")),
    "Hel",
    chunks=1,
    timeout_kind="idle",
    settings={"idle_timeout": _SHORT},
)
_complete(
    "slow-tokens",
    "A completion takes longer than the timeout between tokens.",
    _slow(*[chunk("a")] * 6, STOP, DONE),
    "a" * 6,
    settings={"first_token_timeout": 1.0, "idle_timeout": 1.0},
)

# The whole
_timeout(
    "tokens-forever",
    "A model repeats itself, and every token arrives in time.",
    _repeat_forever(chunk("a")),
    None,
    chunks=None,
    timeout_kind="deadline",
    settings={"timeout": _LONG, "deadline": _SHORT},
)
_timeout(
    "reasoning-forever",
    "As above, and it never starts its text.",
    _repeat_forever(chunk(delta={"reasoning": "a"})),
    "",
    chunks=None,
    timeout_kind="deadline",
    settings={"timeout": _LONG, "deadline": _SHORT},
)

# Nothing to wait for any more
_complete("silence-after-done", "A server never ends its body.", [*WHOLE, STALL], settings={"timeout": _LONG})
_complete(
    "pings-after-done",
    "As above, and keeps the connection alive.",
    _repeat_forever(_PING, after=WHOLE),
    chunks=3,
    settings={"timeout": _LONG},
)
_complete("flood-after-done", "As above, and sends as fast as it can.", _flood, chunks=3, settings={"timeout": _LONG})
_complete(
    "silence-after-finish-reason",
    "A server without [DONE] never ends its body.",
    [HEL, LO, STOP, STALL],
    settings={"timeout": _SHORT},
)
