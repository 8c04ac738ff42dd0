"""``opper-chat chat``: an interactive conversation."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..client import create_client
from ..config import Config, load_config
from ..console import Console
from ..errors import UsageError
from ..options import add_client_options, add_common_options
from ..parameters import add_parameters, given_parameters, load_parameters
from ..request import add_labels, merge_parameters, read_system

if TYPE_CHECKING:
    from ... import Conversation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``chat``."""
    parser.add_argument("-m", "--model", action="append", metavar="NAME", help="the model; again for a fallback")
    parser.add_argument("-s", "--system", metavar="TEXT", help="the instructions, or @FILE with them")
    parser.add_argument(
        "-o", "--other", nargs=2, action="append", metavar=("NAME", "VALUE"), help="a parameter without an option here"
    )
    parser.add_argument("--save", action="store_true", help="save the conversation after each turn")
    parser.add_argument("-c", "--continue", dest="resume", action="store_true", help="continue the latest conversation")
    parser.add_argument("--conversation", metavar="ID", help="continue this conversation; with --save, begin it")
    parser.add_argument("--tag", action="append", metavar="NAME=VALUE", help="a tag for the traces of the calls")
    parser.add_argument("--span", metavar="ID", help="the parent span of the calls")
    parser.add_argument("-u", "--usage", action="store_true", help="write tokens and cost after each turn to stderr")
    add_client_options(parser)
    add_common_options(parser)
    add_parameters(parser, load_parameters())


def run(options: argparse.Namespace, console: Console) -> int:
    """Have the conversation, and return the exit code."""
    config = load_config(options.config)
    parameters = merge_parameters(config, {}, options.model or [], given_parameters(options, load_parameters()))
    add_labels(parameters.known, options.tag, options.span)
    client = create_client(options, config)
    from ... import Conversation
    from ..chat.loop import ChatLoop
    from ..chat.session import ChatSession
    from ..conversations import open_conversation
    from ..output import create_text_writer

    with client:
        path, conversation = open_conversation(options, client)
        if conversation is None:
            conversation = Conversation(client)
        _add_system(conversation, options, config)
        arguments: dict[str, Any] = parameters.arguments()
        if options.usage:
            arguments.setdefault("stream_options", {"include_usage": True})
        session = ChatSession(client, conversation, arguments, lambda: create_text_writer(console))
        return ChatLoop(console, session, path, shows_usage=options.usage).run()


def _add_system(conversation: Conversation, options: argparse.Namespace, config: Config) -> None:
    """Add the instructions to a conversation without messages.

    Raises:
        UsageError: the conversation has messages, and there are instructions on the command line.
    """
    system = read_system(options, None, config)
    if not len(conversation):
        if system is not None:
            conversation.append({"role": "system", "content": system})
    elif options.system is not None:
        raise UsageError("-s: The conversation has its instructions already. Begin a new one with other ones.")
