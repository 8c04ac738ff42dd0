"""A stream that goes on until the client leaves, for tests that something stops it."""

import threading
from collections.abc import Iterator

from opper_chat.testing import Pause, Reply, chunk


class EndlessStream:
    """A stream of tokens, for a minute at most.

    Attributes:
        sent: How many tokens the server has sent.
        started: Set when the server sends the stream.
        closed: Set when the server has stopped to send it.
    """

    def __init__(self, *, tokens: int = 3000, pause: float = 0.02, length: int = 0) -> None:
        self.sent = 0
        self.started, self.closed = threading.Event(), threading.Event()
        self._tokens = tokens
        self._pause = pause
        self._length = length

    def reply(self, *, delay: float = 0) -> Reply:
        """Return the reply that is this stream. With few tokens, it falls silent after the last one."""
        return Reply.sse(self._events(), delay=delay)

    def _events(self) -> Iterator[dict[str, object] | Pause]:
        self.started.set()
        try:
            yield chunk(delta={"role": "assistant"})
            for number in range(self._tokens):
                self.sent = number + 1
                yield chunk(f"token{number} ".ljust(self._length))
                yield Pause(self._pause)
            yield Pause(60)
        finally:
            self.closed.set()
