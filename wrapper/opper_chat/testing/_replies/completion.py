"""The JSON of scripted completions and of the chunks of their streams. Values only, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from .._loopback.received_request import ReceivedRequest
from .tokens import message_text, tokenize

MODEL = "local/scripted"


def chunk(
    content: str | None = None,
    *,
    index: int = 0,
    finish_reason: str | None = None,
    delta: Mapping[str, object] | None = None,
    **properties: object,
) -> dict[str, object]:
    """Return a `chat.completion.chunk` with one choice, for `Reply.sse`.

    Args:
        content: The next part of the text. If None, the delta has no `content`.
        index: The index of the choice.
        finish_reason: Why the model stopped. Null in all chunks except the last one of a choice.
        delta: Further properties of the delta, such as `role` or `tool_calls`.
        properties: Further properties of the chunk, which replace the usual ones, such as `usage={...}, choices=[]`.

    Returns:
        The JSON object of the chunk, whose model is `local/scripted`.
    """
    text = {} if content is None else {"content": content}
    choice = {"index": index, "delta": {**text, **(delta or {})}, "finish_reason": finish_reason}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": MODEL,
        "choices": [choice],
        **properties,
    }


@dataclass(frozen=True, slots=True)
class ScriptedCompletion:
    """The arguments of `Reply.completion`."""

    text: str | None
    tool_calls: Sequence[tuple[str, Mapping[str, object] | str]]
    message: Mapping[str, object]
    finish_reason: str | None
    model: str | None
    usage: Mapping[str, object] | None

    def body(self, request: ReceivedRequest) -> dict[str, object]:
        """Return the `chat.completion` for a request."""
        message = {"role": "assistant", "content": self.text, **self.message}
        if self.tool_calls:
            message["tool_calls"] = self._tool_call_json()
        choice = {"index": 0, "message": message, "finish_reason": self._finish_reason(), "logprobs": None}
        completion = {**chunk(), "object": "chat.completion", "model": self._model(request), "choices": [choice]}
        return {**completion, "usage": self._usage(request)}

    def stream_events(self, request: ReceivedRequest) -> Iterator[Mapping[str, object] | str]:
        """Yield the data of the events of a stream for a request."""
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
