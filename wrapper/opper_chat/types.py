"""The names to annotate with: messages and parameters, completions, chunks, events, streams, tools.

Every typed dict of a request (``...Param``) and every model of the contract is here, with the types that this package
adds. All names that `opper_chat` has as well are the same objects. Each is loaded when it is first used, so importing
this module is cheap at run time too.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    MYPY = False  # which mypy takes for true
    if MYPY:  # of a name that is imported twice, mypy keeps the first and other type checkers the last
        from ._results.completion import ChatCompletion as ChatCompletion
        from ._tools.tool import CustomTool as CustomTool

    from opper_chat_api.models import *  # type: ignore[assignment]  # noqa: F403
    from opper_chat_api.params import *  # noqa: F403

    from ._async.event_stream import AsyncEventStream as AsyncEventStream
    from ._async.event_stream import AsyncStreamManager as AsyncStreamManager
    from ._async.parsed_stream import AsyncParsedStream as AsyncParsedStream
    from ._async.parsed_stream import AsyncParsedStreamManager as AsyncParsedStreamManager
    from ._async.raw_response import AsyncRawResponse as AsyncRawResponse
    from ._async.raw_response import AsyncRawStream as AsyncRawStream
    from ._async.raw_response import AsyncStreamedResponse as AsyncStreamedResponse
    from ._async.stream import AsyncStream as AsyncStream
    from ._async.tool_runner import AsyncToolStream as AsyncToolStream
    from ._config.options import CallOptions as CallOptions
    from ._config.options import ClientOptions as ClientOptions
    from ._config.response_limits import ResponseLimits as ResponseLimits
    from ._errors.attempt import Attempt as Attempt
    from ._errors.response import ErrorRequest as ErrorRequest
    from ._errors.response import ErrorResponse as ErrorResponse
    from ._observability.record import CallRecord as CallRecord
    from ._observability.record import Observer as Observer
    from ._requests.message_content import Message as Message
    from ._requests.parameters import CallArguments as CallArguments
    from ._requests.tool_options import OnToolError as OnToolError
    from ._results.completion import ChatCompletion as ChatCompletion
    from ._results.parsed import ParsedChatCompletion as ParsedChatCompletion
    from ._results.parsed import ParsedChatCompletionMessage as ParsedChatCompletionMessage
    from ._results.parsed import ParsedChoice as ParsedChoice
    from ._results.tool_calls import ToolCall as ToolCall
    from ._streaming.events import AudioDeltaEvent as AudioDeltaEvent
    from ._streaming.events import AudioDoneEvent as AudioDoneEvent
    from ._streaming.events import ChunkEvent as ChunkEvent
    from ._streaming.events import ContentDeltaEvent as ContentDeltaEvent
    from ._streaming.events import ContentDoneEvent as ContentDoneEvent
    from ._streaming.events import DoneEvent as DoneEvent
    from ._streaming.events import FunctionCallDeltaEvent as FunctionCallDeltaEvent
    from ._streaming.events import FunctionCallDoneEvent as FunctionCallDoneEvent
    from ._streaming.events import LogprobsContentDeltaEvent as LogprobsContentDeltaEvent
    from ._streaming.events import LogprobsContentDoneEvent as LogprobsContentDoneEvent
    from ._streaming.events import LogprobsRefusalDeltaEvent as LogprobsRefusalDeltaEvent
    from ._streaming.events import LogprobsRefusalDoneEvent as LogprobsRefusalDoneEvent
    from ._streaming.events import ReasoningDeltaEvent as ReasoningDeltaEvent
    from ._streaming.events import ReasoningDoneEvent as ReasoningDoneEvent
    from ._streaming.events import RefusalDeltaEvent as RefusalDeltaEvent
    from ._streaming.events import RefusalDoneEvent as RefusalDoneEvent
    from ._streaming.events import StreamEvent as StreamEvent
    from ._streaming.events import ToolCallDeltaEvent as ToolCallDeltaEvent
    from ._streaming.events import ToolCallDoneEvent as ToolCallDoneEvent
    from ._streaming.events import UsageEvent as UsageEvent
    from ._streaming.parsed_events import ParsedContentDeltaEvent as ParsedContentDeltaEvent
    from ._streaming.parsed_events import ParsedContentDoneEvent as ParsedContentDoneEvent
    from ._streaming.parsed_events import ParsedDoneEvent as ParsedDoneEvent
    from ._streaming.parsed_events import ParsedStreamEvent as ParsedStreamEvent
    from ._sync.event_stream import EventStream as EventStream
    from ._sync.event_stream import StreamManager as StreamManager
    from ._sync.parsed_stream import ParsedStream as ParsedStream
    from ._sync.parsed_stream import ParsedStreamManager as ParsedStreamManager
    from ._sync.raw_response import RawResponse as RawResponse
    from ._sync.raw_response import RawStream as RawStream
    from ._sync.raw_response import StreamedResponse as StreamedResponse
    from ._sync.stream import Stream as Stream
    from ._sync.tool_runner import ToolStream as ToolStream
    from ._tools.async_workers import AsyncBeforeCall as AsyncBeforeCall
    from ._tools.async_workers import AsyncOnEvent as AsyncOnEvent
    from ._tools.run import ToolExecution as ToolExecution
    from ._tools.run import ToolResultEvent as ToolResultEvent
    from ._tools.run import ToolRun as ToolRun
    from ._tools.run import ToolRunDoneEvent as ToolRunDoneEvent
    from ._tools.run import ToolRunEvent as ToolRunEvent
    from ._tools.run import ToolRunStepEvent as ToolRunStepEvent
    from ._tools.run import ToolStartedEvent as ToolStartedEvent
    from ._tools.run import TurnDoneEvent as TurnDoneEvent
    from ._tools.run import TurnStartedEvent as TurnStartedEvent
    from ._tools.signature import ToolContext as ToolContext
    from ._tools.tool import CustomTool as CustomTool
    from ._tools.tool import Tool as Tool
    from ._tools.workers import BeforeCall as BeforeCall
    from ._tools.workers import OnEvent as OnEvent

_NAMES = {
    "_results.tool_calls": ("ToolCall",),
    "_async.event_stream": ("AsyncEventStream", "AsyncStreamManager"),
    "_async.parsed_stream": ("AsyncParsedStream", "AsyncParsedStreamManager"),
    "_async.raw_response": ("AsyncRawResponse", "AsyncRawStream", "AsyncStreamedResponse"),
    "_async.tool_runner": ("AsyncToolStream",),
    "_async.stream": ("AsyncStream",),
    "_tools.async_workers": ("AsyncBeforeCall", "AsyncOnEvent"),
    "_errors.attempt": ("Attempt",),
    "_errors.response": ("ErrorRequest", "ErrorResponse"),
    "_sync.event_stream": ("EventStream", "StreamManager"),
    "_streaming.events": (
        "AudioDeltaEvent", "AudioDoneEvent", "ChunkEvent", "ContentDeltaEvent", "ContentDoneEvent", "DoneEvent",
        "FunctionCallDeltaEvent", "FunctionCallDoneEvent", "LogprobsContentDeltaEvent", "LogprobsContentDoneEvent",
        "LogprobsRefusalDeltaEvent", "LogprobsRefusalDoneEvent", "ReasoningDeltaEvent", "ReasoningDoneEvent",
        "RefusalDeltaEvent", "RefusalDoneEvent", "StreamEvent", "ToolCallDeltaEvent", "ToolCallDoneEvent", "UsageEvent",
    ),
    "_results.parsed": ("ParsedChatCompletion", "ParsedChatCompletionMessage", "ParsedChoice"),
    "_streaming.parsed_events": (
        "ParsedContentDeltaEvent", "ParsedContentDoneEvent", "ParsedDoneEvent", "ParsedStreamEvent",
    ),
    "_sync.parsed_stream": ("ParsedStream", "ParsedStreamManager"),
    "_sync.raw_response": ("RawResponse", "RawStream", "StreamedResponse"),
    "_observability.record": ("CallRecord", "Observer"),
    "_requests.parameters": ("CallArguments",),
    "_config.response_limits": ("ResponseLimits",),
    "_results.completion": ("ChatCompletion",),
    "_sync.tool_runner": ("ToolStream",),
    "_config.options": ("CallOptions", "ClientOptions"),
    "_tools.signature": ("ToolContext",),
    "_sync.stream": ("Stream",),
    "_requests.tool_options": ("OnToolError",),
    "_tools.run": (
        "ToolExecution", "ToolResultEvent", "ToolRun", "ToolRunDoneEvent", "ToolRunEvent", "ToolRunStepEvent",
        "ToolStartedEvent", "TurnDoneEvent", "TurnStartedEvent",
    ),
    "_tools.tool": ("CustomTool", "Tool"),
    "_tools.workers": ("BeforeCall", "OnEvent"),
    "messages": ("Message",),
}  # fmt: skip
"""The names that this package adds, or has instead of the contract's, by the modules that define them."""

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
