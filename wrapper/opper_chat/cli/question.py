"""What `ask` sends: the messages of the prompt, stdin, attachments, a template and a conversation; and parameters."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Config
from .console import Console
from .conversations import open_conversation
from .errors import UsageError
from .parameters import given_parameters, load_parameters
from .request import add_labels, merge_parameters, read_pairs, read_response_format, read_system, refuse_other_system
from .standard_input import decode_stdin, read_stdin
from .tools import LOOP_OPTIONS

if TYPE_CHECKING:
    from .. import Conversation, Opper
    from .._requests.response_format import ResponseFormat
    from .templates import Template


class Question:
    """A call that is ready to be sent.

    Args:
        options: those of `ask`.
        config: the configuration.
        console: has stdin.
        client: loads the conversation.

    Attributes:
        arguments: those of ``create()``, with the messages.
        response_format: the format of ``--schema``, or None.
        tools: the tools of ``-T``.
        loop_arguments: the arguments of the tool loop, other than those of ``create()`` and the tools.
        conversation: the conversation that the call continues, or None.
        path: the file of the conversation, or None.
        streams: whether the call is streamed.
        new_messages: those that the conversation does not have yet.

    Raises:
        UsageError: an option is wrong.
        InvalidArgumentError: the content of an attachment, or a message, is not accepted.
    """

    def __init__(self, options: argparse.Namespace, config: Config, console: Console, client: Opper) -> None:
        template = _load_template(options)
        parameters = merge_parameters(
            config,
            template.parameters if template else {},
            options.model or [],
            given_parameters(options, load_parameters()),
        )
        add_labels(parameters.known, options.tag, options.span)
        self.tools: list[Any] = _load_tools(options)
        limits = {name: getattr(options, name) for name in LOOP_OPTIONS}
        self.loop_arguments: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
        if not self.tools and (options.approve or self.loop_arguments):
            raise UsageError("--approve, --max-turns and the like: They need a tool: -T MODULE:FUNCTION.")
        self.response_format: ResponseFormat[Any] | None = read_response_format(options)
        if self.response_format is not None:
            if "response_format" in parameters.known:
                raise UsageError("--schema: It is not accepted together with --response-format.")
            parameters.known["response_format"] = self.response_format.parameter
        prompt, system, attachments = _read_prompt(options, config, console, template)
        self.path: Path | None
        self.conversation: Conversation | None
        self.path, self.conversation = open_conversation(options, client)
        earlier: list[Any] = [] if self.conversation is None else self.conversation.messages
        refuse_other_system(options, has_messages=bool(earlier))
        self.new_messages: list[Any] = []
        if system is not None and not earlier:
            self.new_messages.append({"role": "system", "content": system})
        content: Any = [{"type": "text", "text": prompt}, *attachments] if prompt else attachments
        self.new_messages.append({"role": "user", "content": content if attachments else prompt})
        self.arguments: dict[str, Any] = {**parameters.arguments(), "messages": [*earlier, *self.new_messages]}
        self.streams: bool = not (options.no_stream or options.json)
        if self.streams and (options.usage or options.jsonl):
            self.arguments.setdefault("stream_options", {"include_usage": True})


def describe_request(client: Opper, question: Question) -> dict[str, object]:
    """Return the request of a question as JSON: its method, URL, headers and body.

    Args:
        client: has the base URL.
        question: the messages and parameters. With tools, the request is that of the first turn.

    Raises:
        InvalidArgumentError: a message or a parameter is not accepted.
    """
    from .._requests.prepare import prepare

    arguments = dict(question.arguments)
    if question.tools:
        from .._tools.loop import ToolLoop

        tools = [*question.tools, *question.arguments.get("tools", ())]
        loop = ToolLoop({**arguments, **question.loop_arguments, "tools": tools}, None)
        arguments = loop.next_arguments(time.monotonic(), stream=question.streams)
    extra_body: Any = arguments.pop("extra_body", None)
    request = prepare(arguments, stream=question.streams, extra_body=extra_body)
    return {
        "method": request.method,
        "url": f"{client.base_url}{request.path}",
        "headers": {**request.headers, "authorization": "Bearer ..."},
        "body": request.body,
    }


def _load_tools(options: argparse.Namespace) -> list[Any]:
    if not options.tool:
        return []
    from .tools import load_tools

    return load_tools(options.tool)


def _read_attachments(sources: list[str], stdin: bytes | None) -> list[Any]:
    if not sources:
        return []
    from .attachments import read_attachment

    return [read_attachment(source, stdin) for source in sources]


def _load_template(options: argparse.Namespace) -> Template | None:
    if options.template is None:
        if options.param:
            raise UsageError("-p: The values are for the variables of a template. Give one with -t.")
        return None
    from .templates import load_template

    return load_template(options.template)


def _read_prompt(
    options: argparse.Namespace, config: Config, console: Console, template: Template | None
) -> tuple[str, str | None, list[Any]]:
    """Return the text of the user's message, the instructions, and the parts of the attachments."""
    words = [word for word in options.prompt if word != "-"]
    sources: list[str] = options.attachment or []
    if len(options.prompt) - len(words) + sources.count("-") > 1:
        raise UsageError("-: stdin can be given once, as a part of the prompt or as an attachment.")
    text = " ".join(words)
    has_content = bool(text or sources)
    if template is not None:
        from .templates import INPUT

        has_content = has_content or INPUT not in template.names
    is_named = "-" in options.prompt or "-" in sources
    stdin = read_stdin(console, is_required=is_named or not (has_content or console.stdin_is_terminal))
    parts = _read_attachments(sources, stdin)
    if stdin and "-" not in sources:
        text = "\n\n".join(filter(None, (text, decode_stdin(stdin))))
    system = None
    if template is not None:
        text, system = template.fill(read_pairs("-p", options.param), text)
    if not text.strip() and not parts:
        raise UsageError("The prompt is empty. Give it as an argument, or pipe it to stdin. See `opper-chat --help`.")
    return text, read_system(options, system, config), parts
