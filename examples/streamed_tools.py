"""Receive a tool run as typed events: text as it arrives, and the start and the end of each tool.

The tools are coroutines, and the calls of one turn run at once. Talks to the real endpoint when OPPER_API_KEY is set,
else to a local server that this script starts.
"""

import asyncio
import os
from contextlib import AsyncExitStack

from opper_chat import AsyncOpper, ToolRunError, tool

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


@tool
async def get_time(city: str) -> str:
    """Look up the time in a city.

    :param city: the name of the city
    """
    await asyncio.sleep(0.01)  # as if somebody was asked
    return f"It is noon in {city}."


async def main() -> None:
    async with AsyncExitStack() as stack:
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            client = await stack.enter_async_context(AsyncOpper())
        else:
            from opper_chat.testing import LocalServer

            server = stack.enter_context(LocalServer())
            client = await stack.enter_async_context(AsyncOpper(api_key="local", base_url=server.base_url))
        print("Talking to", client.base_url)

        try:
            async with client.chat.completions.stream_tools(
                model=MODEL,
                messages=[{"role": "user", "content": "What time is it in Oslo, and in Lima?"}],
                tools=[get_time],
                max_turns=5,
                deadline=60,
            ) as stream:
                async for event in stream:
                    if event.type == "content.delta":
                        print(event.delta, end="", flush=True)
                    elif event.type == "tool.started":
                        print("calls", event.call.name, event.execution.arguments)
                    elif event.type == "tool.result":
                        print("gets ", event.content)
                    elif event.type == "turn.done":
                        print()
                    elif event.type == "run.done":
                        print("It took", event.run.turns, "turns and", len(event.run.calls), "calls.")
        except ToolRunError as error:  # too many turns, the deadline, ...
            print(error, "after", error.run.turns, "turns")


if __name__ == "__main__":
    asyncio.run(main())
