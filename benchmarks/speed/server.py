"""The server of the benchmarks, in a process of its own: one thread, epoll, and prepared bytes.

It responds to ``POST /FORM/COUNT/...`` with `payloads.prepared_response(FORM, COUNT)` and ignores the rest of the
request. Streams that are open at the same time get one write each in turn. It prints its port, and ends when its
standard input ends.
"""

from __future__ import annotations

import resource
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .payloads import PreparedResponse, prepared_response

SEGMENT = 1448
"""Bytes of a TCP segment, as on Ethernet. The loopback device has segments of 45 times that size. With these, a slow
reader sometimes gets nothing for 200 ms, because the sender waits for room for a whole segment, then for its timer."""

ROOT = Path(__file__).resolve().parents[2]

BURST = 256
"""Writes to a single open stream before the server looks for other connections."""


class Connection:
    """A connection: the request as far as it arrived, and the rest of the response."""

    def __init__(self, peer: socket.socket) -> None:
        self.peer = peer
        self.received = bytearray()
        self.response = PreparedResponse([])
        self.next = 0
        self.rest = b""
        """The rest of the last write."""

    def take(self, data: bytes) -> bool:
        """Add bytes of a request, and return whether it is complete. Requests are not pipelined."""
        self.received += data
        head, blank, body = self.received.partition(b"\r\n\r\n")
        if not blank:
            return False
        lines = bytes(head).lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        if len(body) < length:
            return False
        form, count = head.split(b" ", 2)[1].split(b"/")[1:3]
        self.response, self.next = prepared_response(form.decode(), int(count)), 0
        self.received.clear()
        return True

    def write(self, most: int) -> bool | None:
        """Make at most `most` writes. Return whether the response is complete, or None if the socket is full."""
        writes, send = self.response.writes, self.peer.send
        try:
            for _ in range(most):
                data = self.rest or writes[self.next]
                sent = send(data)
                if sent < len(data):
                    self.next += not self.rest
                    self.rest = data[sent:]
                    return None
                self.next += not self.rest
                self.rest = b""
                if self.next == len(writes):
                    return True
        except BlockingIOError:
            return None
        return False


class Server:
    """All connections, in one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._writing: dict[Connection, None] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(sys.stdin, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until standard input ends."""
        while True:
            for key, _ in self._selector.select(0 if self._writing else None):
                if key.fileobj is sys.stdin:
                    return
                if key.data is None:
                    self._accept()
                elif key.events & selectors.EVENT_WRITE:
                    self._selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
                    self._writing[key.data] = None
                else:
                    self._read(key.data)
            pause = min((connection.response.pause for connection in self._writing), default=0.0)
            if pause:
                time.sleep(pause)
            for connection in list(self._writing):
                self._write(connection, BURST if len(self._writing) == 1 and not pause else 1)

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except BlockingIOError:
                return
            peer.setblocking(False)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(peer, selectors.EVENT_READ, Connection(peer))

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.peer.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
        elif connection.take(data):
            self._writing[connection] = None

    def _write(self, connection: Connection, most: int) -> None:
        try:
            done = connection.write(most)
        except OSError:
            self._drop(connection)
            return
        if done is None:
            self._selector.modify(connection.peer, selectors.EVENT_WRITE, connection)
        if done is not False:
            del self._writing[connection]

    def _drop(self, connection: Connection) -> None:
        self._writing.pop(connection, None)
        self._selector.unregister(connection.peer)
        connection.peer.close()


def raise_file_limit() -> None:
    """Raise the limit of open files as far as the system allows."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def running_server() -> Generator[str]:
    """Run a server in a process of its own. Yields its URL, to which a form and a count are added."""
    command = [sys.executable, "-m", "benchmarks.speed.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    raise_file_limit()
    server = Server()
    print(server.port, flush=True)
    server.run()
