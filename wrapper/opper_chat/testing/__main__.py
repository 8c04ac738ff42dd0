"""`python -m opper_chat.testing`: the local server until it is interrupted."""

import argparse
import signal
import sys
import threading
from types import FrameType

from ._server.local_server import LocalServer


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. Port 0, the default, is any free port, which is printed."""
    parser = argparse.ArgumentParser(prog="python -m opper_chat.testing", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port (default: any free one)")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    options = parser.parse_args(arguments)

    stop = threading.Event()

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, request_stop)
    try:
        server = LocalServer(host=options.host, port=options.port).start()
    except (ImportError, OSError, ValueError, OverflowError) as error:
        sys.exit(f"{parser.prog}: {error}")
    with server:
        print(f"Serving {server.base_url}/chat/completions", flush=True)
        print("Any key will do that does not start with `bad`. Ctrl+C ends it.", flush=True)
        # Waiting without a timeout cannot be interrupted on Windows.
        while not stop.wait(0.5):
            pass


if __name__ == "__main__":
    main()
