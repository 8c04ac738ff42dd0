"""A conversation with a model: send its messages with each turn, and add the completion. Loads and saves files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from .._errors.api import InvalidArgumentError
from .._errors.context_managers import RequiresWithBlock
from .._errors.describe import describe
from .._json.scalars import text_value
from .._json.values import copy_json
from .._requests.jsonl import read_json_lines, write_json_lines
from .._requests.parameters import TurnArguments, check_turn_arguments
from .._requests.signatures import list_arguments
from .._requests.transcript import Transcript, TurnContent, new_messages, read_message
from .._results.completion import ChatCompletion
from .._validation.arguments import check_strings
from ..messages import system as system_message
from .client import AsyncOpper

if TYPE_CHECKING:
    from .event_stream import AsyncEventStream, AsyncStreamManager


class AsyncConversation(Transcript):
    """A conversation: it keeps the messages, and sends all of them with each turn.

    A turn is added when its completion is complete: the new messages and the message of the first choice, with
    reasoning, tool calls and whatever else the server sent, except properties that JSON cannot represent, such as
    infinity. A call that fails or is cancelled leaves the conversation unchanged, so that you can send the same again.
    A conversation has one turn at a time; use `fork` for a second one.

    Args:
        client: the client that sends the requests. The conversation does not close it.
        system: the instructions, as the first message. Default: None, no instructions.
        arguments: arguments of every call: ``model``, ``tools``, ``temperature``, ``deadline`` and whatever else
            `client.chat.completions.create` takes, except ``messages`` and ``stream``.

    Raises:
        InvalidArgumentError: an argument is wrong.
    """

    def __init__(self, client: AsyncOpper, *, system: str | None = None, **arguments: Unpack[TurnArguments]) -> None:
        super().__init__()
        if not _is_client(client):
            raise InvalidArgumentError("client", f"an {AsyncOpper.__name__}", describe(client))
        check_turn_arguments(arguments, "AsyncConversation()")
        self._client = client
        self._arguments: dict[str, object] = {name: copy_json(value) for name, value in arguments.items()}
        check_strings(system=text_value(system))
        if system is not None:
            self.append(system_message(system))

    @classmethod
    def load(cls, client: AsyncOpper, path: str | os.PathLike[str], **arguments: Unpack[TurnArguments]) -> Self:
        """Continue a conversation that was saved to a file. Reads the file in this thread, without awaiting.

        Args:
            client: the client that sends the requests.
            path: the file that `save` wrote: JSON with one message on each line.
            arguments: arguments of every call. They are not in the file.

        Returns:
            The conversation.

        Raises:
            InvalidArgumentError: a line is not a message that requests accept, or an argument is wrong. The error names
                the path, such as ``talk.jsonl, line 2, messages[1].role``.
            OSError: the file cannot be read.
        """
        loaded = cls(client, **arguments)
        lines = enumerate(read_json_lines(Path(path)))
        loaded._messages = [read_message(value, f"{line}, messages[{index}]") for index, (line, value) in lines]
        return loaded

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the messages to a file, as JSON with one message on each line, without the key or other arguments.

        An existing file is replaced when the new one is complete. Writes the file in this thread, without awaiting.

        Args:
            path: the file.

        Raises:
            InvalidArgumentError: a completion contains a message that requests, and so `load`, do not accept. The error
                names the path, such as ``messages[3].content``.
            OSError: the file cannot be written.
        """
        write_json_lines(
            Path(path), (read_message(message, f"messages[{index}]") for index, message in enumerate(self._messages))
        )

    async def send(self, *content: TurnContent, **overrides: Unpack[TurnArguments]) -> ChatCompletion:
        """Send a message, and return the completion.

        Args:
            content: a string; strings and parts, such as those of `opper_chat.messages.image`, as one user message; or
                whole messages, such as the results of tool calls. Without content, the messages so far are sent.
            overrides: arguments for this call in place of those of the conversation. None leaves an argument out.

        Returns:
            The completion.

        Raises:
            InvalidArgumentError: the content or an argument is wrong. Nothing was sent.
            APIError: the call failed, as in `client.chat.completions.create`, or the completion has no choices.
            RuntimeError: a turn is in progress.
        """
        new, arguments = new_messages(content), self._merge(overrides, "AsyncConversation.send()")
        with self._exclusive():
            create = self._client.chat.completions.create
            completion: ChatCompletion = await create(**arguments, messages=self._request_messages(new), stream=False)
            self._add_turn(new, completion)
        return completion

    def stream(self, *content: TurnContent, **overrides: Unpack[TurnArguments]) -> AsyncTurn:
        """Send a message, and receive the completion as typed events.

        Use it with ``async with``, which sends the request on entering and closes the stream on leaving. If the stream
        was read to its end, leaving adds the turn. Otherwise the conversation stays as it was::

            async with conversation.stream("Tell me a story.") as events:
                async for event in events:
                    if event.type == "content.delta":
                        print(event.delta, end="")

        Args:
            content: as in `send`.
            overrides: as in `send`.

        Returns:
            A context manager that gives the events.

        Raises:
            InvalidArgumentError: the content or an argument is wrong. Entering raises the other errors of `send`.
        """
        new, arguments = new_messages(content, "stream"), self._merge(overrides, "AsyncConversation.stream()")

        def begin() -> AsyncStreamManager:
            stream: Any = self._client.chat.completions.stream  # untyped: the arguments are dicts here
            return cast("AsyncStreamManager", stream(**arguments, messages=self._request_messages(new)))

        return AsyncTurn(self._exclusive, begin, partial(self._add_turn, new))

    def _merge(self, overrides: Mapping[str, object], function: str) -> dict[str, Any]:
        check_turn_arguments(overrides, function)
        return {**self._arguments, **overrides}


def _is_client(client: object) -> bool:
    return isinstance(client, AsyncOpper)


class AsyncTurn(RequiresWithBlock):
    """A streamed turn: sends the request on entering; on leaving closes the stream, and adds the turn if complete.

    Args:
        exclusive: returns a context manager that holds the conversation.
        begin: creates the stream.
        add: adds the turn to the conversation.
    """

    _entered = "conversation.stream(...) as stream"

    def __init__(
        self,
        exclusive: Callable[[], AbstractContextManager[None]],
        begin: Callable[[], AsyncStreamManager],
        add: Callable[[ChatCompletion], None],
    ) -> None:
        self._exclusive = exclusive
        self._begin = begin
        self._add = add

    async def __aenter__(self) -> AsyncEventStream:
        with ExitStack() as lock:
            lock.enter_context(self._exclusive())
            self._manager = self._begin()
            self._events = await self._manager.__aenter__()
            self._lock = lock.pop_all()
        return self._events

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            complete = self._events.complete and error is None
            await self._manager.__aexit__(kind, error, traceback)
            if complete:
                self._add(self._events.snapshot)


list_arguments(AsyncConversation.__init__, TurnArguments)
list_arguments(AsyncConversation.load, TurnArguments)
list_arguments(AsyncConversation.send, TurnArguments)
list_arguments(AsyncConversation.stream, TurnArguments)
