"""Completions whose answers are values of a type. The names are those of the OpenAI SDK. No I/O."""

from __future__ import annotations

from typing import Generic, TypeVar, get_origin

from attrs import AttrsInstance, define, field, fields
from opper_chat_api.models import ChatCompletionMessage, Choice

from .completion import ChatCompletion

T = TypeVar("T")
Made = TypeVar("Made")


@define
class ParsedChatCompletionMessage(ChatCompletionMessage, Generic[T]):
    """The message that the model wrote, and what it says as a value."""

    parsed: T = field(init=False, eq=False)
    """ The value; None where the model calls tools instead, or no type was asked for. """


@define
class ParsedChoice(Choice, Generic[T]):
    """One of the answers, and what it says as a value."""

    message: ParsedChatCompletionMessage[T] = field(kw_only=True)  # pyright: ignore[reportIncompatibleVariableOverride]
    """ The message that the model wrote. """


@define
class ParsedChatCompletion(ChatCompletion, Generic[T]):
    """The answer, and what it says as a value.

    What is added is no member of the JSON: it is not in ``to_dict()``, and two completions that say the same are equal.
    """

    # To type checkers another kind of choice could be added to the list of those above.
    choices: list[ParsedChoice[T]] = field(kw_only=True)  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
    """ The answers, as many as `n` asked for. """
    rejected: tuple[ChatCompletion, ...] = field(default=(), init=False, eq=False, repr=False)
    """ The completions before this one whose answers did not fit, oldest first: at most ``retries_on_invalid``. """

    @property
    def parsed(self) -> T:
        """The value of the first answer. There is one, unless no type was asked for.

        Raises:
            APIResponseValidationError: there is no choice. The completion is in ``partial``.
        """
        if self.choices:
            return self.choices[0].message.parsed
        raise self._no_choice("value")


def as_subclass(cls: type[Made], model: AttrsInstance) -> Made:
    """Return a model of a class that has more members than the given one of a class above it; they are still unset."""
    origin: type[Made] = get_origin(cls) or cls
    made = origin.__new__(origin)
    for attribute in fields(type(model)):
        object.__setattr__(made, attribute.name, getattr(model, attribute.name))  # also where it is frozen
    return made


def parsed_completion(completion: ChatCompletion, values: list[T]) -> ParsedChatCompletion[T]:
    """Return a completion with the values of its choices."""
    made = as_subclass(ParsedChatCompletion[T], completion)
    made.rejected = ()
    made.choices = [_choice(choice, value) for choice, value in zip(completion.choices, values, strict=True)]
    return made


def _choice(choice: Choice, value: T) -> ParsedChoice[T]:
    made = as_subclass(ParsedChoice[T], choice)
    made.message = as_subclass(ParsedChatCompletionMessage[T], choice.message)
    made.message.parsed = value
    return made
