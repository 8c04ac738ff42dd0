"""The words in which a test says what the server replies next. Values only: nothing is sent here."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, Self, TypeAlias

import msgspec

from .._json import is_list, is_object
from .validation import (
    check_body,
    check_completion,
    check_delay,
    check_event,
    check_events,
    check_flag,
    check_headers,
    check_status,
    require,
    show,
)

__all__ = ["CUT", "Cut", "Event", "Pause", "Piece", "ReceivedRequest", "Reply", "Scripted", "chunk", "received_request"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait between two pieces of a body."""

    seconds: float
    """How long, in seconds. `math.inf` waits until the client leaves or the server closes."""

    def __post_init__(self) -> None:
        """Check the number of seconds.

        Raises:
            TypeError: It is not a number.
            ValueError: It is negative or NaN.
        """
        check_delay(self.seconds, "seconds")


class Cut(Enum):
    """The kind of `CUT`."""

    CUT = "cut"


CUT: Final = Cut.CUT
"""Close the connection here, in the middle of the body, with its framing unfinished."""

Piece: TypeAlias = bytes | Pause | Cut
"""A piece of a body: bytes to send, a pause, or the end of the connection."""

Event: TypeAlias = Mapping[str, object] | str | Piece
"""An event of a stream: its data as JSON object or text; bytes, pauses and `CUT` stand for themselves."""

Encoding: TypeAlias = Literal["gzip", "deflate"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request gets in place of the usual answer.

    A body in pieces is sent in HTTP chunks, one for each piece of bytes, and may have no end: an
    iterator is read piece by piece, as fast as the client takes them. A body of bytes is sent whole
    with its length. `x-request-id` is added where it is missing.
    """

    status: int = 200
    """The HTTP status, 100 to 599."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """HTTP headers. A `content-length` or `transfer-encoding` among them is sent as it stands, right
    or wrong: then the body is not framed for it, and the connection closes behind it."""

    body: bytes | Iterable[Piece] = b""
    """The body, whole or in pieces."""

    delay: float = 0.0
    """How long to wait before the status line, in seconds."""

    encoding: Encoding | None = None
    """How the body is compressed on its way; sets `content-encoding`. Each piece is flushed."""

    bare: bool = False
    """Whether the pieces are written to the socket as they are, with no status line before them."""

    adapt: "Callable[[ReceivedRequest], Reply] | None" = None
    """Makes the reply of the request, in place of all of the above."""

    def __post_init__(self) -> None:
        """Check the arguments.

        Raises:
            TypeError: One has another type.
            ValueError: One is out of range.
        """
        check_status(self.status)
        check_headers(self.headers)
        check_body(self.body)
        if isinstance(self.body, Sequence) and not isinstance(self.body, bytes):
            for index, piece in enumerate(self.body):
                check_piece(piece, f"body[{index}]")
        check_delay(self.delay)
        if self.encoding not in (None, "gzip", "deflate"):
            raise ValueError(f"encoding: expected 'gzip', 'deflate' or None, got {show(self.encoding)}.")
        check_flag(self.bare, "bare")
        require(self.adapt is None or callable(self.adapt), "adapt", "a function or None", self.adapt)

    @classmethod
    def json(
        cls,
        value: object,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        encoding: Encoding | None = None,
    ) -> Self:
        """A JSON body.

        Raises:
            TypeError: `value` holds something that JSON cannot.
        """
        check_headers({} if headers is None else headers)
        all_headers = {"content-type": "application/json", **(headers or {})}
        return cls(status, all_headers, msgspec.json.encode(value), delay, encoding)

    @classmethod
    def sse(
        cls,
        events: Iterable[Event],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        encoding: Encoding | None = None,
    ) -> Self:
        """A stream of server-sent events. Nothing is added: a whole one ends with `"[DONE]"`.

        Raises:
            TypeError: An argument has another type. Events of an iterator are checked when they are sent.
        """
        check_events(events)
        check_headers({} if headers is None else headers)
        all_headers = {"content-type": "text/event-stream; charset=utf-8", **(headers or {})}
        pieces = map(_piece, events)  # not a list of them yet: an iterator may have no end
        body = list(pieces) if isinstance(events, Sequence) else pieces
        return cls(status, all_headers, body, delay, encoding)

    @classmethod
    def completion(
        cls,
        text: str | None = None,
        *,
        tool_calls: Sequence[tuple[str, Mapping[str, object] | str]] = (),
        message: Mapping[str, object] | None = None,
        finish_reason: str | None = None,
        model: str | None = None,
        usage: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
    ) -> Self:
        """An answer of the model, whole or as a stream, as the request asks for it.

        Args:
            text: the text of the answer; null when None.
            tool_calls: the functions that the model calls, each a name and its arguments: an object, or a text that is
                sent as it is.
            message: further members of the message, such as `refusal`.
            finish_reason: why the model stopped; unless given, `tool_calls` or `stop`.
            model: the model that answers; unless given, the one that the request names.
            usage: the numbers of tokens; unless given, they are counted as the local server counts them. A stream has
                them where the request asks for them.
            headers: HTTP headers.
            delay: how long to wait before the status line, in seconds.

        Raises:
            TypeError: An argument has another type, or JSON cannot represent it.
            ValueError: `delay` is negative.
        """
        check_completion(
            text=text, tool_calls=tool_calls, message=message, finish_reason=finish_reason, model=model, usage=usage
        )
        check_headers({} if headers is None else headers)
        check_delay(delay)
        from .completion import ScriptedCompletion

        scripted = ScriptedCompletion(
            text, tuple(tool_calls), dict(message or {}), finish_reason, model, usage, headers, delay
        )
        return cls(adapt=scripted.reply_to)

    @classmethod
    def raw(cls, pieces: Iterable[Piece], *, delay: float = 0.0) -> Self:
        """Bytes for the socket, status line and all; the connection closes behind them."""
        return cls(body=pieces, delay=delay, bare=True)


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """What the server received."""

    method: str
    """The HTTP method in capitals."""

    path: str
    """The path without the query."""

    query: str
    """The query as it was sent, without the question mark; empty where there is none."""

    headers: Mapping[str, str]
    """The headers by lower-case name. The value of `authorization` is not kept: it reads `***`."""

    body: dict[str, Any]
    """The JSON object of the body; empty where the body is something else."""

    content: bytes
    """The body as it was sent."""

    @property
    def model(self) -> object:
        """The member `model` of the body: a name, or whatever else was sent; None where there is none."""
        return self.body.get("model")

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The member `messages` of the body; empty where there are none.

        Raises:
            AssertionError: it is something else than a list of objects.
        """
        messages = self.body.get("messages", [])
        if not is_list(messages) or not all(map(is_object, messages)):
            raise AssertionError(f"messages is no list of objects: {messages!r}")
        return messages


def received_request(
    method: str, path: str, query: bytes, headers: Iterable[tuple[bytes, bytes]], content: bytes
) -> ReceivedRequest:
    """Return the record of a request. The names of its headers are in lower case."""
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    if "authorization" in named:
        named["authorization"] = "***"
    try:
        body: object = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
    return ReceivedRequest(method, path, query.decode("latin-1"), named, body if is_object(body) else {}, content)


Scripted: TypeAlias = Reply | Callable[[ReceivedRequest], Reply | None]
"""A reply, or a function that makes it of the request. It must return soon, since it holds up the whole
server; from None the request gets the usual answer."""


def check_scripted(value: object) -> None:
    """Refuse what is neither a reply nor a function that makes one.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, type):
        raise TypeError(f"a reply must be a Reply or a function of the request, not {show(value)}")
    if inspect.iscoroutinefunction(value):
        raise TypeError(
            f"a reply must be a Reply or a function of the request, not the async function {value.__name__}()"
        )
    if not isinstance(value, Reply) and not callable(value):
        hint = f": Reply.completion({value!r})" if isinstance(value, str) else ""
        raise TypeError(f"a reply must be a Reply or a function of the request, not {type(value).__name__}{hint}")


def chunk(
    content: str | None = None,
    *,
    index: int = 0,
    finish_reason: str | None = None,
    delta: Mapping[str, object] | None = None,
    **members: object,
) -> dict[str, object]:
    """Return a `chat.completion.chunk` with one choice, for `Reply.sse`.

    Args:
        content: more of the text; left out of the delta when None.
        index: the choice that it continues.
        finish_reason: why the model stopped; null until it has.
        delta: further members of the delta, such as `role` or `tool_calls`.
        members: further members of the chunk, or others in place of the usual ones, such as
            `usage={...}, choices=[]`.
    """
    text = {} if content is None else {"content": content}
    choice = {"index": index, "delta": {**text, **(delta or {})}, "finish_reason": finish_reason}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "local/scripted",
        "choices": [choice],
        **members,
    }


def check_piece(piece: object, argument: str) -> None:
    """Refuse what is not a piece of a body.

    Raises:
        TypeError: It is something else.
    """
    hint = "Encode it: text.encode()." if isinstance(piece, str) else ""
    require(isinstance(piece, (bytes, Pause, Cut)), argument, "bytes, Pause or CUT", piece, hint)


def _piece(event: Event) -> Piece:
    if isinstance(event, (bytes, Pause, Cut)):
        return event
    check_event(event)
    data = event if isinstance(event, str) else msgspec.json.encode(event).decode()
    return "".join([*_data_lines(data), "\n"]).encode()


def _data_lines(data: str) -> Iterator[str]:
    for line in data.split("\n"):
        yield f"data: {line}\n"
