"""Give the model Python functions as tools, and run them until it has a final response.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from opper_chat import Opper, ToolCall, ToolContext, ToolError, ToolRunStepEvent, tool, tool_result

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


class Sky(Enum):
    CLEAR = "clear"
    RAIN = "rain"


@dataclass
class Weather:
    city: str
    sky: Sky  # the model reads its value
    degrees: float


@dataclass
class Asked:
    city: str


@tool
def get_weather(city: str, unit: Literal["celsius", "fahrenheit"] = "celsius") -> Weather:
    """Look up the weather in a city, now.

    Args:
        city: the name of the city, such as Stockholm.
        unit: the unit of the temperature.
    """
    if not city:
        raise ToolError("there is no city without a name")  # the model reads this
    return Weather(city, Sky.CLEAR, 21.0 if unit == "celsius" else 69.8)


@tool
def get_forecast(city: str) -> Iterator[Weather]:
    """Look up the weather in a city, day by day."""
    for day, sky in enumerate(Sky):  # a generator is a list to the model
        yield Weather(city, sky, 21.0 - day)


@tool
def remember(note: str, notes: ToolContext[list[str]]) -> str:
    """Save a note.

    Args:
        note: the text of the note.
        notes: the list of notes; the model does not see this parameter.
    """
    notes.context.append(note)
    return f"There are {len(notes.context)} notes."


def show(step: ToolRunStepEvent) -> None:
    """Print a step. By the comparison with `type`, type checkers know its attributes."""
    if step.type == "tool.started":
        print("  it calls  ", step.call.name, step.call.arguments)
    elif step.type == "tool.result":
        print("  it gets", step.content)


def approve(call: ToolCall) -> bool | str:
    """Allow or deny a call before it runs."""
    return True if call.name != "remember" else "The user does not allow notes."


def main() -> None:
    with ExitStack() as stack:
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            client = stack.enter_context(Opper())
        else:
            from opper_chat.testing import LocalServer

            server = stack.enter_context(LocalServer())
            client = stack.enter_context(Opper(api_key="local", base_url=server.base_url))
        print("Talking to", client.base_url)

        print("A run until the final response:")
        run = client.chat.completions.run_tools(
            model=MODEL,
            messages=[{"role": "user", "content": "How is the weather in Stockholm?"}],
            tools=[get_weather],
            on_event=show,
        )
        print("  it responds", run.text)
        print("  it took   ", run.turns, "turns, and", run.usage.total_tokens if run.usage else "some", "tokens")

        print("With a generator:")
        run = client.chat.completions.run_tools(
            model=MODEL,
            messages=[{"role": "user", "content": "How will the weather be in Stockholm?"}],
            tools=[get_forecast],
            on_event=show,
        )

        print("With a value that the model does not see:")
        notes: list[str] = []
        run = client.chat.completions.run_tools(
            model=MODEL,
            messages=[*run.messages, {"role": "user", "content": "Write that down."}],
            tools=[remember],
            tool_choice="required",
            context=notes,
        )
        print("  noted     ", notes)

        print("With approval of each call:")
        run = client.chat.completions.run_tools(
            model=MODEL,
            messages=[{"role": "user", "content": "Write down that I was here."}],
            tools=[remember],
            context=notes,
            before_call=approve,
            on_event=show,
        )

        print("Without a run:")
        completion = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "And in Oslo?"}], tools=[get_weather]
        )
        for call in completion.tool_calls:
            asked = call.arguments_as(Asked)
            print("  message   ", tool_result(call, get_weather(asked.city)))


if __name__ == "__main__":
    main()
