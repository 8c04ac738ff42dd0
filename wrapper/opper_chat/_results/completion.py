"""The completion that callers get: the generated model and its response metadata. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import define, field
from opper_chat_api.models.chat_completion import ChatCompletion as GeneratedCompletion
from opper_chat_api.models.chat_completion_message import ChatCompletionMessage

from .._errors.api import APIResponseValidationError
from .._errors.attempt import Attempt
from .._errors.response_headers import ResponseHeaders
from . import metadata
from .content import text_of
from .tool_calls import ToolCall


@define
class ChatCompletion(GeneratedCompletion):
    """A completion, with the metadata of its response.

    The metadata is not a part of the JSON: it is not in ``to_dict()``, and it does not count when completions are
    compared.
    """

    request_id: str | None = field(default=None, init=False, eq=False, repr=False)
    """ The id of the request, which the operator of the server can look up, or None. """
    headers: Mapping[str, str] = field(factory=ResponseHeaders, init=False, eq=False, repr=False)
    """ The headers of the response. Their names are case-insensitive. """
    attempts: tuple[Attempt, ...] = field(default=(), init=False, eq=False, repr=False)
    """ The attempts of the call, including the one that succeeded. """
    _status_code: int | None = field(default=None, init=False, eq=False, repr=False)
    _is_snapshot: bool = field(default=False, init=False, eq=False, repr=False)

    @property
    def _request_id(self) -> str | None:
        """The same as `request_id`, under the name of the OpenAI SDK."""
        return self.request_id

    @property
    def message(self) -> ChatCompletionMessage:
        """The message of the first choice. You can append it to ``messages`` as it is.

        Raises:
            APIResponseValidationError: there is no choice. The completion is in ``partial``.
        """
        if self.choices:
            return self.choices[0].message
        raise self._no_choice("message")

    @property
    def text(self) -> str:
        """The text of the first choice, even if the server sent it in parts. Empty if the choice has no text.

        The snapshot of a stream has an empty text before the first choice.

        Raises:
            APIResponseValidationError: there is no choice. The completion is in ``partial``.
        """
        if self.choices:
            return text_of(self.choices[0].message)
        if self._is_snapshot:
            return ""
        raise self._no_choice("text")

    def _no_choice(self, missing: str) -> APIResponseValidationError:
        error = APIResponseValidationError(
            f"The completion has no choices, and so no {missing}.",
            status_code=self._status_code,
            headers=self.headers,
            body=self.to_dict(),
        )
        error.partial = self
        error.attempts = self.attempts
        return error

    @property
    def served_model(self) -> str | None:
        """The name of the model that wrote the completion, or None. With fallback models, it is the one that was used.

        Read from a header such as ``x-opper-served-model``, else the same as `model`.
        """
        return metadata.served_model(self.headers, self.model)

    @property
    def cost(self) -> Decimal | None:
        """The cost of the call in US dollars, or None if the server does not send it.

        Read from the header ``X-Opper-Cost`` or ``X-LiteLLM-Response-Cost``, else from ``usage.cost`` or ``cost`` in
        the body. A stream has it at its end, with the usage.
        """
        usage = self.additional_properties.get("usage") if self.usage is None else self.usage.additional_properties
        return metadata.cost(self.headers, self.additional_properties, usage)

    @property
    def trace_id(self) -> str | None:
        """The id of the trace that the server recorded for the call, or None if it does not send one.

        Read from a header such as ``x-opper-trace-id`` or ``traceparent``.
        """
        return metadata.trace_id(self.headers)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tool calls of the first choice. Empty if it has none.

        Raises:
            APIResponseValidationError: there is no choice. The completion is in ``partial``.
        """
        from .tool_calls import read_tool_calls  # most programs never need it

        if self.choices:
            return read_tool_calls(self.choices[0].message.tool_calls)
        if self._is_snapshot:
            return []
        raise self._no_choice("tool calls")


def mark_as_snapshot(completion: ChatCompletion) -> ChatCompletion:
    """Mark a completion as the snapshot of a stream, and return it."""
    completion._is_snapshot = True  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return completion
