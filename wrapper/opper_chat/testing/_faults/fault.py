"""The words in which a test says what befalls a request on its way. Values only: nothing is sent here."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self, TypeAlias

from .._replies.reply import ReceivedRequest

__all__ = ["Fault", "Faulty"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one request, or its answer. Several can be combined; none passes everything on as it is.

    Bytes are counted from the first of the status line. An answer that is shorter than `cut` or `stall` arrives whole.
    """

    delay: float = 0.0
    """How long the request is held up before it is passed on, in seconds."""

    lost: bool = False
    """Whether the connection ends as the request arrives, which is not passed on: what happens to a connection that
    was closed for being idle just as it was used again."""

    answer: bytes | None = None
    """What is answered in place of the server, which does not see the request; status line and all."""

    segment: int | None = None
    """How many bytes of the answer are sent at once, at most."""

    rate: float | None = None
    """How many bytes of the answer are sent in a second, at most."""

    cut: int | None = None
    """After how many bytes of the answer the connection ends; 0 for an answer of which nothing arrives."""

    stall: int | None = None
    """After how many bytes of the answer no more come, for as long as the client waits."""

    reset: bool = False
    """Whether a connection that is lost or cut ends with RST, an error, and not with FIN, an end (RFC 9293, 3.10.7)."""

    hang_up: bool = False
    """Whether the connection ends behind the whole answer, which promised that it could be used again."""

    @classmethod
    def status(cls, status: int) -> Self:
        """An error status with a page of HTML, as nginx sends it when what stands behind it fails.

        Args:
            status: such as 502, 503 or 504.
        """
        title = f"{status} {HTTPStatus(status).phrase}"
        page = (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
            "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        )
        head = f"HTTP/1.1 {title}\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
        return cls(answer=f"{head}Connection: keep-alive\r\n\r\n{page}".encode("ascii"))


Faulty: TypeAlias = Fault | Callable[[ReceivedRequest], Fault | None] | None
"""A fault, or none, or a function that chooses by the request. It must return soon, since it holds up the whole
proxy."""
