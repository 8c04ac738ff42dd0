"""The messages of a conversation: adding, trimming and copying them, and the usage of its calls. No I/O.

Does not send them: `_async.conversation` does.
"""

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
from .._validation.arguments import check_count
from .assistant_messages import remove_unencodable
from .message_content import Message, content_of
from .parameters import check_encodable, check_messages
from .trimming import estimate_tokens, messages_to_drop

TurnContent = str | UserPartParam | ChatMessageParam
"""What a turn starts with: texts and parts of one user message, or whole messages."""


class _CheckedMessage(OtherMessage):
    """A message that was checked when it was added, so that it is not checked again in each request."""

    is_checked = True


class Transcript:
    """The messages of a conversation, oldest first, as plain dicts.

    They are checked and copied when they are added, and copied when they are returned, so that later changes to them
    change nothing here. You can read them from several threads and tasks. You cannot change them during a turn.
    """

    def __init__(self) -> None:
        self._messages: list[dict[str, object]] = []
        self._usage: dict[str, object] = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), 0)
        self._lock = Lock()

    @property
    def messages(self) -> list[Message]:
        """The messages so far, instructions included. A copy: changing it does not change the conversation."""
        return [*self]

    @property
    def usage(self) -> CompletionUsage:
        """The token usage of all turns of this conversation together, details included.

        It does not count failed turns, nor those that were loaded from a file or copied by `fork`.
        """
        return CompletionUsage.from_dict(cast("dict[str, Any]", copy_json(self._usage)))

    def append(self, message: ChatMessageParam) -> None:
        """Add a message.

        Args:
            message: a message of any role, as a plain dict or a model, such as ``completion.message``.

        Raises:
            InvalidArgumentError: requests do not accept the message.
            RuntimeError: a turn is in progress.
        """
        if is_sequence(message):
            raise InvalidArgumentError("message", "a message", describe(message), "Use extend() for several messages.")
        self.extend((message,))

    def extend(self, messages: Iterable[ChatMessageParam]) -> None:
        """Add messages: all of them, or if one is wrong, none.

        Args:
            messages: messages of any role, as plain dicts or models.

        Raises:
            InvalidArgumentError: requests do not accept one of the messages. The error names the path to it.
            RuntimeError: a turn is in progress.
        """
        _check_iterable(messages)
        checked = check_messages([*messages])
        check_encodable({"messages": checked})
        with self._exclusive():
            self._messages.extend(checked)

    def trim(self, max_tokens: int, counter: Callable[[Message], int] | None = None) -> list[Message]:
        """Remove the oldest turns until the messages fit into a number of tokens.

        A turn lasts from one user message to the next, and is removed as a whole. If the last turn alone is too large,
        as when the model calls many tools, its older rounds are removed: a message of the model together with the
        results of its tool calls. The instructions (``system`` and ``developer``), the last user message and the last
        round after it always stay.

        Args:
            max_tokens: the number of tokens that the messages can take, without the completion and the tools.
            counter: returns the number of tokens of a message. Default: `opper_chat.messages.estimate_tokens`.

        Returns:
            The removed messages.

        Raises:
            InvalidArgumentError: the messages that always stay take more than ``max_tokens``, and nothing was removed;
                or an argument is wrong.
            RuntimeError: a turn is in progress.
        """
        budget = check_count(max_tokens, "max_tokens")
        with self._exclusive():
            sizes = self._count_tokens(counter)
            dropped = messages_to_drop(self._messages, sizes, budget)
            removed = [message for index, message in enumerate(self._messages) if index in dropped]
            self._messages = [message for index, message in enumerate(self._messages) if index not in dropped]
        return cast("list[Message]", removed)

    def fork(self) -> Self:
        """Return a copy of the conversation, with the same client and arguments.

        Changes to one do not affect the other. The ``usage`` of the copy starts at zero. You can fork at any time, also
        during a turn, and it is cheap: both share the messages so far.
        """
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))  # those of a subclass too
        Transcript.__init__(other)
        other._messages = self._messages.copy()  # noqa: SLF001  # it is of this class
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

    def _count_tokens(self, counter: Callable[[Message], object] | None) -> list[int]:
        if counter is None:
            return [estimate_tokens(message) for message in self._messages]
        sizes: list[int] = []
        expected = "a function that returns an integer of at least 0"
        if not callable(counter):
            raise InvalidArgumentError("counter", expected, describe(counter))
        for message in self:
            size = counter(message)
            if isinstance(size, bool) or not isinstance(size, int) or size < 0:
                raise InvalidArgumentError("counter", expected, describe(size))
            sizes.append(size)
        return sizes

    @contextmanager
    def _exclusive(self) -> Generator[None]:
        """Hold the lock of the messages, or raise RuntimeError if another turn is under way.

        A second turn fails instead of waiting: otherwise the order of the messages would depend on timing.
        """
        acquired: list[bool] = []
        try:
            # One call of C code takes the lock and records it. A signal handler could raise between two calls.
            acquired.extend(map(self._lock.acquire, (False,)))
            if True in acquired:
                yield
                return
        finally:
            if True in acquired:
                self._lock.release()
        raise RuntimeError(
            "a turn of this conversation is in progress: wait for its end, or use a fork() of the conversation"
        )

    def _request_messages(self, new: Iterable[dict[str, object]]) -> list[ChatMessageParam]:
        """Return the messages of a request: those so far and new ones. All are checked already."""
        return [_CheckedMessage(additional_properties=message) for message in (*self._messages, *new)]

    def _add_turn(self, new: list[dict[str, object]], completion: ChatCompletion) -> None:
        """Add the new messages of a turn, the message of its completion, and the usage."""
        try:
            (message,) = check_messages([completion.message])
        except InvalidArgumentError:  # the call must not fail for what the server has put into the completion
            (message,) = check_messages([remove_unencodable(completion.message)])
        self._messages += [*new, {"role": message["role"], **message}]  # the role first, for readers of a file
        if completion.usage is not None:
            add_usage(self._usage, completion.usage.to_dict())


def _check_iterable(messages: object) -> None:
    if is_mapping(messages) or isinstance(messages, str) or not isinstance(messages, Iterable):
        hint = "Use append() for one message."
        raise InvalidArgumentError("messages", "an iterable of messages", describe(messages), hint)


def new_messages(content: Sequence[TurnContent], function: str = "send") -> list[dict[str, object]]:
    """Return the messages that a turn starts with. Without content, there are none.

    The content is either texts and parts of one user message, or whole messages. A mixture is refused.
    """
    whole = [_is_message(part) for part in content]
    if not content or all(whole):
        return check_messages([*content])
    if any(whole):
        index = whole.index(not whole[0])
        expected = "a message" if whole[0] else "a string or a part"
        hint = "Give either strings and parts of one message, or whole messages."
        argument = f"{function}(content[{index}])"
        raise InvalidArgumentError(argument, f"{expected}, as before it", describe(content[index]), hint)
    parts = cast("tuple[str | UserPartParam, ...]", tuple(content))
    return check_messages([{"role": "user", "content": content_of(function, parts)}])


def read_message(value: object, path: str) -> dict[str, object]:
    """Return a message of a file as requests send it, with any properties that the contract does not know.

    Raises:
        InvalidArgumentError: requests do not accept it. The error has the path to it in the file.
    """
    try:
        (message,) = check_messages([value])
        check_encodable({"messages": [message]})
    except InvalidArgumentError as error:
        rest, argument = (text.removeprefix("messages").removeprefix("[0]") for text in (str(error), error.argument))
        error.args, error.argument = (path + rest,), path + argument
        raise
    return message


def _is_message(part: object) -> bool:
    return "role" in part if is_mapping(part) else hasattr(part, "role")


def add_usage(total: dict[str, Any], usage: Mapping[str, object]) -> None:
    """Add the numbers of a usage to a total, nested objects included. Other values are left out.

    Servers, and the models behind one, differ in what they add to a usage. Where a property is a number in one and an
    object in another, as ``cost`` is, the number counts.
    """
    for name, value in usage.items():
        sum_so_far: object = total.get(name)
        if is_object(value):
            if sum_so_far is None or is_object(sum_so_far):
                add_usage(total.setdefault(name, {}), value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            total[name] = sum_so_far + value if isinstance(sum_so_far, int | float) else value
