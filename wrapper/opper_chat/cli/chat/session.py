"""The turns of a conversation: sent, stopped by Ctrl-C, removed. Reads no input.

A completion that was stopped stays in the conversation, with a mark at its end. A turn that fails changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

from ... import ChatCompletion, Conversation
from ...messages import assistant
from ..errors import CommandError
from ..output import TextWriter
from ..signals import TerminatedError

if TYPE_CHECKING:
    from ... import Opper

STOPPED = "[interrupted]"
"""The mark at the end of a completion that was stopped."""


class ChatSession:
    """A conversation, and what is done with it.

    Args:
        client: the client.
        conversation: the conversation, which may have messages.
        arguments: the arguments of every turn, such as ``model``. They can be changed.
        new_writer: returns what writes the text of a turn.

    Attributes:
        conversation: the conversation.
        arguments: the arguments of every turn.
    """

    def __init__(
        self,
        client: Opper,
        conversation: Conversation,
        arguments: dict[str, Any],
        new_writer: Callable[[], TextWriter],
    ) -> None:
        self._client = client
        self.conversation: Conversation = conversation
        self.arguments: dict[str, Any] = arguments
        self._new_writer = new_writer
        self._failed: Any = None
        """The message of a turn that failed or was stopped before the first text."""

    def send(self, message: Any) -> ChatCompletion | None:
        """Send a message, and write the completion while it arrives.

        Args:
            message: the user's message.

        Returns:
            The completion, or None if Ctrl-C stopped it.

        Raises:
            OpperError: the turn failed.
            TerminatedError: a signal ends the process. What arrived is in the conversation.
        """
        writer, fragments = self._new_writer(), list[str]()
        count = len(self.conversation)
        self._failed = message
        is_terminated = False
        try:
            with self.conversation.stream(message, **self.arguments) as events:
                for event in events:
                    if event.type == "content.delta" and event.index == 0:
                        fragments.append(event.delta)
                        writer.write(event.delta)
                completion = events.get_final_completion()
        except KeyboardInterrupt as error:
            completion = None
            if len(self.conversation) == count and fragments:
                self.conversation.extend([message, assistant(f"{''.join(fragments)}\n\n{STOPPED}")])
            if isinstance(error, TerminatedError):
                is_terminated = True
                raise
        finally:
            with suppress(CommandError) if is_terminated else nullcontext():  # after SIGHUP, no terminal is left
                writer.finish()
        if len(self.conversation) > count:
            self._failed = None
        return completion

    def undo(self) -> Any:
        """Remove the last turn, and return its message, or None if there is none.

        If the last turn failed, it is not in the conversation, which stays as it is.
        """
        if self._failed is not None:
            message, self._failed = self._failed, None
            return message
        messages: list[Any] = self.conversation.messages
        for index in range(len(messages) - 1, -1, -1):
            if messages[index]["role"] == "user":
                self.conversation = Conversation(self._client)
                self.conversation.extend(messages[:index])
                return messages[index]
        return None
