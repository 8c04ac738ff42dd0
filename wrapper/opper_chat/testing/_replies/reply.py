"""Scripted replies: what a test makes the local server send. Values only, no I/O."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, Self, TypeAlias

import msgspec

from .._loopback.received_request import ReceivedRequest
from .completion import ScriptedCompletion
from .validation import (
    check_body,
    check_completion,
    check_delay,
    check_event,
    check_events,
    check_flag,
    check_reply_headers,
    check_status,
    require,
    show,
)

__all__ = [
    "CUT",
    "BodyPart",
    "Cut",
    "Pause",
    "Reply",
    "ReplyEvent",
    "ReplySource",
]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait between two parts of a body."""

    seconds: float
    """How long, in seconds. `math.inf` waits until the client disconnects or the server closes."""

    def __post_init__(self) -> None:
        """Check the argument.

        Raises:
            TypeError: It is not a number.
            ValueError: It is negative or NaN.
        """
        check_delay(self.seconds, "seconds")


class Cut(Enum):
    """The type of `CUT`."""

    CUT = "cut"


CUT: Final = Cut.CUT
"""Close the connection here, before the body is complete."""

BodyPart: TypeAlias = bytes | Pause | Cut
"""A part of a body: bytes to send, a pause, or `CUT`."""

ReplyEvent: TypeAlias = Mapping[str, object] | str | BodyPart
"""An event of a stream: its data as a JSON object or as text. Bytes, pauses and `CUT` are sent as they are."""

Encoding: TypeAlias = Literal["gzip", "deflate"]


@dataclass(frozen=True, slots=True)
class Reply:
    """The response to one request, instead of the usual one.

    A body of parts is sent in HTTP chunks, one for each part that is bytes. It may have no end: an iterator is read
    part by part, as fast as the client reads them. A body of bytes is sent at once, with a `content-length`. If the
    headers have no `x-request-id`, one is added.
    """

    status: int = 200
    """The HTTP status, 100 to 599."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """HTTP headers. A `content-length` or `transfer-encoding` among them is sent as it is, right or wrong. The body is
    then sent without framing, and the connection is closed after it."""

    body: bytes | Iterable[BodyPart] = b""
    """The body, as bytes or in parts."""

    delay: float = 0.0
    """How long to wait before the status line, in seconds. `math.inf` waits until the client disconnects."""

    encoding: Encoding | None = None
    """How the body is compressed. Sets `content-encoding`. Each part is flushed."""

    bare: bool = False
    """Whether the parts are written to the socket as they are, without a status line."""

    adapt: "Callable[[ReceivedRequest], Reply] | None" = None
    """A function that makes the reply from the request. The other fields are then ignored."""

    def __post_init__(self) -> None:
        """Check the arguments.

        Raises:
            TypeError: One has another type.
            ValueError: One is out of range.
        """
        check_status(self.status)
        check_reply_headers(self.headers)
        check_body(self.body)
        if isinstance(self.body, Sequence) and not isinstance(self.body, bytes):
            for index, part in enumerate(self.body):
                check_body_part(part, f"body[{index}]")
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
        """Return a reply with a JSON body.

        Args:
            value: A value that JSON can represent.
            status: The HTTP status.
            headers: HTTP headers other than `content-type`.
            delay: How long to wait before the status line, in seconds.
            encoding: How the body is compressed.

        Returns:
            A reply with the header `content-type: application/json`.

        Raises:
            TypeError: JSON cannot represent `value`, or an argument has another type.
            ValueError: An argument is out of range.
        """
        check_reply_headers({} if headers is None else headers)
        all_headers = {"content-type": "application/json", **(headers or {})}
        return cls(status, all_headers, msgspec.json.encode(value), delay, encoding)

    @classmethod
    def sse(
        cls,
        events: Iterable[ReplyEvent],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        encoding: Encoding | None = None,
    ) -> Self:
        """Return a reply that is a stream of server-sent events.

        Nothing is added to the events: the last one of a complete stream is `"[DONE]"`.

        Args:
            events: The events. An iterator may have no end. Its events are checked when they are sent.
            status: The HTTP status.
            headers: HTTP headers other than `content-type`.
            delay: How long to wait before the status line, in seconds.
            encoding: How the body is compressed.

        Returns:
            A reply with the header `content-type: text/event-stream; charset=utf-8`. If `events` is an iterator, it can
            be sent once.

        Raises:
            TypeError: An argument has another type.
            ValueError: An argument is out of range.
        """
        check_events(events)
        check_reply_headers({} if headers is None else headers)
        all_headers = {"content-type": "text/event-stream; charset=utf-8", **(headers or {})}
        parts = map(_encode_event, events)  # lazily: an iterator may have no end
        body = list(parts) if isinstance(events, Sequence) else parts
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
        """Return a reply with a completion: a stream if the request has `stream=True`, otherwise a plain response.

        Args:
            text: The text of the message, or None for null.
            tool_calls: The functions that the model calls: pairs of a name and its arguments, a dict or a string that
                is sent as it is.
            message: Further properties of the message, such as `refusal`.
            finish_reason: Why the model stopped. Defaults to `tool_calls` or `stop`.
            model: The model of the completion. Defaults to the one in the request.
            usage: The token counts. By default the local server counts them. A stream has them if the request has
                `include_usage`.
            headers: HTTP headers.
            delay: How long to wait before the status line, in seconds.

        Returns:
            A reply that is made from each request, so that it can be sent several times.

        Raises:
            TypeError: An argument has another type, or JSON cannot represent it.
            ValueError: `delay` is negative.
        """
        check_completion(
            text=text, tool_calls=tool_calls, message=message, finish_reason=finish_reason, model=model, usage=usage
        )
        check_reply_headers({} if headers is None else headers)
        check_delay(delay)
        completion = ScriptedCompletion(text, tuple(tool_calls), dict(message or {}), finish_reason, model, usage)

        def reply_to(request: ReceivedRequest) -> Reply:
            if request.body.get("stream") is True:
                return cls.sse(list(completion.stream_events(request)), headers=headers, delay=delay)
            return cls.json(completion.body(request), headers=headers, delay=delay)

        return cls(adapt=reply_to)

    @classmethod
    def raw(cls, parts: Iterable[BodyPart], *, delay: float = 0.0) -> Self:
        """Return a reply of bytes that are written to the socket as they are. The connection is closed after them.

        Args:
            parts: The parts of the response, with the status line and the headers.
            delay: How long to wait before them, in seconds.

        Returns:
            A reply that is not valid HTTP unless the bytes are.

        Raises:
            TypeError: An argument has another type.
            ValueError: `delay` is negative.
        """
        return cls(body=parts, delay=delay, bare=True)


ReplySource: TypeAlias = Reply | Callable[[ReceivedRequest], Reply | None]
"""A reply, or a function that makes one from the request. The function blocks the server while it runs. If it returns
None, the request gets the usual response."""


def check_reply_source(value: object) -> None:
    """Check that a value is a reply or a function that makes one.

    Raises:
        TypeError: It is neither.
    """
    accepted = "a Reply or a function of the request"
    if isinstance(value, type):
        raise TypeError(f"reply: expected {accepted}, got {show(value)}.")
    if inspect.iscoroutinefunction(value):
        raise TypeError(f"reply: expected {accepted}, got the async function {value.__name__}().")
    if not isinstance(value, Reply) and not callable(value):
        hint = f"Did you mean Reply.completion({show(value)})?" if isinstance(value, str) else ""
        raise TypeError(f"reply: expected {accepted}, got {show(value)}. {hint}".rstrip())


def check_body_part(part: object, argument: str) -> None:
    """Check that a value is a part of a body.

    Raises:
        TypeError: It is not.
    """
    hint = "Encode it: text.encode()." if isinstance(part, str) else ""
    require(isinstance(part, (bytes, Pause, Cut)), argument, "bytes, Pause or CUT", part, hint)


def _encode_event(event: ReplyEvent) -> BodyPart:
    if isinstance(event, (bytes, Pause, Cut)):
        return event
    check_event(event)
    data = event if isinstance(event, str) else msgspec.json.encode(event).decode()
    return "".join([*_data_lines(data), "\n"]).encode()


def _data_lines(data: str) -> Iterator[str]:
    for line in data.split("\n"):
        yield f"data: {line}\n"
