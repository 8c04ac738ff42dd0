"""``opper-chat serve``: the local server of `opper_chat.testing`, for trying a program without a key."""

from __future__ import annotations

import argparse

from ..console import Console
from ..errors import UsageError
from ..exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``serve``."""
    parser.add_argument("--port", type=int, default=0, metavar="NUMBER", help="the port (default: any free one)")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="a loopback address (default: 127.0.0.1)"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="write only errors to stderr")


def run(options: argparse.Namespace, console: Console) -> int:
    """Serve until SIGINT or SIGTERM, and return the exit code.

    Raises:
        UsageError: the extra is not installed, the port is in use, or the address is not accepted.
    """
    try:
        from ...testing.__main__ import serve

        serve(options.host, options.port, console.write_line)
    except ImportError as error:
        raise UsageError(str(error)) from None
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(f"{options.host}, port {options.port}: {error}") from None
    return ExitCode.OK
