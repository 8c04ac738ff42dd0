"""Servers and proxies that speak bytes, for tests of what becomes of a connection."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self

Script = Callable[[socket.socket, int], object]


class SocketServer:
    """A server on loopback that serves each connection in a thread of its own.

    Attributes:
        port: Where it listens.
        connections: How many were accepted.
    """

    def __init__(self) -> None:
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection: socket.socket, number: int) -> None:
        """Serve a connection, whose number is counted from 0, and close it."""
        raise NotImplementedError


class Raw(SocketServer):
    """A server that calls a function with each connection and its number, counted from 0."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self._script = script
        self._tls = tls
        self._open: list[socket.socket] = []
        self.base_url = f"{'https' if tls else 'http'}://localhost:{self.port}/v1"

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def serve(self, connection: socket.socket, number: int) -> None:
        self._open.append(connection)
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            self._script(connection, number)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def requested(connection: socket.socket) -> bool:
    """Read a request to its end; say whether there was one."""
    return bool(requested_path(connection))


def requested_path(connection: socket.socket) -> str:
    """Read a request to its end; return its path, or nothing at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return ""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head.split()[1].decode()


def completion(text: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    value = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps(value).encode()


def answer(text: str, head: bytes = b"", version: bytes = b"1.1") -> bytes:
    body = completion(text)
    return b"HTTP/%s 200 OK\r\n%scontent-length: %d\r\n\r\n%s" % (version, head, len(body), body)


class PassingProxy(SocketServer):
    """A proxy of HTTP, with tunnels by ``CONNECT``, and of SOCKS 5, which passes the bytes of a server on as they are.

    Args:
        server: The port of the server, whatever a client asks for.
    """

    def __init__(self, server: int) -> None:
        super().__init__()
        self._server = server
        self.authority = f"127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket, number: int) -> None:
        client = connection
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._server)) as server:
            first = client.recv(65536)
            if first[:1] == b"\x05":  # RFC 1928: no authentication, and any address
                client.sendall(b"\x05\x00")
                client.recv(65536)
                client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
            elif first.startswith(b"CONNECT "):
                while b"\r\n\r\n" not in first:
                    first += client.recv(65536)
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(first)
            back = threading.Thread(target=_pass, args=(server, client), daemon=True)
            back.start()
            _pass(client, server)
            back.join(10)


def _pass(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on until the end of the source, and then the end."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
