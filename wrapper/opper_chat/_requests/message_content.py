"""The content of messages that callers give, and the ids of tool calls in tool messages. No I/O."""

from __future__ import annotations

import os
from typing import TypeAlias, TypeVar

from opper_chat_api.params import (
    AssistantMessageParam,
    DeveloperMessageParam,
    FunctionMessageParam,
    SystemMessageParam,
    TextPartParam,
    ToolMessageParam,
    UserMessageParam,
)

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json.codec import is_mapping
from .._json.scalars import text_value

Message: TypeAlias = (
    DeveloperMessageParam
    | SystemMessageParam
    | UserMessageParam
    | AssistantMessageParam
    | ToolMessageParam
    | FunctionMessageParam
)
"""A message as a plain dict. Type checkers narrow it by its ``role``."""

T = TypeVar("T")


def content_of(function: str, content: tuple[str | T, ...]) -> str | list[T | TextPartParam]:
    """Return the content of a message: one string, or a list of parts. Requests check what is in the parts.

    The function that was called is for error messages. Content without parts, or of other values, is refused.
    """
    if not content:
        raise InvalidArgumentError(f"{function}(content)", "a string or a part", "nothing")
    first = text_value(content[0])
    if len(content) == 1 and isinstance(first, str):
        return first
    parts: list[T | TextPartParam] = []
    for index, part in enumerate(content):
        if isinstance(text := text_value(part), str):
            parts.append({"type": "text", "text": text})
        elif not isinstance(part, str) and _may_be_part(part):
            parts.append(part)
        else:
            argument = f"{function}(content[{index}])"
            raise InvalidArgumentError(argument, "a string or a part", describe(part), _hint(function, part))
    return parts


def _may_be_part(part: object) -> bool:
    return is_mapping(part) or hasattr(part, "to_dict")


def _hint(function: str, part: object) -> str:
    if isinstance(part, bytes | bytearray | memoryview | os.PathLike) or hasattr(part, "read"):
        return "Make it a part with image(...), audio(...) or file(...)."
    return f"Give each part as an argument: {function}(*parts)." if isinstance(part, list | tuple) else ""


def id_of_call(call: object, argument: str) -> str:
    """Return the id of a tool call, which is a dict, a model or the id itself.

    Refuse anything else, and a call without an id. Error messages name the argument.
    """
    is_call = is_mapping(call) or hasattr(call, "id") or hasattr(call, "additional_properties")
    if is_mapping(call):
        found = call.get("id")
    else:  # models of unknown kinds of calls have the id in `additional_properties`
        found = getattr(call, "id", None) or getattr(call, "additional_properties", {}).get("id")
    found = text_value(found if is_call else call)
    if not isinstance(found, str) or not found:
        if is_call and not found:
            hint = "The server gave it none. Use run_tools(), which gives ids to such calls."
            received = f"one without: {describe(call)}"
            raise InvalidArgumentError(argument, "a tool call with an id, or its id", received, hint)
        raise InvalidArgumentError(argument, "a tool call, or its id", describe(call))
    return found
