"""The completion that a caller gets: the generated model, and how it came. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import define, field
from opper_chat_api.models.chat_completion import ChatCompletion as GeneratedCompletion
from opper_chat_api.models.chat_completion_message import ChatCompletionMessage

from .._errors.answer_headers import AnswerHeaders
from .._errors.api import APIResponseValidationError
from .._observability.record import Attempt, CallRecord
from . import metadata as _served
from .content import text_of

if TYPE_CHECKING:
    from decimal import Decimal

    from .tool_calls import ToolCall


@define
class ChatCompletion(GeneratedCompletion):
    """The answer, as the contract describes it, and how it came.

    What is added is no member of the JSON: it is not in ``to_dict()``, and two completions that say the same are equal
    however they came.
    """

    request_id: str | None = field(default=None, init=False, eq=False, repr=False)
    """ The id by which the server's people find the call, or None. """
    headers: Mapping[str, str] = field(factory=AnswerHeaders, init=False, eq=False, repr=False)
    """ The headers of the answer, by their names in upper or lower case. """
    attempts: tuple[Attempt, ...] = field(default=(), init=False, eq=False, repr=False)
    """ The requests that it took, the last one included. """
    _status_code: int | None = field(default=None, init=False, eq=False, repr=False)
    _is_snapshot: bool = field(default=False, init=False, eq=False, repr=False)

    @property
    def _request_id(self) -> str | None:
        """The name that the OpenAI SDK has for it."""
        return self.request_id

    @property
    def message(self) -> ChatCompletionMessage:
        """The message of the first choice. It goes back into ``messages`` as it is.

        Raises:
            APIResponseValidationError: there is no choice, so that there is nothing to go on with. The completion is in
                ``partial``.
        """
        if self.choices:
            return self.choices[0].message
        raise self._no_choice("message")

    @property
    def text(self) -> str:
        """The text of the first choice, also where a server sent it in parts; empty where the choice has none.

        Raises:
            APIResponseValidationError: as for `message`. The snapshot of a stream that has brought no choice yet has
                an empty text.
        """
        if self.choices:
            return text_of(self.choices[0].message)
        if self._is_snapshot:
            return ""
        raise self._no_choice("text")

    def _no_choice(self, asked_for: str) -> APIResponseValidationError:
        error = APIResponseValidationError(
            f"The completion has no choices, and so no {asked_for}.",
            status_code=self._status_code,
            headers=self.headers,
            body=self.to_dict(),
        )
        error.partial = self
        error.attempts = self.attempts
        return error

    @property
    def served_model(self) -> str | None:
        """The name of the model that answered, of several fallbacks the one that did, or None.

        What the server says in a header of its own, such as ``x-opper-served-model``, else `model`.
        """
        return _served.served_model(self.headers, self.model)

    @property
    def cost(self) -> Decimal | None:
        """What the answer cost, in US dollars, or None where the server does not say so.

        Read from the header ``X-Opper-Cost``, or LiteLLM's; else from the body's ``usage.cost`` or ``cost``. A stream's
        comes with its usage, at its end.
        """
        usage = self.additional_properties.get("usage") if self.usage is None else self.usage.additional_properties
        return _served.cost(self.headers, self.additional_properties, usage)

    @property
    def trace_id(self) -> str | None:
        """The id of the trace that the server put the call into, or None where it does not say so.

        Read from ``x-opper-trace-id``, ``traceparent`` and the like of the answer's headers.
        """
        return _served.trace_id(self.headers)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls that the first choice asks for; empty where it asks for none.

        Raises:
            APIResponseValidationError: as for `text`.
        """
        from .tool_calls import read_tool_calls  # loaded by those who have tools

        if self.choices:
            return read_tool_calls(self.choices[0].message.tool_calls)
        if self._is_snapshot:
            return []
        raise self._no_choice("tool calls")


def set_metadata(completion: ChatCompletion, record: CallRecord) -> None:
    """Set the request id, the headers and the attempts of a completion from the record of its call."""
    completion.request_id = record.request_id
    completion.headers = record.headers
    completion._status_code = record.status_code  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    completion.attempts = tuple(record.attempts)


def mark_as_snapshot(completion: ChatCompletion) -> ChatCompletion:
    """Mark a completion as one to which more may be added, and return it."""
    completion._is_snapshot = True  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return completion
