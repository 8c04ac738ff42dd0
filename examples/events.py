"""Receive a stream as typed events: text, a tool call as its arguments arrive, and the complete tool call.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import os
from contextlib import ExitStack

from opper_chat import Opper, StreamEvent
from opper_chat.types import ToolParam

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")

WEATHER: ToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}


def show(event: StreamEvent) -> None:
    """Print an event. By the comparison with `type`, type checkers know its attributes."""
    if event.type == "content.delta":
        print("  text       ", repr(event.delta), "makes", repr(event.snapshot))
    elif event.type == "tool_call.delta":
        print("  arguments  ", repr(event.arguments_delta), "make", event.partial_arguments)
    elif event.type == "tool_call.done":
        print("  call       ", event.name, event.parsed)
    elif event.type == "usage":
        print("  usage      ", event.usage.total_tokens, "tokens")
    elif event.type == "done":
        print("  done        by", event.completion.model, "because of", event.completion.choices[0].finish_reason)


def main() -> None:
    with ExitStack() as stack:
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            client = stack.enter_context(Opper())
        else:
            from opper_chat.testing import LocalServer

            server = stack.enter_context(LocalServer())
            client = stack.enter_context(Opper(api_key="local", base_url=server.base_url))
        print("Talking to", client.base_url)

        print("A text:")
        with client.chat.completions.stream(
            model=MODEL, messages=[{"role": "user", "content": "Say hello."}]
        ) as stream:
            for event in stream:
                show(event)

        print("A tool call:")
        with client.chat.completions.stream(
            model=MODEL,
            messages=[{"role": "user", "content": "How will the weather in Stockholm be for three days?"}],
            tools=[WEATHER],
            tool_choice="required",
            stream_options={"include_usage": True},
        ) as stream:
            for event in stream:
                show(event)


if __name__ == "__main__":
    main()
