"""The response format of a call: the parameter of the request, and the values of the completion. No I/O.

If ``response_format`` is a Python type, the request has its JSON Schema, and each choice becomes a value of the type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .._errors.api import (
    CompletionError,
    ContentFilterFinishReasonError,
    InvalidArgumentError,
    InvalidCompletionError,
    LengthFinishReasonError,
    RefusalError,
)
from .._errors.invalid_value import InvalidValueError
from .._json import codec as _json
from .._json.codec import is_array, is_sequence
from .._results.completion import ChatCompletion
from .._results.content import text_of
from .._results.markdown_fences import without_fence
from .._results.parsed import ParsedChatCompletion, parsed_completion
from .._schemas.checks import invalid
from .._schemas.response_schema import ResponseSchema, response_schema
from .._validation.arguments import check_flags
from .argument_hints import is_type
from .parameters import check_extra_keys

if TYPE_CHECKING:
    from opper_chat_api.models import Choice

T = TypeVar("T")


class ResponseFormat(Generic[T]):
    """The response format of a call: a Python type, or a format of the API, with which completions have no values.

    Attributes:
        parameter: the ``response_format`` of the request.
        has_values: whether the choices of completions become values.
    """

    def __init__(self, response_format: Any, *, strict: Any = True) -> None:
        check_flags(strict=strict)
        self._schema: ResponseSchema[T] | None = None
        self.has_values: bool = is_type(response_format)
        self.parameter: object = response_format
        if self.has_values:
            self._schema = response_schema(response_format, strict=strict)
            schema = {"name": self._schema.name, "schema": self._schema.schema, "strict": strict}
            self.parameter = {"type": "json_schema", "json_schema": schema}
        elif not strict:
            hint = "It is for a response_format that is a type. Tools have their own: @tool(strict=False)."
            raise InvalidArgumentError("strict", "True, as response_format is no type", "False", hint)

    def check_extra_body(self, arguments: Mapping[str, object]) -> None:
        """Refuse an ``extra_body`` with another response format, if this one is a type."""
        if self.has_values:
            hint = "The type in ``response_format`` defines the format."
            check_extra_keys(arguments.get("extra_body"), {"response_format": hint})

    def unwrap(self, value: object) -> object:
        """Return the part of a JSON value, whole or partial, that is the value of the type."""
        return value if self._schema is None else self._schema.unwrap(value)

    def decode(self, text: str) -> T:
        """Return the value for the text of a message, or None if the format is no type."""
        return cast("T", None) if self._schema is None else self._schema.decode(without_fence(text))

    def parse(self, completion: ChatCompletion, status_code: int | None, content: bytes) -> ParsedChatCompletion[T]:
        """Return a completion with the values of its choices.

        Errors have the status and the body of the HTTP response; the body of a stream is empty.

        Raises:
            LengthFinishReasonError: a choice was cut off at the token limit.
            ContentFilterFinishReasonError: the content filter removed a choice.
            RefusalError: the model refused to respond.
            InvalidCompletionError: a choice is no JSON or does not fit the type, or there is none.
        """
        values: list[T] = []
        try:
            for choice in completion.choices:
                values.append(self._value(choice))  # noqa: PERF401  # their number is the index of a choice that fails
            if self.has_values and not values:
                raise invalid("there is no choice")
        except (InvalidValueError, _NoValueError) as problem:
            raise _error(problem, completion, len(values), status_code, content) from problem.__cause__
        return parsed_completion(completion, values)

    def _value(self, choice: Choice) -> T:
        message = choice.message
        text = text_of(message)
        if choice.finish_reason == "length":
            raise _NoValueError(LengthFinishReasonError, "The completion was cut off at the token limit.")
        if choice.finish_reason == "content_filter":
            raise _NoValueError(ContentFilterFinishReasonError, "The content filter removed content of the completion.")
        if self.has_values and message.refusal and not text:
            raise _NoValueError(RefusalError, "The model refused to respond.")
        if not self.has_values or message.tool_calls or message.function_call:
            return cast("T", None)  # text next to tool calls is not the final response
        if not text:
            raise invalid("there is no text")
        return self.decode(text)


class _NoValueError(Exception):
    """A choice must not be read, even if its text is valid."""

    def __init__(self, kind: type[CompletionError], message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _error(
    problem: InvalidValueError | _NoValueError,
    completion: ChatCompletion,
    index: int,
    status_code: int | None,
    content: bytes,
) -> CompletionError:
    try:
        body = _json.decode(content)
    except ValueError:  # a stream, or JSON with `data: [DONE]` after it
        body = completion.to_dict()
    if isinstance(problem, _NoValueError):
        return problem.kind(str(problem), completion, index, status_code=status_code, raw_body=content, body=body)
    message = f"The completion does not fit the response format: {problem}."
    error = InvalidCompletionError(message, completion, index, status_code=status_code, raw_body=content, body=body)
    error.problems = tuple(problem.problems)
    return error


def correction_arguments(arguments: Mapping[str, object], error: InvalidCompletionError) -> dict[str, object]:
    """Return the arguments of another call, whose messages end with the invalid text and a list of its problems."""
    messages = arguments["messages"]
    text = text_of(error.completion.choices[error.index].message) if error.completion.choices else ""
    problems = "\n".join(f"- {problem}" for problem in error.problems)
    request = (
        f"Your response does not fit the schema of the response format:\n{problems}\n"
        "Respond again, with only JSON that fits it."
    )
    added = [{"role": "assistant", "content": text}, {"role": "user", "content": request}]
    return {**arguments, "messages": [*(messages if is_sequence(messages) or is_array(messages) else ()), *added]}
