"""`python -m opper_chat.testing`: the local server until it is interrupted."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

from ._server.local_server import LocalServer


def serve(host: str, port: int, write_line: Callable[[str], object]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        host: a loopback address.
        port: the port, or 0 for any free one.
        write_line: writes a line for the user, with the URL.

    Raises:
        ImportError: the extra ``testing`` is not installed.
        OSError: the port is in use.
        ValueError: the address is not a loopback address.
    """
    stop = threading.Event()

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, request_stop)
    with LocalServer(host=host, port=port) as server:
        write_line(f"Serving {server.base_url}/chat/completions")
        write_line(f"For clients, set OPPER_BASE_URL={server.base_url} and OPPER_API_KEY=local.")
        write_line("Every key that does not start with `bad` is accepted. Press Ctrl+C to stop.")
        # Waiting without a timeout cannot be interrupted on Windows.
        while not stop.wait(0.5):
            pass


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. Port 0, the default, is any free port, which is printed."""
    parser = argparse.ArgumentParser(prog="python -m opper_chat.testing", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port (default: any free one)")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    options = parser.parse_args(arguments)
    try:
        serve(options.host, options.port, partial(print, flush=True))
    except (ImportError, OSError, ValueError, OverflowError) as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
