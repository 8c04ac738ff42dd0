"""Decode bytes to server-sent events, by section 9.2 of the WHATWG HTML standard.

It does no I/O, and no HTTP, JSON or chat: the caller reads the bytes and passes them in.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from typing import NamedTuple

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COLON = ord(":")
# The lowest bound that ``sys.set_int_max_str_digits`` takes: at any setting of it ``int`` reads
# as many digits without raising, and soon.
_MAX_RETRY_DIGITS = 640
LINE_BYTES = 48
"""What a line of an unfinished event takes in memory beside its bytes: its object, and a place in a list."""


class ServerSentEvent(NamedTuple):
    """One dispatched event."""

    event: str = "message"
    """The event type: ``"message"`` where the block names none, or an empty one."""

    data: str = ""
    """The values of the block's ``data`` fields, joined by line feeds."""

    id: str = ""
    """The last event ID at dispatch, ``""`` until there is one. It outlives the block that set
    it: an event whose block has no ``id`` field carries the one before it."""

    retry: int | None = None
    """The reconnection time in milliseconds that the event's own block asks for. Unlike ``id``
    it is not carried over."""


class EventDecoder:
    """Turns the bytes of one event stream, cut anywhere, into its events.

    Every byte is looked at a fixed number of times whatever the cutting, and nothing is kept but
    the unfinished event and the last event ID. No input raises: bytes which are not UTF-8 become
    U+FFFD, and lines which are not understood are skipped (9.2.6).
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
        """Take the next bytes, in pieces of any size, and return the events which they complete.

        An event is returned with the first byte that ends its blank line. At the end of the
        stream there is nothing to call: the standard discards an event without its blank line
        (9.2.6), and ``pending`` tells whether there was one.
        """
        if self._at_start:
            data = self._without_byte_order_mark(data)
        if self._after_cr and data:
            # The CR has ended its line already, so that no event waits for this LF.
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if data.find(b"\r") >= 0:  # a quarter of what ``in`` takes, which tries the bytes as a number first
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # CRLF, CR and LF end a line and nothing else does (9.2.5). No byte of a longer UTF-8
        # sequence equals any of them, so that decoding can wait until the line is whole.
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
                    # Nearly every block of a chat stream. ``tuple.__new__`` is what the class call
                    # ends in, at half its price; typeshed leaves the type of its items open.
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
        r"""The bytes taken since the last blank line: empty unless an event is unfinished.

        As they came, except that comments are left out, since no event is lost with them, and
        that every line end is ``\n``.
        """
        unfinished = b"" if self._line.startswith(b":") else bytes(self._line)
        return b"".join([line + b"\n" for line in self._block]) + unfinished

    @property
    def pending_size(self) -> int:
        """What the unfinished event takes in memory, in bytes: those of its lines, and what keeping each line costs."""
        return len(self._line) + (self._block_size if self._block else 0)

    def _without_byte_order_mark(self, data: bytes) -> bytes:
        """Drop the one mark which may open a stream (9.2.5), once enough came to know it."""
        data = bytes(self._line) + data
        self._line.clear()
        if len(data) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(data):
            self._line += data
            return b""
        self._at_start = False
        return data.removeprefix(_BYTE_ORDER_MARK)

    def _interpret(self, block: list[bytes]) -> ServerSentEvent | None:
        """Read the fields of a block and dispatch it: no event without a data field (9.2.6)."""
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
