"""Make the calls of the soak with either client, and read their responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opper_chat import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncOpper,
    Opper,
    StreamTruncatedError,
)
from opper_chat.testing import SCENARIOS, Outcome

from .plan import STALL_SECONDS, Call, Step

ENDINGS = {
    APIConnectionError: "cut",
    APIError: "error",
    APIResponseValidationError: "invalid",
    APITimeoutError: "timeout",
    StreamTruncatedError: "truncated",
}


@dataclass
class Result:
    """The result of a call. It has no outcome if the caller stopped reading."""

    call: Call
    outcome: Outcome | None = None
    error: APIError | None = None
    unexpected: str = ""
    attempts: int | None = None
    """The number of attempts that the error or the completion reports."""


def request(call: Call) -> dict[str, Any]:
    """Return the arguments of a call."""
    scenario = SCENARIOS[call.scenario] if call.scenario else None
    params: dict[str, Any] = {
        "messages": [{"role": "user", "content": call.text}],
        "extra_headers": {"x-call": str(call.number)},
        **({"timeout": STALL_SECONDS} if call.stalls else {}),
    }
    return params | dict(scenario.request) | dict(scenario.settings) if scenario else params


def outcome_of(call: Call, chunks: int, status: int | None, final: Any, error: APIError | None) -> Outcome:
    """Return what a caller got, as an outcome of the scenarios. Text streams and plain responses have no chunks."""
    facts: dict[str, Any] = {"chunks": chunks, "status": status}
    if call.read_mode in ("plain", "text"):
        facts["chunks"] = call.expected_outcome(Step()).chunks
    if error is None:
        return Outcome.of("complete", final.to_dict(), **facts)
    kind: Any = APIError if isinstance(error, APIStatusError) else type(error)
    facts |= {
        "status": error.status_code,
        "timeout_kind": getattr(error, "timeout_kind", None),
        "error_message": error.message,
    }
    facts |= {"error_type": error.type, "error_code": error.code}
    return Outcome.of(ENDINGS[kind], error.partial and error.partial.to_dict(), **facts)  # type: ignore[arg-type]


def make_call(client: Opper, call: Call) -> Result:
    """Make a call, and read the response as it is planned."""
    create, params = client.chat.completions.create, request(call)
    chunks, status, final = 0, None, None
    try:
        if call.read_mode == "plain":
            final = create(**params)
            return Result(call, outcome_of(call, 0, 200, final, None), attempts=attempts_of(final))
        if call.read_mode == "events":
            with client.chat.completions.stream(**params) as events:
                status = events.response.status_code
                for event in events:
                    chunks += event.type == "chunk"
                    if call.caller_action != "read":
                        return Result(call)
                final = events.get_final_completion()
        else:
            stream = create(stream=True, **params)
            if call.caller_action == "dropped":
                next(iter(stream), None)
                return Result(call)
            with stream:
                status = stream.response.status_code
                for _ in stream.text_stream if call.read_mode == "text" else stream:
                    chunks += 1
                    if call.caller_action != "read":
                        return Result(call)
                final = stream.get_final_completion()
    except APIError as error:
        return Result(call, outcome_of(call, chunks, status, None, error), error, attempts=attempts_of(error))
    return Result(call, outcome_of(call, chunks, status, final, None), attempts=attempts_of(final))


async def make_call_async(client: AsyncOpper, call: Call) -> Result:
    """Make a call, and read the response as it is planned."""
    create, params = client.chat.completions.create, request(call)
    chunks, status, final = 0, None, None
    try:
        if call.read_mode == "plain":
            final = await create(**params)
            return Result(call, outcome_of(call, 0, 200, final, None), attempts=attempts_of(final))
        if call.read_mode == "events":
            async with client.chat.completions.stream(**params) as events:
                status = events.response.status_code
                async for event in events:
                    chunks += event.type == "chunk"
                    if call.caller_action in ("closed", "dropped"):
                        return Result(call)
                final = await events.get_final_completion()
        else:
            stream = await create(stream=True, **params)
            if call.caller_action == "dropped":
                await anext(aiter(stream), None)
                return Result(call)
            async with stream:
                status = stream.response.status_code
                async for _ in stream.text_stream if call.read_mode == "text" else stream:
                    chunks += 1
                    if call.caller_action == "closed":
                        return Result(call)
                final = await stream.get_final_completion()
    except APIError as error:
        return Result(call, outcome_of(call, chunks, status, None, error), error, attempts=attempts_of(error))
    return Result(call, outcome_of(call, chunks, status, final, None), attempts=attempts_of(final))


def attempts_of(result: Any) -> int | None:
    """Return how many attempts an error or a completion reports."""
    attempts = getattr(result, "attempts", None)
    return None if attempts is None else len(attempts)
