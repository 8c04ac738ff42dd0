"""The completion that a caller gets: the generated model, and how it came. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field
from opper_chat_api.models.chat_completion import ChatCompletion as GeneratedCompletion

from ._asks import ToolCall, asked
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

    def came_by(self, call: CallRecord) -> None:
        """Take over how it came."""
        self.request_id = call.request_id
        self.headers = call.headers
        self.attempts = tuple(call.attempts)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls that the first choice asks for; empty where it asks for none."""
        return asked(self.choices[0].message.tool_calls) if self.choices else []
