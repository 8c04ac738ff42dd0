"""What is answered, in the endpoint's JSON shapes: the completion, its chunks, and errors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from .._json import JsonObject as Json
from .simulated_model import Answer, Completion

CREATED = 1_767_225_600
"""The time of every answer, so that equal requests get equal answers: 2026-01-01 UTC."""

FINGERPRINT = "fp_local"

_PADDED_TO = 64


def completion_body(completion: Completion) -> Json:
    """Return the `chat.completion`."""
    return {
        **_envelope(completion, "chat.completion"),
        "choices": [
            {
                "index": index,
                "message": _message(answer),
                "finish_reason": answer.finish_reason,
                "logprobs": _logprobs(answer, answer.pieces, completion.top_logprobs),
            }
            for index, answer in enumerate(completion.answers)
        ],
        "usage": _usage(completion),
    }


def events(completion: Completion, options: Json) -> Iterator[bytes]:
    """Yield the events of the stream; `options` are the request's `stream_options`."""
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


def error_body(version: int, kind: str, message: str, detail: object = None) -> Json:
    """Return an error in the flat shape of version 2 or the nested one of version 3."""
    if version == 3:
        error = {"code": kind, "message": message}
        return {"error": error if detail is None else {**error, "details": detail}}
    return {"type": kind, "message": message, "detail": detail}


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


def _message(answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": None, "refusal": None}
    match answer.kind:
        case "text":
            message["content"] = answer.text
        case "legacy":
            message["function_call"] = {"name": answer.name, "arguments": answer.text}
        case kind:
            message["tool_calls"] = [
                {
                    "id": answer.call_id,
                    "type": kind,
                    kind: _called(answer, answer.name, answer.text),
                }
            ]
    return message


def _called(answer: Answer, name: str | None, text: str) -> Json:
    called = {"input" if answer.kind == "custom" else "arguments": text}
    return called if name is None else {"name": name, **called}


def _chunk_choices(completion: Completion) -> Iterator[list[Json]]:
    """Yield the `choices` of each chunk: all roles, then the pieces in turn, then all finish reasons."""
    for index, answer in enumerate(completion.answers):
        content = "" if answer.kind == "text" else None
        yield _choice(index, {"role": "assistant", "content": content, "refusal": None})
    for index, answer in enumerate(completion.answers):
        if answer.kind in ("function", "custom"):
            call = {"index": 0, "id": answer.call_id, "type": answer.kind}
            yield _choice(
                index,
                {"tool_calls": [{**call, answer.kind: _called(answer, answer.name, "")}]},
            )
        elif answer.kind == "legacy":
            yield _choice(index, {"function_call": _called(answer, answer.name, "")})
    for pieces in zip_longest(*(answer.pieces for answer in completion.answers)):
        for index, piece in enumerate(pieces):
            if piece is not None:
                answer = completion.answers[index]
                logprobs = _logprobs(answer, (piece,), completion.top_logprobs)
                yield _choice(index, _delta(answer, piece), logprobs=logprobs)
    for index, answer in enumerate(completion.answers):
        yield _choice(index, {}, finish_reason=answer.finish_reason)


def _delta(answer: Answer, piece: str) -> Json:
    match answer.kind:
        case "text":
            return {"content": piece}
        case "legacy":
            return {"function_call": {"arguments": piece}}
        case kind:
            return {"tool_calls": [{"index": 0, kind: _called(answer, None, piece)}]}


def _choice(index: int, delta: Json, *, finish_reason: str | None = None, logprobs: Json | None = None) -> list[Json]:
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason, "logprobs": logprobs}
    return [choice]


def _logprobs(answer: Answer, pieces: tuple[str, ...], top: int | None) -> Json | None:
    if top is None or answer.kind != "text":
        return None
    return {"content": [_token_logprob(piece, top) for piece in pieces], "refusal": None}


def _token_logprob(piece: str, top: int) -> Json:
    # Any numbers do that stay the same and fall from rank to rank.
    likely = -0.01 * (len(piece) % 10 + 1)
    ranked = [_token(piece if rank == 0 else f"{piece}~{rank}", likely - rank) for rank in range(top)]
    return {**_token(piece, likely), "top_logprobs": ranked}


def _token(text: str, logprob: float) -> Json:
    return {"token": text, "logprob": round(logprob, 4), "bytes": list(text.encode())}
