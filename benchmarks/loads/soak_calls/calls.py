"""How the soak of calls makes a call and reads its answer, with either client, and what it has then seen."""

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
    """What came of a call; None where the caller gave it up."""

    call: Call
    outcome: Outcome | None = None
    error: APIError | None = None
    unexpected: str = ""
    attempts: int | None = None
    """As the error or the completion says."""


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
    """Put what a caller saw in the words of the scenarios. Text and plain answers tell no chunks apart."""
    told: dict[str, Any] = {"chunks": chunks, "status": status}
    if call.way in ("plain", "text"):
        told["chunks"] = call.truth(Step()).chunks
    if error is None:
        return Outcome.of("complete", final.to_dict(), **told)
    kind: Any = APIError if isinstance(error, APIStatusError) else type(error)
    told |= {
        "status": error.status_code,
        "timeout_kind": getattr(error, "timeout_kind", None),
        "error_message": error.message,
    }
    told |= {"error_type": error.type, "error_code": error.code}
    return Outcome.of(ENDINGS[kind], error.partial and error.partial.to_dict(), **told)  # type: ignore[arg-type]


def made(client: Opper, call: Call) -> Result:
    """Make a call and read the answer as it is planned."""
    create, params = client.chat.completions.create, request(call)
    chunks, status, final = 0, None, None
    try:
        if call.way == "plain":
            final = create(**params)
            return Result(call, outcome_of(call, 0, 200, final, None), attempts=attempts_of(final))
        if call.way == "events":
            with client.chat.completions.stream(**params) as events:
                status = events.response.status_code
                for event in events:
                    chunks += event.type == "chunk"
                    if call.behaviour != "read":
                        return Result(call)
                final = events.get_final_completion()
        else:
            stream = create(stream=True, **params)
            if call.behaviour == "dropped":
                next(iter(stream), None)
                return Result(call)
            with stream:
                status = stream.response.status_code
                for _ in stream.text_stream if call.way == "text" else stream:
                    chunks += 1
                    if call.behaviour != "read":
                        return Result(call)
                final = stream.get_final_completion()
    except APIError as error:
        return Result(call, outcome_of(call, chunks, status, None, error), error, attempts=attempts_of(error))
    return Result(call, outcome_of(call, chunks, status, final, None), attempts=attempts_of(final))


async def made_async(client: AsyncOpper, call: Call) -> Result:
    """Make a call and read the answer as it is planned."""
    create, params = client.chat.completions.create, request(call)
    chunks, status, final = 0, None, None
    try:
        if call.way == "plain":
            final = await create(**params)
            return Result(call, outcome_of(call, 0, 200, final, None), attempts=attempts_of(final))
        if call.way == "events":
            async with client.chat.completions.stream(**params) as events:
                status = events.response.status_code
                async for event in events:
                    chunks += event.type == "chunk"
                    if call.behaviour in ("closed", "dropped"):
                        return Result(call)
                final = await events.get_final_completion()
        else:
            stream = await create(stream=True, **params)
            if call.behaviour == "dropped":
                await anext(aiter(stream), None)
                return Result(call)
            async with stream:
                status = stream.response.status_code
                async for _ in stream.text_stream if call.way == "text" else stream:
                    chunks += 1
                    if call.behaviour == "closed":
                        return Result(call)
                final = await stream.get_final_completion()
    except APIError as error:
        return Result(call, outcome_of(call, chunks, status, None, error), error, attempts=attempts_of(error))
    return Result(call, outcome_of(call, chunks, status, final, None), attempts=attempts_of(final))


def attempts_of(result: Any) -> int | None:
    """Return how many attempts an error or a completion says that there were."""
    attempts = getattr(result, "attempts", None)
    return None if attempts is None else len(attempts)
