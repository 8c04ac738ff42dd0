"""The JSON of responses: completions, chunks of a stream, and errors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from .._json import JsonObject as Json
from .simulated_model import Completion, SimulatedChoice

CREATED = 1_767_225_600
"""The time of every completion, 2026-01-01 UTC, so that equal requests get equal responses."""

FINGERPRINT = "fp_local"

_PADDED_TO = 64


def completion_body(completion: Completion) -> Json:
    """Return the `chat.completion` of a plain response."""
    return {
        **_envelope(completion, "chat.completion"),
        "choices": [
            {
                "index": index,
                "message": _message(choice),
                "finish_reason": choice.finish_reason,
                "logprobs": _logprobs(choice, choice.tokens, completion.top_logprobs),
            }
            for index, choice in enumerate(completion.choices)
        ],
        "usage": _usage(completion),
    }


def stream_events(completion: Completion, options: Json) -> Iterator[bytes]:
    """Yield the server-sent events of a stream.

    Args:
        completion: The completion.
        options: The `stream_options` of the request.
    """
    include_usage = bool(options.get("include_usage"))
    envelope = _envelope(completion, "chat.completion.chunk")
    for choices in _chunk_choices(completion):
        chunk = {**envelope, "choices": choices}
        if include_usage:
            chunk["usage"] = None
        if options.get("include_obfuscation"):
            size = len(msgspec.json.encode(chunk))
            chunk["obfuscation"] = "x" * (-size % _PADDED_TO)
        yield _event(chunk)
    if include_usage:
        yield _event({**envelope, "choices": [], "usage": _usage(completion)})
    yield b"data: [DONE]\n\n"


def error_body(version: int, error_type: str, message: str, detail: object = None) -> Json:
    """Return an error: flat as in version 2 of the API, or nested as in version 3."""
    if version == 3:
        error = {"code": error_type, "message": message}
        return {"error": error if detail is None else {**error, "details": detail}}
    return {"type": error_type, "message": message, "detail": detail}


def _event(chunk: Json) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


def _envelope(completion: Completion, kind: str) -> Json:
    envelope = {
        "id": completion.id,
        "object": kind,
        "created": CREATED,
        "model": completion.model,
        "system_fingerprint": FINGERPRINT,
    }
    if completion.service_tier is not None:
        envelope["service_tier"] = completion.service_tier
    return envelope


def _usage(completion: Completion) -> Json:
    return {
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": completion.completion_tokens,
        "total_tokens": completion.prompt_tokens + completion.completion_tokens,
        "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _message(choice: SimulatedChoice) -> Json:
    message: Json = {"role": "assistant", "content": None, "refusal": None}
    match choice.kind:
        case "text":
            message["content"] = choice.text
        case "legacy":
            message["function_call"] = {"name": choice.name, "arguments": choice.text}
        case kind:
            message["tool_calls"] = [
                {
                    "id": choice.call_id,
                    "type": kind,
                    kind: _function_json(choice, choice.name, choice.text),
                }
            ]
    return message


def _function_json(choice: SimulatedChoice, name: str | None, text: str) -> Json:
    function = {"input" if choice.kind == "custom" else "arguments": text}
    return function if name is None else {"name": name, **function}


def _chunk_choices(completion: Completion) -> Iterator[list[Json]]:
    """Yield the `choices` of each chunk: the roles, then the tokens of all choices in turn, then the finish reasons."""
    for index, choice in enumerate(completion.choices):
        content = "" if choice.kind == "text" else None
        yield _choice(index, {"role": "assistant", "content": content, "refusal": None})
    for index, choice in enumerate(completion.choices):
        if choice.kind in ("function", "custom"):
            call = {"index": 0, "id": choice.call_id, "type": choice.kind}
            yield _choice(
                index,
                {"tool_calls": [{**call, choice.kind: _function_json(choice, choice.name, "")}]},
            )
        elif choice.kind == "legacy":
            yield _choice(index, {"function_call": _function_json(choice, choice.name, "")})
    for tokens in zip_longest(*(choice.tokens for choice in completion.choices)):
        for index, token in enumerate(tokens):
            if token is not None:
                choice = completion.choices[index]
                logprobs = _logprobs(choice, (token,), completion.top_logprobs)
                yield _choice(index, _delta(choice, token), logprobs=logprobs)
    for index, choice in enumerate(completion.choices):
        yield _choice(index, {}, finish_reason=choice.finish_reason)


def _delta(choice: SimulatedChoice, token: str) -> Json:
    match choice.kind:
        case "text":
            return {"content": token}
        case "legacy":
            return {"function_call": {"arguments": token}}
        case kind:
            return {"tool_calls": [{"index": 0, kind: _function_json(choice, None, token)}]}


def _choice(index: int, delta: Json, *, finish_reason: str | None = None, logprobs: Json | None = None) -> list[Json]:
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason, "logprobs": logprobs}
    return [choice]


def _logprobs(choice: SimulatedChoice, tokens: tuple[str, ...], top: int | None) -> Json | None:
    if top is None or choice.kind != "text":
        return None
    return {"content": [_token_logprob(token, top) for token in tokens], "refusal": None}


def _token_logprob(token: str, top: int) -> Json:
    # Any numbers will do that are always the same and fall from rank to rank.
    likely = -0.01 * (len(token) % 10 + 1)
    ranked = [_token(token if rank == 0 else f"{token}~{rank}", likely - rank) for rank in range(top)]
    return {**_token(token, likely), "top_logprobs": ranked}


def _token(text: str, logprob: float) -> Json:
    return {"token": text, "logprob": round(logprob, 4), "bytes": list(text.encode())}
