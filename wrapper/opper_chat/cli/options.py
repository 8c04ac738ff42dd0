"""The options that several commands share. `client` builds a client from them."""

from __future__ import annotations

import argparse

SECONDS = ("timeout", "first_token_timeout", "idle_timeout", "deadline")
"""The options in seconds, by the names that the client has for them."""


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command."""
    parser.add_argument("--config", metavar="FILE", help="the configuration file (default: config.toml in the folder)")
    parser.add_argument("-q", "--quiet", action="store_true", help="write only errors to stderr")


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that sends requests."""
    group = parser.add_argument_group("connection")
    group.add_argument("--key-file", metavar="FILE", help="a file with the API key")
    group.add_argument("--base-url", metavar="URL", help="the URL of the server (default: OPPER_BASE_URL)")
    group.add_argument("--timeout", type=float, metavar="SECONDS", help="of each operation, such as connecting")
    group.add_argument(
        "--first-token-timeout", type=float, metavar="SECONDS", help="from the call to the first token of a stream"
    )
    group.add_argument("--idle-timeout", type=float, metavar="SECONDS", help="from one token of a stream to the next")
    group.add_argument(
        "--deadline", type=float, metavar="SECONDS", help="from the call to the end of its completion, with retries"
    )
    group.add_argument(
        "--max-retries", type=int, metavar="NUMBER", help="how often to retry after a transient error (default: 2)"
    )
