"""Whether an answer is of the type that was asked for, and how to ask again where it is not. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

from .._errors.api import (
    AnswerError,
    ContentFilterFinishReasonError,
    InvalidAnswerError,
    InvalidArgumentError,
    LengthFinishReasonError,
    RefusalError,
)
from .._json import codec as _json
from .._json.codec import is_array, is_sequence
from .._results.completion import ChatCompletion
from .._results.content import text_of
from .._results.markdown_fences import without_fence
from .._results.parsed import ParsedChatCompletion, parsed_completion
from .._schemas.errors import InvalidValueError, invalid
from .._schemas.response_schema import ResponseSchema, response_schema
from .._validation.type_checks import check_flags
from .argument_hints import is_type
from .prepare import check_extra_keys

if TYPE_CHECKING:
    from opper_chat_api.models import ChatCompletionMessage, Choice

T = TypeVar("T")
Error = TypeVar("Error", bound=AnswerError)


class Asked(Generic[T]):
    """What was asked for.

    Args:
        response_format: a type, or what a plain call takes: then no answer has a value.
        strict: whether the schema of the type is for strict mode.

    Attributes:
        response_format: as it is sent.

    Raises:
        InvalidArgumentError: a schema cannot describe the type. Says where and what to use instead.
    """

    def __init__(self, response_format: Any, *, strict: Any = True) -> None:
        check_flags(strict=strict)
        self.answer: ResponseSchema[T] | None = None
        if is_type(response_format):
            self.answer = response_schema(response_format, strict=strict)
        elif not strict:
            hint = "It is for a response_format that is a type. Tools have their own: @tool(strict=False)."
            raise InvalidArgumentError("strict", "True, as response_format is no type", "False", hint)
        self.response_format: object = response_format
        if self.answer is not None:
            schema = {"name": self.answer.name, "schema": self.answer.schema, "strict": strict}
            self.response_format = {"type": "json_schema", "json_schema": schema}

    def check_extra_body(self, arguments: Mapping[str, object]) -> None:
        """Refuse an ``extra_body`` that asks for another format than the type's.

        Raises:
            InvalidArgumentError: it does.
        """
        if self.answer is not None:
            hint = "The type that is asked for makes the format."
            check_extra_keys(arguments.get("extra_body"), {"response_format": hint})

    def inside(self, value: object) -> object:
        """Return what of a JSON value, whole or partial, is the answer and no wrapping of it."""
        return value if self.answer is None else self.answer.unwrap(value)

    def value(self, text: str) -> T:
        """Return the value that a text stands for.

        Raises:
            InvalidValueError: it stands for none.
        """
        return cast("T", None) if self.answer is None else self.answer.decode(without_fence(text))

    def parsed(self, completion: ChatCompletion, status_code: int | None, content: bytes) -> ParsedChatCompletion[T]:
        """Return a completion with the values of its answers.

        Args:
            completion: the completion, whole.
            status_code: of the HTTP response.
            content: the body as it came; empty for a stream.

        Raises:
            LengthFinishReasonError: an answer was cut off.
            ContentFilterFinishReasonError: one was withheld.
            RefusalError: the model refused to give one.
            InvalidAnswerError: one is no JSON or does not fit, or there is none.
        """
        how = _Came(completion, status_code, content)
        values: list[T] = []
        for index, choice in enumerate(completion.choices):
            if ended := self._without_value(choice):
                kind, message = ended
                raise how.error(kind, message, index)
            try:
                values.append(self._value(choice.message))
            except InvalidValueError as problem:
                raise how.invalid(problem, index) from problem.__cause__
        if self.answer is not None and not values:
            raise how.invalid(invalid("there is no choice"), 0)
        return parsed_completion(completion, values)

    def _without_value(self, choice: Choice) -> tuple[type[AnswerError], str] | None:
        """Return the error for an answer that is not to be read, whatever it says."""
        if choice.finish_reason == "length":
            return LengthFinishReasonError, "The answer was cut off: it has as many tokens as it may have."
        if choice.finish_reason == "content_filter":
            return ContentFilterFinishReasonError, "The answer was withheld by a content filter."
        if self.answer is not None and choice.message.refusal and not text_of(choice.message):
            return RefusalError, "The model refused to answer."
        return None

    def _value(self, message: ChatCompletionMessage) -> T:
        if self.answer is None or message.tool_calls or message.function_call:
            return cast("T", None)  # a text beside calls is no answer yet
        text = text_of(message)
        if not text:
            raise invalid("there is no text")
        return self.value(text)


class _Came(NamedTuple):
    """How a completion came, for an error about it."""

    completion: ChatCompletion
    status_code: int | None
    content: bytes

    def error(self, kind: type[Error], message: str, index: int) -> Error:
        completion, status_code, content = self
        try:
            body = _json.decode(content)
        except ValueError:  # a stream, or JSON with `data: [DONE]` behind it
            body = completion.to_dict()
        return kind(message, completion, index, status_code=status_code, raw_body=content, body=body)

    def invalid(self, problem: InvalidValueError, index: int) -> InvalidAnswerError:
        error = self.error(InvalidAnswerError, f"The answer does not fit: {problem}.", index)
        error.problems = tuple(problem.problems)
        return error


def asking_again(arguments: Mapping[str, object], error: InvalidAnswerError) -> dict[str, object]:
    """Return the arguments of a call that asks again: what the model said, and what was wrong with it."""
    messages = arguments["messages"]
    said = text_of(error.completion.choices[error.index].message) if error.completion.choices else ""
    wrong = "\n".join(f"- {problem}" for problem in error.problems)
    again = (
        f"Your answer does not fit the schema that was asked for:\n{wrong}\n"
        "Answer again, with nothing but JSON that fits it."
    )
    more = [{"role": "assistant", "content": said}, {"role": "user", "content": again}]
    return {**arguments, "messages": [*(messages if is_sequence(messages) or is_array(messages) else ()), *more]}
