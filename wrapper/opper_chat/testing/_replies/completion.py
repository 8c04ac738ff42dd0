"""Build the scripted reply of a completion, whole or as a stream. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from .._loopback.received_request import ReceivedRequest
from .reply import Event, Reply, chunk
from .tokens import message_text, tokenize

MODEL = "local/scripted"


@dataclass(frozen=True, slots=True)
class ScriptedCompletion:
    """The arguments of `Reply.completion`."""

    text: str | None
    tool_calls: Sequence[tuple[str, Mapping[str, object] | str]]
    message: Mapping[str, object]
    finish_reason: str | None
    model: str | None
    usage: Mapping[str, object] | None
    headers: Mapping[str, str] | None
    delay: float

    def reply_to(self, request: ReceivedRequest) -> Reply:
        """Return the reply to a request: a stream if `stream` is true in the request."""
        if request.body.get("stream") is True:
            return Reply.sse(list(self._events(request)), headers=self.headers, delay=self.delay)
        message = {"role": "assistant", "content": self.text, **self.message}
        if self.tool_calls:
            message["tool_calls"] = self._tool_call_json()
        choice = {"index": 0, "message": message, "finish_reason": self._finish_reason(), "logprobs": None}
        body = {**chunk(), "object": "chat.completion", "model": self._model(request), "choices": [choice]}
        return Reply.json({**body, "usage": self._usage(request)}, headers=self.headers, delay=self.delay)

    def _events(self, request: ReceivedRequest) -> Iterator[Event]:
        model = self._model(request)
        yield chunk(delta={"role": "assistant", **self.message}, model=model)
        for token in tokenize(self.text or ""):
            yield chunk(token, model=model)
        for index, call in enumerate(self._tool_call_json()):
            yield chunk(delta={"tool_calls": [{"index": index, **call}]}, model=model)
        yield chunk(finish_reason=self._finish_reason(), model=model)
        options: dict[str, Any] = request.body.get("stream_options") or {}
        if options.get("include_usage"):
            yield chunk(choices=[], usage=self._usage(request), model=model)
        yield "[DONE]"

    def _model(self, request: ReceivedRequest) -> str:
        requested = request.model
        return self.model or (requested if isinstance(requested, str) else MODEL)

    def _finish_reason(self) -> str:
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")

    def _tool_call_json(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {
                    "name": name,
                    "arguments": given if isinstance(given, str) else msgspec.json.encode(given).decode(),
                },
            }
            for number, (name, given) in enumerate(self.tool_calls, 1)
        ]

    def _usage(self, request: ReceivedRequest) -> Mapping[str, object]:
        if self.usage is not None:
            return self.usage
        completion_texts = [self.text or "", *(call["function"]["arguments"] for call in self._tool_call_json())]
        completion_tokens = sum(len(tokenize(text)) for text in completion_texts)
        prompt_tokens = sum(len(tokenize(message_text(message))) for message in request.messages)
        return {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }
