"""A light, typed client for Opper's chat completions and every server that speaks the same API.

Importing this package loads next to nothing: each name comes with its module when it is first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._async.client import AsyncOpper as AsyncOpper
    from ._async.conversation import AsyncConversation as AsyncConversation
    from ._async.event_stream import AsyncEventStream as AsyncEventStream
    from ._async.http_client import DefaultAsyncHttpxClient as DefaultAsyncHttpxClient
    from ._async.parsed_stream import AsyncParsedStream as AsyncParsedStream
    from ._async.raw_response import AsyncRawResponse as AsyncRawResponse
    from ._async.raw_response import AsyncRawStream as AsyncRawStream
    from ._async.raw_response import AsyncStreamedResponse as AsyncStreamedResponse
    from ._async.stream import AsyncStream as AsyncStream
    from ._async.tool_runner import AsyncToolStream as AsyncToolStream
    from ._config.options import CallOptions as CallOptions
    from ._config.options import ClientOptions as ClientOptions
    from ._config.response_limits import ResponseLimits as ResponseLimits
    from ._errors.api import APIConnectionError as APIConnectionError
    from ._errors.api import APIError as APIError
    from ._errors.api import APIResponseValidationError as APIResponseValidationError
    from ._errors.api import APIStatusError as APIStatusError
    from ._errors.api import APITimeoutError as APITimeoutError
    from ._errors.api import AuthenticationError as AuthenticationError
    from ._errors.api import BadRequestError as BadRequestError
    from ._errors.api import CompletionError as CompletionError
    from ._errors.api import ConflictError as ConflictError
    from ._errors.api import ContentFilterFinishReasonError as ContentFilterFinishReasonError
    from ._errors.api import InternalServerError as InternalServerError
    from ._errors.api import InvalidArgumentError as InvalidArgumentError
    from ._errors.api import InvalidCompletionError as InvalidCompletionError
    from ._errors.api import LengthFinishReasonError as LengthFinishReasonError
    from ._errors.api import MissingKeyError as MissingKeyError
    from ._errors.api import NotFoundError as NotFoundError
    from ._errors.api import OpperError as OpperError
    from ._errors.api import PermissionDeniedError as PermissionDeniedError
    from ._errors.api import RateLimitError as RateLimitError
    from ._errors.api import RefusalError as RefusalError
    from ._errors.api import ResponseTooLargeError as ResponseTooLargeError
    from ._errors.api import StreamTruncatedError as StreamTruncatedError
    from ._errors.api import UnknownArgumentError as UnknownArgumentError
    from ._errors.api import UnprocessableEntityError as UnprocessableEntityError
    from ._errors.attempt import Attempt as Attempt
    from ._errors.response import ErrorRequest as ErrorRequest
    from ._errors.response import ErrorResponse as ErrorResponse
    from ._errors.tools import RepeatedCallError as RepeatedCallError
    from ._errors.tools import TokenBudgetError as TokenBudgetError
    from ._errors.tools import ToolArgumentsError as ToolArgumentsError
    from ._errors.tools import ToolError as ToolError
    from ._errors.tools import ToolFailedError as ToolFailedError
    from ._errors.tools import ToolResultError as ToolResultError
    from ._errors.tools import ToolRunError as ToolRunError
    from ._errors.tools import ToolRunTimeoutError as ToolRunTimeoutError
    from ._errors.tools import TooManyTurnsError as TooManyTurnsError
    from ._observability.observers import add_observer as add_observer
    from ._observability.observers import remove_observer as remove_observer
    from ._observability.record import CallRecord as CallRecord
    from ._observability.record import Observer as Observer
    from ._requests.model import Model as Model
    from ._results.completion import ChatCompletion as ChatCompletion
    from ._results.parsed import ParsedChatCompletion as ParsedChatCompletion
    from ._results.tool_calls import ToolCall as ToolCall
    from ._streaming.events import StreamEvent as StreamEvent
    from ._streaming.parsed_events import ParsedStreamEvent as ParsedStreamEvent
    from ._sync.client import Opper as Opper
    from ._sync.conversation import Conversation as Conversation
    from ._sync.event_stream import EventStream as EventStream
    from ._sync.http_client import DefaultHttpxClient as DefaultHttpxClient
    from ._sync.parsed_stream import ParsedStream as ParsedStream
    from ._sync.raw_response import RawResponse as RawResponse
    from ._sync.raw_response import RawStream as RawStream
    from ._sync.raw_response import StreamedResponse as StreamedResponse
    from ._sync.stream import Stream as Stream
    from ._sync.tool_runner import ToolStream as ToolStream
    from ._tools.results import tool_result as tool_result
    from ._tools.run import ToolExecution as ToolExecution
    from ._tools.run import ToolRun as ToolRun
    from ._tools.run import ToolRunEvent as ToolRunEvent
    from ._tools.run import ToolRunStepEvent as ToolRunStepEvent
    from ._tools.signature import ToolContext as ToolContext
    from ._tools.tool import CustomTool as CustomTool
    from ._tools.tool import Tool as Tool
    from ._tools.tool import custom_tool as custom_tool
    from ._tools.tool import tool as tool

    __version__: str

_MODULES = {
    "_async.client": ("AsyncOpper",),
    "_async.conversation": ("AsyncConversation",),
    "_async.event_stream": ("AsyncEventStream",),
    "_async.http_client": ("DefaultAsyncHttpxClient",),
    "_async.parsed_stream": ("AsyncParsedStream",),
    "_async.raw_response": ("AsyncRawResponse", "AsyncRawStream", "AsyncStreamedResponse"),
    "_async.stream": ("AsyncStream",),
    "_async.tool_runner": ("AsyncToolStream",),
    "_config.options": ("CallOptions", "ClientOptions"),
    "_config.response_limits": ("ResponseLimits",),
    "_errors.api": (
        "APIConnectionError", "APIError", "APIResponseValidationError", "APIStatusError", "APITimeoutError",
        "AuthenticationError", "BadRequestError", "CompletionError", "ConflictError", "ContentFilterFinishReasonError",
        "InternalServerError", "InvalidArgumentError", "InvalidCompletionError", "LengthFinishReasonError",
        "MissingKeyError", "NotFoundError", "OpperError", "PermissionDeniedError", "RateLimitError", "RefusalError",
        "ResponseTooLargeError", "StreamTruncatedError", "UnknownArgumentError", "UnprocessableEntityError",
    ),
    "_errors.attempt": ("Attempt",),
    "_errors.response": ("ErrorRequest", "ErrorResponse"),
    "_errors.tools": (
        "RepeatedCallError", "TokenBudgetError", "TooManyTurnsError", "ToolArgumentsError", "ToolError",
        "ToolFailedError", "ToolResultError", "ToolRunError", "ToolRunTimeoutError",
    ),
    "_observability.observers": ("add_observer", "remove_observer"),
    "_observability.record": ("CallRecord", "Observer"),
    "_requests.model": ("Model",),
    "_results.completion": ("ChatCompletion",),
    "_results.parsed": ("ParsedChatCompletion",),
    "_results.tool_calls": ("ToolCall",),
    "_streaming.events": ("StreamEvent",),
    "_streaming.parsed_events": ("ParsedStreamEvent",),
    "_sync.client": ("Opper",),
    "_sync.conversation": ("Conversation",),
    "_sync.event_stream": ("EventStream",),
    "_sync.http_client": ("DefaultHttpxClient",),
    "_sync.parsed_stream": ("ParsedStream",),
    "_sync.raw_response": ("RawResponse", "RawStream", "StreamedResponse"),
    "_sync.stream": ("Stream",),
    "_sync.tool_runner": ("ToolStream",),
    "_tools.results": ("tool_result",),
    "_tools.run": ("ToolExecution", "ToolRun", "ToolRunEvent", "ToolRunStepEvent"),
    "_tools.signature": ("ToolContext",),
    "_tools.tool": ("CustomTool", "Tool", "custom_tool", "tool"),
}  # fmt: skip
"""The public names at run time, by the modules that define them."""

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports every other name as an error
    __all__ = tuple(sorted(("__version__", *(name for names in _MODULES.values() for name in names))))

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version

            return version("opper-chat")
        from ._lazy_names import load_name  # here, because importing the package loads nothing else

        return load_name(__name__, _MODULES, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
