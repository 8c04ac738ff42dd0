"""Decode bytes to server-sent events, by section 9.2 of the WHATWG HTML standard.

No I/O: the caller reads the bytes and passes them in. HTTP, JSON and chat are not known here.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from typing import NamedTuple

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COLON = ord(":")
# The lowest limit that ``sys.set_int_max_str_digits`` accepts, so that ``int`` never raises for this many digits.
_MAX_RETRY_DIGITS = 640
LINE_BYTES = 48
"""The memory in bytes of a line of an unfinished event, without its text: its object, and its entry in a list."""


class ServerSentEvent(NamedTuple):
    """One dispatched event."""

    event: str = "message"
    """The event type: ``"message"`` if the block has none, or an empty one."""

    data: str = ""
    """The values of the block's ``data`` fields, joined by line feeds."""

    id: str = ""
    """The last event ID, or ``""`` before the first. An event whose block has no ``id`` field has that of the event
    before it."""

    retry: int | None = None
    """The reconnection time in milliseconds, or None if the event's own block has none."""


class EventDecoder:
    """Decodes the bytes of one event stream, in chunks of any size, to its events.

    The time is linear in the number of bytes, and only the unfinished event and the last event ID are kept. No input
    raises an exception: bytes that are not UTF-8 become U+FFFD, and unknown lines are skipped (9.2.6).
    """

    __slots__ = ("_after_cr", "_at_start", "_block", "_block_size", "_last_event_id", "_line")

    def __init__(self) -> None:
        self._at_start = True
        self._after_cr = False
        self._line = bytearray()  # the line still without its end
        self._block: list[bytes] = []  # the whole lines since the last blank one, no comments
        self._block_size = 0
        self._last_event_id = ""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Decode the next bytes, and return the events that they complete.

        An event is complete with the first byte that ends its blank line. At the end of the stream, an event without
        its blank line is discarded (9.2.6). It is in `pending`.
        """
        if self._at_start:
            data = self._without_byte_order_mark(data)
        if self._after_cr and data:
            # The CR has ended its line, so that no event waits for this LF.
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if data.find(b"\r") >= 0:  # four times as fast as ``in``, which tries the bytes as a number first
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # Only CRLF, CR and LF end a line (9.2.5). No longer UTF-8 sequence contains their bytes, so that a line can be
        # decoded when it is complete.
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._line:
            self._line += lines[0]
            lines[0] = bytes(self._line)
            self._line.clear()
        if rest:
            self._line += rest

        events: list[ServerSentEvent] = []
        block = self._block
        counted = len(block)
        for line in lines:
            if line:
                if line[0] != _COLON:
                    block.append(line)
            elif block:
                if len(block) == 1 and block[0].startswith(b"data: "):
                    # Nearly every block of a chat stream. ``tuple.__new__`` does what the class does, in half the time.
                    # typeshed leaves the type of its items open.
                    text = block[0][6:].decode("utf-8", "replace")
                    fields = ("message", text, self._last_event_id, None)
                    event = tuple.__new__(ServerSentEvent, fields)  # pyright: ignore[reportUnknownMemberType]
                    events.append(event)
                elif (full := self._interpret(block)) is not None:
                    events.append(full)
                block.clear()
                counted = 0
        if block:
            added = block[counted:]
            size = sum(map(len, added)) + LINE_BYTES * len(added)
            self._block_size = self._block_size + size if counted else size
        return events

    @property
    def pending(self) -> bytes:
        r"""The bytes since the last blank line: empty unless an event is unfinished.

        Comments are left out, and every line ends in ``\n``.
        """
        unfinished = b"" if self._line.startswith(b":") else bytes(self._line)
        return b"".join([line + b"\n" for line in self._block]) + unfinished

    @property
    def pending_size(self) -> int:
        """The memory of the unfinished event in bytes: its lines, and `LINE_BYTES` for each."""
        return len(self._line) + (self._block_size if self._block else 0)

    def _without_byte_order_mark(self, data: bytes) -> bytes:
        """Remove the byte order mark that may begin a stream (9.2.5), once enough bytes have arrived to tell."""
        data = bytes(self._line) + data
        self._line.clear()
        if len(data) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(data):
            self._line += data
            return b""
        self._at_start = False
        return data.removeprefix(_BYTE_ORDER_MARK)

    def _interpret(self, block: list[bytes]) -> ServerSentEvent | None:
        """Return the event of a block, or None if it has no ``data`` field (9.2.6)."""
        event_type = ""
        values: list[bytes] = []
        retry: int | None = None
        for line in block:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                values.append(value)
            elif field == b"event":
                event_type = value.decode("utf-8", "replace")
            elif field == b"id":
                if b"\0" not in value:
                    self._last_event_id = value.decode("utf-8", "replace")
            elif field == b"retry" and value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
                retry = int(value)
        if not values:
            return None
        text = b"\n".join(values).decode("utf-8", "replace")
        return ServerSentEvent(event_type or "message", text, self._last_event_id, retry)
