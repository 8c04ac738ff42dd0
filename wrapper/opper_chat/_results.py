"""The completion that a caller gets: the generated model, and how it came. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field
from opper_chat_api.models.chat_completion import ChatCompletion as GeneratedCompletion
from opper_chat_api.models.chat_completion_message import ChatCompletionMessage

from ._asks import ToolCall, asked
from ._content import split_content
from ._errors import APIResponseValidationError
from ._record import Attempt, CallRecord


@define
class ChatCompletion(GeneratedCompletion):
    """The answer, as the contract describes it, and how it came.

    What is added is no member of the JSON: it is not in ``to_dict()``, and two completions that say the same are equal
    however they came.
    """

    request_id: str | None = field(default=None, init=False, eq=False, repr=False)
    """ The id by which the server's people find the call, or None. """
    headers: Mapping[str, str] = field(factory=dict[str, str], init=False, eq=False, repr=False)
    """ The headers of the answer; names in lower case. """
    attempts: tuple[Attempt, ...] = field(default=(), init=False, eq=False, repr=False)
    """ The requests that it took, the last one included. """

    @property
    def message(self) -> ChatCompletionMessage:
        """The message of the first choice. It goes back into ``messages`` as it is.

        Raises:
            APIResponseValidationError: there is no choice, so that there is nothing to go on with. The completion is in
                ``partial``.
        """
        if self.choices:
            return self.choices[0].message
        error = APIResponseValidationError(
            "The completion has no choices, and so no message.", headers=self.headers, body=self.to_dict()
        )
        error.partial = self
        error.attempts = self.attempts
        raise error

    @property
    def text(self) -> str:
        """The text of the first choice, also where a server sent it in parts; empty where there is none."""
        if not self.choices:
            return ""
        message = self.choices[0].message
        return message.content or split_content(message.additional_properties.get("content"))[0]

    def came_by(self, call: CallRecord) -> None:
        """Take over how it came."""
        self.request_id = call.request_id
        self.headers = call.headers
        self.attempts = tuple(call.attempts)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls that the first choice asks for; empty where it asks for none."""
        return asked(self.choices[0].message.tool_calls) if self.choices else []
