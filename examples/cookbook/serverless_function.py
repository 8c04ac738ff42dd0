"""A function for AWS Lambda and similar platforms: one client per instance, and a deadline from the platform.

The entry point is `serverless_function.handler`. It needs `OPPER_API_KEY`.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, Protocol

from opper_chat import APIError, APITimeoutError, Opper, RateLimitError

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")

SECONDS_TO_RESPOND = 0.5
"""What is left of the time for the response, once the call has ended."""

client = Opper()  # while the instance starts; all its calls use the same connections


class Context(Protocol):
    """What the platform passes along."""

    def get_remaining_time_in_millis(self) -> int:
        """Return after how many milliseconds the platform ends the call."""
        ...


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Summarize the text in the body of a request."""
    try:
        text = json.loads(event["body"])["text"]
    except (KeyError, TypeError, ValueError):
        return respond(400, {"error": 'Send JSON such as {"text": "..."}.'})
    deadline = context.get_remaining_time_in_millis() / 1000 - SECONDS_TO_RESPOND
    if deadline <= 0:
        return respond(504, {"error": "There is no time left."})
    try:
        completion = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "system", "content": "Summarize the text."}, {"role": "user", "content": str(text)}],
            deadline=deadline,
        )
    except APITimeoutError:
        return respond(504, {"error": "The model took too long."})
    except RateLimitError:
        return respond(429, {"error": "Too many requests."})
    except APIError as error:
        print(f"request {error.request_id} failed: {error}")  # the platform logs it
        return respond(502, {"error": "The model did not respond."})
    return respond(200, {"summary": completion.text})


def respond(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a response as the platform expects it."""
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
