"""A model that calls tools as a test says, and the four ways to run them: sync and async, plain and streamed."""

import asyncio
from collections.abc import Sequence
from typing import Any

from flavours import Flavour
from opper_chat import AsyncOpper, Opper, ToolRun
from opper_chat.testing import LocalServer, ReceivedRequest, Reply, chunk

HI: list[Any] = [{"role": "user", "content": "Hi"}]
WAYS = ["sync", "sync-streamed", "async", "async-streamed"]
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_tokens_details": {"cached_tokens": 4}}


def call(name: str, arguments: str = "{}", call_id: str = "") -> dict[str, Any]:
    """A call of a function."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def custom(name: str, text: str, call_id: str = "x") -> dict[str, Any]:
    """A call of a custom tool."""
    return {"id": call_id, "type": "custom", "custom": {"name": name, "input": text}}


def play(server: LocalServer, *turns: str | Sequence[dict[str, Any]], **choice: Any) -> None:
    """Have the server answer with a text or with calls, one turn after the other, streamed where that is asked for.

    A call without an id is given one of its turn and place: `1.0`.
    """
    for number, turn in enumerate(turns, 1):
        message: dict[str, Any] = {"role": "assistant", "content": turn if isinstance(turn, str) else None}
        if not isinstance(turn, str):
            message["tool_calls"] = [{**one, "id": one["id"] or f"{number}.{at}"} for at, one in enumerate(turn)]
        server.reply(answer(message, **choice))


def answer(message: dict[str, Any], *, reason: str | None = None, usage: Any = USAGE, **_: Any) -> Any:
    """A reply with this message, in the form that is asked for."""
    reason = reason or ("tool_calls" if message.get("tool_calls") else "stop")

    def reply(request: ReceivedRequest) -> Reply:
        if not request.body["stream"]:
            choice = {"index": 0, "message": message, "finish_reason": reason}
            body = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
            return Reply.json({**body, "usage": usage})
        calls = [{"index": at, **one} for at, one in enumerate(message.get("tool_calls") or [])]
        delta = {name: value for name, value in message.items() if value is not None and name != "tool_calls"}
        pieces = [chunk(delta=delta), *(chunk(delta={"tool_calls": [one]}) for one in calls)]
        return Reply.sse([*pieces, chunk(finish_reason=reason), chunk(choices=[], usage=usage), "[DONE]"])

    return reply


class Way:
    """One of the four."""

    def __init__(self, name: str) -> None:
        kind, _, streamed = name.partition("-")
        self.flavour = Flavour(kind)
        self.streamed = bool(streamed)
        self.is_async = kind == "async"

    def run(self, server: LocalServer, tools: Sequence[Any], **more: Any) -> ToolRun[None]:
        """Run tools to the end, and return what was done."""
        settings = {"api_key": "key", "base_url": server.base_url, **more.pop("settings", {})}
        arguments = {"messages": HI, "tools": tools, **more}
        run: ToolRun[None] = self.flavour(lambda client: self._run(client, arguments), **settings)
        return run

    def _run(self, client: Any, arguments: dict[str, Any]) -> Any:
        if not self.streamed:
            return client.chat.completions.run_tools(**arguments)
        return self._async_streamed(client, arguments) if self.is_async else self._streamed(client, arguments)

    def _streamed(self, client: Opper, arguments: dict[str, Any]) -> ToolRun[None]:
        on_event = arguments.pop("on_event", None)
        with client.chat.completions.stream_tools(**arguments) as stream:
            for event in stream:
                if on_event:
                    on_event(event)
            return stream.get_final_run()

    async def _async_streamed(self, client: AsyncOpper, arguments: dict[str, Any]) -> ToolRun[None]:
        on_event = arguments.pop("on_event", None)
        async with client.chat.completions.stream_tools(**arguments) as stream:
            async for event in stream:
                if on_event:
                    on_event(event)
            return await stream.get_final_run()


def roles(run: ToolRun[Any]) -> list[str]:
    """Who speaks in the conversation of a run, one after the other; of a tool, which call it answers."""
    said = [message if isinstance(message, dict) else message.to_dict() for message in run.messages]
    return [str(message.get("tool_call_id") or message["role"]) for message in said]


def told(server: LocalServer) -> list[tuple[str, str]]:
    """What the last request tells of calls: their ids and results."""
    messages = server.requests[-1].messages
    return [(str(one["tool_call_id"]), str(one["content"])) for one in messages if one["role"] == "tool"]


def gathered(work: Any) -> Any:
    """Run a coroutine, and see that it leaves no task behind."""

    async def run() -> Any:
        try:
            return await work
        finally:
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    return asyncio.run(run())
