"""One conversation three ways: a plain answer, a streamed one, and a tool call.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import json
import os
from contextlib import ExitStack

from opper_chat import Opper
from opper_chat_api.models import FunctionToolCall
from opper_chat_api.params import ChatMessageParam, ToolParam

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")

WEATHER: ToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city, now.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def get_weather(city: str) -> dict[str, str | int]:
    """Look the weather up. A real one would ask a weather service."""
    return {"city": city, "sky": "clear", "celsius": 21}


def plain(client: Opper) -> None:
    """Ask for the whole answer at once."""
    completion = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Name a colour of the rainbow."}]
    )
    print("plain:   ", completion.choices[0].message.content)
    if completion.usage is not None:
        print("          it took", completion.usage.total_tokens, "tokens, by", completion.model)


def streamed(client: Opper) -> None:
    """Print the answer while it is written."""
    print("streamed: ", end="", flush=True)
    with client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Count from one to five."}], stream=True
    ) as stream:
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content is not None:
                print(chunk.choices[0].delta.content, end="", flush=True)
    print()


def tool_call(client: Opper) -> None:
    """Let the model call a function, run it, and give the result back."""
    messages: list[ChatMessageParam] = [{"role": "user", "content": "How is the weather in Stockholm?"}]
    for _ in range(5):
        message = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER]).choices[0].message
        if not message.tool_calls:
            print("          and the answer:", message.content)
            return
        messages.append(message)
        for call in message.tool_calls:
            if isinstance(call, FunctionToolCall):
                arguments = json.loads(call.function.arguments)
                print("tool:     the model calls", f"{call.function.name}({call.function.arguments})")
                result = json.dumps(get_weather(arguments["city"]))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def main() -> None:
    with ExitStack() as stack:
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            client = stack.enter_context(Opper())
            print("Talking to", client.base_url)
        else:
            from opper_chat.testing import LocalServer

            server = stack.enter_context(LocalServer())
            client = stack.enter_context(Opper(api_key="local", base_url=server.base_url))
            print("No OPPER_API_KEY is set: talking to a local server at", client.base_url)
        plain(client)
        streamed(client)
        tool_call(client)


if __name__ == "__main__":
    main()
