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
    # With a schema, only the text of the last turn is the response.
    current = TextCollector() if question.response_format is not None else writer
    if not question.streams:

        def note_call(event: Any) -> None:
            if event.type == "tool.started":
                console.note(f"Calling {describe_call(event.call)}")

        run = completions.run_tools(on_event=note_call, **arguments)
        writer.write(run.text)
    else:
        with completions.stream_tools(**arguments) as stream:
            for event in stream:
                if as_events:
                    write_event(console, event)
                elif event.type == "content.delta" and event.index == 0:
                    current.write(event.delta)
                elif event.type == "tool.started":
                    console.note(f"Calling {describe_call(event.call)}")
                elif event.type == "turn.done" and event.completion.tool_calls and event.completion.text:
                    current.write("\n\n")
            run = stream.get_final_run()
        if current is not writer:
            writer.write(run.text)
    usage = None if run.usage is None else run.usage.to_dict()
    return Result(run.completions, usage, run.messages[len(question.arguments["messages"]) :])
