"""The names to annotate with: messages and parameters, completions, chunks, events, streams, tools.

Every typed dict of a request (``...Param``) and every model of the contract is here, beside the types that this package
adds. All names that `opper_chat` has as well are the same objects. Each is loaded when it is first used, so importing
this module is cheap at run time too.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    MYPY = False  # which mypy takes for true
    if MYPY:  # of a name that is imported twice, mypy keeps the first and other type checkers the last
        from ._results import ChatCompletion as ChatCompletion
        from ._tools import CustomTool as CustomTool

    from opper_chat_api.models import *  # type: ignore[assignment]  # noqa: F403
    from opper_chat_api.params import *  # noqa: F403

    from ._asks import ToolCall as ToolCall
    from ._async_event_stream import AsyncEventStream as AsyncEventStream
    from ._async_event_stream import AsyncStreamManager as AsyncStreamManager
    from ._async_parsing import AsyncParsedStream as AsyncParsedStream
    from ._async_parsing import AsyncParsedStreamManager as AsyncParsedStreamManager
    from ._async_raw import AsyncRawResponse as AsyncRawResponse
    from ._async_raw import AsyncRawStream as AsyncRawStream
    from ._async_raw import AsyncStreamedResponse as AsyncStreamedResponse
    from ._async_run import AsyncToolStream as AsyncToolStream
    from ._async_stream import AsyncStream as AsyncStream
    from ._async_workers import AsyncBeforeCall as AsyncBeforeCall
    from ._async_workers import AsyncOnEvent as AsyncOnEvent
    from ._error_response import ErrorRequest as ErrorRequest
    from ._error_response import ErrorResponse as ErrorResponse
    from ._event_stream import EventStream as EventStream
    from ._event_stream import StreamManager as StreamManager
    from ._events import AudioDeltaEvent as AudioDeltaEvent
    from ._events import AudioDoneEvent as AudioDoneEvent
    from ._events import ChunkEvent as ChunkEvent
    from ._events import ContentDeltaEvent as ContentDeltaEvent
    from ._events import ContentDoneEvent as ContentDoneEvent
    from ._events import DoneEvent as DoneEvent
    from ._events import FunctionCallDeltaEvent as FunctionCallDeltaEvent
    from ._events import FunctionCallDoneEvent as FunctionCallDoneEvent
    from ._events import LogprobsContentDeltaEvent as LogprobsContentDeltaEvent
    from ._events import LogprobsContentDoneEvent as LogprobsContentDoneEvent
    from ._events import LogprobsRefusalDeltaEvent as LogprobsRefusalDeltaEvent
    from ._events import LogprobsRefusalDoneEvent as LogprobsRefusalDoneEvent
    from ._events import ReasoningDeltaEvent as ReasoningDeltaEvent
    from ._events import ReasoningDoneEvent as ReasoningDoneEvent
    from ._events import RefusalDeltaEvent as RefusalDeltaEvent
    from ._events import RefusalDoneEvent as RefusalDoneEvent
    from ._events import StreamEvent as StreamEvent
    from ._events import ToolCallDeltaEvent as ToolCallDeltaEvent
    from ._events import ToolCallDoneEvent as ToolCallDoneEvent
    from ._events import UsageEvent as UsageEvent
    from ._parsed import ParsedChatCompletion as ParsedChatCompletion
    from ._parsed import ParsedChatCompletionMessage as ParsedChatCompletionMessage
    from ._parsed import ParsedChoice as ParsedChoice
    from ._parsed_events import ParsedContentDeltaEvent as ParsedContentDeltaEvent
    from ._parsed_events import ParsedContentDoneEvent as ParsedContentDoneEvent
    from ._parsed_events import ParsedDoneEvent as ParsedDoneEvent
    from ._parsed_events import ParsedStreamEvent as ParsedStreamEvent
    from ._parsing import ParsedStream as ParsedStream
    from ._parsing import ParsedStreamManager as ParsedStreamManager
    from ._raw import RawResponse as RawResponse
    from ._raw import RawStream as RawStream
    from ._raw import StreamedResponse as StreamedResponse
    from ._record import Attempt as Attempt
    from ._record import CallRecord as CallRecord
    from ._record import Observer as Observer
    from ._requests import CallArguments as CallArguments
    from ._response_limits import ResponseLimits as ResponseLimits
    from ._results import ChatCompletion as ChatCompletion
    from ._run import ToolStream as ToolStream
    from ._settings import CallOptions as CallOptions
    from ._settings import ClientOptions as ClientOptions
    from ._signatures import ToolContext as ToolContext
    from ._stream import Stream as Stream
    from ._tool_plan import OnToolError as OnToolError
    from ._tool_run import ToolExecution as ToolExecution
    from ._tool_run import ToolResultEvent as ToolResultEvent
    from ._tool_run import ToolRun as ToolRun
    from ._tool_run import ToolRunDoneEvent as ToolRunDoneEvent
    from ._tool_run import ToolRunEvent as ToolRunEvent
    from ._tool_run import ToolRunStepEvent as ToolRunStepEvent
    from ._tool_run import ToolStartedEvent as ToolStartedEvent
    from ._tool_run import TurnDoneEvent as TurnDoneEvent
    from ._tool_run import TurnStartedEvent as TurnStartedEvent
    from ._tools import CustomTool as CustomTool
    from ._tools import Tool as Tool
    from ._workers import BeforeCall as BeforeCall
    from ._workers import OnEvent as OnEvent
    from .messages import Message as Message

_NAMES = {
    "_asks": ("ToolCall",),
    "_async_event_stream": ("AsyncEventStream", "AsyncStreamManager"),
    "_async_parsing": ("AsyncParsedStream", "AsyncParsedStreamManager"),
    "_async_raw": ("AsyncRawResponse", "AsyncRawStream", "AsyncStreamedResponse"),
    "_async_run": ("AsyncToolStream",),
    "_async_stream": ("AsyncStream",),
    "_async_workers": ("AsyncBeforeCall", "AsyncOnEvent"),
    "_error_response": ("ErrorRequest", "ErrorResponse"),
    "_event_stream": ("EventStream", "StreamManager"),
    "_events": (
        "AudioDeltaEvent", "AudioDoneEvent", "ChunkEvent", "ContentDeltaEvent", "ContentDoneEvent", "DoneEvent",
        "FunctionCallDeltaEvent", "FunctionCallDoneEvent", "LogprobsContentDeltaEvent", "LogprobsContentDoneEvent",
        "LogprobsRefusalDeltaEvent", "LogprobsRefusalDoneEvent", "ReasoningDeltaEvent", "ReasoningDoneEvent",
        "RefusalDeltaEvent", "RefusalDoneEvent", "StreamEvent", "ToolCallDeltaEvent", "ToolCallDoneEvent", "UsageEvent",
    ),
    "_parsed": ("ParsedChatCompletion", "ParsedChatCompletionMessage", "ParsedChoice"),
    "_parsed_events": ("ParsedContentDeltaEvent", "ParsedContentDoneEvent", "ParsedDoneEvent", "ParsedStreamEvent"),
    "_parsing": ("ParsedStream", "ParsedStreamManager"),
    "_raw": ("RawResponse", "RawStream", "StreamedResponse"),
    "_record": ("Attempt", "CallRecord", "Observer"),
    "_requests": ("CallArguments",),
    "_response_limits": ("ResponseLimits",),
    "_results": ("ChatCompletion",),
    "_run": ("ToolStream",),
    "_settings": ("CallOptions", "ClientOptions"),
    "_signatures": ("ToolContext",),
    "_stream": ("Stream",),
    "_tool_plan": ("OnToolError",),
    "_tool_run": (
        "ToolExecution", "ToolResultEvent", "ToolRun", "ToolRunDoneEvent", "ToolRunEvent", "ToolRunStepEvent",
        "ToolStartedEvent", "TurnDoneEvent", "TurnStartedEvent",
    ),
    "_tools": ("CustomTool", "Tool"),
    "_workers": ("BeforeCall", "OnEvent"),
    "messages": ("Message",),
}  # fmt: skip
"""The names that this package adds, or has in place of the contract's, by the modules that define them."""

if not TYPE_CHECKING:  # to a type checker, a name that is not imported above is an error

    def __getattr__(name: str) -> object:
        module = next((module for module, names in _NAMES.items() if name in names), None)
        if module is not None:
            value = getattr(import_module(f".{module}", __package__), name)
        elif name.startswith("_") and name != "__all__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        else:
            value = _of_the_contract(name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_of_the_contract("__all__")})

    def _of_the_contract(name: str) -> object:
        from opper_chat_api import models, params  # reading the typed dicts takes a while

        if name == "__all__":
            own = (name for names in _NAMES.values() for name in names)
            return sorted({*models.__all__, *params.__all__, *own})
        if name not in params.__all__ and name not in models.__all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(params if name in params.__all__ else models, name)
