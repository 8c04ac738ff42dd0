"""The options that several commands share. `client` builds a client from them."""

from __future__ import annotations

import argparse
from typing import Any

SECONDS = ("timeout", "first_token_timeout", "idle_timeout", "deadline")
"""The options in seconds, by the names that the client has for them."""


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command."""
    parser.add_argument("--config", metavar="FILE", help="the configuration file (default: config.toml in the folder)")
    parser.add_argument("-q", "--quiet", action="store_true", help="write only errors to stderr")


def add_prompt_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the commands that send a prompt."""
    parser.add_argument("-m", "--model", action="append", metavar="NAME", help="the model; again for a fallback")
    parser.add_argument("-s", "--system", metavar="TEXT", help="the instructions, or @FILE with them")
    parser.add_argument(
        "-o", "--other", nargs=2, action="append", metavar=("NAME", "VALUE"), help="a parameter without an option here"
    )


def add_conversation_options(group: Any) -> None:
    """Add the options with which a conversation is saved and continued."""
    group.add_argument("--save", action="store_true", help="save the conversation after each completion")
    group.add_argument("-c", "--continue", dest="resume", action="store_true", help="continue the latest conversation")
    group.add_argument("--conversation", metavar="ID", help="continue this conversation; with --save, begin it")


def add_schema_options(group: Any) -> None:
    """Add the options with which completions are validated."""
    group.add_argument(
        "--schema", metavar="SCHEMA", help="completions must fit: a file, JSON, module:Class, or 'name, age int'"
    )
    group.add_argument(
        "--strict", action=argparse.BooleanOptionalAction, help="whether the server has to follow the schema"
    )


def add_label_options(group: Any) -> None:
    """Add the options with which calls are found later."""
    group.add_argument("--tag", action="append", metavar="NAME=VALUE", help="a tag for the traces of the calls")
    group.add_argument("--span", metavar="ID", help="the parent span, as --parent-span-id")


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
