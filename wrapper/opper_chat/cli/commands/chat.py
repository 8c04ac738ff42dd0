"""``opper-chat chat``: an interactive conversation."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..client import create_client
from ..config import Config, load_config
from ..console import Console
from ..options import (
    add_client_options,
    add_common_options,
    add_conversation_options,
    add_label_options,
    add_prompt_options,
)
from ..parameters import add_parameters, given_parameters, load_parameters
from ..request import add_labels, merge_parameters, read_system, refuse_other_system

if TYPE_CHECKING:
    from ... import Conversation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``chat``."""
    add_prompt_options(parser)
    add_conversation_options(parser)
    add_label_options(parser)
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
    from ..signals import raise_on_termination

    with client:
        path, conversation = open_conversation(options, client)
        if conversation is None:
            conversation = Conversation(client)
        _add_system(conversation, options, config)
        arguments: dict[str, Any] = parameters.arguments()
        if options.usage:
            arguments.setdefault("stream_options", {"include_usage": True})
        session = ChatSession(client, conversation, arguments, lambda: create_text_writer(console))
        with raise_on_termination():
            return ChatLoop(console, session, path, shows_usage=options.usage).run()


def _add_system(conversation: Conversation, options: argparse.Namespace, config: Config) -> None:
    """Add the instructions to a conversation without messages.

    Raises:
        UsageError: the conversation has messages, and there are instructions on the command line.
    """
    refuse_other_system(options, has_messages=bool(len(conversation)))
    system = read_system(options, None, config)
    if system is not None and not len(conversation):
        conversation.append({"role": "system", "content": system})
