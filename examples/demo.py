"""Make a plain call, a streamed call and a call with a tool.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import os
from contextlib import ExitStack

from opper_chat import Opper, ToolRunStepEvent, tool

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


@tool
def get_weather(city: str) -> dict[str, str | int]:
    """The weather in a city, now."""
    return {"city": city, "sky": "clear", "celsius": 21}


def plain(client: Opper) -> None:
    """Receive the whole completion at once."""
    completion = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Name a colour of the rainbow."}]
    )
    print("plain:   ", completion.choices[0].message.content)
    if completion.usage is not None:
        print("          it took", completion.usage.total_tokens, "tokens, by", completion.model)


def streamed(client: Opper) -> None:
    """Print the text as it arrives."""
    print("streamed: ", end="", flush=True)
    with client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Count from one to five."}], stream=True
    ) as stream:
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content is not None:
                print(chunk.choices[0].delta.content, end="", flush=True)
    print()


def show(step: ToolRunStepEvent) -> None:
    """Print which tool the model calls."""
    if step.type == "tool.started":
        print("tool:     the model calls", f"{step.call.name}({step.call.arguments})")


def tool_call(client: Opper) -> None:
    """Let the model call a function, and send its result back."""
    run = client.chat.completions.run_tools(
        model=MODEL,
        messages=[{"role": "user", "content": "How is the weather in Stockholm?"}],
        tools=[get_weather],
        max_turns=5,
        on_event=show,
    )
    print("          response:", run.text)


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
