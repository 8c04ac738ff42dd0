"""The server of the benchmarks, in a process of its own: one thread, epoll, and prepared bytes.

It answers ``POST /FORM/COUNT/...`` with `payloads.answer(FORM, COUNT)`, whatever the rest of the request says. Streams
that are open at the same time get one write each in turn. It prints its port, and ends when its standard input ends.
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

from .payloads import Answer, answer

SEGMENT = 1448
"""Bytes of a segment, as on Ethernet. With those of the loopback device, 45 times as many, a slow reader is now and
then sent nothing for 200 ms: the sender waits until there is room for a whole segment, and then for its timer."""

ROOT = Path(__file__).resolve().parents[2]

BURST = 256
"""Writes to the only stream that is open, before others are looked for."""


class Connection:
    """One connection: what it has asked so far, and what it is still to be told."""

    def __init__(self, peer: socket.socket) -> None:
        self.peer = peer
        self.asked = bytearray()
        self.answer = Answer([])
        self.next = 0
        self.rest = b""
        """What is left of the last write."""

    def take(self, data: bytes) -> bool:
        """Take the next bytes of a request; return whether it is whole. Requests are not pipelined."""
        self.asked += data
        head, blank, body = self.asked.partition(b"\r\n\r\n")
        if not blank:
            return False
        lines = bytes(head).lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        if len(body) < length:
            return False
        form, count = head.split(b" ", 2)[1].split(b"/")[1:3]
        self.answer, self.next = answer(form.decode(), int(count)), 0
        self.asked.clear()
        return True

    def write(self, most: int) -> bool | None:
        """Make at most so many writes. Return whether all is said, or None where the peer must read first."""
        pieces, send = self.answer.pieces, self.peer.send
        try:
            for _ in range(most):
                piece = self.rest or pieces[self.next]
                sent = send(piece)
                if sent < len(piece):
                    self.next += not self.rest
                    self.rest = piece[sent:]
                    return None
                self.next += not self.rest
                self.rest = b""
                if self.next == len(pieces):
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
            pause = min((connection.answer.pause for connection in self._writing), default=0.0)
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


def allow_files() -> None:
    """Let this process have as many sockets as the system lets it ask for."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def running() -> Generator[str]:
    """Run a server in a process of its own; give its address, to which a form and a count are added."""
    command = [sys.executable, "-m", "benchmarks.speed.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    allow_files()
    server = Server()
    print(server.port, flush=True)
    server.run()
