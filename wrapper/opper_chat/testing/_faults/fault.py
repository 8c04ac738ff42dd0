"""Faults: what the proxy does to a request or its response. Values only, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self, TypeAlias

from .._loopback.received_request import ReceivedRequest
from .._replies.validation import check_count, check_delay, check_flag, is_instance, require

__all__ = ["Fault", "FaultSource"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What the proxy does to one request or its response. The fields can be combined.

    Without arguments, everything is forwarded as it is. Bytes are counted from the start of the status line. A response
    that is shorter than `cut` or `stall` arrives complete.
    """

    delay: float = 0.0
    """How long to wait before the request is forwarded, in seconds."""

    lost: bool = False
    """Whether the connection is closed when the request arrives, which is not forwarded. This happens if a server
    closes an idle connection while the client reuses it."""

    response: bytes | None = None
    """The bytes of a response that the proxy sends itself, with the status line. The request is not forwarded."""

    segment: int | None = None
    """The most bytes of the response in one write."""

    rate: float | None = None
    """The most bytes of the response in one second."""

    cut: int | None = None
    """The number of bytes of the response after which the connection is closed. With 0, nothing arrives."""

    stall: int | None = None
    """The number of bytes of the response after which no more are sent. The connection stays open."""

    reset: bool = False
    """Whether `lost` and `cut` close the connection with RST, not with FIN (RFC 9293, section 3.10.7)."""

    hang_up: bool = False
    """Whether the connection is closed after the complete response, although its headers keep it open."""

    def __post_init__(self) -> None:
        """Check the arguments.

        Raises:
            TypeError: One has another type.
            ValueError: One is out of range.
        """
        check_delay(self.delay)
        for flag in ("lost", "reset", "hang_up"):
            check_flag(getattr(self, flag), flag)
        require(self.response is None or is_instance(self.response, bytes), "response", "bytes or None", self.response)
        check_count(self.segment, "segment", 1)
        check_count(self.cut, "cut", 0)
        check_count(self.stall, "stall", 0)
        if self.rate is not None:
            check_delay(self.rate, "rate", "bytes a second")
            if not self.rate:
                raise ValueError("rate: expected a number of bytes a second above 0, got 0. Use stall=0 for none.")

    @classmethod
    def status(cls, status: int) -> Self:
        """Return a fault that responds with an error page, as nginx does when its upstream fails.

        Args:
            status: The HTTP status, such as 502, 503 or 504.

        Returns:
            A fault whose `response` has the page. The connection stays open.

        Raises:
            ValueError: The status is not registered (`http.HTTPStatus`).
        """
        title = f"{status} {HTTPStatus(status).phrase}"
        page = (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
            "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        )
        head = f"HTTP/1.1 {title}\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
        return cls(response=f"{head}Connection: keep-alive\r\n\r\n{page}".encode("ascii"))


FaultSource: TypeAlias = Fault | Callable[[ReceivedRequest], Fault | None] | None
"""A fault, None, or a function that chooses one for a request. The function blocks the proxy while it runs."""
