"""A light, typed client for Opper's chat completions and every server that speaks the same API.

Importing this package loads next to nothing: each name comes with its module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._asks import ToolCall as ToolCall
    from ._async_client import AsyncOpper as AsyncOpper
    from ._async_conversation import AsyncConversation as AsyncConversation
    from ._async_event_stream import AsyncEventStream as AsyncEventStream
    from ._async_parsing import AsyncParsedStream as AsyncParsedStream
    from ._async_raw import AsyncRawResponse as AsyncRawResponse
    from ._async_raw import AsyncRawStream as AsyncRawStream
    from ._async_raw import AsyncStreamedResponse as AsyncStreamedResponse
    from ._async_run import AsyncToolStream as AsyncToolStream
    from ._async_stream import AsyncStream as AsyncStream
    from ._client import Opper as Opper
    from ._conversation import Conversation as Conversation
    from ._error_response import ErrorRequest as ErrorRequest
    from ._error_response import ErrorResponse as ErrorResponse
    from ._errors import AnswerError as AnswerError
    from ._errors import APIConnectionError as APIConnectionError
    from ._errors import APIError as APIError
    from ._errors import APIResponseValidationError as APIResponseValidationError
    from ._errors import APIStatusError as APIStatusError
    from ._errors import APITimeoutError as APITimeoutError
    from ._errors import AuthenticationError as AuthenticationError
    from ._errors import BadRequestError as BadRequestError
    from ._errors import ConflictError as ConflictError
    from ._errors import ContentFilterFinishReasonError as ContentFilterFinishReasonError
    from ._errors import InternalServerError as InternalServerError
    from ._errors import InvalidAnswerError as InvalidAnswerError
    from ._errors import InvalidArgumentError as InvalidArgumentError
    from ._errors import LengthFinishReasonError as LengthFinishReasonError
    from ._errors import MissingKeyError as MissingKeyError
    from ._errors import NotFoundError as NotFoundError
    from ._errors import OpperError as OpperError
    from ._errors import PermissionDeniedError as PermissionDeniedError
    from ._errors import RateLimitError as RateLimitError
    from ._errors import RefusalError as RefusalError
    from ._errors import ResponseTooLargeError as ResponseTooLargeError
    from ._errors import StreamTruncatedError as StreamTruncatedError
    from ._errors import UnknownArgumentError as UnknownArgumentError
    from ._errors import UnprocessableEntityError as UnprocessableEntityError
    from ._event_stream import EventStream as EventStream
    from ._events import StreamEvent as StreamEvent
    from ._model import Model as Model
    from ._observers import add_observer as add_observer
    from ._observers import remove_observer as remove_observer
    from ._parsed import ParsedChatCompletion as ParsedChatCompletion
    from ._parsed_events import ParsedStreamEvent as ParsedStreamEvent
    from ._parsing import ParsedStream as ParsedStream
    from ._raw import RawResponse as RawResponse
    from ._raw import RawStream as RawStream
    from ._raw import StreamedResponse as StreamedResponse
    from ._record import Attempt as Attempt
    from ._record import CallRecord as CallRecord
    from ._record import Observer as Observer
    from ._response_limits import ResponseLimits as ResponseLimits
    from ._results import ChatCompletion as ChatCompletion
    from ._run import ToolStream as ToolStream
    from ._settings import CallOptions as CallOptions
    from ._settings import ClientOptions as ClientOptions
    from ._signatures import ToolContext as ToolContext
    from ._stream import Stream as Stream
    from ._tool_errors import RepeatedCallError as RepeatedCallError
    from ._tool_errors import TokenBudgetError as TokenBudgetError
    from ._tool_errors import ToolArgumentsError as ToolArgumentsError
    from ._tool_errors import ToolError as ToolError
    from ._tool_errors import ToolFailedError as ToolFailedError
    from ._tool_errors import ToolResultError as ToolResultError
    from ._tool_errors import ToolRunError as ToolRunError
    from ._tool_errors import ToolRunTimeoutError as ToolRunTimeoutError
    from ._tool_errors import TooManyTurnsError as TooManyTurnsError
    from ._tool_results import tool_result as tool_result
    from ._tool_run import ToolExecution as ToolExecution
    from ._tool_run import ToolRun as ToolRun
    from ._tool_run import ToolRunEvent as ToolRunEvent
    from ._tool_run import ToolRunStepEvent as ToolRunStepEvent
    from ._tools import CustomTool as CustomTool
    from ._tools import Tool as Tool
    from ._tools import custom_tool as custom_tool
    from ._tools import tool as tool

    __version__: str

_HOMES = {
    "_asks": ("ToolCall",),
    "_async_run": ("AsyncToolStream",),
    "_run": ("ToolStream",),
    "_signatures": ("ToolContext",),
    "_tool_errors": (
        "RepeatedCallError",
        "TokenBudgetError",
        "TooManyTurnsError",
        "ToolArgumentsError",
        "ToolError",
        "ToolFailedError",
        "ToolResultError",
        "ToolRunError",
        "ToolRunTimeoutError",
    ),
    "_tool_results": ("tool_result",),
    "_tool_run": ("ToolExecution", "ToolRun", "ToolRunEvent", "ToolRunStepEvent"),
    "_tools": ("CustomTool", "Tool", "custom_tool", "tool"),
    "_async_client": ("AsyncOpper",),
    "_async_conversation": ("AsyncConversation",),
    "_async_event_stream": ("AsyncEventStream",),
    "_async_stream": ("AsyncStream",),
    "_async_parsing": ("AsyncParsedStream",),
    "_client": ("Opper",),
    "_conversation": ("Conversation",),
    "_event_stream": ("EventStream",),
    "_stream": ("Stream",),
    "_async_raw": ("AsyncRawResponse", "AsyncRawStream", "AsyncStreamedResponse"),
    "_raw": ("RawResponse", "RawStream", "StreamedResponse"),
    "_response_limits": ("ResponseLimits",),
    "_results": ("ChatCompletion",),
    "_settings": ("CallOptions", "ClientOptions"),
    "_events": ("StreamEvent",),
    "_model": ("Model",),
    "_observers": ("add_observer", "remove_observer"),
    "_parsed": ("ParsedChatCompletion",),
    "_parsed_events": ("ParsedStreamEvent",),
    "_parsing": ("ParsedStream",),
    "_record": ("Attempt", "CallRecord", "Observer"),
    "_error_response": ("ErrorRequest", "ErrorResponse"),
    "_errors": (
        "APIConnectionError",
        "APIError",
        "APIResponseValidationError",
        "APIStatusError",
        "APITimeoutError",
        "AnswerError",
        "AuthenticationError",
        "BadRequestError",
        "ConflictError",
        "ContentFilterFinishReasonError",
        "InternalServerError",
        "InvalidAnswerError",
        "InvalidArgumentError",
        "LengthFinishReasonError",
        "MissingKeyError",
        "NotFoundError",
        "OpperError",
        "PermissionDeniedError",
        "RateLimitError",
        "RefusalError",
        "ResponseTooLargeError",
        "StreamTruncatedError",
        "UnknownArgumentError",
        "UnprocessableEntityError",
    ),
}

__all__ = (
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AnswerError",
    "AsyncConversation",
    "AsyncEventStream",
    "AsyncOpper",
    "AsyncParsedStream",
    "AsyncRawResponse",
    "AsyncRawStream",
    "AsyncStream",
    "AsyncStreamedResponse",
    "AsyncToolStream",
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "CallOptions",
    "CallRecord",
    "ChatCompletion",
    "ClientOptions",
    "ConflictError",
    "ContentFilterFinishReasonError",
    "Conversation",
    "CustomTool",
    "ErrorRequest",
    "ErrorResponse",
    "EventStream",
    "InternalServerError",
    "InvalidAnswerError",
    "InvalidArgumentError",
    "LengthFinishReasonError",
    "MissingKeyError",
    "Model",
    "NotFoundError",
    "Observer",
    "Opper",
    "OpperError",
    "ParsedChatCompletion",
    "ParsedStream",
    "ParsedStreamEvent",
    "PermissionDeniedError",
    "RateLimitError",
    "RawResponse",
    "RawStream",
    "RefusalError",
    "RepeatedCallError",
    "ResponseLimits",
    "ResponseTooLargeError",
    "Stream",
    "StreamEvent",
    "StreamTruncatedError",
    "StreamedResponse",
    "TokenBudgetError",
    "TooManyTurnsError",
    "Tool",
    "ToolArgumentsError",
    "ToolCall",
    "ToolContext",
    "ToolError",
    "ToolExecution",
    "ToolFailedError",
    "ToolResultError",
    "ToolRun",
    "ToolRunError",
    "ToolRunEvent",
    "ToolRunStepEvent",
    "ToolRunTimeoutError",
    "ToolStream",
    "UnknownArgumentError",
    "UnprocessableEntityError",
    "__version__",
    "add_observer",
    "custom_tool",
    "remove_observer",
    "tool",
    "tool_result",
)


if not TYPE_CHECKING:  # to a type checker, a name that is not imported above is an error

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version

            return version("opper-chat")
        for module, names in _HOMES.items():
            if name in names:
                value = getattr(import_module(f".{module}", __name__), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
