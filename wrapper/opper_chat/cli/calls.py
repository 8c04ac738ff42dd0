"""Make the call of a question, or the calls of its tool loop, and write the text while it arrives."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

from .console import Console
from .output import TextCollector, TextWriter, create_text_writer, write_event
from .tools import describe_call

if TYPE_CHECKING:
    from .. import ChatCompletion, Opper
    from .question import Question


class Result(NamedTuple):
    """What the calls had as result."""

    completions: list[ChatCompletion]
    """One for each call."""
    usage: dict[str, Any] | None
    """The sum of their usages."""
    messages: list[Any]
    """The messages that follow the prompt."""


def make_call(options: argparse.Namespace, console: Console, client: Opper, question: Question) -> Result:
    """Send a question, and return the result. Its text is written to stdout, unless another form was requested.

    Args:
        options: those of `ask`.
        console: has stdout.
        client: sends the requests.
        question: the messages and parameters.

    Raises:
        OpperError: a call failed, or a limit ended the tool loop. What arrived until then is written.
    """
    is_text = not (options.json or options.jsonl or options.extract)
    formats = question.response_format is None  # formatted JSON would be no JSON
    writer = create_text_writer(console, formats=formats) if is_text else TextCollector()
    try:
        if question.tools:
            return _run_tools(console, client, question, writer, as_events=options.jsonl)
        completion = _complete(console, client, question, writer, as_events=options.jsonl)
    finally:
        writer.finish()
    from .._requests.assistant_messages import remove_unencodable

    usage = None if completion.usage is None else completion.usage.to_dict()
    messages = [remove_unencodable(choice.message) for choice in completion.choices[:1]]
    return Result([completion], usage, messages)


def _complete(
    console: Console, client: Opper, question: Question, writer: TextWriter, *, as_events: bool
) -> ChatCompletion:
    completions: Any = client.chat.completions  # untyped: the arguments are dicts here
    if not question.streams:
        completion: ChatCompletion = completions.create(**question.arguments)
        writer.write(completion.text)
        return completion
    if as_events:
        with completions.stream(**question.arguments) as events:
            for event in events:
                write_event(console, event)
            return events.get_final_completion()  # type: ignore[no-any-return]
    with completions.create(stream=True, **question.arguments) as stream:
        for text in stream.text_stream:
            writer.write(text)
        return stream.get_final_completion()  # type: ignore[no-any-return]


def _run_tools(console: Console, client: Opper, question: Question, writer: TextWriter, *, as_events: bool) -> Result:
    completions: Any = client.chat.completions
    tools = [*question.tools, *question.arguments.get("tools", ())]
    arguments = {**question.arguments, **question.loop_arguments, "tools": tools}
    if not question.streams:

        def note_call(event: Any) -> None:
            if event.type == "tool.started":
                console.note(f"Calling {describe_call(event.call)}")

        run = completions.run_tools(on_event=note_call, **arguments)
        writer.write(run.text)
    else:
        with completions.stream_tools(**arguments) as stream:
            turns = TurnWriter(console, writer, keeps_last=question.response_format is not None)
            try:
                for event in stream:
                    if as_events:
                        write_event(console, event)
                    else:
                        turns.handle(event)
            finally:
                turns.finish()
            run = stream.get_final_run()
    usage = None if run.usage is None else run.usage.to_dict()
    return Result(run.completions, usage, run.messages[len(question.arguments["messages"]) :])


class TurnWriter:
    """Writes the texts of the turns of a tool loop, with a blank line between two of them, and notes the calls.

    Args:
        console: gets the notes.
        writer: gets the texts.
        keeps_last: whether only the text of the last turn is written, at the end.
    """

    def __init__(self, console: Console, writer: TextWriter, *, keeps_last: bool) -> None:
        self._console = console
        self._writer = writer
        self._keeps_last = keeps_last
        self._text = TextCollector()
        self._needs_gap = False

    def handle(self, event: Any) -> None:
        """Write what an event has to show."""
        if event.type == "turn.started":
            self._text = TextCollector()
        elif event.type == "content.delta" and event.index == 0:
            if self._keeps_last:
                self._text.write(event.delta)
                return
            self._writer.write(f"\n{event.delta}" if self._needs_gap else event.delta)
            self._needs_gap = False
        elif event.type == "content.done" and not self._keeps_last:
            self._writer.finish()  # before questions and notes about the calls of this turn
            self._needs_gap = True
        elif event.type == "tool.started":
            self._console.note(f"Calling {describe_call(event.call)}")

    def finish(self) -> None:
        """Write the text of the last turn, if it was kept, also one that broke off."""
        if self._keeps_last:
            self._writer.write(self._text.text)
