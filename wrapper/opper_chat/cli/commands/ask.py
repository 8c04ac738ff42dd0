"""``opper-chat ask``: send a prompt, and print the completion."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..client import client_arguments, connection_arguments, import_client
from ..config import Config, load_config
from ..console import Console
from ..errors import ClosedPipeError, UsageError
from ..exit_codes import ExitCode, exit_code
from ..keys import find_key
from ..options import (
    add_client_options,
    add_common_options,
    add_conversation_options,
    add_label_options,
    add_prompt_options,
    add_schema_options,
)
from ..output import write_error_event, write_json
from ..parameters import add_parameters, load_parameters
from ..tools import LOOP_OPTIONS, Approval

if TYPE_CHECKING:
    from ... import Opper, ToolRun
    from ..question import Question


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``ask``."""
    parser.add_argument("prompt", nargs="*", help="the prompt. What is piped to stdin follows it; `-` waits for stdin")
    add_prompt_options(parser)
    parser.add_argument(
        "-a", "--attachment", action="append", metavar="SOURCE", help="a file, the URL of an image, or `-` for stdin"
    )
    _add_output_options(parser.add_argument_group("output"))
    _add_tool_options(parser.add_argument_group("tools"))
    group = parser.add_argument_group("templates and conversations")
    group.add_argument("-t", "--template", metavar="NAME", help="a template, by its name or the path of its file")
    group.add_argument("-p", "--param", action="append", metavar="NAME=VALUE", help="the value of a variable of it")
    add_conversation_options(group)
    add_label_options(group)
    add_client_options(parser)
    add_common_options(parser)
    add_parameters(parser, load_parameters())


def _add_output_options(group: Any) -> None:
    add_schema_options(group)
    form = group.add_mutually_exclusive_group()
    form.add_argument("-x", "--extract", action="store_true", help="print only the last code block")
    form.add_argument("--json", action="store_true", help="print the completion as JSON")
    form.add_argument("--jsonl", action="store_true", help="print the events of the stream as lines of JSON")
    group.add_argument("--no-stream", action="store_true", help="wait for the whole completion")
    group.add_argument("--dry-run", action="store_true", help="print the request, and send nothing")
    group.add_argument("-u", "--usage", action="store_true", help="write model, tokens, cost and attempts to stderr")


def _add_tool_options(group: Any) -> None:
    group.add_argument(
        "-T", "--tool", action="append", metavar="MODULE:FUNCTION", help="a Python function that the model may call"
    )
    group.add_argument("--approve", action="store_true", help="ask on the terminal before each call")
    for name in LOOP_OPTIONS:
        flag = "--" + name.replace("_", "-")
        group.add_argument(flag, type=int, metavar="NUMBER", help=f"as {name} of run_tools()")


def run(options: argparse.Namespace, console: Console) -> int:
    """Send the prompt, print the completion, and return the exit code."""
    _check_options(options)
    config = load_config(options.config)
    arguments = (
        _dry_client_arguments(options, config, console) if options.dry_run else client_arguments(options, config)
    )
    from ..question import Question, describe_request

    with ExitStack() as stack:
        client = stack.enter_context(import_client()(**arguments))
        question = Question(options, config, console, client)
        if options.dry_run:
            write_json(console, describe_request(client, question))
            return ExitCode.OK
        if options.approve:
            approval = Approval(console)
            stack.callback(approval.close)
            question.loop_arguments["before_call"] = approval
        try:
            _send(options, console, client, question)
        except Exception as error:
            if options.jsonl and not isinstance(error, ClosedPipeError):
                write_error_event(console, error, exit_code(error))
            raise
    return ExitCode.OK


def _check_options(options: argparse.Namespace) -> None:
    """Refuse options that contradict each other.

    Raises:
        UsageError: there are some.
    """
    if options.jsonl and options.no_stream:
        raise UsageError("--jsonl: It is not accepted together with --no-stream, as events are those of a stream.")
    for name in ("first_token_timeout", "idle_timeout"):
        if getattr(options, name) is not None and (options.no_stream or options.json):
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag}: It needs a stream. With --no-stream and --json, use --deadline.")


def _dry_client_arguments(options: argparse.Namespace, config: Config, console: Console) -> dict[str, Any]:
    """Return the arguments of a client that sends nothing, and so needs no key."""
    key = find_key(options.key_file, config)
    console.note(
        f"Nothing is sent. The key would be that of {key.source}." if key else "Nothing is sent. There is no key."
    )
    return {**connection_arguments(options, config, key), "api_key": "none"}


def _send(options: argparse.Namespace, console: Console, client: Opper, question: Question) -> None:
    """Send the question, write the result, save the conversation, and check the completion."""
    from ..calls import make_call
    from ..output import check_completion, describe_usage, write_code_block, write_other_choices

    started = time.monotonic()
    try:
        result = make_call(options, console, client, question)
    except Exception as error:
        stopped: ToolRun[object] | None = getattr(error, "run", None)
        if options.usage and stopped is not None and stopped.completions:  # they are paid
            usage = None if stopped.usage is None else stopped.usage.to_dict()
            console.note(describe_usage(stopped.completions, usage, time.monotonic() - started))
        raise
    seconds = time.monotonic() - started
    completion = result.completions[-1]
    if options.json:
        write_json(console, completion.to_dict())
    elif not options.jsonl and not options.extract:
        write_other_choices(console, completion)
    if question.path is not None and question.conversation is not None:
        from ..conversations import save_conversation

        save_conversation(question.conversation, question.path, [*question.new_messages, *result.messages])
        console.note(f"Saved. To continue: --conversation {question.path.stem}")
    if options.usage:
        console.note(describe_usage(result.completions, result.usage, seconds))
    if question.response_format is not None:
        question.response_format.parse(completion, None, b"")
    check_completion(console, completion, shows_calls=options.json or options.jsonl)
    if options.extract:
        write_code_block(console, completion.text)
