"""How `ask` writes a completion: its text as it arrives, its last code block, the completion or its events as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .console import Console
from .errors import CommandError
from .exit_codes import ExitCode

if TYPE_CHECKING:
    from .. import ChatCompletion


class TextWriter(Protocol):
    """Writes the text of a completion while it arrives."""

    def write(self, text: str) -> None:
        """Write a fragment."""

    def finish(self) -> None:
        """End the text, also one that broke off."""


class PlainWriter:
    """Writes each fragment to stdout at once, and ends the last line.

    Args:
        console: has stdout.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> None:
        """Write a fragment."""
        self._console.write(text)

    def finish(self) -> None:
        """End the last line."""
        self._console.end_line()


class TextCollector:
    """Keeps the text instead of writing it.

    Attributes:
        text: the text so far.
    """

    def __init__(self) -> None:
        self._fragments: list[str] = []

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._fragments)

    def write(self, text: str) -> None:
        """Keep a fragment."""
        self._fragments.append(text)

    def finish(self) -> None:
        """Do nothing."""


def create_text_writer(console: Console, *, formats: bool = True) -> TextWriter:
    """Return what writes the text of a completion to stdout.

    Args:
        console: has stdout.
        formats: whether the text is Markdown, which a terminal shows formatted if rich is installed.
    """
    if formats and console.formats_output:
        try:
            from .markdown import MarkdownWriter
        except ImportError:  # rich is not installed
            return PlainWriter(console)
        return MarkdownWriter.for_console(console)
    return PlainWriter(console)


def write_json(console: Console, value: object) -> None:
    """Write a value as JSON: on one line to a pipe, indented to a terminal."""
    indent = 2 if console.stdout_is_terminal else None
    console.write_line(json.dumps(value, ensure_ascii=False, indent=indent))


def write_json_line(console: Console, value: object) -> None:
    """Write a value as JSON on one line."""
    console.write_line(json.dumps(value, ensure_ascii=False))


def write_event(console: Console, event: Any) -> None:
    """Write an event of a stream or of a tool loop as a line of JSON: its type and fields, as in Python.

    Chunks are left out, since the other events have what is in them.
    """
    if event.type == "chunk":
        return
    names = [attribute.name for attribute in event.__attrs_attrs__ if not attribute.name.startswith("_")]
    line = {"type": event.type, **{name: _json_value(getattr(event, name)) for name in names}}
    write_json_line(console, line)


def write_error_event(console: Console, error: BaseException, code: int) -> None:
    """Write the line of JSON for an error that ended the events."""
    line = {"type": "error", "error": {"class": type(error).__name__, "message": str(error), "exit_code": int(code)}}
    write_json_line(console, line)


def _json_value(value: Any) -> Any:
    """Return a field of an event as JSON."""
    if isinstance(value, list):
        return [_json_value(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    to_dict = getattr(value, "to_dict", None)
    if to_dict is not None:
        return to_dict()
    if hasattr(value, "call") and hasattr(value, "outcome"):  # the execution of a tool call
        return {**_call(value.call), "turn": value.turn, "outcome": value.outcome, "content": value.content,
                "seconds": value.duration}  # fmt: skip
    if hasattr(value, "completions"):  # a tool run
        return {"turns": value.turns, "usage": value.usage and value.usage.to_dict()}
    return value


def _call(call: Any) -> dict[str, object]:
    written = {"input": call.input} if call.type == "custom" else {"arguments": call.arguments}
    return {"id": call.id, "name": call.name, **written}


def last_code_block(text: str) -> str | None:
    """Return the content of the last fenced code block of a Markdown text, or None if there is none.

    A block that is not closed ends with the text (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).
    """
    block: list[str] | None = None
    last: list[str] | None = None
    fence, indent = "", 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip(" \r\n")
        depth = len(line) - len(line.lstrip(" "))
        if block is None:
            mark = stripped[:1]
            length = len(stripped) - len(stripped.lstrip(mark)) if mark in ("`", "~") and mark else 0
            if length >= 3 and not (mark == "`" and "`" in stripped[length:]):
                fence, indent, block = mark * length, depth, []
        elif depth <= indent + 3 and len(stripped) >= len(fence) and not stripped.strip(fence[0]):
            last, block = block, None
        else:
            block.append(line[min(depth, indent) :])
    last = last if block is None else block
    return None if last is None else "".join(last)


def write_code_block(console: Console, text: str) -> None:
    """Write the last code block of a text to stdout.

    Raises:
        CommandError: there is none. The error has the whole text, so that it is not lost.
    """
    block = last_code_block(text)
    if block is None:
        raise CommandError(f"The completion has no code block:\n{text}", ExitCode.NOT_AS_REQUESTED)
    console.write(block)
    console.end_line()


def write_other_choices(console: Console, completion: ChatCompletion) -> None:
    """Write the texts of all choices except the first, each after a blank line."""
    from .._results.content import text_of

    for choice in completion.choices[1:]:
        console.end_line()
        console.write(f"\n{text_of(choice.message)}")
        console.end_line()


def check_completion(console: Console, completion: ChatCompletion, *, shows_calls: bool) -> None:
    """Note what the text alone does not show: that it was cut off, or that there is none.

    Args:
        console: gets the notes.
        completion: the completion.
        shows_calls: whether all of it was printed, and not only the text.

    Raises:
        CommandError: the model refused, or a content filter removed content.
    """
    for choice in completion.choices:
        if choice.message.refusal:
            raise CommandError(f"The model refused: {choice.message.refusal}", ExitCode.NOT_AS_REQUESTED)
        if choice.finish_reason == "content_filter":
            raise CommandError("A content filter removed content of the completion.", ExitCode.NOT_AS_REQUESTED)
        if choice.finish_reason == "length":
            console.note("The completion was cut off at the maximum number of tokens.")
    if shows_calls:
        return
    if completion.message.tool_calls:
        names = ", ".join(call.name for call in completion.tool_calls)
        console.note(f"The model calls tools that have no function here: {names}. --json prints the calls.")
    elif not completion.text:
        reason = completion.choices[0].finish_reason
        console.note(f"The completion has no text (finish reason: {reason}). --json prints all of it.")


def describe_usage(completions: Iterable[ChatCompletion], usage: Mapping[str, Any] | None, seconds: float) -> str:
    """Return a line with the served model, the tokens, the cost, the attempts and the time of calls.

    Args:
        completions: those of the calls, at least one.
        usage: the sum of their usages, or None if the server sent none.
        seconds: from the first request to the end of the last response.
    """
    calls = list(completions)
    parts = [f"model: {calls[-1].served_model or 'not sent'}"]
    if usage is None:
        parts.append("tokens: not sent")
    else:
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
        parts.append(f"tokens: {prompt} + {completion} = {usage.get('total_tokens')}")
    costs = [call.cost for call in calls]
    known = [cost for cost in costs if cost is not None]
    parts.append(f"cost: ${sum(known[1:], known[0]):f}" if known and len(known) == len(costs) else "cost: not sent")
    attempts = sum(max(1, len(call.attempts)) for call in calls)
    parts.append(f"requests: {attempts}" if len(calls) > 1 else f"attempts: {attempts}")
    parts.append(f"time: {seconds:.2f} s")
    if calls[-1].request_id:
        parts.append(f"request id: {calls[-1].request_id}")
    return "; ".join(parts)
