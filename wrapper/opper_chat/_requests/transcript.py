"""The messages of a conversation: what is added, what is left out, what the answers cost. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Self, cast

from opper_chat_api.models import OtherMessage
from opper_chat_api.models.completion_usage import CompletionUsage
from opper_chat_api.params import ChatMessageParam, UserPartParam

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json.codec import is_mapping, is_object, is_sequence
from .._json.values import copy_json
from .._results.completion import ChatCompletion
from .._validation.numbers import check_count
from .assistant_messages import without_unsendable
from .message_content import Message, content_of
from .parameters import check_encodable, check_messages
from .trimming import estimate_tokens, to_drop

Said = str | UserPartParam | ChatMessageParam
"""What a turn begins with: texts and parts of one message of the user's, or whole messages."""


class _CheckedMessage(OtherMessage):
    """A message that was checked when it was added, and is sent without a further check."""

    is_checked = True


class Transcript:
    """The messages of a conversation, oldest first, as plain dicts.

    They are checked and copied when they are added, and copied when they are handed out, so that nobody changes what
    was said. It may be read from several threads and tasks; while an answer is under way it may not be changed.
    """

    def __init__(self) -> None:
        self._messages: list[dict[str, object]] = []
        self._usage: dict[str, object] = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), 0)
        self._changing = Lock()

    @property
    def messages(self) -> list[Message]:
        """The messages so far, instructions included. Changing the list or what is in it changes nothing here."""
        return [*self]

    @property
    def usage(self) -> CompletionUsage:
        """What the calls of this conversation have consumed, all numbers added up, those in its details too.

        Turns that failed, that were loaded from a file, or that a fork took over are not counted.
        """
        return CompletionUsage.from_dict(cast("dict[str, Any]", copy_json(self._usage)))

    def append(self, message: ChatMessageParam) -> None:
        """Add a message of any role, a plain dict or a model, such as ``completion.message``.

        Raises:
            InvalidArgumentError: it is not what the contract says.
            RuntimeError: an answer is under way.
        """
        if is_sequence(message):
            raise InvalidArgumentError("message", "a message", describe(message), "Use extend() for several messages.")
        self.extend((message,))

    def extend(self, messages: Iterable[ChatMessageParam]) -> None:
        """Add messages of any role, all of them or, where one is wrong, none.

        Raises:
            InvalidArgumentError: one is not what the contract says; the error names its place.
            RuntimeError: an answer is under way.
        """
        _check_iterable(messages)
        checked = check_messages([*messages])
        check_encodable({"messages": checked})
        with self._alone():
            self._messages.extend(checked)

    def trim(self, max_tokens: int, counter: Callable[[Message], int] | None = None) -> list[Message]:
        """Leave out the oldest turns, so that the rest is within a number of tokens, and return what was left out.

        A turn goes from one message of the user's to the next, and is left out whole. Where the last turn alone is too
        large, as when the model calls many tools, the older rounds of it are left out: a message of the model's with
        the answers to the tools that it called, never one without the others. What stays are the instructions
        (``system`` and ``developer``), the last message of the user's, and the last round after it, in their order.

        Args:
            max_tokens: how many tokens the messages may take. The answer, and the tools, are not among them.
            counter: returns how many tokens a message takes; `opper_chat.messages.estimate_tokens` unless given.

        Raises:
            InvalidArgumentError: what stays takes more; nothing was left out. Or an argument is wrong.
            RuntimeError: an answer is under way.
        """
        budget = check_count(max_tokens, "max_tokens")
        with self._alone():
            sizes = (
                [estimate_tokens(message) for message in self._messages] if counter is None else self._counted(counter)
            )
            dropped = to_drop(self._messages, sizes, budget)
            left_out = [message for place, message in enumerate(self._messages) if place in dropped]
            self._messages = [message for place, message in enumerate(self._messages) if place not in dropped]
        return cast("list[Message]", left_out)

    def fork(self) -> Self:
        """Return a conversation that goes on from here by itself, with the same client and arguments.

        What is said in one is not in the other. Its ``usage`` begins at zero. It may be made at any time, and is cheap:
        the messages are shared until something is said.
        """
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))  # a subclass has more
        Transcript.__init__(other)
        other._messages = self._messages.copy()  # noqa: SLF001  # it is one of these
        return other

    def __copy__(self) -> Self:
        return self.fork()

    def __deepcopy__(self, memo: object) -> Self:
        return self.fork()

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter([cast("Message", copy_json(message)) for message in self._messages])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} messages>"

    def _counted(self, counter: Callable[[Message], object]) -> list[int]:
        sizes: list[int] = []
        for message in self:
            size = counter(message)
            if isinstance(size, bool) or not isinstance(size, int) or size < 0:
                accepted = "a function that returns an integer of at least 0"
                raise InvalidArgumentError("counter", accepted, describe(size))
            sizes.append(size)
        return sizes

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Let nobody else change the messages meanwhile.

        Nobody waits for it: what is said must not depend on who came first.
        """
        acquired: list[bool] = []
        try:
            # All in one call of C code: a signal handler may raise between two calls, and the list would not know.
            acquired.extend(map(self._changing.acquire, (False,)))
            if True in acquired:
                yield
                return
        finally:
            if True in acquired:
                self._changing.release()
        raise RuntimeError("an answer of this conversation is under way: wait for it, or ask a fork() of it")

    def _sent(self, new: Iterable[dict[str, object]]) -> list[ChatMessageParam]:
        """Return the conversation as it is sent, with what is new. It was checked before, and goes as it stands."""
        return [_CheckedMessage(additional_properties=message) for message in (*self._messages, *new)]

    def _answered(self, new: list[dict[str, object]], completion: ChatCompletion) -> None:
        """Add what was said and the answer, which came whole."""
        try:
            (answer,) = check_messages([completion.message])
        except InvalidArgumentError:  # the completion is there: nothing that the server put into it may fail the call
            (answer,) = check_messages([without_unsendable(completion.message)])
        self._messages += [*new, {"role": answer["role"], **answer}]  # which reads better where the role is first
        if completion.usage is not None:
            _add(self._usage, completion.usage.to_dict())


def _check_iterable(messages: object) -> None:
    if is_mapping(messages) or isinstance(messages, str) or not isinstance(messages, Iterable):
        hint = "Use append() for one message."
        raise InvalidArgumentError("messages", "an iterable of messages", describe(messages), hint)


def new_messages(content: Sequence[Said], function: str = "send") -> list[dict[str, object]]:
    """Return the messages that a turn begins with; none where nothing is said.

    Args:
        content: what is said.
        function: the method that was called, for error messages.

    Raises:
        InvalidArgumentError: they are not what the contract says, or messages and parts of one are mixed.
    """
    whole = [_is_message(piece) for piece in content]
    if not content or all(whole):
        return check_messages([*content])
    if any(whole):
        index = whole.index(not whole[0])
        accepted = "a message" if whole[0] else "a string or a part"
        hint = "Give either strings and parts of one message, or whole messages."
        place = f"{function}(content[{index}])"
        raise InvalidArgumentError(place, f"{accepted}, as before it", describe(content[index]), hint)
    pieces = cast("tuple[str | UserPartParam, ...]", tuple(content))
    return check_messages([{"role": "user", "content": content_of(function, pieces)}])


def read_message(value: object, place: str) -> dict[str, object]:
    """Return a message of a file as requests send it. What the contract does not know is kept.

    Args:
        value: the JSON value.
        place: where it stands, for the error.

    Raises:
        InvalidArgumentError: requests refuse it, or JSON cannot represent something in it. The error names its place.
    """
    try:
        (message,) = check_messages([value])
        check_encodable({"messages": [message]})
    except InvalidArgumentError as error:
        rest, argument = (text.removeprefix("messages").removeprefix("[0]") for text in (str(error), error.argument))
        error.args, error.argument = (place + rest,), place + argument
        raise
    return message


def _is_message(piece: object) -> bool:
    return "role" in piece if is_mapping(piece) else hasattr(piece, "role")


def _add(total: dict[str, Any], usage: Mapping[str, object]) -> None:
    """Add up numbers, in objects within objects too. What is no number has no sum."""
    for name, value in usage.items():
        have: object = total.get(name)
        if is_object(value):
            if have is None or is_object(have):
                _add(total.setdefault(name, {}), value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            total[name] = have + value if isinstance(have, int | float) else value
