"""The option ``--dry-run``: the request that would be sent, checked, without the key."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .. import Opper
    from .question import Question


def describe_request(client: Opper, question: Question) -> dict[str, object]:
    """Return the request of a question as JSON: its method, URL, headers and body.

    Args:
        client: has the base URL.
        question: the messages and parameters. With tools, the request is that of the first turn.

    Raises:
        InvalidArgumentError: a message or a parameter is not accepted.
    """
    from .._requests.prepare import prepare

    arguments = dict(question.arguments)
    if question.tools:
        from .._tools.loop import ToolLoop

        tools = [*question.tools, *question.arguments.get("tools", ())]
        loop = ToolLoop({**arguments, **question.loop_arguments, "tools": tools}, None)
        arguments = loop.next_arguments(time.monotonic(), stream=question.streams)
    extra_body: Any = arguments.pop("extra_body", None)
    request = prepare(arguments, stream=question.streams, extra_body=extra_body)
    return {
        "method": request.method,
        "url": f"{client.base_url}{request.path}",
        "headers": {**request.headers, "authorization": "Bearer ..."},
        "body": request.body,
    }
