"""A scripted answer of the model, in the form that a request asks for: whole, or as a stream. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from .._server.simulated_model import content_text, tokens
from .reply import Event, ReceivedRequest, Reply, chunk

MODEL = "local/scripted"


@dataclass(frozen=True, slots=True)
class ScriptedCompletion:
    """What `Reply.completion` was given."""

    text: str | None
    tool_calls: Sequence[tuple[str, Mapping[str, object] | str]]
    message: Mapping[str, object]
    finish_reason: str | None
    model: str | None
    usage: Mapping[str, object] | None
    headers: Mapping[str, str] | None
    delay: float

    def reply_to(self, request: ReceivedRequest) -> Reply:
        """Return the reply in the form that a request asks for."""
        if request.body.get("stream") is True:
            return Reply.sse(list(self._events(request)), headers=self.headers, delay=self.delay)
        message = {"role": "assistant", "content": self.text, **self.message}
        if self.tool_calls:
            message["tool_calls"] = self._calls()
        choice = {"index": 0, "message": message, "finish_reason": self._reason(), "logprobs": None}
        body = {**chunk(), "object": "chat.completion", "model": self._model(request), "choices": [choice]}
        return Reply.json({**body, "usage": self._usage(request)}, headers=self.headers, delay=self.delay)

    def _events(self, request: ReceivedRequest) -> Iterator[Event]:
        model = self._model(request)
        yield chunk(delta={"role": "assistant", **self.message}, model=model)
        for piece in tokens(self.text or ""):
            yield chunk(piece, model=model)
        for index, call in enumerate(self._calls()):
            yield chunk(delta={"tool_calls": [{"index": index, **call}]}, model=model)
        yield chunk(finish_reason=self._reason(), model=model)
        options: dict[str, Any] = request.body.get("stream_options") or {}
        if options.get("include_usage"):
            yield chunk(choices=[], usage=self._usage(request), model=model)
        yield "[DONE]"

    def _model(self, request: ReceivedRequest) -> str:
        asked = request.model
        return self.model or (asked if isinstance(asked, str) else MODEL)

    def _reason(self) -> str:
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")

    def _calls(self) -> list[dict[str, Any]]:
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
        written = [self.text or "", *(call["function"]["arguments"] for call in self._calls())]
        answered = sum(len(tokens(text)) for text in written)
        asked = sum(len(tokens(content_text(message))) for message in request.messages)
        return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
