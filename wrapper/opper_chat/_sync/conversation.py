# Made from wrapper/opper_chat/_async/conversation.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""A conversation with a model: what was said so far, and the calls that go on with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from .._errors.api import InvalidArgumentError
from .._errors.context_managers import EnteredFirst
from .._errors.describe import describe, text_value
from .._json.values import copy_json
from .._requests.jsonl import read_lines, write_lines
from .._requests.parameters import TurnArguments, check_turn_arguments
from .._requests.signatures import list_arguments
from .._requests.transcript import Said, Transcript, new_messages, read_message
from .._results.completion import ChatCompletion
from .._validation.type_checks import check_strings
from ..messages import system as system_message
from .client import Opper

if TYPE_CHECKING:
    from .event_stream import EventStream, StreamManager


class Conversation(Transcript):
    """A conversation: it keeps what was said, and sends all of it with each turn.

    A turn is kept when its answer came whole: what was said and the message of the first choice, with reasoning, tool
    calls and whatever else the server put in it; only properties that JSON cannot represent, such as infinity, are left
    to the completion. A call that fails, or is cancelled, leaves the conversation as it was,
    so that the same can be sent again. One turn is under way at a time; `fork` makes another conversation for another.

    Args:
        client: makes the calls. It stays yours to close.
        system: the instructions, as the first message; None for none.
        arguments: those of every call: ``model``, ``tools``, ``temperature``, ``deadline`` and whatever else
            `client.chat.completions.create` takes but ``messages`` and ``stream``.

    Raises:
        InvalidArgumentError: an argument is wrong.
    """

    def __init__(
        self, client: Opper, *, system: str | None = None, **arguments: Unpack[TurnArguments]
    ) -> None:
        super().__init__()
        if not _is_client(client):
            raise InvalidArgumentError("client", f"an {Opper.__name__}", describe(client))
        check_turn_arguments(arguments, "Conversation()")
        self._client = client
        self._arguments: dict[str, object] = {
            name: copy_json(value) for name, value in arguments.items()
        }
        check_strings(system=text_value(system))
        if system is not None:
            self.append(system_message(system))

    @classmethod
    def load(
        cls, client: Opper, path: str | os.PathLike[str], **arguments: Unpack[TurnArguments]
    ) -> Self:
        """Go on with a conversation that was saved.

        Reading a file is quick where the disk is near, and waits for nothing else.

        Args:
            client: makes the calls.
            path: the file that `save` wrote: a message on each line, as JSON.
            arguments: those of every call, which are not in the file.

        Raises:
            InvalidArgumentError: a line is not a message that requests take, and the error names its place, such as
                ``talk.jsonl, line 2, messages[1].role``; or an argument is wrong.
            OSError: the file cannot be read.
        """
        loaded = cls(client, **arguments)
        lines = enumerate(read_lines(Path(path)))
        loaded._messages = [
            read_message(value, f"{place}, messages[{index}]") for index, (place, value) in lines
        ]
        return loaded

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the messages to a file, one on each line, as JSON. No key, no client and no argument is in it.

        The file is replaced when the new one is written whole; until then it stays as it was. Writing it is quick where
        the disk is near, and waits for nothing else.

        Raises:
            InvalidArgumentError: `load` would refuse a message, because the server has answered with one that requests
                refuse. The error names the place, such as ``messages[3].content``.
            OSError: the file cannot be written.
        """
        write_lines(
            Path(path),
            (
                read_message(message, f"messages[{index}]")
                for index, message in enumerate(self._messages)
            ),
        )

    def send(self, *content: Said, **overrides: Unpack[TurnArguments]) -> ChatCompletion:
        """Say something, and return the answer.

        Args:
            content: a text; texts and parts, such as `opper_chat.messages.image` returns, which make one message of
                the user's; or whole messages, such as the answers to tool calls. Without any, what is there is sent.
            overrides: arguments of this call that are not as for the others; None leaves one out.

        Raises:
            InvalidArgumentError: something is wrong with what is said, or with an argument; nothing was sent.
            APIError: the call failed, as in `client.chat.completions.create`; or its answer has no choices.
            RuntimeError: an answer is under way already.
        """
        new, arguments = new_messages(content), self._merged(overrides, "Conversation.send()")
        with self._alone():
            create = self._client.chat.completions.create
            completion: ChatCompletion = create(**arguments, messages=self._sent(new), stream=False)
            self._answered(new, completion)
        return completion

    def stream(self, *content: Said, **overrides: Unpack[TurnArguments]) -> Turn:
        """Say something, and get the answer as typed events while it is written.

        To be used with ``with``, which sends the request and closes the stream. The turn is kept on leaving it if
        the answer was read to its end by then. Left earlier, or by an exception, the conversation is as it was::

            with conversation.stream("Tell me a story.") as events:
                for event in events:
                    if event.type == "content.delta":
                        print(event.delta, end="")

        Takes what `send` takes.

        Raises:
            InvalidArgumentError: something is wrong with what is said, or with an argument. All else is raised on
                entering, where the request is sent.
        """
        new, arguments = (
            new_messages(content, "stream"),
            self._merged(overrides, "Conversation.stream()"),
        )

        def begin() -> StreamManager:
            stream: Any = (
                self._client.chat.completions.stream
            )  # the arguments of a conversation are no types
            return cast("StreamManager", stream(**arguments, messages=self._sent(new)))

        return Turn(self._alone, begin, partial(self._answered, new))

    def _merged(self, overrides: Mapping[str, object], function: str) -> dict[str, Any]:
        check_turn_arguments(overrides, function)
        return {**self._arguments, **overrides}


def _is_client(client: object) -> bool:
    return isinstance(client, Opper)


class Turn(EnteredFirst):
    """A turn whose answer is streamed: sends on entering; on leaving closes the stream, and keeps what came whole.

    Args:
        alone: holds the conversation meanwhile.
        begin: makes the stream.
        keep: takes the answer into the conversation.
    """

    _entered = "conversation.stream(...) as stream"

    def __init__(
        self,
        alone: Callable[[], AbstractContextManager[None]],
        begin: Callable[[], StreamManager],
        keep: Callable[[ChatCompletion], None],
    ) -> None:
        self._alone = alone
        self._begin = begin
        self._keep = keep

    def __enter__(self) -> EventStream:
        with ExitStack() as held:
            held.enter_context(self._alone())
            self._manager = self._begin()
            self._events = self._manager.__enter__()
            self._held = held.pop_all()
        return self._events

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._held:
            complete = self._events.complete and error is None
            self._manager.__exit__(kind, error, traceback)
            if complete:
                self._keep(self._events.snapshot)


list_arguments(Conversation.__init__, TurnArguments)
list_arguments(Conversation.load, TurnArguments)
list_arguments(Conversation.send, TurnArguments)
list_arguments(Conversation.stream, TurnArguments)
