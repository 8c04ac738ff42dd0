"""The benchmark server with TLS, for the measurements of startup: a process that serves one connection at a time.

Only startup is measured over TLS, so the server need not be fast. Clients trust their usual certificate authorities
and one more, because loading them is most of the cost of TLS at startup.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from .server import ROOT, Connection


class TLSServer:
    """The URL of the server, and how to trust it.

    Attributes:
        url: its address, to which a form and a count are added.
        variables: of the processes that are to trust it.
    """

    def __init__(self, port: int, authorities: Path) -> None:
        self.url = f"https://127.0.0.1:{port}"
        self.variables = {"SSL_CERT_FILE": str(authorities)}


@contextmanager
def running_tls_server() -> Generator[TLSServer]:
    """Run the server with a certificate of its own."""
    import certifi
    import trustme  # which the sessions that have no need of it have not

    with TemporaryDirectory() as folder:
        authority, authorities, pem = trustme.CA(), Path(folder) / "authorities.pem", Path(folder) / "server.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
        authorities.write_bytes(authority.cert_pem.bytes() + Path(certifi.where()).read_bytes())
        command = [sys.executable, "-m", "benchmarks.speed.tls_server", str(pem)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            try:
                yield TLSServer(int(process.stdout.readline()), authorities)
            finally:
                process.terminate()


def serve(pem: str) -> None:
    """Respond to one request of each connection, until this process ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            plain, _ = listener.accept()
            with suppress(OSError), context.wrap_socket(plain, server_side=True) as peer:
                connection = Connection(peer)
                while (data := peer.recv(65536)) and not connection.take(data):
                    pass
                peer.sendall(b"".join(connection.response.writes))
                while peer.recv(65536):
                    pass  # until the client has closed it


if __name__ == "__main__":
    serve(sys.argv[1])
