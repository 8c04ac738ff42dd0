"""Completions whose content is a value of a Python type. The names are those of the OpenAI SDK. No I/O."""

from __future__ import annotations

from typing import Generic, TypeVar, get_origin

from attrs import AttrsInstance, define, field, fields
from opper_chat_api.models import ChatCompletionMessage, Choice

from .completion import ChatCompletion

T = TypeVar("T")
_Model = TypeVar("_Model")


@define
class ParsedChatCompletionMessage(ChatCompletionMessage, Generic[T]):
    """A message, with its content as a value."""

    parsed: T = field(init=False, eq=False)
    """ The value. None if the model calls tools, or if ``response_format`` is not a type. """


@define
class ParsedChoice(Choice, Generic[T]):
    """A choice, with the content of its message as a value."""

    message: ParsedChatCompletionMessage[T] = field(kw_only=True)  # pyright: ignore[reportIncompatibleVariableOverride]
    """ The message that the model wrote. """


@define
class ParsedChatCompletion(ChatCompletion, Generic[T]):
    """A completion, with the contents of its messages as values.

    The values are not a part of the JSON: they are not in ``to_dict()``, and they do not count when completions are
    compared.
    """

    # A list is invariant: type checkers reject a list of a subclass.
    choices: list[ParsedChoice[T]] = field(kw_only=True)  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
    """ The choices, as many as ``n`` in the request. """
    rejected: tuple[ChatCompletion, ...] = field(default=(), init=False, eq=False, repr=False)
    """ The completions before this one, which did not fit the type, oldest first: at most ``retries_on_invalid``. """

    @property
    def parsed(self) -> T:
        """The value of the first choice. None if the model calls tools, or if ``response_format`` is not a type.

        Raises:
            APIResponseValidationError: there is no choice. The completion is in ``partial``.
        """
        if self.choices:
            return self.choices[0].message.parsed
        raise self._no_choice("value")


def as_subclass(cls: type[_Model], model: AttrsInstance) -> _Model:
    """Return a copy of a model as an instance of a subclass. The attributes that the subclass adds are not set."""
    origin: type[_Model] = get_origin(cls) or cls
    copy = origin.__new__(origin)
    for attribute in fields(type(model)):
        object.__setattr__(copy, attribute.name, getattr(model, attribute.name))  # works for frozen classes too
    return copy


def parsed_completion(completion: ChatCompletion, values: list[T]) -> ParsedChatCompletion[T]:
    """Return a completion with the values of its choices."""
    parsed = as_subclass(ParsedChatCompletion[T], completion)
    parsed.rejected = ()
    parsed.choices = [_choice(choice, value) for choice, value in zip(completion.choices, values, strict=True)]
    return parsed


def _choice(choice: Choice, value: T) -> ParsedChoice[T]:
    parsed = as_subclass(ParsedChoice[T], choice)
    parsed.message = as_subclass(ParsedChatCompletionMessage[T], choice.message)
    parsed.message.parsed = value
    return parsed
